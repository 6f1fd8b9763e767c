#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
#
# What goes wrong over time: a data directory that others or a power cut left as it is, clocks that jump, guests that never
# settle, a stop at a bad moment. Kills at random moments are in tests/kill.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() {
  [[ -z ${server-} ]] || kill "$server"
  e2e_teardown
}

# used NAME OPTION…: a data directory that a virtainer has used.
used() {
  boot "$@"
  remove "$e2e_id-$1"
}

# put TEXT FILE: into .virtainer, in the owner's name.
put() { printf '%b' "$1" | as_root tee "$data/.virtainer/$2" >/dev/null; }

# refused STATUS REGEX OPTION…: a start ends so, says so in one line, and leaves the data directory as it is.
refused() {
  local want=$1 words=$2 before
  shift 2
  before=$(listing "$data")
  run_virtainer 20 --privileged -v "$boot_sector:/image:ro" -v "$data:/mounted" "$@"
  printf 'status %s, standard error:\n%s\n' "$status" "$stderr"
  ((status == want)) || fail "status $status instead of $want"
  [[ $stderr == 'virtainer: error: '* && $stderr != *$'\n'* ]] || fail 'not one error line of ours'
  [[ $stderr =~ $words ]] || fail "the line lacks: $words"
  [[ $before == "$(listing "$data")" ]] || { diff <(echo "$before") <(listing "$data") || fail 'the data directory was changed'; }
}

# --- the data directory -------------------------------------------------------------------------------------------

@test "a data directory that a newer virtainer has used is left alone: status 20" {
  used first
  [[ $(<"$data/.virtainer/version") == 1 ]]
  put '99\n' version
  refused 20 '/mounted.*version 99.*knows 1.*another directory'
  # One from before there were versions.
  as_root rm "$data/.virtainer/version"
  boot second
  [[ $(<"$data/.virtainer/version") == 1 ]]
}

@test "a record of a newer virtainer: status 20" {
  used first
  as_root sed -i 's/"version": *1/"version": 99/' "$data/.virtainer/base.json"
  refused 20 'base.json.*newer virtainer.*remove that file'
}

@test "state files that are empty, cut short or garbage: status 20 names the file, and without it the guest starts" {
  used first
  for file in base.json mac uuid version; do
    whole=$(<"$data/.virtainer/$file")
    for content in '' "${whole:0:${#whole}/2}" '\0377\0376garbage\0\n'; do
      # Half of the version is all of it.
      [[ $file != version || $content != "$whole" ]] || continue
      put "$content" "$file"
      refused 20 "/mounted/.virtainer/$file.*remove th(at|e) file|/mounted/.virtainer/$file.*remove it"
    done
    as_root rm "$data/.virtainer/$file"
    boot "without-$file"
    # Nothing but the identity that was removed is another one.
    remove "$e2e_id-without-$file"
    [[ -s $data/.virtainer/$file ]] || fail "$file was not made anew"
  done
}

@test "a password file that is empty or garbage: status 20 names it" {
  used first -e PASSWORD=random
  for content in '' '\n' '\0377\0376garbage\0\n'; do
    put "$content" password
    refused 20 '/mounted/.virtainer/password holds no password.*remove that file' -e PASSWORD=random
  done
  # Who wants another password needs no whole file.
  boot other -e PASSWORD=another
}

@test "state files that only inform may be empty, cut short or garbage" {
  used first
  for file in seed lock; do
    for content in '' '5' '\0377\0376garbage\0\n'; do
      put "$content" "$file"
      boot vm
      remove "$e2e_id-vm"
    done
  done
}

@test "what libvirt knew of QEMU is garbage: the guest starts under KVM" {
  [[ -e /dev/kvm ]] && as_root sh -c 'exec 3<>/dev/kvm' 2>/dev/null || skip 'this machine has no /dev/kvm'
  used first -e ACCEL=kvm
  for file in "$data"/.virtainer/libvirt-cache/*.xml; do
    for content in '' '<qemuCaps>' '\0377\0376garbage\0\n'; do
      put "$content" "libvirt-cache/${file##*/}"
      boot vm -e ACCEL=kvm
      remove "$e2e_id-vm"
    done
  done
}

@test "a saved state that was cut short is set aside with a warning, and the guest boots" {
  for what in memory state.json; do
    boot save -e STOP_ACTION=save -e RAM=64
    stop save
    assert_status save 0
    engine rm "$e2e_id-save" >/dev/null
    as_root truncate -s 100 "$data/.virtainer/saved/$what"
    boot after -e RAM=64
    assert_log after 'virtainer: warning: .*set-aside'
    remove "$e2e_id-after"
    [[ -n $(as_root find "$data/.virtainer/set-aside" -name "$what" -size -1k -o -name "$what" -size 1) ]]
  done
}

# bats test_tags=podman
@test "a lock left by a dead holder whose process number lives again" {
  boot first -t -i --hostname the-first
  typing first 20 'send=abc' 'expect=ABC'
  engine kill "$e2e_id-first" >/dev/null
  grep -q 'the-first, process 1' "$data/.virtainer/lock"
  engine rm "$e2e_id-first" >/dev/null
  boot second --hostname the-second
  grep -q 'the-second, process 1' "$data/.virtainer/lock"
}

# --- clocks -------------------------------------------------------------------------------------------------------

# The clock of the day as the container's programs see it; the machine's is not ours to change.
clock_library=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1

# with_clock NAME OPTION…: a virtainer whose clock set_clock moves.
with_clock() {
  local name=$1
  shift
  [[ -e $clock_library ]] || fail 'libfaketime is not installed'
  set_clock +0
  boot "$name" -v "$clock_library:/faketime.so:ro" -v "$BATS_TEST_TMPDIR/clock:/clock:ro" -e LD_PRELOAD=/faketime.so \
    -e NO_FAKE_STAT=1 -e FAKETIME_TIMESTAMP_FILE=/clock -e FAKETIME_NO_CACHE=1 -e FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"
}

