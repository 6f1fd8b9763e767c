#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2154
#
# A guest whose memory is saved, and that goes on where it was. The boot sector greets when it boots: one that was
# resumed does not greet again, but answers.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# saved: what there is of saved states in the data directory.
saved() { (cd "$data/.virtainer" && as_root find . -mindepth 1 -maxdepth 1 \( -name 'sav*' -o -name resuming -o -name spent -o -name set-aside \) | sort | xargs); }

# resumed NAME OPTION…: start one that goes on where it was.
resumed() {
  local name=$1
  shift
  virtainer "$name" -t -i -v "$boot_sector:/image:ro" "$@"
  wait_log "$name" 'virtainer: the guest goes on where it was' 30
  typing "$name" 20 'send=abc' 'expect=ABC'
  ! log_of "$name" | grep -q 'boot-sector: hello' || fail 'it booted'
  [[ -z $(saved) ]] || fail "left: $(saved)"
}

# booted NAME REASON OPTION…: start one that must boot, since what is saved is set aside for REASON.
booted() {
  local name=$1 reason=$2
  shift 2
  boot "$name" "$@"
  assert_log "$name" "virtainer: warning: the guest's saved state is not resumed, because $reason; it is set aside in /mounted/.virtainer/set-aside/"
  [[ $(saved) == ./set-aside ]]
  as_root test -s "$data"/.virtainer/set-aside/*/memory
}

# save NAME OPTION…: start one, and save it by a stop.
save() {
  local name=$1
  shift
  boot "$name" -t -i -e STOP_ACTION=save "$@"
  stop "$name"
  assert_status "$name" 0
  assert_log "$name" 'virtainer: the guest is saved, after'
  [[ $(saved) == ./saved ]]
}

# bats test_tags=podman,rights
@test "STOP_ACTION=save: the next start goes on where the guest was, as often as wished" {
  save vm
  [[ $(stat -c %U "$data"/.virtainer/saved/memory) == $(stat -c %U "$data") ]]
  qemu_img check data/local_image.qcow2
  resumed again -e STOP_ACTION=save
  [[ $(state again .state) == running ]]
  stop again
  assert_status again 0
  [[ $(saved) == ./saved ]]
  # Its base is elsewhere now.
  resumed third -v "$boot_sector:/moved:ro" -e IMAGE=/moved
  stop third
  assert_status third 0
  assert_log third 'boot-sector: power button'
}

# bats test_tags=podman
@test "the same container is stopped and started" {
  boot vm -t -i -e STOP_ACTION=save
  stop vm
  engine start "$e2e_id-vm" >/dev/null
  wait_log vm 'virtainer: the guest goes on where it was' 30
  typing vm 20 'send=abc' 'expect=ABC'
  (($(log_of vm | grep -c 'boot-sector: hello') == 1))
}

@test "a larger DISK_SIZE waits until a guest that is resumed is booted" {
  save vm -e DISK_SIZE=16M
  resumed again -e DISK_SIZE=32M
  assert_log again 'virtainer: warning: the overlay .* keeps its size of 16 MiB, because the guest goes on'
  [[ $(state again .disk_bytes) == $((16 << 20)) ]]
  stop again
  boot third -e DISK_SIZE=32M
  assert_log third "virtainer: the guest's disk has grown from 16 MiB to 32 MiB"
  [[ $(state third .disk_bytes) == $((32 << 20)) ]]
  exec_in third virsh qemu-monitor-command vm --hmp 'info block -v' | grep -qF "($((32 << 20)) bytes)"
  stop third
  qemu_img check data/local_image.qcow2
}

@test "a guest that writes is saved and goes on writing, and its disk is whole" {
  boot_small vm -e STOP_ACTION=save
  typing vm 60 'send=write-forever\n' 'expect=written 5\s'
  stop vm
  assert_status vm 0
  written=$(log_of vm | grep -oE '^small-guest: written [0-9]+' | tail -n 1 | tr -dc 0-9)
  qemu_img check data/local_image.qcow2

  virtainer again -t -i -e RAM=256 -v "$small_guest:/image:ro"
  wait_log again "small-guest: written $((written + 5))\\s" 60
  # It has neither an agent nor sudo.
  wait_log again "virtainer: warning: the guest's clock is [1-9][0-9]* s behind until the guest corrects it" 60
  stop again
  assert_status again 0
  qemu_img check data/local_image.qcow2

  boot_small third
  assert_log third 'small-guest: filesystem clean'
  typing third 30 'send=verify-data\n' 'expect=verified [1-9][0-9]* damaged 0 last [0-9]+'
}

@test "signals mean what the variables say" {
  boot int --no-data -e STOP_ON_INT=save
  send_signal int INT
  assert_status int 0
  assert_log int 'virtainer: SIGINT: the guest is saved'
  boot quit --no-data -e STOP_ON_QUIT=poweroff
  send_signal quit QUIT
  assert_status quit 0
  assert_log quit "virtainer: SIGQUIT: the guest's power is cut"
  boot term --no-data -e STOP_ACTION=save -e STOP_ON_TERM=shutdown
  send_signal term TERM
  assert_status term 0
  assert_log term 'boot-sector: power button'
}

@test "GRACE_ACTION=save: a guest that ignores the button keeps its memory" {
  deaf vm -e GRACE_PERIOD=3 -e GRACE_ACTION=save
  stop vm
  assert_status vm 0
  assert_log vm 'virtainer: the guest is saved'
  resumed again
}

@test "a paused guest is paused again" {
  boot vm -t -i -e STOP_ACTION=save
  exec_in vm virsh suspend vm
  stop vm
  assert_status vm 0
  virtainer again -t -i -v "$boot_sector:/image:ro"
  wait_log again 'virtainer: the guest goes on where it was, paused as it was' 30
  until_true 10 eval '[[ $(state again .state) == paused ]]'
  exec_in again virsh resume vm
  typing again 20 'send=abc' 'expect=ABC'
}

@test "a paused guest that is stopped is let go on to shut down" {
  boot vm
  exec_in vm virsh suspend vm
  stop vm
  assert_status vm 0
  assert_log vm 'boot-sector: power button'
}

@test "no room for the memory: the guest is shut down instead, and its disk is whole" {
  as_root mount -t tmpfs -o size=8m tmpfs "$data"
  mounts+=("$data")
  boot_small vm -e STOP_ACTION=save
  stop vm
  assert_status vm 0
  assert_log vm 'virtainer: the guest could not be saved.*; the guest runs on, and is shut down instead'
  [[ -z $(saved) ]]
  qemu_img check data/local_image.qcow2
}

@test "a libvirtd that hangs in a save: the guest is forced off when its time is over" {
  boot vm -e STOP_ACTION=save -e GRACE_PERIOD=3
  kill_in vm STOP "$(pid_of vm libvirtd)"
  send_signal vm TERM
  wait_log vm 'virtainer: SIGTERM: the guest is saved'
  send_signal vm TERM
  wait_log vm 'the guest is being saved already'
  assert_status vm 71
  assert_log vm 'the save takes too long'
  # Nobody knows where it was, so it boots.
  boot again
  assert_log again 'virtainer: warning: the guest was ended while it was being saved'
  [[ -z $(saved) ]]
}

# forget NAME: end one that booted, with what it set aside.
forget() {
  remove "$e2e_id-$1"
  as_root rm -r "$data/.virtainer/set-aside"
}

# A libvirtd that dies between passing the file to QEMU and having it written leaves this in QEMU.
@test "a save after libvirtd died over one goes to its own file" {
  boot vm -t -i -e STOP_ACTION=save
  # shellcheck disable=SC2016
  exec_in vm bash -c '
    set=$(sed -n "s/.*<fdset index=.\([0-9]*\).*/\1/p" /run/libvirt/qemu/vm.xml) && [[ $set ]]
    exec 9>/tmp/earlier
    virsh -q qemu-monitor-command --pass-fds 9 vm \
      "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":$set,\"opaque\":\"libvirt-outgoing-migrate-fd\"}}"'
  kill_in vm KILL "$(pid_of vm libvirtd)"
  wait_log vm 'virtainer: libvirtd is back' 30
  stop vm
  assert_status vm 0
  resumed again
}

