#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2154
#
# The life of a virtainer from its start to its end, with the boot sector where no Linux is needed.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# http ADDRESS: what the small guest answers there.
http() { curl -sS --max-time "$(seconds 10)" "http://$1/"; }

# --- the console --------------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "first the block with what was decided, then the guest's console" {
  boot vm
  log_of vm
  log_of vm >"$BATS_TEST_TMPDIR/log"
  block=$(sed -n '/SeaBIOS/q; p' "$BATS_TEST_TMPDIR/log")
  [[ $block == 'virtainer: virtainer '* ]]
  for word in guest disk base seed network stop; do
    grep -qE "^virtainer:   $word +[^ ]" <<<"$block" || fail "the block lacks '$word'"
  done
  sed '1,/SeaBIOS/d' "$BATS_TEST_TMPDIR/log" | grep -q 'boot-sector: hello'
  # Without -t what the guest says, and nothing else, is on standard output.
  engine logs "$e2e_id-vm" 2>/dev/null >"$BATS_TEST_TMPDIR/stdout"
  grep -qa 'boot-sector: hello' "$BATS_TEST_TMPDIR/stdout"
  run ! grep -qa 'virtainer:' "$BATS_TEST_TMPDIR/stdout"
}

@test "the console on a terminal (-t): whole lines, none torn" {
  boot vm -t
  engine logs "$e2e_id-vm" >"$BATS_TEST_TMPDIR/log"
  [[ $(head -n 1 "$BATS_TEST_TMPDIR/log") == 'virtainer: virtainer '* ]]
  # Each line of ours ends with both characters, or the next would begin in the middle of the terminal.
  run ! grep -qaP '^virtainer: .*[^\r]$' "$BATS_TEST_TMPDIR/log"
}

# bats test_tags=podman,rights
@test "typing through attach, and leaving with the detach keys" {
  boot vm -t -i
  typing vm 20 'send=abc' 'expect=ABC' 'send=xyz\r' 'expect=XYZ'
  assert_running vm
  # Once more: the console is given to whoever comes.
  typing vm 20 'send=hello' 'expect=HELLO'
  assert_running vm
  # An engine's log has whole lines.
  wait_log vm 'ABCXYZ'
}

@test "typing without a terminal (-i alone)" {
  boot vm -i
  talk 20 'send=abc' 'expect=ABC' -- "${engine_command[@]}" attach --sig-proxy=false "$e2e_id-vm"
  assert_running vm
}

# bats test_tags=podman,rights
@test "virsh console --force takes the console, the log goes on, and the attachment comes back" {
  boot vm -t -i
  typing vm 20 'send=abc' 'expect=ABC'
  talk 30 --pty 'expect=Escape character' 'insist=taken\r~TAKEN' 'send=\x1d' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" virsh console --force vm
  wait_log vm TAKEN
  wait_log vm 'virtainer: .*console was taken over'
  typing vm 20 'send=back' 'expect=BACK'
}

@test "a guest that floods its console hears what is typed, and the button" {
  boot vm -t -i
  # The first key ends the flood.
  typing vm 30 'send=f' 'expect=boot-sector: flood' 'send=xabc' 'expect=ABC'
  typing vm 20 'send=f' 'expect=boot-sector: flood'
  stop vm
  assert_status vm 0
}

# --- stopping -----------------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "stop: a clean end with status 0, at once" {
  boot vm
  began=$SECONDS
  stop vm
  assert_status vm 0
  ((SECONDS - began <= $(seconds 5))) || fail "it took $((SECONDS - began)) s"
  assert_log vm 'boot-sector: power button'
}

@test "INT and QUIT stop it like TERM" {
  for signal in INT QUIT; do
    boot "$signal"
    send_signal "$signal" "$signal"
    assert_status "$signal" 0
    assert_log "$signal" 'boot-sector: power button'
  done
}

# bats test_tags=podman,rights
@test "a guest that ignores the button is forced off after the grace period: status 71" {
  deaf vm -e GRACE_PERIOD=4
  began=$SECONDS
  stop vm
  assert_status vm 71
  ((SECONDS - began >= 3 && SECONDS - began <= $(seconds 15))) || fail "after $((SECONDS - began)) s"
  # The button is pressed again and again.
  (($(log_of vm | grep -c 'boot-sector: power button') >= 2)) || fail 'the button was pressed only once'
  assert_log vm 'virtainer: error: .*forced off'
}

