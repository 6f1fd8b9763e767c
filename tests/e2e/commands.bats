#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of `docker exec`: with the boot sector what concerns the machine, with the small guest what goes by SSH. What
# goes by the guest agent is in cloud.bats.
#
# shellcheck disable=SC2154

load lib
bats_require_minimum_version 1.5.0

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# greetings NAME: how often the boot sector has started.
greetings() { log_of "$1" | grep -c 'boot-sector: hello'; }
has_started() { (($(greetings "$1") == $2)); }

# --- the machine --------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "pause, resume, reset and reboot" {
  boot vm
  assert_command vm 0 '^$' pause
  # Without waiting: what a script asks next must be true.
  [[ $(exec_in vm virtainer state) == paused ]]
  state vm '.state == "paused" and .problem == null'
  assert_command vm 0 '^paused$' healthcheck
  assert_command vm 1 'the guest is paused' healthcheck --ssh
  assert_command vm 0 '^$' pause
  assert_command vm 2 'the guest does not run: it is paused' exec true
  assert_command vm 0 '^$' resume
  [[ $(exec_in vm virtainer state) == running ]]
  assert_command vm 0 '^$' resume

  assert_command vm 0 '^$' reset
  until_true 20 has_started vm 2
  # The BIOS resets once more on its own account, which is nobody's news.
  (($(log_of vm | grep -c 'the guest reboots') == 1))
  assert_command vm 84 'no guest agent runs' reboot --via agent
  assert_command vm 2 'give agent or button' reboot --via luck
  # Switched off, and on again where the container would end.
  assert_command vm 0 'pressed the power button' reboot
  until_true 20 has_started vm 3
  assert_log vm 'boot-sector: power button'
  [[ $(exec_in vm virtainer state) == running ]]
  # And that was not taken for its end.
  stop vm
  assert_status vm 0
  (($(log_of vm | grep -c 'boot-sector: power button') == 2))
}

# bats test_tags=rights
@test "screenshot" {
  boot vm -e VIDEO=vga
  exec_in vm virtainer screenshot - >"$BATS_TEST_TMPDIR/screen.png"
  # PNG's signature, then the chunk IHDR with width and height: text mode, 720 by 400.
  [[ $(head -c 24 "$BATS_TEST_TMPDIR/screen.png" | od -An -tx1 | tr -d ' \n') == \
    89504e470d0a1a0a0000000d49484452000002d000000190 ]]
  assert_command vm 0 '^$' screenshot /run/screen.png
  cmp <(exec_in vm cat /run/screen.png | head -c 24) <(head -c 24 "$BATS_TEST_TMPDIR/screen.png")
  assert_command vm 1 'cannot write /no/dir/x.png' screenshot /no/dir/x.png

  boot blind --no-data
  assert_command blind 2 'the guest has no screen: start it with VIDEO=vga' screenshot -
}

# --- asking it ----------------------------------------------------------------------------------------------------

@test "state and list: JSON as documented, and what the data directory tells where none runs" {
  boot vm -e SSH_USER=me
  # Every field of docs/state-json.md is there with its type, and no other.
  documented=$(sed -n '/^# `virtainer state/,/^## /p' "$BATS_TEST_DIRNAME/../../docs/state-json.md" | grep -oE '^\| `[^|]*\|' | grep -oE '`[^`.]*`' |
    tr -d '\140' | sort -u)
  given=$(state vm 'keys[]' | sort)
  [[ $documented == "$given" ]] || { diff <(echo "$documented") <(echo "$given") || fail 'docs/state-json.md is not what state --json says'; }
  state vm '.version == 1 and .ssh_user == "me" and .problem == null and (.since | type) == "number"'
  uuid=$(state vm .uuid)
  exec_in vm virtainer list --json |
    jq -e --arg uuid "$uuid" 'length == 1 and .[0] == {name: "vm", uuid: $uuid, state: "running", address: .[0].address}'
  exec_in vm virtainer list | grep -qE "^NAME +ID +STATE +ADDRESS"

  # In another container on the same data directory.
  run_virtainer 20 -v "$data:/mounted" -- state
  [[ $status == 0 && $output == running ]]
  stop vm
  assert_status vm 0
  run_virtainer 20 -v "$data:/mounted" -- state
  [[ $status == 0 && $output == stopped ]]
  run_virtainer 20 -v "$data:/mounted" -- state --json
  jq -e --arg uuid "$uuid" '.state == "stopped" and .uuid == $uuid and .qemu_pid == null' <<<"$output"
  run_virtainer 20 -v "$data:/mounted" -- list
  [[ $output == *"$uuid  stopped "* ]]
}