# set_clock OFFSET: such as +400d. Written in place, as the container has that very file.
set_clock() { echo "$1" >"$BATS_TEST_TMPDIR/clock"; }

@test "a clock that jumps a year forth or back neither shortens nor lengthens the grace period" {
  for jump in +400d -400d; do
    with_clock vm -t -i -e GRACE_PERIOD=6
    typing vm 20 'send=i' 'expect=boot-sector: ignoring'
    began=$SECONDS
    engine kill -s TERM "$e2e_id-vm" >/dev/null
    wait_log vm 'boot-sector: power button'
    set_clock "$jump"
    assert_status vm 71
    ((SECONDS - began >= 5 && SECONDS - began <= $(seconds 12))) || fail "$jump: after $((SECONDS - began)) s"
    remove "$e2e_id-vm"
  done
}

@test "a guest that was saved in the future goes on" {
  with_clock vm -e STOP_ACTION=save -e RAM=64
  set_clock +400d
  stop vm
  assert_status vm 0
  assert_log vm 'the guest is saved'
  (($(as_root jq .saved_at "$data/.virtainer/saved/state.json") > $(date +%s) + 300 * 86400)) || fail 'the clock did not jump'
  set_clock +0
  engine start "$e2e_id-vm" >/dev/null
  wait_log vm 'virtainer: the guest goes on where it was' 30
  stop vm
}

@test "a virtainer that was paused with all its clocks goes on" {
  boot vm -t -i
  engine pause "$e2e_id-vm" >/dev/null
  sleep 5
  engine unpause "$e2e_id-vm" >/dev/null
  typing vm 20 'send=abc' 'expect=ABC'
  stop vm
  assert_status vm 0
}

# --- guests that never settle -------------------------------------------------------------------------------------

# looping_image: a disk whose guest resets the machine as soon as it runs.
looping_image() {
  printf '\xba\xf9\x0c\xb0\x06\xee\xf4' >"$BATS_TEST_TMPDIR/looping"
  truncate -s 1M "$BATS_TEST_TMPDIR/looping"
  printf '\x55\xaa' | dd of="$BATS_TEST_TMPDIR/looping" bs=1 seek=510 conv=notrunc status=none
}

said_enough() { (($(log_of vm | grep -c 'SeaBIOS') >= 12)); }

@test "a guest that reboots in a loop: told once and not each time, and a stop ends it" {
  looping_image
  virtainer vm -v "$BATS_TEST_TMPDIR/looping:/image:ro" -e GRACE_PERIOD=3
  wait_log vm 'virtainer: warning: the guest reboots again and again' 40
  until_true 40 said_enough
  # Not always at a line's start: the firmware's last line has no end.
  (($(log_of vm | grep -oE 'virtainer: (warning: )?the guest reboots' | wc -l) == 4)) || fail 'a line of ours for each reboot'
  [[ $(state vm .state) == running ]]
  stop vm
  # The button may find the firmware, which does not heed it.
  status=$(wait_status vm 20)
  ((status == 71 || status == 0)) || fail "status $status"
}

# --- a stop at a bad moment ---------------------------------------------------------------------------------------

# serve SECONDS: an HTTP server that takes so long for a mebibyte; sets $server and $port.
serve() {
  # shellcheck disable=SC2030,SC2031
  python3 "$e2e_directory/slow-server.py" "$1" >"$BATS_TEST_TMPDIR/port" 2>"$BATS_TEST_TMPDIR/requests" 3>&- &
  server=$!
  until_true 10 test -s "$BATS_TEST_TMPDIR/port"
  port=$(<"$BATS_TEST_TMPDIR/port")
}

# host_address: where containers reach this machine.
host_address() { engine run --rm "${run_options[@]}" "$VT_IMAGE" sh -c 'ip -4 route show default' | awk '{ print $3 }'; }

parts() { as_root find "$data" -name '*.part*'; }

asked() { [[ -s $BATS_TEST_TMPDIR/requests ]]; }

@test "a stop during the download, twice: status 0 at once, and nothing is left of it" {
  serve 200
  url=http://$(host_address):$port/image
  for signals in TERM 'TERM TERM'; do
    : >"$BATS_TEST_TMPDIR/requests"
    virtainer vm -e IMAGE_URL="$url"
    until_true 20 asked
    began=$SECONDS
    for signal in $signals; do engine kill -s "$signal" "$e2e_id-vm" >/dev/null || true; done
    assert_status vm 0 10
    ((SECONDS - began <= $(seconds 5))) || fail "it took $((SECONDS - began)) s"
    assert_log vm 'virtainer: stopped before the guest was started'
    engine rm "$e2e_id-vm" >/dev/null
    [[ -z $(parts) ]] || fail "left: $(parts)"
  done
}

@test "a kill during the download: the next start begins it anew, and leaves nothing of the first" {
  serve 200
  url=http://$(host_address):$port/image
  virtainer vm -e IMAGE_URL="$url"
  until_true 20 asked
  until_true 20 test -n "$(parts)"
  engine kill "$e2e_id-vm" >/dev/null
  wait_status vm 20
  [[ -n $(parts) ]]
  boot again
  [[ -z $(parts) ]] || fail "left: $(parts)"
}

@test "a stop while Linux boots: the button is pressed until it is heard" {
  virtainer vm -e RAM=256 -v "$small_guest:/image:ro"
  wait_log vm 'Linux version' 60
  stop vm
  assert_status vm 0
  assert_log vm 'small-guest: power button'
}
