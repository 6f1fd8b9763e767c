#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
#
# The console and its readers, the log, and the commands that stop a guest: `virtainer console`, `log`, `stop` and `save`.
# Letters are commands to the boot sector: see images/README.md before typing.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() {
  # What was put into the background ends with the container that it talks to.
  e2e_teardown
  if [[ -n ${server-} ]]; then kill "$server" 2>/dev/null || true; fi
}

# on_console NAME SECONDS STEP…: a person at `virtainer console`.
on_console() {
  local name=$1 limit=$2
  shift 2
  talk "$limit" --pty "$@" -- "${engine_command[@]}" exec -t -i "$e2e_id-$name" virtainer console
}

# piped NAME TEXT FLAG…: TEXT typed by a script; prints what came.
piped() {
  local name=$1 text=$2
  shift 2
  printf %s "$text" | engine exec -i "$e2e_id-$name" virtainer console "$@"
}

# deaf NAME OPTION…: a guest that does not heed the power button.
deaf() {
  boot "$@"
  piped "$1" i | grep -q 'boot-sector: ignoring'
}

# --- virtainer console --------------------------------------------------------------------------------------------

# bats test_tags=podman,rights
@test "console: what was said before, typing, and leaving; the guest goes on" {
  boot vm
  on_console vm 20 'expect=the console of vm' 'expect=boot-sector: hello' 'send=abc' 'expect=ABC' 'send=\x1dq' \
    'expect=the guest goes on' end
  assert_running vm
  # The other ways out, and Ctrl-] itself, which is given back as it is.
  on_console vm 20 'expect=ABC' 'send=a\x1d]b' 'expect=A\x1dB' 'send=\x1d.' 'expect=the guest goes on' end
  on_console vm 20 'expect=hello' 'send=\x1d?' 'expect=leaves the console' 'send=\x1d\x1d' 'expect=the guest goes on' end
  assert_running vm
}

# bats test_tags=podman
@test "console: two at once, the attachment and the log see the same" {
  boot vm -t -i
  on_console vm 60 'expect=hello' 'expect=DEUX' 'send=one' 'expect=ONE' 'send=\x1dq' end >/dev/null 3>&- &
  first=$!
  on_console vm 60 'expect=hello' 'send=deux' 'expect=DEUX' 'expect=ONE' 'send=\x1dq' end
  wait "$first"
  typing vm 20 'send=abc\r' 'expect=ABC'
  wait_log vm 'DEUXONEABC'
}

@test "console: another escape key, or none" {
  boot vm
  talk 20 --pty 'expect=Ctrl-A q leaves' 'send=\x1da' 'expect=\x1dA' 'send=\x01q' 'expect=the guest goes on' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" virtainer console --escape ^a
  run -2 exec_in vm virtainer console --escape x
  [[ $output == *'--escape x cannot be used'* ]]
}

@test "console: a script types, and hears the answer" {
  boot vm
  [[ $(piped vm abc) == *ABC ]]
  # Without standard input: the last of what was said.
  exec_in vm virtainer console --wait 0 | grep -q 'boot-sector: hello'
}

@test "console: the window's size is typed" {
  boot_small vm
  # The engine tells its terminal the size some time after the command has begun.
  talk 60 --pty 'expect=small-guest#' 'send=\x1dw' 'expect= stty rows 41 cols 123' 'send=stty size\r' 'expect=41 123' \
    'send=\x1dq' end -- \
    sh -c 'stty rows 41 cols 123 && exec "$@"' sh "${engine_command[@]}" exec -t -i "$e2e_id-vm" \
    sh -c 'until [ "$(stty size)" = "41 123" ]; do sleep 0.1; done; exec virtainer console'
}

@test "console: much typed at once arrives whole" {
  boot vm
  # More than all queues on the way hold: who types is made to wait for the guest. None of the boot sector's keys, and no
  # letter twice in a row: QEMU's copy of the console has a byte again that the terminal did not take at once (ADR 3).
  yes abcdeghjklmnopstuvxyz | tr -d '\n' | head -c 200000 >"$BATS_TEST_TMPDIR/typed"
  engine exec -i "$e2e_id-vm" virtainer console <"$BATS_TEST_TMPDIR/typed" | tr -cd '[:upper:]' | tr -s '[:upper:]' | tail -c 200000 >"$BATS_TEST_TMPDIR/got"
  tr '[:lower:]' '[:upper:]' <"$BATS_TEST_TMPDIR/typed" | cmp - "$BATS_TEST_TMPDIR/got"
}

