#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2154
#
# What a virtainer may do, and who in it: docs/privileges.md.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# of_process NAME PID FIELD: from its status in /proc.
of_process() { exec_in "$1" sed -n "s/^$3:[[:space:]]*//p" "/proc/$2/status"; }

# capabilities NAME PID FIELD NUMBER…: the mask in FIELD (CapEff, CapBnd) has no other bits than these.
only_capabilities() {
  local name=$1 pid=$2 field=$3 mask=0 number got
  shift 3
  for number; do mask=$((mask | 1 << number)); done
  got=$(of_process "$name" "$pid" "$field")
  if ((16#$got & ~mask)); then fail "$field of process $pid is $got, more than $*"; fi
}

# Numbers of capability.h: what libvirtd and dnsmasq are held to.
of_children=(0 1 3 5 6 7 8 10 12 13 14 23 24)

# assert_users NAME: QEMU is its own user without a capability, in its own seccomp filter beside the engine's, and dnsmasq
# nobody.
assert_users() {
  local qemu uid dnsmasq
  qemu=$(state "$1" .qemu_pid)
  dnsmasq=$(pid_of "$1" dnsmasq)
  uid=$(exec_in "$1" id -u libvirt-qemu)
  [[ $(of_process "$1" "$qemu" Uid) == "$uid"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid" ]] || fail "QEMU's users: $(of_process "$1" "$qemu" Uid)"
  only_capabilities "$1" "$qemu" CapPrm
  only_capabilities "$1" "$qemu" CapEff
  only_capabilities "$1" "$qemu" CapInh
  [[ $(of_process "$1" "$qemu" NoNewPrivs) == 1 ]] || fail 'QEMU could get new privileges'
  [[ $(of_process "$1" "$qemu" Seccomp) == 2 ]] || fail 'QEMU has no seccomp filter'
  (($(of_process "$1" "$qemu" Seccomp_filters) > $(of_process "$1" 1 Seccomp_filters))) || fail 'QEMU has no filter of its own'
  [[ $(exec_in "$1" stat -c %U "/proc/$dnsmasq") == nobody ]] || fail 'dnsmasq is not nobody'
  # NET_ADMIN, and where that is kept, the ports.
  only_capabilities "$1" "$dnsmasq" CapEff 10 12 13
  only_capabilities "$1" "$(pid_of "$1" libvirtd)" CapBnd "${of_children[@]}"
}

# bats test_tags=podman
@test "the least rights are enough: a guest with a network, asked for by virsh, stopped" {
  boot_small vm "${minimal[@]}"
  typing vm 30 'send=echo one-$((1 + 1))\n' 'expect=one-2'
  [[ $(of_process vm 1 NoNewPrivs) == 1 && $(of_process vm 1 Seccomp) == 2 ]] || fail 'the container has more rights than meant'
  run ! exec_in vm touch /somewhere
  assert_users vm
  assert_log vm 'seed +.*, in /run/virtainer/cloud_init.iso \(the root file system is read-only\)'
  assert_log vm 'small-guest: seed begin user-data'
  curl -sS --max-time "$(seconds 10)" "http://$(address_of vm)/" | grep -q '^host '
  exec_in vm virsh list | grep -qE 'vm +running'
  exec_in vm virtainer healthcheck
  stop vm
  assert_status vm 0
  # Once more, in the same container: what was in /run has gone.
  engine start "$e2e_id-vm"
  talk 120 'expect=small-guest: ready' 'expect=small-guest: ready' -- "${engine_command[@]}" logs -f "$e2e_id-vm"
}

# bats test_tags=podman
@test "what the README says is enough instead of --privileged, is" {
  boot vm --cap-add NET_ADMIN --device /dev/net/tun --security-opt no-new-privileges --read-only --tmpfs /run
  assert_users vm
  stop vm
  assert_status vm 0
}

# bats test_tags=podman
@test "with --privileged, too, everybody has the rights of his own work alone" {
  boot vm --privileged
  assert_users vm
  # 21 is SYS_ADMIN.
  ((16#$(of_process vm 1 CapBnd) >> 21 & 1)) || fail 'the container is not privileged'
}

# bats test_tags=podman
@test "without /dev/kvm: software emulation, and a warning with the way out" {
  boot vm --cap-add NET_ADMIN --device /dev/net/tun
  [[ $(state vm .accelerator) == tcg ]]
  assert_log vm 'virtainer: warning: .*there is no /dev/kvm here: add --device /dev/kvm'
}

# bats test_tags=podman
@test "NETWORK=none needs neither NET_ADMIN nor the tun device" {
  options=()
  for name in CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETPCAP SETUID; do options+=(--cap-add "$name"); done
  boot vm --cap-drop ALL "${options[@]}" --read-only --tmpfs /run -e NETWORK=none
  stop vm
  assert_status vm 0
}

# namespace COUNT: options that give a container a user namespace with so many users.
namespace() { options=(--uidmap "0:100000:$1" --gidmap "0:100000:$1" --cap-add CHOWN -e NETWORK=none); }

# bats test_tags=podman,podman-only
@test "in a user namespace the data directory belongs to the mapped root" {
  as_root chown 100000:100000 "$data"
  namespace 65536
  boot vm "${options[@]}"
  stop vm
  assert_status vm 0
  [[ -s $data/local_image.qcow2 && -z $(as_root find "$data" ! -uid 100000) ]] || { listing "$data" && fail 'not all belongs to it'; }
}

# bats test_tags=podman,podman-only
@test "a user namespace without QEMU's user: status 2 names it" {
  namespace 64000
  run_virtainer 20 "${options[@]}" -v "$boot_sector:/image:ro" -v "$data:/mounted"
  echo "$stderr"
  ((status == 2))
  [[ $stderr == *"virtainer: error: the container's user namespace has no user 64055 (libvirt-qemu)"*'/etc/subuid'* ]]
}
