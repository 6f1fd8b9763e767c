#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2030,SC2031,SC2154
#
# What happens to a packet. One virtainer for all tests of this file, on a network of its own with IPv4 and IPv6. The
# guest is a boot sector, which has no network; a network namespace stands for it, at the same bridge with the same MAC.
# Another one is a client on the engine's network. So each test costs a fraction of a second.

bats_require_minimum_version 1.5.0
load lib

readonly peers=$e2e_directory/peers.py packets=$e2e_directory/packets.py

setup_file() {
  e2e_setup
  export lab=$e2e_id
  subnet6=fd5e:$(printf %x:%x "$((RANDOM))" "$((E2E_RUN % 65536))")
  new_network net --ipv6 --subnet "$subnet6::/64"
  # Off, so that it is virtainer that switches it on.
  boot vm --network "$lab-net" --sysctl net.ipv4.ip_forward=0 -p 127.0.0.1::80 -p 127.0.0.1::53/udp
  read -r client gateway bits < <(engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}} {{
    .IPPrefixLen}}{{end}}' "$lab-vm")
  client=${client%.*}.77 client6=$subnet6::77
  export client client6 gateway bits subnet6
  add_client
  enter vm
  export pid address address6 guest guest6 mac bridge guest_ns
  serve guest 22 53 80 4321
  serve client 80 4321
  serve container 4321
  serve_sctp guest
  serve_sctp client
}

# enter NAME: from now on `container` is that one, and `guest` a namespace at its guest's bridge.
enter() {
  pid=$(engine inspect -f '{{.State.Pid}}' "$e2e_id-$1")
  read -r address address6 guest guest6 mac < <(state "$1" '"\(.address) \(.address6) \(.guest_address) \(.guest_address6) \(.mac)"')
  bridge=$(in_container ip -o link show type bridge | sed -n 's/^[0-9]*: \([^:]*\):.*/\1/p')
  guest_ns=$e2e_id-guest
  add_guest
  for name in guest client container; do "in_$name" sh -c 'echo 0 0 >/proc/sys/net/ipv4/ping_group_range'; done
}