# type_to_a_deaf NAME: more than all queues on the way hold, to a guest that stands still and so reads nothing.
type_to_a_deaf() {
  exec_in "$1" virtainer pause
  yes abcdegh | head -c 600000 | engine exec -i "$e2e_id-$1" virtainer console >/dev/null 2>&1 3>&- &
  # Until it is stuck.
  sleep 3
}

# bats test_tags=podman,rights
@test "console: much typed to a guest that does not read holds up nobody else: it is saved" {
  boot vm -e STOP_ON_INT=save
  type_to_a_deaf vm
  [[ $(exec_in vm timeout 10 virtainer state) == paused ]]
  send_signal vm INT
  assert_status vm 0
  assert_log vm 'the guest is saved'
  # QEMU has ended: nobody took the console.
  run ! grep 'taken over' <<<"$(log_of vm)"
}

@test "console: much typed to a guest that does not read holds up nobody else: it is shut down" {
  boot vm
  type_to_a_deaf vm
  # Longer than the console is kept for who types no more: it is not given back while its terminal is full, as libvirtd
  # would not end the stream.
  sleep 12
  [[ $(exec_in vm timeout 10 virsh domstate vm) == paused* ]]
  stop vm
  assert_status vm 0
  assert_log vm 'boot-sector: power button'
  run ! grep 'libvirtd ended' <<<"$(log_of vm)"
}

@test "console: the terminal is as before after a signal" {
  boot vm
  talk 30 --pty 'expect=the console of vm' 'expect=after same' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" bash -c '
      before=$(stty -g)
      timeout --foreground --preserve-status -s TERM 2 virtainer console
      status=$?
      [[ $(stty -g) == "$before" && $status == 143 ]] && echo "after same" || echo "after $(stty -g), status $status"'
  assert_running vm
}

@test "console: one that stops reading stops nobody" {
  boot vm
  exec_in vm bash -c 'sleep 100 | virtainer console | sleep 100' 3>&- &
  until_true 10 pid_of vm sleep
  # The other hears the flood begin, and its end, while the first takes nothing.
  on_console vm 60 'expect=hello' 'send=f' 'expect=boot-sector: flood' 'send=x' 'send=abc' 'expect=ABC' 'send=\x1dq' end
  stop vm
  assert_status vm 0
}

# bats test_tags=podman
@test "console: the guest powers itself off: the last words, and status 0" {
  boot vm
  on_console vm 30 'expect=hello' 'send=q' 'expect=the guest is off' end
  assert_status vm 0
}

# bats test_tags=podman,rights
@test "console and virsh console --force: who took it, and back again" {
  boot vm
  on_console vm 20 'expect=hello' 'send=abc' 'expect=ABC' 'send=\x1dq' end
  talk 30 --pty 'expect=Escape character' 'insist=taken\r~TAKEN' 'send=\x1d' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" virsh console --force vm
  on_console vm 30 'insist=back~BACK' 'send=\x1dq' end
}

# --- stop and save ------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "stop: tells how far it is, and ends with the container's status" {
  boot vm
  run -0 --separate-stderr exec_in vm virtainer stop
  [[ $output == *"pressing the guest's power button"* && -z $stderr ]]
  assert_status vm 0
  assert_log vm 'boot-sector: power button'
}

@test "stop --grace: a deaf guest is forced off, status 71 and why" {
  deaf vm
  run -71 --separate-stderr exec_in vm virtainer stop --grace 2
  [[ $output == *'it has 2 s to shut down'* ]]
  [[ $stderr == 'virtainer: error: the guest was forced off'* ]]
  assert_status vm 71
}

