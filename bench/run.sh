#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures what virtainer adds to bare QEMU: in pairs within one run, as absolute times drift with the machine's load.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

program=${0##*/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../run-scripts/lib/common.sh
. "$here/../run-scripts/lib/common.sh"
# shellcheck source=life.sh
. "$here/life.sh"
# shellcheck source=network.sh
. "$here/network.sh"

readonly image=${VT_IMAGE:-virtainers/generic}
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/virtainer/images
readonly boot_deadline=600
runs=5
scratch=
fetch_server=
measured=()

usage() {
  cat <<EOF
Usage: $program [--runs N] [MEASURE…]

Measures, with Docker and under software emulation:
  console   docker run until the first byte of the guest's console: first start, second start, bare QEMU
  stop      docker stop until the container is gone, against a power button pressed on bare QEMU (boot-sector guest)
  boot      docker run until cloud-init has finished, against bare QEMU (Debian guest; N/2 pairs, at least 1)
  memory    of everything in the container that is not QEMU, at the end of that boot
  size      of the container image
  save      the booted Debian guest saved by a stop, against dd of the same bytes, and resumed until SSH answers
  flood     bytes a second of a flooded console, against bare QEMU's pseudo-terminal (boot-sector guest)
  idle      how often the launcher wakes up when nothing happens
  growth    of the launcher's memory by 1 GiB of console output, which is a talkative guest's day
  fetch     an xz image of 550 MB downloaded from this machine, verified and unpacked, against xz -dc -T0 alone (the image
            is made at the first time, which takes minutes)
  network   the small guest behind the NAT, with NETWORK=bridge and behind passt, against QEMU alone behind a bare tap, and behind
            one that a plain bridge joins with the container's interface: what TCP and UDP carry in both directions (iperf3),
            latency, connections a second; and how long a start takes for the network. As root
Without a MEASURE: all of them but fetch and network. N is $runs by default. The figures are medians, with minimum and maximum.
Needs the container image ($image, or VT_IMAGE) and the guests that images/*/build.sh make.
EOF
}

now() { echo "${EPOCHREALTIME/,/.}"; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.3f\n", b - a }'; }

# stats: median, minimum and maximum of the numbers on standard input.
stats() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f (%.3f to %.3f)", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[1], v[NR] }'; }

show() { printf '%-52s %s\n' "$1" "$2"; }

remove() { docker rm -f "$1" >/dev/null 2>&1 || true; }

clean_up() {
  local name
  for name in "bench-$$" "bench-$$-"{bare,bridged,nat,bridge,user}; do remove "$name"; done
  [[ -z $scratch ]] || rm -rf "$scratch"
  [[ -z $fetch_server ]] || kill "$fetch_server"
}

# The QEMU that a virtainer's libvirt would start, without libvirt: the same machine, devices and console.
bare_arguments=(-machine "q35,graphics=off" -accel tcg -cpu max -m 1024 -nodefaults -display none -no-user-config
  -serial stdio -device virtio-balloon-pci -device virtio-rng-pci)

# first_byte COMMAND…: seconds until it has written a byte to standard output; then it is removed.
first_byte() {
  local start
  start=$(now)
  "$@" 2>/dev/null | head -c 1 >/dev/null || true
  since "$start"
  remove "bench-$$"
}

virtainer_attached() { # IMAGE DATA
  docker run --rm --privileged --name "bench-$$" -e ACCEL=tcg -v "$1":/image:ro -v "$2":/mounted "$image"
}

bare_attached() { # IMAGE FORMAT
  docker run --rm --privileged --name "bench-$$" -v "$1":/image:ro --entrypoint qemu-system-x86_64 "$image" \
    "${bare_arguments[@]}" -drive file=/image,if=virtio,format="$2",snapshot=on
}

measure_console() {
  local i data
  for ((i = 0; i < runs; i++)); do
    data=$scratch/console-$i
    mkdir "$data"
    first_byte bare_attached "$cache/boot-sector.img" raw >>"$scratch/bare"
    first_byte virtainer_attached "$cache/boot-sector.img" "$data" >>"$scratch/first"
    first_byte virtainer_attached "$cache/boot-sector.img" "$data" >>"$scratch/second"
  done
  show "first byte, bare QEMU in the container, s" "$(stats <"$scratch/bare")"
  show "first byte, virtainer's first start, s" "$(stats <"$scratch/first")"
  show "first byte, virtainer's second start, s" "$(stats <"$scratch/second")"
  show "beyond bare QEMU, first start, s" "$(paste "$scratch/first" "$scratch/bare" | awk '{ print $1 - $2 }' | stats)"
  show "beyond bare QEMU, second start, s" "$(paste "$scratch/second" "$scratch/bare" | awk '{ print $1 - $2 }' | stats)"
}

# wait_for_text CONTAINER TEXT SECONDS: until TEXT is in its log; its whole log is followed, so nothing is polled.
wait_for_text() {
  timeout "$3" grep -q -m 1 -- "$2" < <(exec docker logs -f "$1" 2>&1)
}

# press_bare_button: through the monitor of the bare QEMU.
press_bare_button() {
  local address
  address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "bench-$$")
  exec {monitor}<>"/dev/tcp/$address/4444"
  echo system_powerdown >&"$monitor"
  exec {monitor}>&-
}

start_bare() { # DOCKER-ARGUMENT… -- QEMU-ARGUMENT…: in the background, its monitor on port 4444
  local options=()
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  docker run -d --privileged --name "bench-$$" "${options[@]}" --entrypoint qemu-system-x86_64 "$image" \
    "${bare_arguments[@]}" -monitor tcp:0.0.0.0:4444,server=on,wait=off "$@" >/dev/null
}

start_virtainer() { # DOCKER-ARGUMENT…
  docker run -d --privileged --name "bench-$$" -e ACCEL=tcg "$@" "$image" >/dev/null
}

# stopped_after COMMAND…: seconds from that command until the container is gone.
stopped_after() {
  local start
  start=$(now)
  "$@" >/dev/null
  docker wait "bench-$$" >/dev/null
  since "$start"
  remove "bench-$$"
}

measure_stop() {
  local i
  for ((i = 0; i < runs; i++)); do
    start_bare -v "$cache/boot-sector.img":/image:ro -- -drive file=/image,if=virtio,format=raw,snapshot=on
    wait_for_text "bench-$$" 'boot-sector: hello' 60
    stopped_after press_bare_button >>"$scratch/bare-stop"
    start_virtainer -v "$cache/boot-sector.img":/image:ro
    wait_for_text "bench-$$" 'boot-sector: hello' 60
    stopped_after docker stop "bench-$$" >>"$scratch/stop"
  done
  show "power button until bare QEMU is gone, s" "$(stats <"$scratch/bare-stop")"
  show "docker stop until a virtainer is gone, s" "$(stats <"$scratch/stop")"
  show "beyond bare QEMU, s" "$(paste "$scratch/stop" "$scratch/bare-stop" | awk '{ print $1 - $2 }' | stats)"
}

# make_seed: the seed that a virtainer would make, for bare QEMU.
make_seed() {
  docker run --rm --privileged --name "bench-$$" -v "$cache/boot-sector.img":/image:ro -v "$scratch/key.pub":/tmp/id_rsa.pub:ro \
    -v "$scratch":/scratch -e CLOUD_INIT_DISK=/scratch/seed.iso -e GRACE_PERIOD=1 -d "$image" >/dev/null
  wait_for_text "bench-$$" 'boot-sector: hello' 60
  remove "bench-$$"
}

booted_after() { # COMMAND…: seconds from now until cloud-init says that it has finished
  local start
  start=$(now)
  "$@"
  wait_for_text "bench-$$" 'Cloud-init .* finished' "$boot_deadline" || die 1 "the guest did not come up in $boot_deadline s"
  since "$start"
}

make_overlay() {
  rm -f "$scratch/overlay.qcow2"
  docker run --rm --entrypoint qemu-img -v "$cache/debian-trixie.qcow2":/image:ro -v "$scratch":/scratch "$image" \
    create -q -f qcow2 -b /image -F qcow2 /scratch/overlay.qcow2 40G
}

bare_boot() {
  make_overlay
  booted_after start_bare -v "$cache/debian-trixie.qcow2":/image:ro -v "$scratch":/scratch -- \
    -drive file=/scratch/overlay.qcow2,if=virtio,format=qcow2,discard=unmap \
    -drive file=/scratch/seed.iso,if=virtio,format=raw,readonly=on -netdev user,id=net0 -device virtio-net-pci,netdev=net0,romfile=
  remove "bench-$$"
}

virtainer_boot() {
  booted_after start_virtainer -v "$cache/debian-trixie.qcow2":/image:ro -v "$scratch/key.pub":/tmp/id_rsa.pub:ro
}

# other_memory: PSS in KiB of each process of the container that is not QEMU, with its name.
other_memory() {
  local pid
  docker top "bench-$$" -eo pid,comm | awk 'NR > 1 && $2 !~ /^qemu/ { print $1, $2 }' | while read -r pid name; do
    echo "$name $(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")"
  done
}

measure_boot() {
  local i pairs=$((runs > 3 ? runs / 2 : 1))
  [[ -e $scratch/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
  make_seed
  for ((i = 0; i < pairs; i++)); do
    bare_boot >>"$scratch/bare-boot"
    virtainer_boot >>"$scratch/boot"
    other_memory >"$scratch/memory"
    stopped_after docker stop -t 100 "bench-$$" >>"$scratch/debian-stop"
  done
  show "cloud-init finished, bare QEMU, s" "$(stats <"$scratch/bare-boot")"
  show "cloud-init finished, virtainer, s" "$(stats <"$scratch/boot")"
  show "virtainer to bare QEMU, ratio" "$(paste "$scratch/boot" "$scratch/bare-boot" | awk '{ print $1 / $2 }' | stats)"
  show "docker stop of the Debian guest, s" "$(stats <"$scratch/debian-stop")"
}

measure_memory() {
  [[ -s $scratch/memory ]] || measure_boot
  show "memory beside QEMU (PSS), MB" "$(awk '{ s += $2; l = l sprintf(", %s %.1f", $1, $2 / 1000) } END { printf "%.1f%s", s / 1000, l }' "$scratch/memory")"
}

measure_size() {
  show "container image, MB" "$(docker image inspect -f '{{.Size}}' "$image" | awk '{ printf "%.0f", $1 / 1000000 }')"
}

# fetch_image: sets packed, a disk image of a machine's programs, packed in many blocks as xz does with several threads.
fetch_image() {
  packed=$cache/../bench/disk.img.xz
  [[ ! -s $packed ]] || return 0
  mkdir -p "${packed%/*}"
  # head ends tar, which is then no failure.
  (
    set +o pipefail
    cat "$cache/boot-sector.img" <(tar -C / --one-file-system -cf - usr 2>/dev/null) 2>/dev/null | head -c 1600M | xz -1 -T0 >"$packed.part"
  )
  mv "$packed.part" "$packed"
}

# fetch_serve DIRECTORY: sets url and fetch_server.
fetch_serve() {
  python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$1" >"$scratch/server" 2>&1 &
  fetch_server=$!
  until grep -q 'port [0-9]' "$scratch/server"; do sleep 0.1; done
  url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$scratch/server")
}

# fetched_after URL CHECKSUM: seconds; the most memory that it took goes to the file peak, in KiB.
fetched_after() {
  local start pid peak=0 now_peak
  rm -rf "$scratch/out"
  mkdir "$scratch/out"
  start=$(now)
  docker run -d --network host --name "bench-$$" -e "IMAGE_CHECKSUM=$2" -v "$scratch/out":/out "$image" \
    image fetch "$1" /out/disk >/dev/null
  pid=$(docker inspect -f '{{.State.Pid}}' "bench-$$")
  while now_peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [[ -n $now_peak ]]; do
    peak=$now_peak
    sleep 0.2
  done
  [[ $(docker wait "bench-$$") == 0 ]] || die 1 "the image could not be fetched: $(docker logs "bench-$$" 2>&1 | tail -n 1)"
  since "$start"
  echo "$peak" >>"$scratch/peak"
  remove "bench-$$"
}

measure_fetch() {
  local i sum start
  fetch_image
  sum=sha256:$(sha256sum "$packed" | cut -d' ' -f1)
  fetch_serve "${packed%/*}"
  for ((i = 0; i < runs; i++)); do
    start=$(now)
    xz -dc -T0 "$packed" >"$scratch/plain"
    since "$start" >>"$scratch/xz"
    sync "$scratch/plain"
    since "$start" >>"$scratch/xz-sync"
    fetched_after "$url/${packed##*/}" "$sum" >>"$scratch/fetch"
    cmp "$scratch/plain" "$scratch/out/disk"
  done
  show "xz -dc -T0 into a file, s" "$(stats <"$scratch/xz")"
  show "image fetch of the same, s" "$(stats <"$scratch/fetch")"
  show "fetch to xz, ratio" "$(paste "$scratch/fetch" "$scratch/xz" | awk '{ print $1 / $2 }' | stats)"
  show "xz -dc -T0 into a file that is on the disk, s" "$(stats <"$scratch/xz-sync")"
  show "fetch, whose file is on the disk too, to that" "$(paste "$scratch/fetch" "$scratch/xz-sync" | awk '{ print $1 / $2 }' | stats)"
  show "its memory at most, MB" "$(awk '{ print $1 * 1.024 / 1000 }' "$scratch/peak" | stats)"
}

read_options() {
  while (($#)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --runs) runs=${2:?--runs needs a number} && shift ;;
      console | stop | boot | memory | size | save | flood | idle | growth | fetch | network) measured+=("$1") ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  ((${#measured[@]})) || measured=(size console stop idle growth flood boot memory save)
}

main() {
  local measure
  read_options "$@"
  scratch=$(mktemp -d)
  trap clean_up EXIT
  for measure in "${measured[@]}"; do "measure_$measure"; done
}

main "$@"
