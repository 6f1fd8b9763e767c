# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# What run.sh measures of the guest's network: the same small guest in several places, all of them there at a time, so that what is
# compared is measured within seconds. Sourced by it.
#   bare    at a tap, called from the container where the tap ends: no network but the tap
#   bridged at a tap that a plain bridge joins with the container's interface, called from this machine, as the others below: the
#           engine's bridge and veth pair are in the way of them all, so what differs is virtainer's own
#   nat, bridge, user   a virtainer with that NETWORK

readonly network_seconds=1
readonly network_names=(bare bridged nat bridge user)

# The programs of the guest are this machine's, with their own libraries beside them.
network_programs() {
  local iperf library
  need_packages iperf3 jq gcc libc6-dev openssh-client
  iperf=$(command -v iperf3)
  mkdir "$scratch/guest"
  gcc -O2 -static -o "$scratch/guest/echo" "$here/echo.c"
  cp "$iperf" "$scratch/guest/"
  for library in $(ldd "$iperf" | grep -o '/[^ ]*'); do cp -L "$library" "$scratch/guest/"; done
}

# in_network NAME COMMAND…: from where that guest is called: bare's from the other end of its tap, others from this machine.
in_network() {
  if [[ $1 != bare ]]; then
    "${@:2}"
  else
    nsenter -t "$(docker inspect -f '{{.State.Pid}}' "bench-$$-bare")" -n "${@:2}"
  fi
}

# guest_at NAME: the address that it is called at.
guest_at() {
  if [[ $1 != bare ]]; then docker inspect -f '{{.NetworkSettings.IPAddress}}' "bench-$$-$1"; else echo 10.99.0.2; fi
}

# start_network_qemu NAME SCRIPT: QEMU alone at the tap that the shell script makes, with the clock, the card and the tap's queue that
# libvirt gives a guest. The script sets mac and has the guest's address told by DHCP.
start_network_qemu() {
  docker run -d --privileged --name "bench-$$-$1" -v "$scratch":/scratch:ro -v "$cache/small-guest.qcow2":/image:ro --entrypoint sh "$image" -c '
    set -e; ip tuntap add tap0 mode tap vnet_hdr; tc qdisc add dev tap0 root noqueue; ip link set tap0 up
    eval "$1"; shift
    exec qemu-system-x86_64 "$@" -device virtio-net-pci,netdev=net0,bus=pci.1,romfile=,mac="$mac"' - "$2" \
    "${bare_arguments[@]}" -machine hpet=off -drive file=/image,if=virtio,format=qcow2,snapshot=on \
    -drive file=/scratch/seed.iso,if=virtio,format=raw,readonly=on -netdev tap,id=net0,ifname=tap0,script=no,downscript=no \
    -device pcie-root-port,id=pci.1 >/dev/null
}

start_network_bare() {
  # shellcheck disable=SC2016 # for the container's shell
  start_network_qemu bare '
    mac=52:54:00:12:34:56; ip address add 10.99.0.1/24 dev tap0
    dnsmasq -C /dev/null --port=0 --interface=tap0 --bind-interfaces --dhcp-range=10.99.0.2,10.99.0.2'
}

# start_network_bridged: the guest has the container's address and MAC.
start_network_bridged() {
  # shellcheck disable=SC2016 # for the container's shell
  start_network_qemu bridged '
    mac=$(cat /sys/class/net/eth0/address)
    address=$(ip -4 -o address show eth0 | sed "s/.*inet //; s,/.*,,")
    ip address flush dev eth0; ip link set eth0 address 02:00:00:00:00:99
    ip link add br0 type bridge; ip link set eth0 master br0; ip link set tap0 master br0
    ip address add 10.99.0.1/24 dev br0; ip link set br0 up
    dnsmasq -C /dev/null --port=0 --interface=br0 --bind-interfaces --dhcp-range="$address,$address,255.255.0.0" \
      --shared-network="br0,$address"'
}

start_network_virtainer() { # NAME OPTION…
  docker run -d --privileged --name "bench-$$-$1" -e ACCEL=tcg -e LOG_LEVEL=debug -v "$cache/small-guest.qcow2":/image:ro \
    -v "$scratch/key.pub":/tmp/id_rsa.pub:ro "${@:2}" "$image" >/dev/null
}