@test "stop --poweroff, stop --no-wait, and wrong flags" {
  deaf vm
  run -2 exec_in vm virtainer stop --save --poweroff
  run -2 exec_in vm virtainer stop --grace soon
  assert_running vm
  run -0 --separate-stderr exec_in vm virtainer stop --no-wait
  # It is under way; this one joins in, and then hastens it.
  run -0 --separate-stderr exec_in vm virtainer stop --no-wait
  assert_running vm
  # What was wished is no failure, though the guest never shut down.
  run -0 --separate-stderr exec_in vm virtainer stop --poweroff
  assert_status vm 0
}

@test "stop: a second one joins in, and both end with the status" {
  deaf vm
  exec_in vm virtainer stop --grace 3 >"$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
  first=$!
  wait_log vm 'boot-sector: power button'
  run -71 --separate-stderr exec_in vm virtainer stop
  [[ $output == *'being stopped already'* ]]
  wait "$first" || first_status=$?
  [[ $first_status == 71 ]]
}

@test "save: the guest's memory is kept, status 0" {
  boot vm
  run -0 --separate-stderr exec_in vm virtainer save
  [[ $output == *'the guest is saved'* ]]
  assert_status vm 0
}

@test "stop while the image is downloaded: status 0, at once" {
  # A server that takes the request and never answers.
  gateway=$(ip -4 -o address show docker0 | awk '{ sub("/.*", "", $4); print $4; exit }')
  python3 -u -c 'import socket, sys, time
s = socket.create_server((sys.argv[1], 0)); print(s.getsockname()[1]); c = s.accept(); print("here"); time.sleep(600)' \
    "$gateway" >"$BATS_TEST_TMPDIR/server" 3>&- &
  server=$!
  until_true 10 grep -q '[0-9]' "$BATS_TEST_TMPDIR/server"
  virtainer vm -e no_proxy='*' -e IMAGE_URL="http://$gateway:$(head -n 1 "$BATS_TEST_TMPDIR/server")/image.qcow2"
  until_true 10 grep -q here "$BATS_TEST_TMPDIR/server"
  [[ $(exec_in vm virtainer state) == preparing ]]
  run -0 --separate-stderr exec_in vm virtainer stop --save
  assert_status vm 0
  assert_log vm 'stopped before the guest was started'
}

@test "stop and console where no virtainer runs: status 2" {
  for command in stop save console log; do
    run -2 engine run --rm "${run_options[@]}" --entrypoint virtainer "$VT_IMAGE" "$command"
    [[ $output == *'through docker exec'* ]]
  done
}

# --- LOG_FORMAT=json ----------------------------------------------------------------------------------------------

# objects NAME FILTER: the whole log, which must be one object a line, through jq.
objects() {
  engine logs "$e2e_id-$1" >"$BATS_TEST_TMPDIR/log" 2>&1
  jq -c . "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/objects" || fail 'a line of the log is no JSON'
  [[ $(wc -l <"$BATS_TEST_TMPDIR/log") == $(wc -l <"$BATS_TEST_TMPDIR/objects") ]] || fail 'a line is not one object'
  jq -er -s "$2" "$BATS_TEST_TMPDIR/objects"
}

# bats test_tags=podman
@test "LOG_FORMAT=json: every line is an object, the guest's lines too" {
  boot vm -e LOG_FORMAT=json
  piped vm abc --wait 1
  stop vm
  assert_status vm 0
  objects vm 'map(select(.event == "console").line) | index("boot-sector: hello")'
  # A line that rests unfinished is shown.
  objects vm 'map(select(.event == "console" and .partial == true).line) | index("ABC")'
  objects vm 'map(select(.event == "state").state) | join(" ")' | grep -qx 'preparing running stopping stopped'
  objects vm 'map(select(.event == "log" and (.message | startswith("virtainer 0")))) | length' | grep -qx 1
  objects vm 'all(.time | test("^20..-..-..T..:..:..[.]...Z$"))'
}

@test "LOG_FORMAT=json on a terminal (-t): the same, and typing works" {
  boot vm -t -i -e LOG_FORMAT=json
  typing vm 20 'send=abc\r' 'expect=ABC'
  stop vm
  objects vm 'map(select(.event == "console").line) | index("boot-sector: hello")'
}

@test "LOG_FORMAT=json: an error is an object too, and the status is the same" {
  run_virtainer 20 -e LOG_FORMAT=json --privileged -v "$data:/mounted"
  ((status == 10))
  jq -e -s 'any(.level == "error" and .event == "log")' <<<"$stderr"
}