@test "while a guest does not shut down the log says how much time is left" {
  deaf vm -e GRACE_PERIOD=20
  send_signal vm TERM
  wait_log vm 'SIGTERM: .*it has 20 s to shut down'
  wait_log vm 'virtainer: the guest has not shut down yet: [345] s are left' 19
  (($(log_of vm | grep -c 's are left') == 1))
  send_signal vm TERM
  assert_status vm 71
}

# bats test_tags=podman,rights
@test "a second signal forces at once: status 71" {
  deaf vm
  send_signal vm TERM
  wait_log vm 'boot-sector: power button'
  began=$SECONDS
  send_signal vm TERM
  assert_status vm 71
  ((SECONDS - began <= $(seconds 8))) || fail "it took $((SECONDS - began)) s"
}

@test "a stop before the guest was started: status 0, at once, and the log says so" {
  # A libvirtd that never answers, so that the start cannot be quicker than the stop.
  printf '#!/bin/sh\nexec sleep 300\n' >"$BATS_TEST_TMPDIR/libvirtd"
  chmod 0755 "$BATS_TEST_TMPDIR/libvirtd"
  virtainer vm -v "$boot_sector:/image:ro" -v "$BATS_TEST_TMPDIR/libvirtd:/usr/sbin/libvirtd:ro"
  wait_log vm 'virtainer:   stop '
  began=$SECONDS
  stop vm
  assert_status vm 0
  ((SECONDS - began <= $(seconds 5))) || fail "it took $((SECONDS - began)) s"
  assert_log vm '^virtainer: stopped before the guest was started'
  run ! grep -q 'virtainer: error' <(log_of vm)
}

@test "virsh shutdown and virsh destroy: 0 and 71" {
  boot shutdown
  exec_in shutdown virsh shutdown vm --mode acpi
  assert_status shutdown 0
  boot destroy --no-data
  exec_in destroy virsh destroy vm
  assert_status destroy 71
}

# --- what the guest does ------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "a guest that powers itself off ends the container with status 0" {
  boot vm -t -i
  talk 20 --pty 'send=q' end -- "${engine_command[@]}" attach "$e2e_id-vm"
  assert_status vm 0
  assert_log vm 'virtainer: the guest is off'
}

@test "a guest that resets goes on" {
  boot vm -t -i
  pid=$(state vm .qemu_pid)
  typing vm 30 'send=r' 'expect=boot-sector: hello' 'send=abc' 'expect=ABC'
  assert_running vm
  [[ $(state vm .qemu_pid) == "$pid" ]]
  [[ $(state vm .state) == running ]]
}

# bats test_tags=podman,rights
@test "QEMU killed: status 70, with its last log lines" {
  boot vm
  kill_in vm KILL "$(state vm .qemu_pid)"
  assert_status vm 70
  assert_log vm 'virtainer: error: QEMU was ended by signal 9'
  # What QEMU said of itself, and not the hundred lines of its command line that stand before it in that log.
  words=$(log_of vm | sed '1,/error: QEMU was ended/d')
  [[ $words == *'char device redirected'* && $words != *' -device '* ]] || fail "not QEMU's own last words: $words"
}

@test "a kernel panic: status 70" {
  boot_small vm
  talk 30 --pty 'send=crash\n' 'expect=Kernel panic' end -- "${engine_command[@]}" attach "$e2e_id-vm"
  assert_status vm 70
  assert_log vm "virtainer: error: the guest's kernel panicked"
}

# --- what runs beside it ------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "libvirtd killed: the guest runs on, virsh works again, and stop is clean" {
  boot vm -t -i
  pid=$(state vm .qemu_pid)
  kill_in vm KILL "$(pid_of vm libvirtd)"
  wait_log vm 'virtainer: libvirtd is back'
  exec_in vm virsh list | grep -qE 'vm +running'
  [[ $(state vm .qemu_pid) == "$pid" ]]
  typing vm 20 'send=abc' 'expect=ABC'
  stop vm
  assert_status vm 0
}

