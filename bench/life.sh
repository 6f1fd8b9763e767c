# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# What run.sh measures of a virtainer's life: saving and resuming, a flooded console, idling, a day's output. Sourced by it.

# --- saving and resuming ------------------------------------------------------------------------------------------

# ssh_options: nobody is asked, nothing is kept.
ssh_options=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=5)

address_of() { docker inspect -f '{{.NetworkSettings.IPAddress}}' "bench-$$"; }

# until_logged START TEXT: seconds from START until the container's log had a line with TEXT.
until_logged() {
  local stamp
  stamp=$(docker logs -t --since "$1" "bench-$$" 2>&1 | grep -a -- "$2" | awk 'NR == 1 { print $1 }')
  awk -v a="$1" -v b="$(date -d "$stamp" +%s.%N)" 'BEGIN { printf "%.3f\n", b - a }'
}

# dd_time FILE: seconds to write as many bytes as FILE takes on its disk to a new file beside it, and to have them there.
dd_time() {
  local start bytes
  bytes=$(du -B1 "$1" | cut -f1)
  start=$(now)
  dd if="$1" of="$1.copy" bs=1M count="$bytes" iflag=count_bytes conv=fsync status=none
  since "$start"
  rm "$1.copy"
}

# save_once: and write the same bytes with dd, on the same file system.
save_once() {
  local memory=$1/.virtainer/saved/memory began
  began=$(now)
  docker kill -s INT "bench-$$" >/dev/null
  docker wait "bench-$$" >/dev/null
  since "$began" >>"$scratch/save"
  docker logs "bench-$$" 2>&1 | grep -a 'the guest is saved, after' | tail -n 1 | sed 's/.*after \([0-9.]*\) s.*/\1/' >>"$scratch/save-said"
  du -B1 "$memory" | awk '{ print $1 / 1e6 }' >>"$scratch/save-size"
  # Of what is in memory, as the guest's pages are.
  cat "$memory" >/dev/null
  dd_time "$memory" >>"$scratch/dd"
}

# resume_once: from docker start to a command run through SSH, with the times between.
resume_once() {
  local start answers
  start=$(now)
  docker start "bench-$$" >/dev/null
  since "$start" >>"$scratch/resume-start"
  answers=$("$here/probe.py" ssh 60 "$(address_of)")
  # The probe began when docker start had returned.
  awk -v a="$(tail -n 1 "$scratch/resume-start")" '{ print a + $2 }' <<<"$answers" >>"$scratch/resume-banner"
  ssh -n "${ssh_options[@]}" -i "$scratch/key" "debian@$(address_of)" true
  since "$start" >>"$scratch/resume-command"
  until_logged "$start" 'debug: virtainer .* begins' >>"$scratch/resume-begins"
  until_logged "$start" 'libvirtd answers' >>"$scratch/resume-libvirtd"
  until_logged "$start" "QEMU has read the guest's memory" >>"$scratch/resume-read"
  until_logged "$start" 'virtainer: the guest goes on where it was' >>"$scratch/resume-goes-on"
  start=$(now)
  ssh -n "${ssh_options[@]}" -i "$scratch/key" "debian@$(address_of)" true
  since "$start" >>"$scratch/ssh-warm"
}

# create_bare_ssh QEMU-ARGUMENT…: the guest of bare_boot(), with its SSH server and a QMP monitor at the container's address.
create_bare_ssh() {
  docker create --privileged --name "bench-$$" -v "$cache/debian-trixie.qcow2":/image:ro -v "$scratch":/scratch \
    --entrypoint qemu-system-x86_64 "$image" "${bare_arguments[@]}" -qmp tcp:0.0.0.0:4444,server=on,wait=off \
    -drive file=/scratch/overlay.qcow2,if=virtio,format=qcow2,discard=unmap -drive file=/scratch/seed.iso,if=virtio,format=raw,readonly=on \
    -netdev user,id=net0,hostfwd=tcp:0.0.0.0:22-:22 -device virtio-net-pci,netdev=net0,romfile= "$@" >/dev/null
}

boot_bare_ssh() {
  create_bare_ssh
  docker start "bench-$$" >/dev/null
}