# bats test_tags=podman,rights
@test "healthcheck: SSH, agent, console" {
  boot vm
  assert_command vm 0 '^running$' healthcheck
  assert_command vm 0 '^running$' healthcheck --console 600
  assert_command vm 1 'SSH server does not answer at 192' healthcheck --ssh
  assert_command vm 1 'no guest agent runs in the guest' healthcheck --agent
  assert_command vm 1 'SSH server does not answer' healthcheck --ready
  assert_command vm 2 'give a whole number' healthcheck --console 0
  until_true 10 eval '! exec_in vm virtainer healthcheck --console 1 2>/dev/null'
  assert_command vm 1 'console is silent for [0-9]+ s' healthcheck --console 1
  # The guest speaks again.
  exec_in vm virtainer reset
  until_true 10 exec_in vm virtainer healthcheck --console 3

  exec_in vm sh -c 'kill -9 $(cat /run/libvirt/qemu/vm.pid)' || true
  assert_status vm 70
}

@test "healthcheck: an executable of the person's decides, and may ask ours" {
  printf '#!/bin/sh\n[ -e /tmp/ill ] && { echo ill; exit 1; }\nexec virtainer healthcheck\n' >"$BATS_TEST_TMPDIR/check"
  chmod 0755 "$BATS_TEST_TMPDIR/check"
  boot vm -v "$BATS_TEST_TMPDIR/check:/usr/local/bin/healthcheck:ro"
  assert_command vm 0 '^running$' healthcheck
  exec_in vm touch /tmp/ill
  assert_command vm 1 '^ill$' healthcheck
}

# --- by SSH -------------------------------------------------------------------------------------------------------

in_guest() { exec_in vm virtainer exec sh -c "$1"; }

# know NAME KEY: let KEY be all that is known of its guest's host keys.
know() {
  # shellcheck disable=SC2016
  exec_in "$1" sh -c 'printf "virtainer-guest %s\n" "$1" >/mounted/.virtainer/ssh/known_hosts' sh "$2"
}