# network_servers NAME: have the programs run in the guest.
network_servers() {
  local address
  address=$(guest_at "$1")
  wait_for_text "bench-$$-$1" 'small-guest: ready' "$boot_deadline" || die 1 "the guest $1 did not come up in $boot_deadline s"
  tar -C "$scratch/guest" -cf - . | in_network "$1" timeout 120 ssh "${ssh_options[@]}" -i "$scratch/key" "root@$address" '
    mkdir /bench && tar -C /bench -xf - && cd /bench || exit
    setsid ./echo 7 </dev/null >/dev/null 2>&1 &
    ./ld-linux-x86-64.so.2 --library-path . ./iperf3 -s -D </dev/null >/dev/null 2>&1' ||
    die 1 "the programs could not be started in the guest $1"
}

# iperf NAME IPERF3-OPTION…: Mbit/s that arrived.
iperf() {
  in_network "$1" timeout 60 iperf3 -c "$(guest_at "$1")" -t "$network_seconds" -J "${@:2}" |
    jq '.end | (.sum_received // .sum).bits_per_second / 1e6'
}

# network_measure MEASURE NAME: once.
network_measure() {
  local address
  address=$(guest_at "$2")
  case $1 in
    latency) in_network "$2" "$here/probe.py" pingpong "$address" 7 2000 ;;
    connections) in_network "$2" "$here/probe.py" connections "$network_seconds" "$address" 7 ;;
    tcp-in) iperf "$2" ;;
    tcp-out) iperf "$2" -R ;;
    # More than a guest under emulation can take would only show how it drowns; what it sends, it limits itself.
    udp-in) iperf "$2" -u -b 100M -l 1400 ;;
    udp-out) iperf "$2" -u -b 0 -l 1400 -R ;;
  esac >>"$scratch/$1-$2"
}

# stamp TEXT: when the log had it first, in seconds.
stamp() { date -d "$(docker logs -t "bench-$$" 2>&1 | grep -a -m 1 -- "$1" | cut -d' ' -f1)" +%s.%N; }

# network_set_up: how long it took, in ms, while libvirtd started beside it.
network_set_up() {
  start_virtainer -e LOG_LEVEL=debug -v "$cache/boot-sector.img":/image:ro
  wait_for_text "bench-$$" 'boot-sector: hello' 60
  awk -v a="$(stamp 'debug: libvirtd is starting')" -v b="$(stamp 'debug: the network is prepared')" 'BEGIN { print (b - a) * 1e3 }'
  remove "bench-$$"
}

# show_network_pair MEASURE NAME OTHER ratio|difference
show_network_pair() {
  show "  $2 to $3, $4" "$(paste "$scratch/$1-$2" "$scratch/$1-$3" |
    awk -v how="$4" '{ print how == "ratio" ? $1 / $2 : $1 - $2 }' | stats)"
}

# show_network MEASURE TEXT ratio|difference: each, and each to the two without virtainer in pairs.
show_network() {
  local name
  show "$2, bare tap" "$(stats <"$scratch/$1-bare")"
  for name in "${network_names[@]:1}"; do
    show "  $name" "$(stats <"$scratch/$1-$name")"
    show_network_pair "$1" "$name" bare "$3"
    [[ $name == bridged ]] || show_network_pair "$1" "$name" bridged "$3"
  done
}

measure_network() {
  local i name measure
  [[ -e $scratch/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
  network_programs
  make_seed
  start_network_bare
  start_network_bridged
  start_network_virtainer nat
  start_network_virtainer bridge -e NETWORK=bridge
  start_network_virtainer user -e NETWORK=user -e PORTS=7,22,5201,5201/udp
  for name in "${network_names[@]}"; do network_servers "$name"; done
  for ((i = 0; i < runs; i++)); do
    for measure in tcp-in tcp-out udp-in udp-out latency connections; do
      for name in "${network_names[@]}"; do network_measure "$measure" "$name"; done
    done
  done
  for name in "${network_names[@]}"; do remove "bench-$$-$name"; done
  for ((i = 0; i < runs; i++)); do network_set_up >>"$scratch/set-up"; done
  show_network tcp-in 'TCP to the guest, Mbit/s' ratio
  show_network tcp-out 'TCP from the guest, Mbit/s' ratio
  show_network udp-in 'UDP to the guest, Mbit/s' ratio
  show_network udp-out 'UDP from the guest, Mbit/s' ratio
  show_network latency 'a byte there and back by TCP, µs' difference
  show_network connections 'connections a second' ratio
  show "network set-up of a start, ms" "$(stats <"$scratch/set-up")"
}