# bare_save_once: what virtainer does, with the same QEMU and no libvirt; the memory is on the disk, too.
bare_save_once() {
  local began
  began=$(now)
  "$here/probe.py" save "$(address_of)" /scratch/bare-memory
  sync "$scratch/bare-memory"
  since "$began" >>"$scratch/bare-save"
  docker wait "bench-$$" >/dev/null
  remove "bench-$$"
  cat "$scratch/bare-memory" >/dev/null
  dd_time "$scratch/bare-memory" >>"$scratch/bare-dd"
}

bare_resume_once() {
  local start
  create_bare_ssh -incoming defer
  start=$(now)
  docker start "bench-$$" >/dev/null
  "$here/probe.py" resume "$(address_of)" /scratch/bare-memory
  since "$start" >>"$scratch/bare-resume-goes-on"
  "$here/probe.py" ssh 60 "$(address_of)" >/dev/null
  since "$start" >>"$scratch/bare-resume-banner"
}

# Bare QEMU after the virtainer, as two guests that run disturb each other.
measure_bare_save() {
  local i
  make_seed
  make_overlay
  booted_after boot_bare_ssh >/dev/null
  "$here/probe.py" ssh 60 "$(address_of)" >/dev/null
  sleep 10
  for ((i = 0; i < runs; i++)); do
    bare_save_once
    bare_resume_once
  done
  remove "bench-$$"
}

measure_virtainer_save() {
  local i data=$scratch/save-data
  mkdir "$data"
  booted_after start_virtainer -e STOP_ON_INT=save -e LOG_LEVEL=debug -v "$data":/mounted \
    -v "$cache/debian-trixie.qcow2":/image:ro -v "$scratch/key.pub":/tmp/id_rsa.pub:ro >/dev/null
  # Until what a boot leaves to be done is done.
  "$here/probe.py" ssh 60 "$(address_of)" >/dev/null
  sleep 10
  for ((i = 0; i < runs; i++)); do
    save_once "$data"
    resume_once
  done
  remove "bench-$$"
  rm -rf "$data"
}