@test "what no longer fits is set aside: another RAM, CPU or name, a changed disk, RESUME=no" {
  save ram
  booted ram2 'RAM was 1 GiB then and is 512 MiB now' -e RAM=512
  forget ram2
  save cpu
  booted cpu2 'CPU was 1 then and is 2 now' -e CPU=2
  forget cpu2
  save name
  booted name2 'VM_NAME was vm then and is other now' -e VM_NAME=other
  forget name2
  save disk
  qemu_img check data/local_image.qcow2
  as_root touch -d yesterday "$data/local_image.qcow2"
  booted disk2 'its disk /mounted/local_image.qcow2 was changed since'
  forget disk2
  save wish
  booted wish2 'RESUME=no says so' -e RESUME=no
}

@test "memory that another version of QEMU wrote is set aside" {
  save vm
  record=$data/.virtainer/saved/state.json
  as_root jq '.qemu_version -= 1' "$record" >"$BATS_TEST_TMPDIR/record"
  as_root cp "$BATS_TEST_TMPDIR/record" "$record"
  booted other 'another version of QEMU wrote it'
}

@test "a guest whose subnet is now a network of the container boots" {
  cidr=192.168.100
  # Somebody may use that already, who is not to be disturbed.
  if ! new_network net --subnet "$cidr.0/24"; then
    cidr=10.$((RANDOM % 200 + 20)).$((RANDOM % 250))
    new_network net --subnet "$cidr.0/24"
  fi
  save vm -e CIDR=$cidr
  booted moved "the guest's network of then is taken here" -e CIDR=10.240.77 --network "$e2e_id-net"
  [[ $(state moved .guest_address) == 10.240.77.100 ]] || fail "it has $(state moved .guest_address)"
}

