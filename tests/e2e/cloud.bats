#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real cloud image: Debian with cloud-init and an SSH server. A boot takes a minute and more, so each test looks at much.
# VT_CLOUD_IMAGE names another Debian image than images/debian/build.sh makes.
#
# shellcheck disable=SC2154

load lib
bats_require_minimum_version 1.5.0

readonly cloud_image=${VT_CLOUD_IMAGE:-$guest_images/debian-trixie.qcow2}

# Seconds a boot to the end of cloud-init may take, on a machine that is busy with other tests.
readonly boot_limit=400

setup() {
  e2e_setup
  given=$BATS_TEST_TMPDIR/given
  key=$given/key
  work=$BATS_TEST_TMPDIR/work
  mkdir "$given" "$work"
  ssh-keygen -q -t ed25519 -N '' -C 'a test' -f "$key"
}

teardown() {
  e2e_teardown
  rm -rf "$work"
}

# cloud NAME OPTION…: start one with the cloud image.
cloud() {
  local name=$1
  shift
  virtainer "$name" -v "$cloud_image:/image:ro" "$@"
}

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

@test "cloud image: user-data, meta-data and key together all arrive, with few capabilities" {
  cat >"$given/user-data" <<END
#cloud-config
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
  cloud vm --cap-add NET_ADMIN --device /dev/net/tun "${options[@]}" -e CPU=2 -e RAM=1536 -e DISK_SIZE=10G \
    -v "$given/user-data:/tmp/user-data:ro" -v "$given/meta-data:/tmp/meta-data:ro"
  booted vm guest vm
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
  cloud vm --no-data
  wait_log vm 'virtainer: warning: .*password'
  booted vm guest_by_password vm password
  [[ $(guest_by_password vm password 'id -un') == debian ]]
  # The launcher's key opens the door too, and its known_hosts show whose door it is.
  [[ $(exec_in vm ssh -n -i /mounted/.virtainer/ssh/id_ed25519 -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile=/mounted/.virtainer/ssh/known_hosts debian@192.168.100.100 'id -un') == debian ]]
  run ! guest_by_password vm wrong true
  stop_cloud vm
}

@test "cloud image: an error of cloud-init is told in its own words, without phone_home" {
  printf '#cloud-config\nruncmd:\n  - [sh, -c, "exit 3"]\n' >"$given/user-data"
  cloud vm -e PHONE_HOME=no -v "$given/user-data:/tmp/user-data:ro"
  wait_in vm 82
  [[ $stderr == *'cloud-init '*' failed: '*scripts?user* ]] || fail "$stderr"
  wait_log vm 'not ready after [0-9.]+ s: cloud-init [0-9.]+ failed: .*scripts.user.*; SSH answers' 30
  [[ $(state vm '.ready.cloud_init.state') == error ]]
  wait_in vm 82 --for cloud-init
  # Its SSH server answers all the same, and that was all that was asked for.
  wait_in vm 0 --for ssh
  # The console told the host keys.
  exec_in vm grep -q '^192.168.100.100,virtainer-guest ssh-ed25519 ' /mounted/.virtainer/ssh/known_hosts
}

@test "cloud image: a warning of cloud-init is no error, and no success" {
  printf '#cloud-config\nno_such_key: 1\n' >"$given/user-data"
  cloud vm -v "$given/user-data:/tmp/user-data:ro"
  wait_in vm 81
  [[ $stderr == *'finished degraded: '*schema* ]] || fail "$stderr"
  wait_log vm 'ready after [0-9.]+ s: cloud-init [0-9.]+ finished degraded: .*schema' 30
  [[ $(state vm '.ready.cloud_init.state') == degraded ]]
}

# assert_clock NAME: the guest's is within 2 s of ours, at the moment in which it says so.
assert_clock() {
  local theirs ours
  read -r theirs < <(exec_in "$1" virtainer exec --via ssh date +%s)
  ours=$(date +%s)
  ((theirs >= ours - 2 && theirs <= ours + 2)) || fail "it is $theirs there and $ours here"
}

# resumed_later NAME BEFORE: NAME goes on where BEFORE, which is saved now, will have been 20 s ago.
resumed_later() {
  exec_in "$2" virtainer save
  assert_status "$2" 0
  sleep 20
  cloud "$1"
  wait_log "$1" 'virtainer: the guest goes on where it was' 60
  wait_log "$1" "virtainer: the guest's clock is set" 60
  assert_clock "$1"
}

@test "cloud image: the clock of a guest that was saved is set, by its agent, and without one by SSH" {
  cloud vm
  wait_in vm 0
  # A guest that has just booted is busy.
  until_true 60 exec_in vm virtainer healthcheck --agent --ssh
  # It would set the clock too, a little later.
  exec_in vm virtainer exec --via agent systemctl mask --now systemd-timesyncd
  assert_clock vm
  resumed_later agent vm
  # The time it takes to get in must not be missing.
  exec_in agent virtainer exec --via ssh sh -c 'echo sleep 5 >~/.ssh/rc'
  exec_in agent virtainer exec --via ssh sudo systemctl mask --now qemu-guest-agent
  until_true 20 eval '! exec_in agent virtainer healthcheck --agent 2>/dev/null'
  resumed_later ssh agent
  stop_cloud ssh
}
