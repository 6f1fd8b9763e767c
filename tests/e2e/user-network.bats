#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
#
# NETWORK=user: a guest behind passt, in containers that may nothing with the network. One virtainer with the small guest
# for the tests of packets; one of them stops it, and so they run one after the other.

bats_require_minimum_version 1.5.0
load lib

readonly peers=$e2e_directory/peers.py

# least: the rights of docs/privileges.md without NET_ADMIN and /dev/net/tun, in `rights`.
least() {
  local name
  rights=(--security-opt no-new-privileges --read-only --tmpfs /run --cap-drop ALL)
  for name in CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETPCAP SETUID; do rights+=(--cap-add "$name"); done
  # What passt answers UDP with it opens when it has no capability any more; Docker has this setting by itself.
  [[ $VT_ENGINE != podman ]] || rights+=(--cap-add NET_BIND_SERVICE --sysctl net.ipv4.ip_unprivileged_port_start=0)
  # podman's own profile, from its package; else none.
  [[ $VT_ENGINE == podman ]] || rights+=(--security-opt "seccomp=$(profile)" --security-opt apparmor=unconfined)
}

profile() { if [[ -e /usr/share/containers/seccomp.json ]]; then echo /usr/share/containers/seccomp.json; else echo unconfined; fi; }

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  e2e_setup
  export lab=$e2e_id lab_data=$data
  least
  new_network net
  boot_small vm "${rights[@]}" --network "$lab-net" -e STOP_ACTION=save
}

setup() {
  e2e_setup
  [[ -z ${lab-} ]] || address=$(engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$lab-vm")
}

teardown() { e2e_teardown; }

teardown_file() {
  e2e_id=$lab data=$lab_data networks=("$lab-net")
  BATS_TEST_COMPLETED=1 e2e_teardown
}

# in_guest COMMAND…: by SSH.
in_guest() { engine exec "$lab-vm" virtainer ssh -- "$@"; }

http() { curl -sS --max-time "$(seconds 10)" "http://$1/"; }

# bats test_tags=podman
@test "NETWORK=auto without rights is user, with the reason; the guest has the container's address" {
  local e2e_id=$lab
  state vm '.network == "user" and .address != null and .guest_address == "127.0.0.1"'
  assert_log vm 'virtainer: NETWORK=auto is user, as nat is impossible: the container lacks the capability NET_ADMIN'
  assert_log vm "small-guest: address ${address//./\\.}$"
  [[ $(exec_in vm stat -c %U "/proc/$(exec_in vm cat /run/virtainer-passt.pid)") == nobody ]] || fail 'passt is not nobody'
}

# bats test_tags=podman
@test "TCP to a low port of the container's address reaches the guest, which sees its client" {
  http "$address" | grep -q "^client ${address%.*}.1\$"
}

# The small guest has no UDP server: its kernel counts what comes for none (NoPorts).
# bats test_tags=podman
@test "UDP to a low port of the container's address reaches the guest" {
  before=$(unwanted)
  until_true 10 arrives_by_udp
}

unwanted() { in_guest "grep '^Udp: [0-9]' /proc/net/snmp" | cut -d ' ' -f 3; }

arrives_by_udp() {
  echo hello >"/dev/udp/$address/53"
  (($(unwanted) > before))
}

# What nc has sent is over at once, and it may not wait for the answer.
hears_sibling() { in_guest "sleep 1 | nc $e2e_id-sibling 80" | grep -q "^sibling $address "; }

# bats test_tags=podman
@test "the guest finds its siblings by name, and what it sends comes from the container" {
  engine run -d --name "$e2e_id-sibling" "${run_options[@]}" --network "$lab-net" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  in_guest nslookup "$e2e_id-sibling" | grep -q "^Address.*${address%.*}"
  as_root nsenter -t "$(engine inspect -f '{{.State.Pid}}' "$e2e_id-sibling")" -n "$peers" serve sibling 80 \
    >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  until_true 10 grep -q serving "$BATS_TEST_TMPDIR/log"
  until_true 10 hears_sibling
  as_root kill "$(awk '/^serving as/ { print $3 }' "$BATS_TEST_TMPDIR/log")"
}

@test "passt killed comes back, and the guest is reached again" {
  local e2e_id=$lab
  first=$(exec_in vm cat /run/virtainer-passt.pid)
  kill_in vm KILL "$first"
  until_true 30 reached_by_another
  assert_log vm 'virtainer: warning: passt ended'
}

reached_by_another() {
  [[ $(exec_in vm cat /run/virtainer-passt.pid) != "$first" ]] && http "$address" | grep -q '^client '
}

# bats test_tags=podman
@test "a guest that was saved goes on at the address it had, in a container with another" {
  local before=$address
  engine stop -t "$(seconds 40)" "$lab-vm" >/dev/null
  # Somebody else gets the address.
  engine run -d --name "$e2e_id-other" "${run_options[@]}" --network "$lab-net" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  least
  virtainer vm -t -i -e RAM=256 -v "$small_guest:/image:ro" -v "$lab_data:/mounted" "${rights[@]}" --network "$lab-net" \
    -e STOP_ACTION=save
  wait_log vm 'virtainer: ready after' 30
  assert_log vm 'the guest goes on where it was'
  address=$(address_of vm)
  [[ $address != "$before" ]] || fail "the address is still $address"
  http "$address" | grep -q '^host '
}

# What QEMU wrote it is known only when passt runs already, for the guest's address of then.
@test "memory that another version of QEMU wrote is set aside: the guest boots at the container's address" {
  least
  boot saved "${rights[@]}" -e STOP_ACTION=save
  stop saved
  record=$data/.virtainer/saved/state.json
  as_root jq '.qemu_version -= 1 | .cidr = "172.31.255.9"' "$record" >"$BATS_TEST_TMPDIR/record"
  as_root cp "$BATS_TEST_TMPDIR/record" "$record"
  boot again "${rights[@]}"
  assert_log again 'is not resumed, because another version of QEMU wrote it'
  passt=$(exec_in again sh -c 'tr "\0" " " <"/proc/$(cat /run/virtainer-passt.pid)/cmdline"')
  [[ $passt == *passt*--interface* && $passt != *172.31.255.9* ]] || fail "it runs as: $passt"
}

# podman allows user namespaces.
@test "where neither nat nor user is possible: status 50 with the flags of both" {
  run_virtainer 20 -v "$boot_sector:/image:ro" -v "$data:/mounted"
  ((status == 50))
  [[ $stderr == *'--cap-add NET_ADMIN --device /dev/net/tun'*'--security-opt seccomp='* ]] || fail "$stderr"
  run_virtainer 20 -v "$boot_sector:/image:ro" -v "$data:/mounted" -e NETWORK=user
  ((status == 50))
  [[ $stderr == *'may not make user namespaces'*'--security-opt seccomp='* ]] || fail "$stderr"
}
