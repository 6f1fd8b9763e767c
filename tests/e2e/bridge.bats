#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
#
# NETWORK=bridge: the guest in the container's place on its networks. One virtainer with the small guest for the first
# tests, the last of which stops it, so they run one after the other; the others have a boot sector, which has no network,
# and a network namespace that stands for it at the same bridge.

bats_require_minimum_version 1.5.0
load lib

readonly peers=$e2e_directory/peers.py packets=$e2e_directory/packets.py here=169.254.100.1

setup_file() {
  export BATS_NO_PARALLELIZE_WITHIN_FILE=true
  e2e_setup
  export lab=$e2e_id lab_data=$data
  new_network net
  boot_small vm --network "$lab-net" -e NETWORK=bridge -e STOP_ACTION=save
}

setup() {
  e2e_setup
  [[ -z ${lab-} ]] || address=$(engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$lab-vm")
}

teardown() {
  local name log
  for log in "$BATS_TEST_TMPDIR"/*.serving; do
    [[ ! -e $log ]] || as_root kill "$(awk '/^serving as/ { print $3 }' "$log")" || true
  done
  e2e_teardown
  for name in guest client; do
    [[ ! -e /run/netns/$e2e_id-$name ]] || as_root ip netns del "$e2e_id-$name"
  done
}

teardown_file() {
  e2e_id=$lab data=$lab_data networks=("$lab-net")
  BATS_TEST_COMPLETED=1 e2e_teardown
}

# by_ssh COMMAND…: in the small guest.
by_ssh() { engine exec "$lab-vm" virtainer ssh -- "$@"; }

http() { curl -sS --max-time "$(seconds 10)" "http://$1/"; }

# mac_of NAME [INTERFACE]: what the engine says of a container.
mac_of() { engine inspect -f '{{range .NetworkSettings.Networks}}{{.MacAddress}} {{end}}' "$1"; }

in_client() { as_root nsenter "--net=/run/netns/$e2e_id-client" "$@"; }
in_guest() { as_root nsenter "--net=/run/netns/$e2e_id-guest" "$@"; }
in_container() { as_root nsenter -t "$pid" -n "$@"; }

# serve NAMESPACE PORT…: until the end of the test.
serve() {
  local log=$BATS_TEST_TMPDIR/$1.serving
  "in_$1" "$peers" serve "$@" >"$log" 2>&1 3>&- &
  until_true 10 grep -q serving "$log"
}

# watch NAMESPACE INTERFACE, listen NAMESPACE PORT: until the end of the test; what comes there is in NAMESPACE-seen.serving.
watch() { see watch "$@"; }
listen() { see listen "$@"; }
see() {
  local log=$BATS_TEST_TMPDIR/$2-seen.serving
  "in_$2" "$packets" "$1" "$3" >"$log" 2>&1 3>&- &
  until_true 10 grep -q serving "$log"
}

# seen NAMESPACE REGEX COUNT: so many lines of that came there.
seen() { (($(grep -cE "$2" "$BATS_TEST_TMPDIR/$1-seen.serving") == $3)); }

# add_guest NAME BITS GATEWAY: one that stands for the guest of that container, at its bridge.
add_guest() {
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-$1")
  address=$(state "$1" .guest_address)
  add_card
  in_guest ip addr add "$address/$2" dev eth0
  in_guest ip route add default via "$3"
}

# add_card: the guest's, at the bridge of the container $pid.
add_card() {
  local mac
  mac=$(state vm .mac)
  as_root ip netns add "$e2e_id-guest"
  as_root ip link add vtguest netns "$pid" type veth peer name eth0 netns "$e2e_id-guest"
  in_container ip link set vtguest up master virbr1
  in_guest ip link set lo up
  in_guest ip link set eth0 address "$mac"
  in_guest ip link set eth0 up
}

# assert_answer TEXT WHERE PROTOCOL ADDRESS PORT: who answers, and whom it sees.
assert_answer() {
  local said
  said=$("in_$2" "$peers" ask "${@:3}") || fail "nobody answers ${*:2}"
  [[ $said == "$1"* ]] || fail "to ${*:2} was said '$said' instead of '$1'"
}

assert_silence() { "in_$1" "$peers" silent "${@:2}"; }

# bats test_tags=podman
@test "bridge: the guest has the container's address and MAC, and sees its clients" {
  local e2e_id=$lab
  state vm '.network == "bridge" and .address == "'"$address"'" and .guest_address == .address'
  assert_log vm "small-guest: address ${address//./\\.}$"
  http "$address" | grep -q "^client ${address%.*}.1\$"
  [[ $(by_ssh cat /sys/class/net/eth0/address) == "$(mac_of "$lab-vm" | tr -d ' ')" ]]
  # Its seed tells cloud-init of it.
  exec_in vm grep -aq "macaddress: '$(mac_of "$lab-vm" | tr -d ' ')'" /cloud_init.iso
  exec_in vm virtainer healthcheck
  exec_in vm nft delete table bridge virtainer
  until_true 5 assert_log vm 'were taken away by the program nft; they are in force again'
  by_ssh true
}

hears_sibling() { by_ssh "sleep 1 | nc $e2e_id-sibling 80" | grep -q "^sibling $address "; }

# bats test_tags=podman,rights
@test "bridge: the guest finds its siblings by name, and they see the container's address" {
  engine run -d --name "$e2e_id-sibling" "${run_options[@]}" --network "$lab-net" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-sibling")
  by_ssh nslookup "$e2e_id-sibling" | grep -q "^Address.*${address%.*}"
  in_sibling() { in_container "$@"; }
  serve sibling 80
  until_true 10 hears_sibling
}

@test "bridge: a guest that was saved goes on in its container; one whose address is another's boots" {
  local e2e_id=$lab
  stop vm
  engine start "$lab-vm" >/dev/null
  wait_log vm 'the guest goes on where it was' 30
  until_true 20 http "$address"
  stop vm
  as_root jq '.cidr = "02:42:0a:00:00:01 10.0.0.1 0"' "$lab_data/.virtainer/saved/state.json" >"$BATS_TEST_TMPDIR/record"
  as_root cp "$BATS_TEST_TMPDIR/record" "$lab_data/.virtainer/saved/state.json"
  engine start "$lab-vm" >/dev/null
  wait_log vm "is not resumed, because the container's addresses are others than then" 30
}

@test "bridge: on a macvlan network, asked for as macvtap; the container asks the world with the guest's address" {
  local address6 client=10.213.$((RANDOM % 256)).1 six=fd5f:$((RANDOM % 10000)):$((RANDOM % 10000)) link=vtc${e2e_id//[^0-9]/}
  link=${link:0:15}
  as_root ip netns add "$e2e_id-client"
  as_root ip link add "$link" type veth peer name eth0 netns "$e2e_id-client"
  as_root ip link set "$link" up
  in_client ip link set lo up
  in_client ip addr add "$client/24" dev eth0
  in_client ip link set eth0 up
  in_client ip addr add "$six::1/64" dev eth0 nodad
  in_client ip addr add "$six:beef::1/128" dev lo
  new_network mac -d macvlan -o "parent=$link" --subnet "${client%.*}.0/24" --gateway "$client" --ipv6 --subnet "$six::/64" \
    --gateway "$six::1"
  boot vm --network "$e2e_id-mac" -e NETWORK=macvtap
  add_guest vm 24 "$client"
  serve guest 53 4321
  serve client 53 4321
  serve container 99
  assert_answer "guest $client" client tcp "$address" 4321
  assert_answer "guest $client" client udp "$address" 53
  assert_answer "client $address" guest tcp "$client" 4321
  assert_answer "client $address" container tcp "$client" 4321
  assert_answer "client $address" container udp "$client" 53
  # Between the two of them.
  assert_answer "guest $here" container tcp "$address" 4321
  assert_answer "container $address" guest udp "$here" 99
  # IPv6: the container advertises itself, and what it gets for others goes on to the gateway.
  address6=$(state vm .address6)
  in_guest ip addr add "$address6/64" dev eth0 nodad
  until_true 20 has_router
  assert_answer "guest $six::1" client tcp "$address6" 4321
  assert_answer "client $address6" guest tcp "$six::1" 4321
  assert_answer "client $address6" guest tcp "$six:beef::1" 4321
  # In pieces, too, which br_netfilter puts together.
  [[ $(in_client "$packets" big "$address" 4321 4000) == 4000 && $(in_guest "$packets" big "$client" 4321 4000) == 4000 ]]
  [[ $(in_client "$packets" big "$address6" 4321 4000) == 4000 && $(in_guest "$packets" big "$six::1" 4321 4000) == 4000 ]]
  # From outside nobody reaches the container.
  in_client ip route add "$here" via "$address"
  assert_silence client tcp "$address" 99
  assert_silence client udp "$here" 99
  what_does_not_pass
}

# What the bridge's rules keep apart: each is seen where it may go, and not where it may not.
what_does_not_pass() {
  local other=${here%.1}.5
  watch client eth0
  watch guest eth0
  listen container 97
  # Nobody else gives the guest an address, and it asks nobody else for one.
  in_client "$packets" say "$address" 68 no-offer 67
  in_client "$packets" say "$address6" 546 no-offer6 547
  in_guest "$packets" say "$client" 67 no-discover 68
  in_guest "$packets" say "$six::1" 547 no-solicit6 546
  # The container's own addresses are known between the two of them only.
  in_client ip addr add "$here/32" dev lo
  in_client "$packets" say "$address" 9 no-spoofed 0 "$here"
  in_client ip addr del "$here/32" dev lo
  in_client "$packets" say "$here" 9 no-way-in
  in_guest "$packets" say "$other" 9 no-way-out
  in_client "$peers" arp eth0 "$here" "$address"
  in_client "$peers" arp eth0 "$client" "$here"
  in_guest "$peers" arp eth0 "$address" "$other"
  # Nor does the container hear what all are told, or tell all; what it asks is no business of the guest's.
  in_client "$packets" say ff02::1%eth0 97 no-call
  in_container "$packets" say ff02::1%virbr1 9 call-of-the-container
  in_container "$packets" say "$client" 9 question-of-the-container
  in_client "$packets" say "$address" 9 in-last
  in_guest "$packets" say "$client" 9 out-last
  in_guest "$packets" say ff02::1%eth0 97 call-of-the-guest
  until_true 10 seen client 'question-of-the-container|out-last|call-of-the-guest' 3
  until_true 10 seen guest 'no-call|call-of-the-container|in-last' 3
  until_true 10 seen container 'call-of-the-guest' 1
  run ! grep -E "no-|call-of-the-container|169\\.254" "$BATS_TEST_TMPDIR/client-seen.serving"
  run ! grep -E "no-(offer|spoofed|way)|question-of-the-container|169\\.254" "$BATS_TEST_TMPDIR/guest-seen.serving"
  run ! grep 'no-call' "$BATS_TEST_TMPDIR/container-seen.serving"
}

has_router() { in_guest ip -6 route show default | grep -q 'via fe80::.* proto ra'; }

# A pod with a card of that network and no address of the engine's. No DHCP server is needed for what the guest says to it.
@test "bridge: on a network with a DHCP server of its own the container learns the guest's address, and follows it" {
  local net=10.214.$((RANDOM % 256)) link=vtd${e2e_id//[^0-9]/}
  link=${link:0:15}
  as_root ip netns add "$e2e_id-client"
  as_root ip link add "$link" type veth peer name eth0 netns "$e2e_id-client"
  as_root ip link set "$link" up
  in_client ip addr add "$net.1/24" dev eth0
  in_client ip link set eth0 up
  engine run -d --name "$e2e_id-pod" "${run_options[@]}" --network none --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-pod")
  as_root ip link add link "$link" name eth0 netns "$pid" type macvlan mode bridge
  in_container ip link set eth0 up
  boot vm --network "container:$e2e_id-pod" -e NETWORK=bridge -e STOP_ACTION=save
  state vm '.address == null and .guest_address == null and .address_pending'
  ! exec_in vm virtainer healthcheck --ready || fail "it is ready without an address"
  add_card
  # What the container sends to another network is not drawn to the guest by its word.
  in_container ip link add later0 up type bridge
  in_container ip addr add 10.66.0.1/24 dev later0
  in_guest "$peers" arp eth0 10.66.0.7 "$net.1" >/dev/null
  wait_log vm 'is 10\.66\.0\.7, which the container has another way to; that is left as it is' 10
  state vm '.address == null and .address_pending'
  # It is silent but for its request, and that while it is not listened to.
  in_guest ip addr add "$net.20/24" dev eth0
  in_guest ip route add default via "$net.1"
  in_guest "$peers" request eth0 "$net.20"
  until_true 10 state vm '.address == "'"$net.20"'" and .guest_address == .address'
  assert_log vm "the guest's address on the network of eth0 is ${net//./\\.}\.20"
  serve guest 4321
  assert_answer "guest $here" container tcp "$net.20" 4321
  in_guest ip addr flush dev eth0
  in_guest ip addr add "$net.99/24" dev eth0
  in_guest ip route add default via "$net.1"
  in_guest "$peers" arp eth0 "$net.99" "$net.1" >/dev/null
  until_true 10 state vm '.address == "'"$net.99"'"'
  assert_answer "guest $here" container tcp "$net.99" 4321
  # Who goes on has it still, and says nothing.
  in_container ip link del vtguest
  stop vm
  engine start "$e2e_id-vm" >/dev/null
  wait_log vm 'the guest goes on where it was' 30
  state vm '.address == "'"$net.99"'" and (.address_pending | not)'
  # Who boots, as its memory is another QEMU's, has it no more until it says so.
  stop vm
  as_root jq '.qemu_version -= 1' "$data/.virtainer/saved/state.json" >"$BATS_TEST_TMPDIR/record"
  as_root cp "$BATS_TEST_TMPDIR/record" "$data/.virtainer/saved/state.json"
  engine start "$e2e_id-vm" >/dev/null
  wait_log vm 'is not resumed, because another version of QEMU wrote it' 30
  until_true 10 state vm '.state == "running" and .address == null and .address_pending'
  as_root ip netns del "$e2e_id-guest"
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-pod")
  add_card
  in_guest ip addr add "$net.99/24" dev eth0
  in_guest "$peers" arp eth0 "$net.99" "$net.1" >/dev/null
  until_true 10 state vm '.address == "'"$net.99"'"'
}

@test "bridge: each network of the container is a card of the guest" {
  new_network one
  new_network two
  engine create --name "$e2e_id-vm" "${run_options[@]}" --privileged --network "$e2e_id-one" -v "$data:/mounted" \
    -v "$boot_sector:/image:ro" -e NETWORK=bridge "$VT_IMAGE" >/dev/null
  engine network connect "$e2e_id-two" "$e2e_id-vm"
  engine start "$e2e_id-vm" >/dev/null
  wait_log vm 'boot-sector: hello' 30
  [[ $(log_of vm | grep -c "eth[01] is the guest's") == 2 ]]
  macs=$(exec_in vm virsh domiflist vm | awk '/virbr/ { print $5 }' | sort)
  [[ $macs == "$(mac_of "$e2e_id-vm" | tr ' ' '\n' | sed '/^$/d' | sort)" ]] || fail "the cards are $macs"
}

# A pod, in other words.
@test "bridge: who shares the container's network has it again at the guest's end, and a killed one's with the next" {
  local pid
  new_network pod --ipv6 --subnet "fd60:$((RANDOM % 10000)):$((RANDOM % 10000))::/64"
  engine run -d --name "$e2e_id-pod" "${run_options[@]}" --network "$e2e_id-pod" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-pod")
  before=$(what_it_has)
  boot killed --network "container:$e2e_id-pod" -e NETWORK=bridge
  [[ -z $(in_container ip -o addr show dev eth0) ]] || fail 'the container has its address still'
  engine kill "$e2e_id-killed" >/dev/null
  wait_status killed 20
  remove "$e2e_id-killed"
  boot next --network "container:$e2e_id-pod" -e NETWORK=bridge
  run_virtainer 30 -v "$boot_sector:/image:ro" --privileged --network "container:$e2e_id-pod" -e NETWORK=bridge
  ((status == 50))
  [[ $stderr == *'another virtainer runs in this network namespace'* ]] || fail "$stderr"
  stop next
  after=$(what_it_has)
  [[ $after == "$before" ]] || fail "before: $before, after: $after"
}

# what_it_has: the addresses and routes of the container $pid, and its bridges.
what_it_has() {
  in_container ip -o -4 addr show | awk '{ print $2, $4 }'
  in_container ip -o -6 addr show scope global | awk '{ print $2, $4 }'
  in_container ip -6 route show default | sed 's/ proto [a-z]*//; s/ *$//'
  in_container ip -4 route show | sed 's/ proto [a-z]*//; s/ *$//' | sort
  in_container ip -o link show type bridge
  in_container ip -o link show eth0 | sed -n 's/.*\(alias .*\)/\1/p'
}

# links: of the container $pid, but for whether they are up by now: a bridge that is new needs a moment for that.
links() { in_container ip -o link | sed 's/<[^>]*>//; s/ state [A-Z]*//' | sort; }

@test "bridge: who is still downloading keeps the network that another one shares" {
  local pid gateway server=$BATS_TEST_TMPDIR/silent.serving
  # Nobody answers there.
  gateway=$(ip -4 -o address show docker0 | awk '{ sub("/.*", "", $4); print $4; exit }')
  python3 -u -c 'import os, socket, sys, time
s = socket.create_server((sys.argv[1], 0)); print("serving as", os.getpid(), s.getsockname()[1]); time.sleep(300)' "$gateway" >"$server" 3>&- &
  until_true 10 grep -q serving "$server"
  virtainer early -e no_proxy='*' -e IMAGE_URL="http://$gateway:$(awk '{ print $4 }' "$server")/image"
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-early")
  until_true 10 in_container pgrep --ns "$pid" --nslist net dnsmasq
  before=$(links)
  run_virtainer 20 -v "$boot_sector:/image:ro" --privileged --network "container:$e2e_id-early" -e NETWORK=bridge
  ((status == 50))
  [[ $stderr == *'another virtainer runs in this network namespace'* ]] || fail "$stderr"
  after=$(links)
  [[ $after == "$before" ]] || fail "before: $before, after: $after"
}

# bats test_tags=podman
@test "bridge: what cannot be is refused before anything is touched" {
  before=$(listing "$data")
  run_virtainer 20 -v "$boot_sector:/image:ro" -v "$data:/mounted" --privileged -e NETWORK=bridge -e PORTS=22
  ((status == 2))
  [[ $stderr == *'with NETWORK=bridge, PORTS cannot be kept'* ]] || fail "$stderr"
  run_virtainer 20 -v "$boot_sector:/image:ro" -v "$data:/mounted" -e NETWORK=bridge
  ((status == 50))
  [[ $stderr == *'--cap-add NET_ADMIN --device /dev/net/tun'* ]] || fail "$stderr"
  run_virtainer 20 -v "$boot_sector:/image:ro" -v "$data:/mounted" --privileged --network none -e NETWORK=bridge
  ((status == 50))
  [[ $stderr == *'no network interface with which the guest could take its place'* ]] || fail "$stderr"
  [[ $(listing "$data") == "$before" ]] || fail "left: $(listing "$data")"
}
