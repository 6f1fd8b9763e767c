#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real cloud image: Debian with cloud-init and an SSH server. A boot takes a minute and more, so each test looks at much,
# and those that need nothing given share a guest. VT_CLOUD_IMAGE names another Debian image than images/debian/build.sh makes.
#
# shellcheck disable=SC2154

load lib
bats_require_minimum_version 1.5.0

readonly cloud_image=${VT_CLOUD_IMAGE:-$guest_images/debian-trixie.qcow2}

# Seconds a boot to the end of cloud-init may take, on a machine that is busy with other tests.
readonly boot_limit=400

# The guest that several tests share is the file's own; they run one after the other.
setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  e2e_setup
  export shared_id=$e2e_id shared_data=$data
}

teardown_file() { BATS_TEST_COMPLETED=1 remove_shared; }

setup() {
  e2e_setup
  given=$BATS_TEST_TMPDIR/given
  key=$given/key
  work=$BATS_TEST_TMPDIR/work
  mkdir "$given" "$work"
  ssh-keygen -q -t ed25519 -N '' -C 'a test' -f "$key"
}

# A test that failed leaves no guest to the next.
teardown() {
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then remove_shared; fi
  e2e_teardown
  rm -rf "$work"
}

remove_shared() {
  # shellcheck disable=SC2034
  local e2e_id=$shared_id data=$shared_data networks=() mounts=()
  e2e_teardown
  mkdir "$data"
}

# cloud NAME OPTION…: start one with the cloud image.
cloud() {
  local name=$1
  shift
  virtainer "$name" -v "$cloud_image:/image:ro" "$@"
}

# shared_guest: what runs as `vm` in the caller's e2e_id and data, booted with nothing given unless an earlier test has.
shared_guest() {
  e2e_id=$shared_id data=$shared_data
  [[ -z $(containers) ]] || return 0
  cloud_again
  wait_in vm 0
  # A guest that has just booted is busy.
  until_true 60 exec_in vm virtainer healthcheck --agent --ssh
}

cloud_again() { cloud vm -e GRACE_PERIOD=15 -e GRACE_ACTION=save; }

with_key() { printf '%s\n' -v "$key.pub:/tmp/id_rsa.pub:ro"; }

# --- SSH ----------------------------------------------------------------------------------------------------------

ssh_options=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5
  -o ServerAliveInterval=5 -o ServerAliveCountMax=6)

# guest NAME COMMAND: run by the shell of the guest's user, who comes with the key. A guest that no more answers is a
# failure, not a wait.
guest() {
  timeout "$(seconds 120)" ssh -n -i "$key" -o IdentitiesOnly=yes -o BatchMode=yes "${ssh_options[@]}" \
    "debian@$(address_of "$1")" "$2"
}

# guest_by_password NAME PASSWORD COMMAND
guest_by_password() {
  timeout "$(seconds 120)" sshpass -p "$2" ssh -n -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 \
    "${ssh_options[@]}" "debian@$(address_of "$1")" "$3"
}

# wait_in NAME STATUS ARGUMENT…: `virtainer wait` ends with that status; sets $output and $stderr.
wait_in() {
  local name=$1 expected=$2
  shift 2
  run --separate-stderr timeout "$(seconds $((boot_limit + 20)))" "${engine_command[@]}" exec "$e2e_id-$name" virtainer wait \
    --timeout "$(seconds "$boot_limit")" "$@"
  [[ $status == "$expected" ]] || fail "wait $* ended with $status, not $expected: $output $stderr"
}

# booted NAME COMMAND…: wait until it is ready by its own words; then COMMAND, a login, must work, and the guest must say the
# same. It fails as soon as the virtainer ends.
booted() {
  local name=$1
  shift
  wait_in "$name" 0
  [[ $output == *'SSH answers, and cloud-init '*' finished without errors' ]] || fail "$output"
  "$@" true
  # Its status is not 0 if something is even deprecated. The image makes no RSA key, and our phone_home misses it.
  said=$("$@" 'cloud-init status --wait --long') || (($? == 2)) || fail "cloud-init: $said"
  grep -q '^status: done' <<<"$said" || fail "cloud-init: $said"
  run ! grep -vE 'can not phone home that data|pub_key_rsa from .post.' <(grep -P '^\t- ' <<<"$said")
  [[ $("$@" 'cat /run/cloud-init/result.json' | jq -c .v1.errors) == '[]' ]] || fail 'cloud-init had errors'
}