@test "libvirtd that cannot start: status 60" {
  printf '#!/bin/sh\necho "this one does not work" >&2\nexit 3\n' >"$BATS_TEST_TMPDIR/libvirtd"
  chmod 0755 "$BATS_TEST_TMPDIR/libvirtd"
  run_virtainer 20 --privileged -v "$boot_sector:/image:ro" -v "$BATS_TEST_TMPDIR/libvirtd:/usr/sbin/libvirtd:ro"
  echo "$stderr"
  ((status == 60))
  [[ $stderr == *'virtainer: error: libvirtd ended while it started'*'this one does not work'* ]]
}

@test "a second virtainer in one container is refused, and the first goes on" {
  boot vm
  run -2 exec_in vm virtainer run
  [[ $output == 'virtainer: error: a virtainer already runs in this container'* ]]
  exec_in vm virtainer healthcheck
  exec_in vm virsh list | grep -qE 'vm +running'
}

no_zombies() { ! processes "$1" | grep ' Z '; }

@test "orphans of docker exec are reaped" {
  boot vm
  exec_in vm sh -c 'for i in 1 2 3 4 5; do (setsid sh -c "sleep 4; exit 3" &); done'
  processes vm | grep -q ' sleep$' || fail 'no orphans to reap'
  no_orphans() { ! processes vm | grep ' sleep$'; }
  until_true 15 no_orphans
  until_true 5 no_zombies vm
}

new_dnsmasq() { [[ $(pid_of vm dnsmasq) != "$1" ]]; }

@test "dnsmasq killed comes back" {
  boot vm
  pid=$(pid_of vm dnsmasq)
  kill_in vm KILL "$pid"
  until_true 10 pid_of vm dnsmasq
  until_true 10 new_dnsmasq "$pid"
  assert_running vm
  assert_log vm 'virtainer: warning: dnsmasq ended'
}

# --- asking it ----------------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "state, state --json, list and healthcheck" {
  boot vm -e RAM=64 -e CPU=2 -e VM_NAME=my-guest -e DISK_SIZE=2G
  [[ $(exec_in vm virtainer state) == running ]]
  [[ $(exec_in vm virtainer healthcheck) == running ]]
  state vm .
  state vm '.version == 1 and .state == "running" and .name == "my-guest" and .accelerator == "tcg" and .network == "nat"
    and .cpus == 2 and .ram_bytes == 67108864 and .disk_bytes == 2147483648
    and .overlay == "/mounted/local_image.qcow2" and .base == "/image"
    and (.uuid | test("^[0-9a-f-]{36}$")) and (.mac | test("^52:54:00(:[0-9a-f]{2}){3}$"))
    and (.guest_address | test("^192\\.168\\.")) and .qemu_pid > 1 and (now - .since) < 600'
  [[ $(state vm .address) == "$(address_of vm)" ]]
  exec_in vm virtainer list | tee /dev/stderr | grep -qE "^my-guest +$(state vm .uuid) +running +$(address_of vm)$"
  exec_in vm virsh suspend my-guest
  until_true 10 eval '[[ $(exec_in vm virtainer state) == paused ]]'
  [[ $(exec_in vm virtainer healthcheck) == paused ]]
  exec_in vm virsh resume my-guest
  until_true 10 eval '[[ $(exec_in vm virtainer state) == running ]]'
}