measure_save() {
  [[ -e $scratch/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
  measure_virtainer_save
  measure_bare_save
  show "memory of the saved guest, MB" "$(stats <"$scratch/save-size")"
  show "dd of as many bytes, fsync, s" "$(stats <"$scratch/dd")"
  show "save, as virtainer counts it, s" "$(stats <"$scratch/save-said")"
  show "save, signal until the container is gone, s" "$(stats <"$scratch/save")"
  show "beyond dd, as virtainer counts it, s" "$(paste "$scratch/save-said" "$scratch/dd" | awk '{ print $1 - $2 }' | stats)"
  show "beyond dd, until the container is gone, s" "$(paste "$scratch/save" "$scratch/dd" | awk '{ print $1 - $2 }' | stats)"
  show "bare QEMU's save beyond dd, s" "$(paste "$scratch/bare-save" "$scratch/bare-dd" | awk '{ print $1 - $2 }' | stats)"
  show "resume, until docker start returns, s" "$(stats <"$scratch/resume-start")"
  show "  until virtainer begins, s" "$(stats <"$scratch/resume-begins")"
  show "  until libvirtd answers, s" "$(stats <"$scratch/resume-libvirtd")"
  show "  until QEMU has read its memory, s" "$(stats <"$scratch/resume-read")"
  show "  until the guest goes on, s" "$(stats <"$scratch/resume-goes-on")"
  show "  until its SSH server says its name, s" "$(stats <"$scratch/resume-banner")"
  show "  until a command was run through SSH, s" "$(stats <"$scratch/resume-command")"
  show "that command alone, in a guest that runs, s" "$(stats <"$scratch/ssh-warm")"
  show "bare QEMU's resume, until the guest goes on, s" "$(stats <"$scratch/bare-resume-goes-on")"
  show "  until its SSH server says its name, s" "$(stats <"$scratch/bare-resume-banner")"
}

# --- the console at full speed ------------------------------------------------------------------------------------

# flood_of COMMAND…: bytes a second.
flood_of() {
  "$here/probe.py" flood 5 "$@"
  remove "bench-$$"
}

# flood_virtainer and flood_bare: the same container, attached in the same way, and no log of the engine's beside it. Bare QEMU
# has the serial port that libvirt makes, with a copy, and its pseudo-terminal is read by cat.
flood_virtainer() {
  flood_of docker run --rm -i --privileged --log-driver none --name "bench-$$" -e ACCEL=tcg -v "$cache/boot-sector.img":/image:ro "$image"
}

flood_bare() {
  # shellcheck disable=SC2016
  flood_of docker run --rm -i --privileged --log-driver none --name "bench-$$" -v "$cache/boot-sector.img":/image:ro \
    --entrypoint sh "$image" -c '
      qemu-system-x86_64 "$@" >/tmp/pty 2>&1 <&- &
      until grep -q /dev/pts /tmp/pty; do sleep 0.05; done
      pty=$(sed -n "s,.*\(/dev/pts/[0-9]*\).*,\1,p" /tmp/pty)
      stty -F "$pty" raw -echo
      cat "$pty" & exec cat >"$pty"' - \
    "${bare_pty_arguments[@]}" -drive file=/image,if=virtio,format=raw,snapshot=on
}

measure_flood() {
  local i
  bare_pty_arguments=(-machine "q35,graphics=off" -accel tcg -cpu max -m 1024 -nodefaults -display none -no-user-config
    -chardev "pty,id=serial0" -device "isa-serial,chardev=serial0" -device virtio-balloon-pci -device virtio-rng-pci)
  for ((i = 0; i < runs; i++)); do
    flood_bare >>"$scratch/flood-bare"
    flood_virtainer >>"$scratch/flood"
  done
  show "flooded console, bare QEMU's pseudo-terminal, MB/s" "$(awk '{ print $1 / 1e6 }' "$scratch/flood-bare" | stats)"
  show "flooded console, virtainer, MB/s" "$(awk '{ print $1 / 1e6 }' "$scratch/flood" | stats)"
  show "virtainer to bare QEMU, ratio" "$(paste "$scratch/flood" "$scratch/flood-bare" | awk '{ print $1 / $2 }' | stats)"
}

# --- doing nothing, and a day's output ----------------------------------------------------------------------------

# launcher_pid: of the container's PID 1, as this machine counts.
launcher_pid() { docker inspect -f '{{.State.Pid}}' "bench-$$"; }

# wake_ups PID: how often any of its threads has waited for something so far.
wake_ups() { cat /proc/"$1"/task/*/status | awk '/^voluntary_ctxt_switches/ { s += $2 } END { print s }'; }

# memory_of PID: what is its own, in KiB; what it shares with others depends on how many they are.
memory_of() { awk '/^Pss_Anon:/ { print $2 }' "/proc/$1/smaps_rollup"; }

start_quiet() {
  start_virtainer --no-healthcheck "$@" -v "$cache/boot-sector.img":/image:ro
  until docker exec "bench-$$" virtainer state 2>/dev/null | grep -q running; do sleep 0.2; done
  sleep 5
}

measure_idle() {
  local before seconds=20
  start_quiet
  before=$(wake_ups "$(launcher_pid)")
  sleep "$seconds"
  show "wake-ups of the idle launcher in $seconds s" "$(($(wake_ups "$(launcher_pid)") - before))"
  remove "bench-$$"
}

# say_megabytes N: lines of text into the pipe that QEMU writes the console's copy to.
say_megabytes() {
  docker exec "bench-$$" sh -c "yes 'this is a line that a guest says on its console, over and over, for a whole day' |
    head -c ${1}M >/run/virtainer/console"
}

measure_growth() {
  local before after
  start_quiet --log-driver none
  # What is allocated once is there after the first of it.
  say_megabytes 64
  sleep 1
  before=$(memory_of "$(launcher_pid)")
  say_megabytes 1024
  sleep 1
  after=$(memory_of "$(launcher_pid)")
  show "launcher's own memory before 1 GiB of output, MB" "$(awk -v n="$before" 'BEGIN { printf "%.2f", n / 1000 }')"
  show "the same after it, MB" "$(awk -v n="$after" 'BEGIN { printf "%.2f", n / 1000 }')"
  remove "bench-$$"
}