# --- the guest's disk, from outside -------------------------------------------------------------------------------

# disk_tool COMMAND…: qemu-img where the overlay finds its base, with $work beside it.
disk_tool() {
  timeout "$(seconds 200)" "${engine_command[@]}" run --rm --label "vt-e2e=$e2e_id" -v "$cloud_image:/image:ro" \
    -v "$data:/mounted" -v "$work:/work" "$VT_IMAGE" "$@"
}

# root_partition: the guest's root file system as e2fsprogs take it, from a raw copy of its disk.
root_partition() {
  disk_tool qemu-img convert -f qcow2 -O raw /mounted/local_image.qcow2 /work/disk
  printf '%s?offset=%s\n' "$work/disk" $((512 * $(partx -g -o START -n 1 "$work/disk")))
}

# assert_unmounted: the file system is what an unmount leaves: no journal to replay, no errors.
assert_unmounted() {
  local partition header
  partition=$(root_partition)
  header=$(as_root dumpe2fs -h "$partition" 2>&1)
  grep -q '^Filesystem features:.*has_journal' <<<"$header" || fail "no header: $header"
  run ! grep needs_recovery <<<"$header"
  grep -qE '^Filesystem state: +clean$' <<<"$header" || fail "not clean: $header"
  as_root e2fsck -f -n "$partition"
  rm -f "$work/disk"
}

# stop_cloud NAME: as a person does; the guest must end by itself.
stop_cloud() {
  timeout "$(seconds 150)" "${engine_command[@]}" stop -t "$(seconds 120)" "$e2e_id-$1" >/dev/null
  assert_status "$1" 0
}

# assert_clean_forgets NAME: `virtainer clean` ends it, and on its disk is nothing that tells it from another guest.
assert_clean_forgets() {
  local partition
  run exec_in "$1" virtainer clean
  [[ $status == 2 && $output == *'give --yes'* ]] || fail "$output"
  [[ -s $data/.virtainer/ssh/known_hosts && -s $data/.virtainer/seed ]] || fail 'nothing to forget'
  engine exec "$e2e_id-$1" virtainer clean --yes
  assert_status "$1" 0
  partition=$(root_partition)
  as_root debugfs -R 'ls -p /etc/ssh' "$partition" 2>/dev/null | grep sshd_config
  run ! grep ssh_host_ <(as_root debugfs -R 'ls -p /etc/ssh' "$partition" 2>/dev/null)
  run ! grep authorized_keys <(as_root debugfs -R 'ls -p /home/debian/.ssh' "$partition" 2>/dev/null)
  as_root debugfs -R 'stat /etc/machine-id' "$partition" 2>/dev/null | grep -E 'Size: 0$'
  run ! grep instances <(as_root debugfs -R 'ls -p /var/lib/cloud' "$partition" 2>/dev/null)
  rm -f "$work/disk"
  [[ ! -e $data/.virtainer/ssh/known_hosts && ! -e $data/.virtainer/seed ]] || fail 'the launcher has not forgotten'
}

# What the initramfs said when it looked at the root file system.
root_check() { guest "$1" 'sudo cat /run/initramfs/fsck.log'; }