# add_client: on the engine's network, as a container is.
add_client() {
  local link=vtc${lab//[^0-9]/}
  link=${link:0:15}
  as_root ip netns add "$lab-client"
  as_root ip link add "$link" type veth peer name eth0 netns "$lab-client"
  as_root ip link set "$link" up master "br-$(engine network inspect -f '{{slice .Id 0 12}}' "$lab-net")"
  in_client ip link set lo up
  in_client ip addr add "$client/$bits" dev eth0
  in_client ip addr add "$client6/64" dev eth0 nodad
  in_client ip link set eth0 up
}

# add_guest: at the guest's bridge, with what its DHCP server gives.
add_guest() {
  as_root ip netns add "$guest_ns"
  as_root ip link add vtguest netns "$pid" type veth peer name eth0 netns "$guest_ns"
  in_container ip link set vtguest up master "$bridge"
  # As the program does with the guest's own port, where the host has br_netfilter.
  in_container ip link set vtguest type bridge_slave hairpin on bcast_flood off mcast_flood off
  in_guest ip link set lo up
  in_guest ip link set eth0 address "$mac"
  in_guest ip link set eth0 up
  in_guest ip addr add "$guest/24" dev eth0
  set_routes
  # By the router advertisement, as most systems do it.
  until_true 10 has_address6
}

# set_routes: what DHCP gives, as a client would that knows RFC 3442.
set_routes() {
  in_guest "$peers" routes eth0 "$mac" >"$BATS_TEST_TMPDIR/routes"
  while read -r network how; do
    # shellcheck disable=SC2086
    in_guest ip route add "$network" ${how#onlink} dev eth0
  done <"$BATS_TEST_TMPDIR/routes"
}

has_address6() { in_guest ip -6 addr show dev eth0 -tentative | grep -qF "$guest6/64"; }

in_client() { as_root nsenter "--net=/run/netns/$lab-client" "$@"; }
in_guest() { as_root nsenter "--net=/run/netns/$guest_ns" "$@"; }
in_container() { as_root nsenter -t "$pid" -n "$@"; }

# serve NAMESPACE PORT…: until the end of the test, or of the file.
serve() {
  local log=$BATS_FILE_TMPDIR/$e2e_id-$1.log
  "in_$1" "$peers" serve "$@" >"$log" 2>&1 3>&- &
  until_true 10 grep -q serving "$log"
}

# serve_sctp NAMESPACE: at every port. The kernels of many machines that run tests have no SCTP of their own.
serve_sctp() {
  local log=$BATS_FILE_TMPDIR/$e2e_id-$1-sctp.log
  "in_$1" "$packets" sctp-serve "$1" >"$log" 2>&1 3>&- &
  until_true 10 grep -q serving "$log"
}

# leave: what `serve` and `enter` have made goes.
leave() {
  local name log
  for log in "$BATS_FILE_TMPDIR/$e2e_id"-*.log; do
    [[ ! -e $log ]] || as_root kill "$(awk '/^serving as/ { print $3 }' "$log")"
  done
  for name in guest client; do
    [[ ! -e /run/netns/$e2e_id-$name ]] || as_root ip netns del "$e2e_id-$name"
  done
}

setup() { e2e_setup; }

teardown() {
  leave
  e2e_teardown
}

teardown_file() {
  e2e_id=$lab
  leave
  BATS_TEST_COMPLETED=1 e2e_teardown
}

# ask WHERE tcp|udp ADDRESS PORT
ask() { "in_$1" "$peers" ask "${@:2}"; }

# assert_answer TEXT WHERE PROTOCOL ADDRESS PORT: who answers, and whom it sees.
assert_answer() {
  local said
  said=$(ask "${@:2}") || fail "nobody answers ${*:2}"
  [[ $said == "$1"* ]] || fail "to ${*:2} was said '$said' instead of '$1'"
}

# assert_packet TEXT WHERE COMMAND ADDRESS PORT…: what comes back to packets.py.
assert_packet() {
  local said
  said=$("in_$2" "$packets" "${@:3}") || fail "nothing comes back to ${*:2}"
  [[ $said == "$1" ]] || fail "what comes back to ${*:2} is '$said' instead of '$1'"
}

# assert_silence WHERE PROTOCOL ADDRESS PORT…: of as many as are given.
assert_silence() { "in_$1" "$peers" silent "${@:2}"; }

# --- IPv4 -----------------------------------------------------------------------------------------------------------

@test "TCP and UDP to the container's address reach the guest, which sees its client" {
  assert_answer "guest $client" client tcp "$address" 22
  assert_answer "guest $client" client tcp "$address" 4321
  assert_answer "guest $client" client udp "$address" 53
  assert_answer "guest $client" client udp "$address" 4321
}

@test "an ICMP echo request reaches the guest" {
  # The guest is one hop further than the container.
  [[ $(in_client "$peers" ping "$address") == 63 ]]
}

@test "the guest wins over a process of the container that listens at the same port" {
  assert_answer "guest $client" client tcp "$address" 4321
  assert_answer "guest $client" client udp "$address" 4321
  # It is still there, for the guest's own side and for the container itself.
  assert_answer "container $guest" guest tcp "${guest%.*}.1" 4321
  assert_answer "container $guest6" guest tcp "${guest6%%:0:5*}::1" 4321
  assert_answer 'container 127.0.0.1' container tcp 127.0.0.1 4321
}

@test "the container itself reaches the guest at the container's address" {
  assert_answer "guest $address" container tcp "$address" 80
  assert_answer "guest $address" container udp "$address" 53
}

@test "the guest reaches itself at the container's address" {
  [[ $(in_container ip -d -o link show master "$bridge" | grep -c 'hairpin on') == 2 ]]
  assert_answer "guest ${guest%.*}.1" guest tcp "$address" 80
  assert_answer "guest ${guest%.*}.1" guest udp "$address" 53
}

@test "the guest's own traffic leaves with the container's address" {
  assert_answer "client $address" guest tcp "$client" 80
  assert_answer "client $address" guest udp "$client" 4321
  [[ $(in_guest "$peers" ping "$client") == 63 ]]
}

@test "who calls before the guest is there is answered as soon as it is" {
  local port=(ip link set vtguest)
  in_container "${port[@]}" nomaster
  in_container ip neigh flush dev "$bridge"
  { sleep 1 && in_container "${port[@]}" up master "$bridge" && in_container "${port[@]}" type bridge_slave hairpin on bcast_flood off mcast_flood off; } 3>&- &
  assert_answer "guest $client" client tcp "$address" 80
  wait
}

@test "rules that somebody takes away are in force again, and the log says who it was" {
  engine exec "$lab-vm" nft delete table inet virtainer
  until_true 5 ask client tcp "$address" 22
  assert_answer "guest $client" client tcp "$address" 4321
  engine logs "$lab-vm" 2>&1 | grep -q 'warning: rules that lead to the guest .* were taken away by the program nft; they are in force again'
}

# Docker passes over the networks that overlap a route of scope link.
@test "Docker in the guest does not take the container's network for its own" {
  local its=$gateway/$bits
  if in_guest ip route show dev eth0 scope link to match "$client" | grep -qv '^default'; then its=10.213.0.1/16; fi
  in_guest ip link add docker0 up type bridge
  in_guest ip addr add "$its" dev docker0
  assert_answer "guest $client" client tcp "$address" 80
  assert_answer "client $address" guest tcp "$client" 80
  [[ $("$peers" ask tcp "$address" 80) == "guest $gateway "* ]]
  in_guest ip link del docker0
}

@test "SCTP: associations begin as connections of TCP do" {
  assert_packet "guest $client 5060" client sctp "$address" 5060
  assert_packet "guest $address 5060" container sctp "$address" 5060
  assert_packet "guest ${guest%.*}.1 5060" guest sctp "$address" 5060
  assert_packet "client $address 5060" guest sctp "$client" 5060
  assert_packet "guest $client6 5060" client sctp "$address6" 5060
  assert_packet "client $address6 5060" guest sctp "$client6" 5060
}

@test "a port where nobody listens, and each hop of the way, is told to who asks, in the addresses that it knows" {
  assert_packet "port-unreachable $address" client error "$address" 9
  assert_packet "time-exceeded $address" client error "$address" 9 1
  assert_packet "port-unreachable $address" client error "$address" 9 2
  assert_packet "port-unreachable $address" container error "$address" 9
  assert_packet "port-unreachable $client" guest error "$client" 9
  assert_packet "time-exceeded ${guest%.*}.1" guest error "$client" 9 1
  assert_packet "port-unreachable $address6" client error "$address6" 9
  assert_packet "time-exceeded $address6" client error "$address6" 9 1
  assert_packet "port-unreachable $client6" guest error "$client6" 9
  assert_packet "time-exceeded ${guest6%%:0:5*}::1" guest error "$client6" 9 1
}

@test "datagrams that are larger than the MTU come in pieces, and so do their answers" {
  assert_packet 4000 client big "$address" 4321 4000
  assert_packet 4000 client big "$address6" 4321 4000
  assert_packet 4000 guest big "$client" 4321 4000
  assert_packet 4000 guest big "$client6" 4321 4000
}

@test "a way with room for 1280 bytes: who sends too much is told so, the guest and its client" {
  # Beyond the client, as beyond a tunnel.
  local far=198.51.100.2 far6=2001:db8::2
  in_client ip link add far up mtu 1280 type bridge
  in_client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  in_client ip route add "$far" dev far
  in_client ip route add "$far6" dev far
  in_container ip route add "$far" via "$client"
  in_container ip route add "$far6" via "$client6"
  assert_packet "1280 $client" guest mtu "$far" 9
  assert_packet "1280 $client6" guest mtu "$far6" 9
  # Behind the container.
  in_container ip route add "$guest" dev "$bridge" mtu lock 1280
  in_container ip route add "$guest6" dev "$bridge" mtu lock 1280
  assert_packet "1280 $address" client mtu "$address" 9
  assert_packet "1280 $address6" client mtu "$address6" 9
  in_container ip route del "$guest" dev "$bridge"
  in_container ip route del "$guest6" dev "$bridge"
}

# It takes a proxy of Docker's for that, one for each protocol of the network and of the transport.
@test "ports that Docker publishes on loopback lead to the guest, whose client is Docker's gateway" {
  local where
  where=$(engine port "$lab-vm" 80)
  [[ $("$peers" ask tcp 127.0.0.1 "${where#*:}") == "guest $gateway "* ]]
  where=$(engine port "$lab-vm" 53/udp)
  [[ $("$peers" ask udp 127.0.0.1 "${where#*:}") == "guest $gateway" ]]
}

@test "a port that Docker publishes on ::1 leads to the guest, too" {
  local where
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 || skip 'this machine has no ::1'
  boot vm --network "$lab-net" -p '[::1]::80'
  enter vm
  serve guest 80
  where=$(engine port "$e2e_id-vm" 80)
  [[ $("$peers" ask tcp ::1 "${where##*:}") == "guest $subnet6::1 "* ]]
}

@test "IPv4 that may not be forwarded: status 50, and the flag is named" {
  run_virtainer 20 --cap-add NET_ADMIN --device /dev/net/tun --sysctl net.ipv4.ip_forward=0 -e NETWORK=nat \
    -v "$boot_sector:/image:ro" -v "$data:/mounted"
  ((status == 50))
  [[ $stderr == *'IPv4 forwarding is off'*'run it with --sysctl net.ipv4.ip_forward=1'* ]]
}

# --- IPv6 -----------------------------------------------------------------------------------------------------------

@test "IPv6: TCP, UDP and ICMP to the container's address reach the guest, which sees its client" {
  assert_answer "guest $client6" client tcp "$address6" 22
  assert_answer "guest $client6" client tcp "$address6" 4321
  assert_answer "guest $client6" client udp "$address6" 53
  [[ $(in_client "$peers" ping "$address6") == 63 ]]
}

@test "IPv6: the container and the guest reach the guest at the container's address" {
  assert_answer "guest $address6" container tcp "$address6" 80
  assert_answer "guest $address6" container udp "$address6" 53
  assert_answer "guest ${guest6%%:0:5*}" guest tcp "$address6" 80
  assert_answer 'container ::1' container tcp ::1 4321
  # The gateway is the container, for the guest's name server and router.
  router=$(in_guest ip -6 route show default | awk '{ print $3 }')
  [[ $router == fe80::1 ]]
  assert_answer "container fe80" guest tcp "fe80::1%eth0" 4321
}

@test "IPv6: the guest's own traffic leaves with the container's address" {
  assert_answer "client $address6" guest tcp "$client6" 80
  assert_answer "client $address6" guest udp "$client6" 4321
  [[ $(in_guest "$peers" ping "$client6") == 63 ]]
}

@test "IPv6: the container is no way for its neighbours, and the guest none for the container" {
  local host=$subnet6::1
  [[ $(in_client "$peers" ping "$host") == 64 ]]
  in_client ip route add "$host" via "$address6"
  run -1 in_client "$peers" ping "$host"
  [[ $output == *'timed out'* ]] || fail "$output"
  in_client ip route del "$host" via "$address6"
  in_container sysctl -qw "net.ipv6.conf.$bridge.accept_ra=2"
  in_guest "$packets" advertise
  # It has come when what is said after it is answered.
  assert_answer "container fe80" guest tcp "fe80::1%eth0" 4321
  routes=$(in_container ip -6 route show proto ra dev "$bridge")
  [[ -z $routes ]] || fail "$routes"
}

@test "IPv6: a network that has nothing else" {
  engine run -d --name "$e2e_id-pod" "${run_options[@]}" --network "$lab-net" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  as_root nsenter -t "$(engine inspect -f '{{.State.Pid}}' "$e2e_id-pod")" -n ip -4 addr flush dev eth0
  boot vm --network "container:$e2e_id-pod"
  enter vm
  serve guest 22 80
  assert_log vm "network  ${address6//./\\.} is the guest "
  assert_answer "guest $client6" client tcp "$address6" 22
  assert_answer "client $address6" guest tcp "$client6" 80
  assert_answer "guest $address6" container tcp "$address6" 80
  # At once, so that who has addresses of both protocols takes the other.
  [[ $(LC_ALL=C ask guest tcp "$client" 80 2>&1) == *'Network is unreachable' ]]
}

@test "IPv6 that may not be forwarded: IPv4 alone, and the flag is named; with the flag it is" {
  rights=(--cap-add NET_ADMIN --device /dev/net/tun --network "$lab-net")
  boot without "${rights[@]}" --no-data
  assert_log without 'warning: what comes to .* IPv6 .* run the container with .*--sysctl net.ipv6.conf.all.forwarding=1'
  state without '.address6 == null and .guest_address6 == null and .address != null'
  boot with "${rights[@]}" --sysctl net.ipv6.conf.default.disable_ipv6=0 --sysctl net.ipv6.conf.all.forwarding=1 --no-data
  state with '.address6 != null and .guest_address6 != null'
  run ! grep -q warning.*IPv6 <<<"$(log_of with)"
}

# --- PORTS ----------------------------------------------------------------------------------------------------------

@test "PORTS: what is named leads to the guest, at its own port, and the rest to the container; SSH_RATE" {
  boot vm --network "$lab-net" -e PORTS=22,8080:80,4321/udp,8022:22,9000:5060/sctp -e SSH_RATE=2/hour
  assert_log vm 'by these ports only: 22/tcp,8080:80/tcp,4321/udp,8022:22/tcp,9000:5060/sctp'
  enter vm
  serve guest 22 80 4321
  serve_sctp guest
  serve container 80 4321
  assert_answer "guest $client" client tcp "$address" 22
  assert_answer "guest $client" client tcp "$address" 8080
  assert_answer "guest $client" client udp "$address" 4321
  assert_packet "guest $client 5060" client sctp "$address" 9000
  assert_packet "guest $client6 5060" client sctp "$address6" 9000
  run ! in_client "$packets" sctp "$address" 5060
  assert_answer "container $client" client tcp "$address" 80
  assert_answer "container $client" client tcp "$address" 4321
  [[ $(in_client "$peers" ping "$address") == 64 ]]
  assert_answer "guest $client6" client tcp "$address6" 22
  assert_answer "guest $client6" client tcp "$address6" 8080
  assert_answer "container $client6" client tcp "$address6" 80
  # Past the rules, by a route to the guest's own network.
  gateway6=${guest6%%:0:5*}::1
  in_client ip route add "${guest%.*}.0/24" via "$address"
  in_client ip route add "$gateway6/64" via "$address6"
  assert_silence client tcp "$guest" 80 tcp "${guest%.*}.1" 4321 tcp "$guest6" 80 tcp "$gateway6" 4321
  # Within, too.
  assert_answer "guest $address" container tcp "$address" 8080
  assert_answer "container $address" container tcp "$address" 80
  assert_answer "guest ${guest%.*}.1" guest tcp "$address" 8080
  assert_answer "client $address" guest tcp "$client" 80
  # The third of a client is too much, and no other client's business.
  assert_answer "guest $client" client tcp "$address" 8022
  assert_silence client tcp "$address" 22
  assert_answer "guest $client6" client tcp "$address6" 22
  assert_silence client tcp "$address6" 8022
  assert_answer "guest $client" client tcp "$address" 8080
  [[ $("$peers" ask tcp "$address" 22) == "guest $gateway "* ]]
  for _ in 1 2 3; do assert_answer "guest $address" container tcp "$address" 22; done
}

@test "what listens in a pod at a port that leads to the guest is named in the log" {
  engine run -d --name "$e2e_id-pod" "${run_options[@]}" --entrypoint dnsmasq "$VT_IMAGE" -k -p 5300 -u root >/dev/null
  boot vm --network "container:$e2e_id-pod"
  assert_log vm "warning: somebody listens in the container's network at 5300/tcp,5300/udp, which lead to the guest"
}

@test "a table of connections that is full: those that are there go on, new ones do not begin, and the health check warns" {
  local most
  most=$(in_container cat /proc/sys/net/netfilter/nf_conntrack_max)
  ((most <= 262144)) || skip "this machine's table of connections has room for $most: to fill it takes too long"
  boot vm --network "$lab-net"
  enter vm
  serve guest 80
  coproc HELD { in_client "$packets" hold "$address" 80 3>&-; }
  local said answer=${HELD[0]} end=${HELD[1]}
  read -r said <&"$answer"
  assert_command vm 0 '^running$' healthcheck
  in_container "$packets" fill "$address"
  assert_silence client tcp "$address" 80
  assert_silence guest tcp "$client" 80
  assert_command vm 0 '^running.*warning: [0-9]* of the [0-9]* connections .* raise net.netfilter.nf_conntrack_max' healthcheck
  assert_command vm 0 '^running.*warning: [0-9]* of the [0-9]* connections' state
  exec_in vm virtainer-healthcheck 2>&1 | grep -q 'warning: [0-9]* of the [0-9]* connections'
  exec {end}>&-
  read -r said <&"$answer"
  [[ $said == "guest $client "* ]] || fail "who was connected hears '$said'"
  in_container "$packets" empty
  assert_answer "guest $client" client tcp "$address" 80
  assert_command vm 0 '^running$' healthcheck
}

# --- what the guest is told, and networks that come and go ----------------------------------------------------------

@test "a network that is connected while the guest runs reaches it; what does not fit is made to" {
  new_network narrow
  boot vm --network "$lab-net"
  enter vm
  serve guest 80
  engine network connect "$e2e_id-narrow" "$e2e_id-vm"
  second=$(engine inspect -f "{{(index .NetworkSettings.Networks \"$e2e_id-narrow\").IPAddress}}" "$e2e_id-vm")
  # The engine's own interface in that network has room for 1500 bytes all the same.
  in_container ip link set "$(in_container ip -o -4 addr | awk -v ip="$second/" 'index($4, ip) == 1 { print $2 }')" mtu 1280
  [[ $("$peers" ask tcp "$second" 80) == "guest ${second%.*}.1 "* ]]
  assert_answer "guest $client" client tcp "$address" 80
  # 1280 less 40 of headers and 12 of time stamps; the other way, the guest sends no more.
  (($("$peers" mss "$second" 80) <= 1228))
  (($(in_guest "$peers" mss "$client" 80) == 1448))
  [[ $("$peers" load "$second" 80 300000) == 'guest '*' 300000' ]]
  engine network disconnect "$lab-net" "$e2e_id-vm"
  [[ $("$peers" ask udp "$second" 80) == "guest ${second%.*}.1" ]]
  # The first one again, by another interface.
  engine network connect "$lab-net" "$e2e_id-vm"
  address=$(engine inspect -f "{{(index .NetworkSettings.Networks \"$lab-net\").IPAddress}}" "$e2e_id-vm")
  assert_answer "guest $client" client tcp "$address" 80
  assert_answer "client $address" guest tcp "$client" 80
}

@test "a container that is started again at another address is the guest there" {
  boot vm --network "$lab-net"
  before=$(address_of vm)
  stop vm
  engine run -d --name "$e2e_id-other" "${run_options[@]}" --network "$lab-net" --entrypoint sleep "$VT_IMAGE" 300 >/dev/null
  engine start "$e2e_id-vm" >/dev/null
  until_true 30 is_running
  enter vm
  serve guest 80
  [[ $address != "$before" ]] || fail "the address is still $before"
  assert_answer "guest $client" client tcp "$address" 80
  assert_answer "client $address" guest tcp "$client" 80
}

is_running() { [[ $(state vm .state) == running ]]; }

@test "the domains to search names in are handed on by DHCP" {
  boot vm --no-data --dns-search one.example --dns-search two.example
  pid=$(pid_of vm dnsmasq)
  exec_in vm cat "/proc/$pid/cmdline" | tr '\0' '\n' | grep -qx -e '--dhcp-option=option:domain-search,one.example,two.example'
}

@test "the MTU of the container's network is the card's; a resumed guest keeps its card on another network" {
  new_network narrow -o com.docker.network.driver.mtu=1280
  boot first --network "$e2e_id-narrow" -e STOP_ACTION=save
  exec_in first virsh dumpxml vm | grep -q "<mtu size='1280'/>"
  [[ $(exec_in first sh -c 'cat /sys/class/net/vnet*/mtu') == 1280 ]]
  stop first
  assert_log first 'the guest is saved, after'
  virtainer again --network "$lab-net" -v "$boot_sector:/image:ro"
  wait_log again 'virtainer: the guest goes on where it was' 30
  exec_in again virsh dumpxml vm | grep -q "<mtu size='1280'/>"
}

@test "ALLOW_FROM: who is not in it does not reach the guest, which reaches everybody" {
  boot vm --network "$lab-net" -e "ALLOW_FROM=$client/30,10.99.0.0/16,10.99.1.0/24"
  enter vm
  serve guest 80
  assert_answer "guest $client" client tcp "$address" 80
  in_client ip addr add "${client%.*}.90/24" dev eth0
  in_client ip route add "$address" dev eth0 src "${client%.*}.90"
  assert_silence client tcp "$address" 80
  in_client ip route del "$address"
  in_client ip addr del "${client%.*}.90/24" dev eth0
  assert_silence client tcp "$address6" 80
  assert_answer "client $address" guest tcp "$client" 80
  assert_answer "client $address6" guest tcp "$client6" 80
  assert_answer "guest $address" container tcp "$address" 80
  assert_answer "guest ${guest%.*}.1" guest tcp "$address" 80
  # Of IPv6 alone, too.
  as_root ip netns pids "$guest_ns" | as_root xargs -r kill
  as_root ip netns del "$guest_ns"
  remove "$e2e_id-vm"
  boot six --network "$lab-net" -e "ALLOW_FROM=$client6/128"
  enter six
  serve guest 80
  assert_answer "guest $client6" client tcp "$address6" 80
  assert_silence client tcp "$address" 80
  in_client ip addr add "${client6%:*}:90/64" dev eth0 nodad
  in_client ip route add "$address6" dev eth0 src "${client6%:*}:90"
  assert_silence client tcp "$address6" 80
  in_client ip route del "$address6"
  in_client ip addr del "${client6%:*}:90/64" dev eth0
}