# bats test_tags=podman,rights
@test "image info: while the guest runs, and from the data directory alone" {
  cp "$boot_sector" "$BATS_TEST_TMPDIR/disk1.img"
  echo text >"$BATS_TEST_TMPDIR/box.ovf"
  tar -C "$BATS_TEST_TMPDIR" -czf "$BATS_TEST_TMPDIR/box" box.ovf disk1.img
  virtainer vm -v "$BATS_TEST_TMPDIR/box:/image:ro" -e DISK_SIZE=16M
  wait_log vm 'boot-sector: hello' 30
  exec_in vm virtainer image info --json | jq -e '.version == 1
    and .overlay.path == "/mounted/local_image.qcow2" and .overlay.disk_bytes == 16777216 and .overlay.allocated_bytes > 0
    and (.base | .format == "raw" and .file_bytes == 1048576 and .state == "unchanged" and .source == "/image" and .checksum == null)'
  stop vm
  run_virtainer 20 -v "$data:/mounted:ro" -- image info
  ((status == 0)) || fail "$stderr"
  [[ $output == *'unchanged since the overlay was made'*$'\nsource    /image' ]] || fail "$output"
  as_root truncate -s +512 "$data"/.virtainer/images/*-image
  run_virtainer 20 -v "$data:/mounted:ro" -- image info
  ((status == 0)) && [[ $output == *'CHANGED: '* ]] || fail "$output"
  run_virtainer 20 -- image info
  ((status == 2)) && [[ $stderr == *'no virtainer runs here'* ]] || fail "$stderr"
}

# bats test_tags=podman,rights
@test "image flatten: the guest goes on without its base image" {
  boot vm
  stop vm
  run_virtainer 30 -v "$data:/mounted" -v "$boot_sector:/image:ro" -- image flatten
  ((status == 0)) && [[ $stderr == *'needs no base image any more'* ]] || fail "$status $stderr"
  virtainer again
  wait_log again 'boot-sector: hello' 30
  assert_log again 'base     none: the disk was flattened'
  exec_in again virtainer image info --json | jq -e '.base.state == "none"'
  exec_in again virtainer image flatten 2>&1 | grep -F 'held by another virtainer' || fail 'not refused'
}

# health NAME STATUS: what the engine makes of the image's HEALTHCHECK.
health() { [[ $(engine inspect -f '{{.State.Health.Status}}' "$e2e_id-$1") == "$2" ]]; }

@test "docker inspect says healthy, unhealthy with the reason, and healthy again" {
  printf '#!/bin/sh\n[ -e /run/ill ] && { echo "ill, they say"; exit 1; }\nexec virtainer healthcheck\n' >"$BATS_TEST_TMPDIR/check"
  chmod 0755 "$BATS_TEST_TMPDIR/check"
  boot vm --health-interval 1s --health-retries 1 -v "$BATS_TEST_TMPDIR/check:/usr/local/bin/healthcheck:ro"
  until_true 15 health vm healthy
  exec_in vm touch /run/ill
  until_true 15 health vm unhealthy
  engine inspect "$e2e_id-vm" | jq -e '.[0].State.Health.Log[-1] | .ExitCode == 1 and .Output == "ill, they say\n"'
  exec_in vm rm /run/ill
  until_true 15 health vm healthy
}

@test "docker inspect says unhealthy while a guest ignores the button" {
  deaf vm --health-interval 1s --health-retries 1
  until_true 15 health vm healthy
  send_signal vm TERM
  until_true 15 health vm unhealthy
  engine inspect "$e2e_id-vm" | jq -e '.[0].State.Health.Log[-1].Output == "virtainer: error: the guest is stopping\n"'
}

@test "commands outside a virtainer say that none runs here" {
  for command in state list; do
    run_virtainer 20 -- "$command"
    ((status == 2)) || fail "$command: status $status"
    [[ $stderr == 'virtainer: error: no virtainer runs here'* ]]
  done
  run_virtainer 20 -- healthcheck
  ((status == 1))
}

# bats test_tags=podman
@test "what is no command of ours is exec'ed" {
  run_virtainer 20 -- echo hi
  ((status == 0))
  [[ $output == hi && -z $stderr ]]
  run_virtainer 20 -- sh -c 'exit 42'
  ((status == 42))
}

@test "an unknown program: status 2" {
  run_virtainer 20 -- no-such-program
  ((status == 2))
  [[ $stderr == "virtainer: error: 'no-such-program' is neither a command"* ]]
}

# --- starting again -----------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "a stopped container is started again, and a running one restarted" {
  boot vm
  uuid=$(state vm .uuid) mac=$(state vm .mac)
  stop vm
  assert_status vm 0
  engine restart "$e2e_id-vm"
  talk 30 'expect=boot-sector: hello' 'expect=boot-sector: hello' -- "${engine_command[@]}" logs -f "$e2e_id-vm"
  assert_log vm 'local_image.qcow2: .*kept from an earlier run'
  [[ $(state vm .uuid) == "$uuid" && $(state vm .mac) == "$mac" ]]
  engine restart -t 30 "$e2e_id-vm"
  talk 30 'expect=boot-sector: hello' 'expect=boot-sector: hello' 'expect=boot-sector: hello' -- \
    "${engine_command[@]}" logs -f "$e2e_id-vm"
  (($(log_of vm | grep -c 'virtainer: the guest is off') == 2)) || fail 'the restart was no clean end'
}

@test "a container that was killed is started again, and hears what is typed" {
  boot vm -t -i
  typing vm 20 'send=abc' 'expect=ABC'
  send_signal vm KILL
  wait_status vm 20
  engine start "$e2e_id-vm"
  talk 30 'expect=boot-sector: hello' 'expect=boot-sector: hello' -- "${engine_command[@]}" logs -f "$e2e_id-vm"
  [[ $(state vm .state) == running ]]
  typing vm 20 'send=xyz' 'expect=XYZ'
}

@test "without a data directory" {
  boot vm --no-data
  [[ $(state vm .overlay) == /mounted/local_image.qcow2 ]]
  stop vm
  assert_status vm 0
}

@test "killed while the guest writes: the overlay is whole, nothing that was synced is lost, and a clean stop leaves a clean file system" {
  boot_small vm
  typing vm 60 'send=write-forever\n' 'expect=written 5\s'
  send_signal vm KILL
  wait_status vm 20
  written=$(log_of vm | grep -oE '^small-guest: written [0-9]+' | tail -n 1 | tr -dc 0-9)
  undamaged

  boot_small again
  assert_log again 'small-guest: filesystem (clean|recovered)'
  typing again 30 'send=verify-data\n' 'expect=verified [1-9][0-9]* damaged 0 last [0-9]+'
  last=$(log_of again | grep -oE 'damaged 0 last [0-9]+' | tail -n 1 | grep -oE '[0-9]+$')
  ((last >= written && written >= 5)) || fail "$written were written, the last there is $last"
  stop again
  assert_status again 0
  undamaged

  boot_small third
  assert_log third 'small-guest: filesystem clean'
}

@test "a data directory that fills up while the guest writes: it pauses, and goes on when there is room" {
  as_root mount -t tmpfs -o size=8m tmpfs "$data"
  mounts+=("$data")
  boot_small vm
  typing vm 60 'send=write-forever\n' 'expect=written 1\s'
  wait_log vm 'virtainer: warning: the guest is paused, because its disk could not be written.*virtainer resume' 60
  [[ $(exec_in vm virtainer state) == paused && $(state vm .problem) == disk-error ]]
  run -1 exec_in vm virtainer healthcheck
  [[ $output == *'its disk could not be written'* ]]
  # There is no room yet.
  run -21 exec_in vm virtainer resume
  [[ $output == *'free some space'* ]]
  written=$(log_of vm | grep -oE '^small-guest: written [0-9]+' | tail -n 1 | tr -dc 0-9)
  as_root mount -o remount,size=64m "$data"
  exec_in vm virtainer resume
  exec_in vm virtainer healthcheck
  wait_log vm "small-guest: written $((written + 5))\\s" 60
  [[ $(exec_in vm virtainer state) == running ]]
  stop vm
  assert_status vm 0
  qemu_img check data/local_image.qcow2
}

# --- who owns what ------------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "what is made in a private data directory belongs to its owner, and mounted files are left as they are" {
  mkdir "$BATS_TEST_TMPDIR/mounted"
  cp "$boot_sector" "$BATS_TEST_TMPDIR/mounted/image"
  echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f test' >"$BATS_TEST_TMPDIR/mounted/key"
  echo '#cloud-config' >"$BATS_TEST_TMPDIR/mounted/user-data"
  echo 'instance-id: one' >"$BATS_TEST_TMPDIR/mounted/meta-data"
  as_root chown -R 1000:1000 "$data" "$BATS_TEST_TMPDIR/mounted"
  as_root chmod 0700 "$data"
  as_root chmod 0600 "$BATS_TEST_TMPDIR"/mounted/*
  before=$(listing "$BATS_TEST_TMPDIR/mounted")
  # Mounted writable, as a person does who thinks no harm.
  virtainer vm -v "$BATS_TEST_TMPDIR/mounted/image:/image" -v "$BATS_TEST_TMPDIR/mounted/key:/tmp/id_rsa.pub" \
    -v "$BATS_TEST_TMPDIR/mounted/user-data:/tmp/user-data" -v "$BATS_TEST_TMPDIR/mounted/meta-data:/tmp/meta-data"
  wait_log vm 'boot-sector: hello' 30
  [[ $(listing "$BATS_TEST_TMPDIR/mounted") == "$before" ]] || fail 'changed while it ran'
  [[ -z $(as_root find "$data" ! -user 1000 -o ! -group 1000) ]] || { listing "$data" && fail 'not all belongs to the owner'; }
  stop vm
  assert_status vm 0
  diff <(echo "$before") <(listing "$BATS_TEST_TMPDIR/mounted") || fail 'changed at the end'
  listing "$data"
  [[ -z $(as_root find "$data" ! -user 1000 -o ! -group 1000) ]] || fail 'not all belongs to the owner at the end'
  [[ $(stat -c %a "$data") == 700 ]]
}

# --- the accelerator ----------------------------------------------------------------------------------------------

kvm_opens() { as_root sh -c 'exec 3<>/dev/kvm' 2>/dev/null; }

# bats test_tags=podman,rights
@test "ACCEL=kvm runs the boot sector under KVM" {
  [[ -e /dev/kvm ]] || skip 'this machine has no /dev/kvm'
  kvm_opens || skip '/dev/kvm cannot be opened here'
  boot vm -e ACCEL=kvm -t -i
  [[ $(state vm .accelerator) == kvm ]]
  typing vm 20 'send=abc' 'expect=ABC'
  exec_in vm virsh dumpxml vm | grep -q "<domain type='kvm'"
  stop vm
  assert_status vm 0
}

@test "KVM without --privileged: the device and NET_ADMIN are enough" {
  [[ -e /dev/kvm ]] || skip 'this machine has no /dev/kvm'
  kvm_opens || skip '/dev/kvm cannot be opened here'
  boot vm --cap-add NET_ADMIN --device /dev/net/tun --device /dev/kvm -e ACCEL=kvm
  [[ $(state vm .accelerator) == kvm ]]
}

# --- the network --------------------------------------------------------------------------------------------------

@test "NETWORK=none needs no capability" {
  # CHOWN is one that every container has: this one gets none beside the engine's own.
  boot vm --cap-add CHOWN -e NETWORK=none
  state vm '.network == "none" and .address == null and .guest_address == null and .mac == null'
  assert_log vm 'network +none'
  run ! grep -q '<interface' <<<"$(exec_in vm virsh dumpxml vm)"
}

@test "a container without IPv6" {
  boot vm --sysctl net.ipv6.conf.all.disable_ipv6=1
  stop vm
  assert_status vm 0
}

# bats test_tags=podman
@test "without --privileged: reached from the host at the container's address, and the guest sees its client" {
  boot_small vm --cap-add NET_ADMIN --device /dev/net/tun
  answer=$(http "$(address_of vm)")
  echo "$answer"
  gateway=$(engine inspect -f '{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}' "$e2e_id-vm")
  [[ $answer == *"client $gateway"* ]] || fail "the guest should see $gateway"
  # QEMU is not root.
  [[ $(exec_in vm stat -c %U "/proc/$(state vm .qemu_pid)") == libvirt-qemu ]]
}

# bats test_tags=rights
@test "user-data, meta-data and key together reach the guest" {
  key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f somebody@somewhere'
  echo "$key" >"$BATS_TEST_TMPDIR/key"
  printf '#cloud-config\nwrite_files:\n  - path: /hello\n    content: "what was mounted"\n' >"$BATS_TEST_TMPDIR/user-data"
  printf 'instance-id: seed-test\nlocal-hostname: seeded\n' >"$BATS_TEST_TMPDIR/meta-data"
  boot_small vm -v "$BATS_TEST_TMPDIR/key:/tmp/id_rsa.pub:ro" -v "$BATS_TEST_TMPDIR/user-data:/tmp/user-data:ro" \
    -v "$BATS_TEST_TMPDIR/meta-data:/tmp/meta-data:ro"
  log_of vm >"$BATS_TEST_TMPDIR/log"
  # As it is, to the last byte.
  sed -n '/seed begin user-data/,/seed end user-data/{//!p}' "$BATS_TEST_TMPDIR/log" | diff - "$BATS_TEST_TMPDIR/user-data"
  meta_data=$(sed -n '/seed begin meta-data/,/seed end meta-data/{//!p}' "$BATS_TEST_TMPDIR/log")
  [[ $meta_data == *seed-test* && $meta_data == *seeded* ]]
  [[ $meta_data == *"${key% *}"* ]] || fail 'the key is not in the meta-data'
  [[ $(http "$(address_of vm)") == *'host seeded'* ]]
}

@test "two guests on a network of their own reach each other, by address and by name" {
  new_network net
  for name in a b; do
    printf 'instance-id: %s\nlocal-hostname: guest-%s\n' "$name" "$name" >"$BATS_TEST_TMPDIR/meta-$name"
    virtainer "$name" -t -i -e RAM=256 --network "$e2e_id-net" -v "$small_guest:/image:ro" --no-data \
      -v "$BATS_TEST_TMPDIR/meta-$name:/tmp/meta-data:ro"
  done
  for name in a b; do wait_log "$name" 'small-guest: ready' 120; done
  a=$(address_of a) b=$(address_of b)
  typing a 30 "send=wget -qO- http://$b/\\n" "expect=host guest-b\\s+client $a\\s"
  typing b 30 "send=wget -qO- http://$e2e_id-a/\\n" "expect=host guest-a\\s+client $b\\s"
  [[ $(http "$a") == *'host guest-a'* ]]
  # A container that is no virtainer, beside them.
  engine run --rm "${run_options[@]}" --network "$e2e_id-net" "$VT_IMAGE" bash -c \
    "exec 3<>/dev/tcp/$b/80 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3" | grep -q 'host guest-b'
  # And the guest, asked from within its own container.
  exec_in a bash -c "exec 3<>/dev/tcp/$a/80 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3" | grep -q 'host guest-a'
}

@test "the guest's subnet moves aside for a network of the engine" {
  cidr=192.168.100
  # Somebody may use that already, who is not to be disturbed.
  if ! new_network net --subnet "$cidr.0/24"; then
    cidr=10.$((RANDOM % 200 + 20)).$((RANDOM % 250))
    new_network net --subnet "$cidr.0/24"
  fi
  virtainer vm -t -i -e RAM=256 -e CIDR=$cidr --network "$e2e_id-net" -v "$small_guest:/image:ro"
  wait_log vm 'small-guest: ready' 120
  assert_log vm "moved aside from $cidr.0/24"
  [[ $(address_of vm) == "$cidr".* && $(state vm .guest_address) != "$cidr".* ]]
  assert_log vm "small-guest: address $(state vm .guest_address)"
  [[ $(http "$(address_of vm)") == *'host '* ]]
}

# --- what a base image may be -----------------------------------------------------------------------------------------

# The QEMU of the container image opens each, as a user of its own, by a descriptor.
@test "vmdk, vdi, vhdx, and what is packed, are base images" {
  local work=$BATS_TEST_TMPDIR/work image
  mkdir "$work"
  cp "$boot_sector" "$work/disk.img"
  engine run --rm "${run_options[@]}" -v "$work:/work" -w /work "$VT_IMAGE" sh -ec '
    for format in vmdk vdi vhdx qcow2; do qemu-img convert -q -O $format disk.img disk.$format; done
    qemu-img convert -q -O vmdk -o subformat=streamOptimized disk.img stream.vmdk'
  as_root chown -R "$(id -u)" "$work"
  (
    cd "$work"
    printf '<Envelope/>' >vm.ovf
    tar -cf vm.ova vm.ovf stream.vmdk
    bzip2 -k disk.img
    zstd -q disk.vdi
    gzip -k disk.qcow2
  )
  for image in disk.vmdk stream.vmdk disk.vdi disk.vhdx vm.ova disk.img.bz2 disk.vdi.zst disk.qcow2.gz; do
    virtainer vm --no-data -v "$work/$image:/base/$image:ro" -e "IMAGE=/base/$image"
    wait_log vm 'boot-sector: hello' 30
    remove "$e2e_id-vm"
  done
}