@test "LOG_FORMAT=json: a guest that floods its console" {
  boot vm -e LOG_FORMAT=json
  on_console vm 60 'expect=hello' 'send=f' 'expect=boot-sector: flood' 'send=x' 'send=abc' 'expect=ABC' 'send=\x1dq' end
  stop vm
  objects vm 'map(select(.event == "console")) | length'
}

# --- standard output ----------------------------------------------------------------------------------------------

# run_within NAME SCRIPT: a container whose first process is a shell, which runs virtainer in its own way.
run_within() { virtainer "$1" -v "$boot_sector:/image:ro" -- bash -c "$2"; }

@test "standard output closed: the guest does not notice" {
  run_within vm 'virtainer run >&- & wait $!'
  wait_log vm 'virtainer: virtainer '
  until_true 30 exec_in vm virtainer healthcheck
  [[ $(piped vm abc) == *ABC ]]
  exec_in vm virtainer stop
  assert_status vm 0
}

@test "standard output blocked while the guest floods it: typing, the button and the status work" {
  run_within vm 'mkfifo /run/out; exec 3<>/run/out; virtainer run >/run/out 3>&- & wait $!'
  until_true 30 exec_in vm virtainer healthcheck
  until_true 10 exec_in vm bash -c 'timeout 1 virtainer console --wait 0 | grep -q boot-sector:.hello'
  before=$(exec_in vm awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of vm virtainer)/status")
  piped vm f --wait 0 >/dev/null
  # Until more was said than all queues hold: the stamp goes on.
  sleep 5
  after=$(exec_in vm awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of vm virtainer)/status")
  ((after - before < 4096)) || fail "its memory grew from $before to $after KiB"
  piped vm x --wait 0 >/dev/null
  [[ $(piped vm abc) == *ABC ]]
  exec_in vm virtainer stop
  assert_status vm 0
}

@test "standard error blocked: nothing waits for it" {
  run_within vm 'mkfifo /run/err; exec 3<>/run/err; head -c 65536 /dev/zero >/run/err; virtainer run 2>/run/err 3>&- & wait $!'
  until_true 30 exec_in vm virtainer healthcheck
  exec_in vm virtainer stop
  assert_status vm 0
}

# --- virtainer log ------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "log: what happened when, also in the run before, and where LOG_LEVEL hides it" {
  boot vm -e LOG_LEVEL=error
  stop vm
  engine start "$e2e_id-vm" >/dev/null
  until_true 30 exec_in vm virtainer healthcheck
  run -0 exec_in vm virtainer log
  (($(grep -cE '^20[0-9-]{8} [0-9:]{8}\.[0-9]{3} state   preparing$' <<<"$output") == 2))
  [[ $output == *' info    the guest is off'* && $output == *' state   stopping'* ]]
  exec_in vm virtainer log --json | jq -e -s 'map(select(.state == "running")) | length == 2'
  (($(exec_in vm virtainer log --lines 3 | wc -l) == 3))
}

@test "log: how far the guest has come, as text and with LOG_FORMAT=json" {
  virtainer vm -e RAM=256 -e LOG_FORMAT=json -v "$small_guest:/image:ro"
  wait_log vm '"milestone":"ssh"' 120
  run -0 exec_in vm virtainer log
  for milestone in running network ssh; do grep -qE " ready +$milestone$" <<<"$output" || fail "$milestone is not in: $output"; done
  stop vm
  objects vm 'map(select(.event == "ready").milestone) | join(" ")' | grep -qx 'running network ssh'
}

# bats test_tags=podman
@test "log --follow: to the end, and its error" {
  deaf vm
  exec_in vm virtainer log --follow >"$BATS_TEST_TMPDIR/log" 3>&- &
  follower=$!
  until_true 10 grep -q running "$BATS_TEST_TMPDIR/log"
  run -71 exec_in vm virtainer stop --grace 1
  wait "$follower"
  grep -q ' error   the guest was forced off' "$BATS_TEST_TMPDIR/log"
  grep -q ' state   stopping' "$BATS_TEST_TMPDIR/log"
}