@test "ssh, exec and cp by SSH: with the launcher's own key; interrupted; and status 84 where the guest shows another host key" {
  boot_small vm
  [[ $(exec_in vm virtainer ssh id -un) == root ]]
  # Who that is has been remembered, and the host's key too.
  [[ $(as_root cat "$data/.virtainer/ssh/user") == root ]]
  as_root grep -q '^virtainer-guest ' "$data/.virtainer/ssh/known_hosts"
  [[ $(exec_in vm virtainer ssh debian@ id -un) == debian ]]
  assert_command vm 7 '' ssh 'exit 7'
  # Its own 255 is not taken for a failure of SSH.
  assert_command vm 255 '^$' ssh 'exit 255'
  printf 'two\nlines' >"$BATS_TEST_TMPDIR/input"
  [[ $(with_input "$BATS_TEST_TMPDIR/input" vm ssh cat) == $'two\nlines' ]]
  # With a terminal.
  talk 30 --pty 'expect=# ' 'send=tty; echo $((6 * 7))\n' 'expect=/dev/pts/0\s+42' 'send=exit\n' end -- \
    "${engine_command[@]}" exec -t -i "$e2e_id-vm" virtainer ssh

  # The words arrive as they are.
  [[ $(exec_in vm virtainer exec printf '[%s]' 'a b' '$HOME' "c'd" '') == "[a b][\$HOME][c'd][]" ]]
  assert_command vm 3 '^$' exec -- sh -c 'exit 3'
  assert_command vm 84 'no guest agent runs' exec --via agent true

  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
  with_input "$BATS_TEST_TMPDIR/big" vm cp - guest:/data/big
  [[ $(exec_in vm virtainer cp guest:/data/big - | checksum) == "$(checksum <"$BATS_TEST_TMPDIR/big")" ]]
  exec_in vm sh -c 'mkdir -p /tmp/tree/sub && echo one >/tmp/tree/sub/file && chmod 0711 /tmp/tree/sub/file'
  exec_in vm virtainer cp /tmp/tree guest:/data/
  exec_in vm virtainer cp guest:/data/tree /tmp/back
  [[ $(exec_in vm stat -c '%a %s' /tmp/back/sub/file) == '711 4' ]]
  assert_command vm 2 'is in the guest already' cp /tmp/tree guest:/data/
  assert_command vm 2 'the guest has no /nothing' cp guest:/nothing /tmp/
  # One that is cut off is not there under its name.
  engine exec -d "$e2e_id-vm" sh -c '(head -c 100000 /dev/zero; sleep 60) | virtainer cp - guest:/data/cut'
  until_true 30 exec_in vm virtainer exec sh -c '[ -s /data/.cut.part-* ]'
  exec_in vm sh -c 'for p in /proc/[0-9]*; do
    if [ "$(cat "$p/comm")" = virtainer ] && tr "\0" " " <"$p/cmdline" | grep -q " cp "; then kill -9 "${p#/proc/}"; fi; done'
  exec_in vm virtainer exec sh -c '[ ! -e /data/cut ]'

  # Nor is anything left of one that is interrupted.
  engine exec -d "$e2e_id-vm" sh -c '(head -c 100000 /dev/zero; sleep 60) | virtainer cp - guest:/data/gone'
  until_true 30 in_guest '[ -s /data/.gone.part-* ]'
  interrupt vm INT cp
  until_true 30 in_guest '[ -z "$(ls -A /data | grep gone)" ]'
  # And the other way round: a file without an end.
  engine exec -d "$e2e_id-vm" sh -c 'virtainer cp guest:/dev/zero /tmp/cut; echo $? >/tmp/status2'
  until_true 30 exec_in vm sh -c '[ -s /tmp/.cut.part-* ]'
  interrupt vm TERM cp
  until_true 30 exec_in vm test -s /tmp/status2
  [[ $(exec_in vm cat /tmp/status2) == 143 ]]
  [[ $(exec_in vm find /tmp -name '*part-*') == '' ]]

  # With another host key than the guest's, nothing is run.
  theirs=$(exec_in vm awk '$1 == "virtainer-guest" { print $2, $3 }' /mounted/.virtainer/ssh/known_hosts)
  [[ $theirs == 'ssh-ed25519 '* ]]
  ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/other"
  know vm "$(cut -d' ' -f1,2 "$BATS_TEST_TMPDIR/other.pub")"
  why='the guest shows another SSH host key than before.*delete /mounted/.virtainer/ssh/known_hosts'
  assert_command vm 84 "$why" ssh touch /data/by-ssh
  assert_command vm 84 "$why" exec --via ssh touch /data/by-exec
  assert_command vm 84 "$why" cp --via ssh /etc/hostname guest:/data/by-cp
  # Refused, not forgotten: the next try is refused too.
  assert_command vm 84 "$why" ssh root@ touch /data/by-ssh
  know vm "$theirs"
  [[ $(exec_in vm virtainer ssh 'ls -A /data') != *by-* ]]
}

@test "ssh without a key that the guest takes: status 84, and the ways out" {
  boot_small vm -e OWN_KEY=no
  assert_command vm 84 'no SSH key lets us in as root.*OWN_KEY=yes.*/tmp/id_rsa.*SSH_USER' ssh true
  assert_command vm 84 'no guest agent runs.*no SSH key lets us in' exec true

  boot alone --no-data -e NETWORK=none
  assert_command alone 84 'NETWORK=none' ssh true
}
