#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Being ready: `virtainer wait`, the line in the log, cloud-init's phone_home and what else may come to its listener.
#
# shellcheck disable=SC2154

load lib
bats_require_minimum_version 1.5.0

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# wait_in NAME STATUS ARGUMENT…: `virtainer wait` ends with that status; sets $output and $stderr.
wait_in() {
  local name=$1 expected=$2
  shift 2
  run --separate-stderr timeout "$(seconds 150)" "${engine_command[@]}" exec "$e2e_id-$name" virtainer wait "$@"
  [[ $status == "$expected" ]] || fail "wait $* ended with $status, not $expected: $output $stderr"
}

# in_guest NAME COMMAND: by the shell of the small guest's root, with the launcher's own key.
in_guest() {
  timeout "$(seconds 60)" "${engine_command[@]}" exec "$e2e_id-$1" ssh -n -i /mounted/.virtainer/ssh/id_ed25519 -o BatchMode=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@192.168.100.100 "$2"
}

# resident NAME: the launcher's memory, in KiB.
resident() { exec_in "$1" sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/1/status; }

# --- wait ---------------------------------------------------------------------------------------------------------

@test "wait: many at once and before there is a guest, until it runs, has a network, answers SSH, is ready" {
  virtainer vm -e RAM=256 -v "$small_guest:/image:ro"
  for goal in running network ssh ready ready; do
    exec_in vm virtainer wait --for "$goal" --timeout "$(seconds 50)" >"$BATS_TEST_TMPDIR/$goal" 2>&1 &
    waiting+=($!)
  done
  for pid in "${waiting[@]}"; do wait "$pid" || fail "one ended with $?: $(cat "$BATS_TEST_TMPDIR"/*)"; done
  grep -q '^the guest is running' "$BATS_TEST_TMPDIR/running"
  grep -q '^the guest is running, SSH answers, and no sign of cloud-init was seen$' "$BATS_TEST_TMPDIR/ready"

  # The launcher came to know it too, and said so once.
  wait_log vm 'ready after [0-9.]+ s: SSH answers at [0-9.]+' 20
  [[ $(log_of vm | grep -c 'ready after') == 1 ]]
  state vm '.ready | .running > 0 and .running <= .network and .network <= .ssh and .cloud_init == null'
  # What is so is told at once, and what is not is told for how far it is.
  wait_in vm 0 --timeout 0
  wait_in vm 80 --for cloud-init --timeout 1
  [[ $stderr == *'within 1 s: the guest is running, SSH answers, and no sign of cloud-init was seen'* ]] || fail "$stderr"
  # The launcher's own key opens the door.
  [[ $(in_guest vm 'id -u') == 0 ]]

  # After a reboot all begins anew.
  in_guest vm reboot || true
  wait_log vm 'the guest reboots' 20
  [[ $(state vm '.ready.ssh == null') == true ]]
  wait_in vm 0
  until_true 20 state vm '.ready.ssh != null'
  stop vm
}

# bats test_tags=podman
@test "wait: a guest without a network stack, one that is stopped, Ctrl-C, wrong flags" {
  boot vm -t -i -e GRACE_PERIOD=4
  wait_in vm 0 --for running
  wait_in vm 80 --for ssh --timeout 2
  [[ $stderr == *'the guest is running, its network does not answer'* ]] || fail "$stderr"
  wait_in vm 2 --for moon
  [[ $stderr == *'running, network, ssh, cloud-init or ready'* ]] || fail "$stderr"
  wait_in vm 2 --timeout -1
  wait_in vm 2 --timeout soon
  talk 20 --pty 'expect=waiting' 'send=\x03' end -- "${engine_command[@]}" exec -t -i "$e2e_id-vm" \
    sh -c 'echo waiting; exec virtainer wait --timeout 100'

  # It ignores the button, so there is time to see the end coming.
  typing vm 20 'send=i' 'expect=boot-sector: '
  exec_in vm sh -c 'echo waiting; exec virtainer wait --for ssh --timeout 100' >"$BATS_TEST_TMPDIR/said" 2>&1 &
  waiter=$!
  # podman lets nobody into a container that is being stopped.
  until_true 20 grep -q waiting "$BATS_TEST_TMPDIR/said"
  stop vm &
  status=0
  wait "$waiter" || status=$?
  [[ $status == 83 ]] || fail "status $status: $(cat "$BATS_TEST_TMPDIR/said")"
  grep -q 'the guest is stopping: it did not get as far as ssh' "$BATS_TEST_TMPDIR/said"
  wait
}

@test "wait: with NETWORK=none there is nothing to wait for but that it runs" {
  boot_small vm -e NETWORK=none
  wait_in vm 0
  wait_in vm 2 --for ssh
  [[ $stderr == *'no network (NETWORK=none)'* ]] || fail "$stderr"
  wait_in vm 2 --for network
  # A line that could only say that it runs is not worth one; cloud-init's end is.
  run ! grep 'ready after' <(log_of vm)
  typing vm 20 'send=echo Cloud-init v. 9 finished at last\n' 'expect=virtainer: ready after [0-9.]+ s: cloud-init 9 finished without errors\s'
  run ! grep 'ready after.*SSH' <(log_of vm)
}