@test "a damaged memory is not resumed: status 72, and all is kept" {
  save vm
  # The right size, and nothing in it.
  as_root truncate -s 0 "$data/.virtainer/saved/memory"
  as_root truncate -s "$(as_root jq .memory_bytes "$data/.virtainer/saved/state.json")" "$data/.virtainer/saved/memory"
  run_virtainer 60 --privileged -v "$boot_sector:/image:ro" -v "$data:/mounted"
  [[ $status == 72 ]] || fail "status $status: $stderr"
  [[ $stderr == *'virtainer: error: cannot resume the guest'*'RESUME=no'* ]]
  [[ $(saved) == ./saved ]]
  booted again 'RESUME=no says so' -e RESUME=no
}

@test "virsh save: status 0, and the log says what that means" {
  boot vm
  # virsh may not live to tell, as the container ends with the guest.
  exec_in vm virsh save vm /tmp/elsewhere || true
  assert_status vm 0
  assert_log vm 'virtainer: the guest was saved from outside'

  boot managed --no-data
  exec_in managed virsh managedsave vm || true
  assert_status managed 0
  engine start "$e2e_id-managed" >/dev/null
  until_true 30 eval '(($(log_of managed | grep -c "boot-sector: hello") == 2))'
}

# cut_off NAME: kill one while it is saved; false, and as if it had never been, if the save was quicker.
cut_off() {
  boot "$1" -e STOP_ACTION=save
  # A twentieth of a CPU: what else takes a moment takes long enough.
  engine update --cpus 0.05 "$e2e_id-$1" >/dev/null
  send_signal "$1" TERM
  until_true 10 as_root sh -c 'test -s "$1/saving/memory" || test -e "$1/saved"' - "$data/.virtainer"
  send_signal "$1" KILL || true
  wait_status "$1" 20
  [[ $(saved) != ./saving ]] || return 0
  as_root rm -r "$data/.virtainer/saved"
  return 1
}

@test "killed while it is saved: the next start boots, and says so" {
  local try
  for try in 1 2 3 4 5; do
    ! cut_off "vm$try" || break
  done
  [[ $(saved) == ./saving ]] || fail 'it was saved each time before it was killed'
  undamaged
  boot again
  assert_log again 'virtainer: warning: the guest was ended while it was being saved'
  [[ -z $(saved) ]]
}