# --- the tests ----------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "cloud image: SSH with the key at the container's address, cloud-init, DNS, console; stop leaves a clean disk" {
  new_network net
  engine run -d --name "$e2e_id-sibling" --label "vt-e2e=$e2e_id" --network "$e2e_id-net" "$VT_IMAGE" sleep 3600 >/dev/null
  mapfile -t options < <(with_key)
  cloud vm -t -i --network "$e2e_id-net" "${options[@]}"
  booted vm guest vm

  [[ $(guest vm 'cloud-init query instance_id') == localimage-01 ]]
  [[ $(guest vm hostname) == cloudimage ]]
  # The log said so, and the host keys that came with it are the guest's.
  wait_log vm 'ready after [0-9.]+ s: cloud-init [0-9.]+ finished without errors; SSH answers at [0-9.]+' 20
  known=$(exec_in vm cat /mounted/.virtainer/ssh/known_hosts)
  grep -q 'instance-id: localimage-01$' <<<"$known" || fail "$known"
  for path in $(guest vm 'ls /etc/ssh/ssh_host_*.pub'); do
    grep -qF " $(guest vm "cut -d' ' -f1,2 $path")" <<<"$known" || fail "$path is not in: $known"
  done
  # A sibling's name is known to the engine's name server alone. In full: systemd-resolved asks no name server about
  # a name without a dot.
  domain=$e2e_id-net
  [[ $VT_ENGINE != podman ]] || domain=dns.podman
  [[ $(guest vm "getent ahostsv4 $e2e_id-sibling.$domain") == "$(address_of sibling) "* ]]
  # The root file system fills the disk of 40 GiB.
  (($(guest vm 'df --output=size -B1G / | tail -n 1') >= 38))
  [[ $(guest vm 'systemctl --failed --no-legend | wc -l') == 0 ]]

  # QEMU runs as a user of its own, under its seccomp filter, with no capability.
  pid=$(pid_of vm qemu-system-x86)
  qemu=$(exec_in vm cat "/proc/$pid/status")
  grep -qE '^Uid:(.[1-9][0-9]*){4}$' <<<"$qemu" || fail "$qemu"
  grep -qE '^Seccomp:.2$' <<<"$qemu" || fail "$qemu"
  grep -qE '^CapEff:.0+$' <<<"$qemu" || fail "$qemu"

  talk 60 --pty 'expect=Escape character' 'insist=\r~cloudimage login:' 'send=\x1d' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" virsh console --force vm
  [[ $(engine inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' "$e2e_id-vm") != unhealthy ]]

  guest vm 'echo kept | sudo tee /var/kept >/dev/null'
  stop_cloud vm
  assert_unmounted
  # The next test goes on from here, if it runs.
  cp "$key" "$key.pub" "$BATS_FILE_TMPDIR/"
  mv "$data" "$BATS_FILE_TMPDIR/$VT_ENGINE-data"
  mkdir "$data"
}

# used_data: a data directory with a guest that was booted, given /var/kept, and stopped: the first test's, or a new one.
used_data() {
  if [[ -d $BATS_FILE_TMPDIR/$VT_ENGINE-data ]]; then
    as_root rm -rf "$data"
    mv "$BATS_FILE_TMPDIR/$VT_ENGINE-data" "$data"
    cp "$BATS_FILE_TMPDIR"/key* "$given/"
    return
  fi
  mapfile -t options < <(with_key)
  cloud first "${options[@]}"
  booted first guest first
  guest first 'echo kept | sudo tee /var/kept >/dev/null'
  stop_cloud first
}

# write_files NAME: in the guest, numbered files with their checksums; a number is printed when its file is on the disk.
write_files() {
  # shellcheck disable=SC2016
  guest "$1" 'mkdir -p files && cd files && i=0 && while i=$((i + 1)); do
    head -c 200000 /dev/urandom >$i && sha256sum $i >$i.sum && sync $i $i.sum . && echo $i || exit
  done'
}

# last_number FILE: the last whole line, 0 if there is none.
last_number() { awk '/^[0-9]+$/ { last = $0 } END { print last + 0 }' "$1"; }

at_least() { (($(last_number "$1") >= $2)); }

@test "cloud image: another container on the same data directory goes on; so it does after kill -9 while the guest writes" {
  used_data
  mapfile -t options < <(with_key)
  engine rm -f "$e2e_id-first" >/dev/null 2>&1 || true
  cloud second "${options[@]}" -e DISK_SIZE=50G
  booted second guest second
  [[ $(guest second 'cat /var/kept') == kept ]]
  # Its disk was made with 40 GiB; partition and file system have followed.
  assert_log second "the guest's disk has grown from 40 GiB to 50 GiB"
  (($(guest second 'df --output=size -B1G / | tail -n 1') >= 48))
  # cloud-init calls home at an instance's first boot only: this time the console told.
  [[ $(state second '.ready.cloud_init.state') == 'done' ]]
  # The guest itself saw a file system that had been unmounted, and cloud-init the instance it knew.
  check=$(root_check second)
  grep -q 'root: clean' <<<"$check" || fail "$check"
  [[ $(guest second 'sudo find /var/lib/cloud/instances -mindepth 1 -maxdepth 1 | wc -l') == 1 ]]

  write_files second >"$BATS_TEST_TMPDIR/written" 2>&1 &
  writer=$!
  until_true 60 at_least "$BATS_TEST_TMPDIR/written" 20
  as_root kill -9 "$(engine inspect -f '{{.State.Pid}}' "$e2e_id-second")"
  assert_status second 137
  wait "$writer" || true
  last=$(last_number "$BATS_TEST_TMPDIR/written")
  disk_tool qemu-img check -f qcow2 /mounted/local_image.qcow2

  engine start "$e2e_id-second" >/dev/null
  booted second guest second
  # This time there was something to recover, which shows that the check above sees it.
  check=$(root_check second)
  grep -q 'recovering journal' <<<"$check" || fail "$check"
  # All that was on the disk is there, as it was.
  guest second "cd files && for i in \$(seq $last); do sha256sum --quiet -c \$i.sum || exit; done"
  [[ $(guest second 'cat /var/kept') == kept ]]
  stop_cloud second
  assert_unmounted
}

@test "cloud image: user-data, meta-data and key together all arrive, with few capabilities; without phone_home a warning is no success" {
  cat >"$given/user-data" <<END
#cloud-config
no_such_key: 1
write_files:
  - path: /etc/from-user-data
    content: arrived
runcmd:
  - [touch, /run/ran]
END
  printf 'instance-id: mine-7\nlocal-hostname: my-guest\n' >"$given/meta-data"
  chmod 0600 "$given"/*-data
  before=$(listing "$given")
  mapfile -t options < <(with_key)
  cloud vm --cap-add NET_ADMIN --device /dev/net/tun "${options[@]}" -e PHONE_HOME=no -e CPU=2 -e RAM=1536 -e DISK_SIZE=10G \
    -v "$given/user-data:/tmp/user-data:ro" -v "$given/meta-data:/tmp/meta-data:ro"
  wait_in vm 81
  [[ $stderr == *'finished degraded: '*schema* ]] || fail "$stderr"
  wait_log vm 'ready after [0-9.]+ s: cloud-init [0-9.]+ finished degraded: .*schema' 30
  [[ $(state vm '.ready.cloud_init.state') == degraded ]]
  # The console told the host keys.
  exec_in vm grep -q '^192.168.100.100,virtainer-guest ssh-ed25519 ' /mounted/.virtainer/ssh/known_hosts

  [[ $(guest vm 'cat /etc/from-user-data') == arrived ]]
  guest vm 'test -e /run/ran'
  [[ $(guest vm 'cloud-init query instance_id') == mine-7 ]]
  [[ $(guest vm hostname) == my-guest ]]
  [[ $(guest vm nproc) == 2 ]]
  (($(guest vm "awk '/^MemTotal/ { print int(\$2 / 1024) }' /proc/meminfo") > 1300))
  (($(guest vm 'df --output=size -B1G / | tail -n 1') < 11))
  assert_clean_forgets vm
  # What was mounted is as it was.
  after=$(listing "$given")
  [[ $before == "$after" ]] || { diff <(echo "$before") <(echo "$after") || fail 'a mounted file was changed'; }
}

@test "cloud image: with nothing given, the password is 'password', and the log warns" {
  local e2e_id data
  shared_guest
  assert_log vm 'virtainer: warning: .*password'
  booted vm guest_by_password vm password
  [[ $(guest_by_password vm password 'id -un') == debian ]]
  # The launcher's key opens the door too, and its known_hosts show whose door it is.
  [[ $(exec_in vm ssh -n -i /mounted/.virtainer/ssh/id_ed25519 -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile=/mounted/.virtainer/ssh/known_hosts debian@192.168.100.100 'id -un') == debian ]]
  run ! guest_by_password vm wrong true
}

# in_place NAME: a guest in the place of that container, on the networks one and two, has each of its addresses.
in_place() {
  local address seen
  engine create --name "$e2e_id-$1" "${run_options[@]}" --privileged --network "$e2e_id-one" -v "$data:/mounted" \
    -v "$cloud_image:/image:ro" -e NETWORK=bridge "$VT_IMAGE" >/dev/null
  engine network connect "$e2e_id-two" "$e2e_id-$1"
  engine start "$e2e_id-$1" >/dev/null
  wait_in "$1" 0
  seen=$(exec_in "$1" virtainer ssh -- ip -4 -o address show)
  for address in $(engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$e2e_id-$1"); do
    grep -q " $address/" <<<"$seen" || fail "the guest lacks $address: $seen"
  done
  macs=$(engine inspect -f '{{range .NetworkSettings.Networks}}{{.MacAddress}} {{end}}' "$e2e_id-$1")
}

# Its system knows a card by its MAC, and the next container's are others.
@test "cloud image: in the container's place each card has its address, in the next container too" {
  local macs before
  new_network one
  new_network two
  in_place first
  before=$macs
  stop_cloud first
  # It has the address from now on, and so the MAC that engines make of that.
  engine run -d --name "$e2e_id-other" "${run_options[@]}" --network "$e2e_id-one" --entrypoint sleep "$VT_IMAGE" 600 >/dev/null
  in_place second
  [[ $macs != "$before" ]]
}

# assert_clock: the guest's is within 2 s of ours, at the moment in which it says so.
assert_clock() {
  local theirs ours
  read -r theirs < <(exec_in vm virtainer exec --via ssh date +%s)
  ours=$(date +%s)
  ((theirs >= ours - 2 && theirs <= ours + 2)) || fail "it is $theirs there and $ours here"
}

# resumed_later: the guest is saved, and goes on in another container, where it will have been 10 s ago and more.
resumed_later() {
  exec_in vm virtainer save
  assert_status vm 0
  remove "$e2e_id-vm"
  sleep 10
  cloud_again
  wait_log vm 'virtainer: the guest goes on where it was' 60
  wait_log vm "virtainer: the guest's clock is set" 60
  assert_clock
}

@test "cloud image: the clock of a guest that was saved is set, by its agent, and without one by SSH" {
  local e2e_id data
  shared_guest
  # It would set the clock too, a little later.
  exec_in vm virtainer exec --via agent systemctl mask --now systemd-timesyncd
  assert_clock
  resumed_later
  # The time it takes to get in must not be missing.
  exec_in vm virtainer exec --via ssh sh -c 'echo sleep 5 >~/.ssh/rc'
  exec_in vm virtainer exec --via ssh sudo systemctl mask --now qemu-guest-agent
  until_true 20 eval '! exec_in vm virtainer healthcheck --agent 2>/dev/null'
  resumed_later
  exec_in vm virtainer exec --via ssh sh -c 'rm ~/.ssh/rc; sudo systemctl unmask qemu-guest-agent; sudo systemctl start qemu-guest-agent'
}

# --- by the guest agent -------------------------------------------------------------------------------------------

by_agent() { exec_in vm virtainer exec sh -c "$1"; }

@test "cloud image: exec, cp, healthcheck and reboot by its agent, ssh as its default user; an error of cloud-init; and an agent that hangs" {
  local e2e_id data
  shared_guest
  # Within a second is much to ask of a busy guest.
  until_true 60 exec_in vm virtainer healthcheck --agent --ssh --ready --console 600
  [[ $(exec_in vm virtainer exec id -un) == root ]]
  [[ $(exec_in vm virtainer exec --via ssh id -un) == debian ]]
  [[ $(exec_in vm virtainer ssh id -un) == debian ]]
  command_in vm exec sh -c 'echo out; echo err >&2; exit 7'
  [[ $status == 7 && $output == out && $stderr == err ]]
  assert_command vm 127 'not found' exec nothing-like-it
  printf 'two\nlines' >"$BATS_TEST_TMPDIR/input"
  [[ $(with_input "$BATS_TEST_TMPDIR/input" vm exec cat) == $'two\nlines' ]]
  # More than the agent itself keeps of a program's output, and more than libvirt passes on at once.
  [[ $(exec_in vm virtainer exec sh -c 'yes 0123456789abcde | head -c 6000000' | checksum) == \
    "$(yes 0123456789abcde | head -c 6000000 | checksum)" ]]

  head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
  sum=$(checksum <"$BATS_TEST_TMPDIR/big")
  with_input "$BATS_TEST_TMPDIR/big" vm cp --via agent - guest:/var/tmp/big
  [[ $(exec_in vm virtainer exec sha256sum /var/tmp/big) == "$sum "* ]]
  [[ $(exec_in vm virtainer cp --via agent guest:/var/tmp/big - | checksum) == "$sum" ]]
  exec_in vm virtainer cp --via ssh guest:/var/tmp/big /tmp/big
  [[ $(exec_in vm cat /tmp/big | checksum) == "$sum" ]]
  exec_in vm virtainer cp guest:/etc/cloud /tmp/cloud
  exec_in vm test -s /tmp/cloud/cloud.cfg
  assert_command vm 2 'debian may not read /etc/shadow' cp --via ssh guest:/etc/shadow -
  # Also when it is interrupted: not the program either.
  engine exec -d "$e2e_id-vm" sh -c '(head -c 100000 /dev/zero; sleep 60) | virtainer cp - guest:/var/tmp/cut'
  until_true 30 by_agent '[ -e /var/tmp/.cut.part-* ]'
  interrupt vm INT cp
  engine exec -d "$e2e_id-vm" sh -c 'virtainer exec tail -f /etc/issue; echo $? >/tmp/status'
  until_true 30 by_agent 'pidof tail'
  interrupt vm TERM exec
  until_true 30 exec_in vm test -s /tmp/status
  [[ $(exec_in vm cat /tmp/status) == 143 ]]
  until_true 30 by_agent '! pidof tail'
  # shellcheck disable=SC2016
  until_true 30 by_agent '[ "$(ls -d /tmp/virtainer-* | wc -l)" = 1 ]' # this one's own
  # Nothing is left of any of it.
  [[ $(exec_in vm virtainer exec find /tmp /var/tmp -name '*part-*') == '' ]]

  before=$(exec_in vm virtainer exec cat /proc/sys/kernel/random/boot_id)
  exec_in vm virtainer exec sh -c 'cd /var/lib/cloud/scripts/per-boot && printf "#!/bin/sh\nexit 3\n" >fails && chmod +x fails'
  assert_command vm 0 'asked the guest agent' reboot
  wait_log vm 'virtainer: the guest reboots' 120
  # cloud-init's error is told in its own words. Its SSH server answers all the same.
  wait_in vm 82
  [[ $stderr == *'cloud-init '*' failed: '*scripts?per?boot* ]] || fail "$stderr"
  wait_log vm 'not ready after [0-9.]+ s: cloud-init [0-9.]+ failed: .*scripts.per.boot.*; SSH answers' 30
  [[ $(state vm '.ready.cloud_init.state') == error ]]
  wait_in vm 82 --for cloud-init
  wait_in vm 0 --for ssh
  until_true 60 exec_in vm virtainer healthcheck --agent
  [[ $(exec_in vm virtainer exec cat /proc/sys/kernel/random/boot_id) != "$before" ]]

  # The button is ignored, and the agent takes the order to shut down without an end of it: neither keeps a save.
  exec_in vm virtainer exec sh -c 'printf "#!/bin/sh\necho the agent was asked >/dev/ttyS0\nexec sleep 600\n" >/tmp/shutdown && chmod +x /tmp/shutdown &&
    mv /tmp/shutdown /sbin/shutdown && mkdir -p /etc/systemd/logind.conf.d &&
    printf "[Login]\nHandlePowerKey=ignore\n" >/etc/systemd/logind.conf.d/no.conf && systemctl restart systemd-logind'
  began=$SECONDS
  timeout "$(seconds 150)" "${engine_command[@]}" stop -t "$(seconds 120)" "$e2e_id-vm" >/dev/null
  assert_status vm 0
  assert_log vm 'the agent was asked'
  assert_log vm 'the guest is saved'
  ((SECONDS - began < 15 + $(seconds 20)))
}