@test "wait: what an earlier run of the container left is no news" {
  boot vm
  wait_in vm 0 --for running
  engine kill "$e2e_id-vm" >/dev/null
  assert_status vm 137
  engine start "$e2e_id-vm" >/dev/null
  wait_in vm 0 --for running
  # Running now, not then.
  # shellcheck disable=SC2016
  exec_in vm sh -c '[ -d /proc/$(sed -n "s/.*\"qemu_pid\": \([0-9]*\).*/\1/p" /run/virtainer/state.json) ]'
}

# --- the listener -------------------------------------------------------------------------------------------------

# bats test_tags=rights
@test "phone_home: the guest's call is taken, its garbage is not, and nobody else gets there" {
  # Not one of the engine's choice, which the guest's own would move aside for.
  new_network net --subnet 10.214.0.0/24
  virtainer vm --network "$e2e_id-net" -e RAM=256 -v "$small_guest:/image:ro"
  wait_in vm 0
  token=$(exec_in vm cat /mounted/.virtainer/phone-home)
  url=http://192.168.100.1:8780/phone-home/$token
  assert_log vm "url: $url"
  before=$(resident vm)

  # Garbage of all kinds, a body without end, connections that say nothing: none of it does anything.
  in_guest vm "for i in 1 2 3 4 5; do wget -q -O- --post-data 'instance_id=%00' $url; wget -q -O- $url; \
    wget -q -O- http://192.168.100.1:8780/; head -c 20000 /dev/urandom | nc -w 1 192.168.100.1 8780; done; \
    (printf 'POST /phone-home/$token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 999999999\r\n\r\n'; \
    head -c 50000000 /dev/zero) | nc -w 5 192.168.100.1 8780; \
    for i in \$(seq 300); do nc -w 1 192.168.100.1 8780 </dev/null & done; wait" >/dev/null 2>&1 || true
  wait_in vm 0 --timeout 0
  run ! exec_in vm test -e /mounted/.virtainer/ssh/known_hosts
  after=$(resident vm)
  ((after < before + 4096)) || fail "the launcher grew from $before to $after KiB"

  # From elsewhere the gateway's address leads to the guest, which has no such port.
  engine run -d --name "$e2e_id-sibling" "${run_options[@]}" --cap-add NET_ADMIN --network "$e2e_id-net" "$VT_IMAGE" sleep 600 >/dev/null
  exec_in sibling ip route add 192.168.100.0/24 via "$(address_of vm)"
  run -0 exec_in sibling bash -c 'exec 3<>/dev/tcp/192.168.100.1/80'
  run ! exec_in sibling bash -c 'exec 3<>/dev/tcp/192.168.100.1/8780'
  run ! exec_in sibling bash -c "exec 3<>/dev/tcp/$(address_of vm)/8780"

  # A good call brings the host keys.
  key='ssh-ed25519+AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr%2BQuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1H'
  in_guest vm "wget -q -O- --post-data 'instance_id=localimage-01&hostname=x&pub_key_ed25519=$key' $url" | grep -q 'thank you'
  exec_in vm grep -q '^192.168.100.100,virtainer-guest ssh-ed25519 AAAA' /mounted/.virtainer/ssh/known_hosts
  state vm '.ready.cloud_init.state == "pending" or .ready.cloud_init.state == "done"'
  # Nobody says more, so that was its end.
  wait_in vm 0 --for cloud-init
  [[ $output == *'cloud-init finished without errors'* ]] || fail "$output"

  # Other keys of the same instance are news, at another boot: in this one cloud-init has called.
  other="wget -q -O- --post-data 'instance_id=localimage-01&pub_key_ed25519=${key/qj1H/qj1I}' $url"
  in_guest vm "$other" | grep -q 'thank you'
  in_guest vm reboot || true
  wait_log vm 'the guest reboots' 20
  wait_in vm 0
  run ! grep -q 'host keys are others than before' <(log_of vm)
  in_guest vm "$other" | grep -q 'thank you'
  wait_log vm 'host keys are others than before' 10
}

@test "phone_home and the launcher's key are added only where they are wanted" {
  printf '#cloud-config\nphone_home: {url: "http://192.0.2.1/"}\nssh_authorized_keys: []\n' >"$BATS_TEST_TMPDIR/user-data"
  boot vm --no-data -v "$BATS_TEST_TMPDIR/user-data:/tmp/user-data:ro"
  run ! exec_in vm test -e /mounted/.virtainer/phone-home
  run ! exec_in vm test -e /mounted/.virtainer/ssh/id_ed25519
  remove "$e2e_id-vm"
  boot none -e PHONE_HOME=no -e OWN_KEY=no
  run ! exec_in none test -e /mounted/.virtainer/phone-home
  run ! exec_in none test -e /mounted/.virtainer/ssh/id_ed25519
  run ! grep -q "the launcher's SSH key" <(log_of none)
  # A seed that has grown by ours is no other seed.
  remove "$e2e_id-none"
  boot all -e OWN_KEY=yes
  exec_in all test -e /mounted/.virtainer/phone-home
  exec_in all test -e /mounted/.virtainer/ssh/id_ed25519
  assert_log all "the launcher's SSH key"
  run ! grep -q 'the seed is another' <(log_of all)
}
