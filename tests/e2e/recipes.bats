#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# networks/, as a person uses it: a network of either kind is made, carries packets, and is removed. The LAN is a network
# namespace at the other end of a veth pair. Each test has networks of its own, by its number.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

bats_require_minimum_version 1.5.0
load lib

readonly networks_directory=$e2e_directory/../../networks
readonly peers=$e2e_directory/peers.py

setup() {
  e2e_setup
  unset NAME
  # Of the networks for measurements (RFC 2544), which nobody has.
  number=$(((E2E_RUN + BATS_SUITE_TEST_NUMBER) % 250))
  subnet=198.19.$number subnet6=fd5e:$(printf '%x:%x' "$((RANDOM))" "$number")
  name=$e2e_id-net
  networks=("$name")
  lan=$e2e_id-lan parent=vtl${e2e_id//[^0-9]/}
  parent=${parent:0:15}
  export ENGINE=$VT_ENGINE CONTAINER_IMAGE=$VT_IMAGE
}

teardown() {
  if [[ -e $BATS_TEST_TMPDIR/serve ]]; then as_root kill "$(awk '/^serving as/ { print $3 }' "$BATS_TEST_TMPDIR/serve")"; fi
  # What CNI's plugins leave of a network.
  if [[ -e /sys/class/net/vtb$number ]]; then as_root ip link delete "vtb$number"; fi
  as_root rm -rf "/var/lib/cni/networks/$name-virtual" "/var/lib/cni/networks/$name-lan"
  # With the parent its macvlans go, too.
  [[ ! -e /sys/class/net/$parent ]] || as_root ip link delete "$parent"
  [[ ! -e /run/netns/$lan ]] || as_root ip netns del "$lan"
  e2e_teardown
}

# recipe STATUS WORDS ARGUMENT…: network.sh ends with that status and says the words.
recipe() {
  run timeout "$(seconds 40)" "$networks_directory/network.sh" --name "$name" "${@:3}"
  [[ $status == "$1" && $output == *"$2"* ]] || fail "${*:3} ended with status $status: $output"
}

in_lan() { as_root nsenter "--net=/run/netns/$lan" "$@"; }

# make_lan: this machine is .2 and ::2 in it, the LAN's router .1 and ::1.
make_lan() {
  as_root ip netns add "$lan"
  as_root ip link add "$parent" type veth peer name eth0 netns "$lan"
  as_root ip link set "$parent" up
  as_root ip address add "$subnet.2/24" dev "$parent"
  as_root ip address add "$subnet6::2/64" dev "$parent" nodad
  in_lan ip link set lo up
  in_lan ip link set eth0 up
  in_lan ip address add "$subnet.1/24" dev eth0
  in_lan ip address add "$subnet6::1/64" dev eth0 nodad
}

lan_options() {
  printf '%s\n' --parent "$parent" --range "$subnet.192/27" --host "$subnet.224" --gateway "$subnet.1" \
    --range "$subnet6::c0/123" --host "$subnet6::e0" --gateway "$subnet6::1"
}

# bats test_tags=podman
@test "networks/: a bridge is made, made again, checked, removed; what overlaps is refused with what it overlaps" {
  recipe 0 "made the network '$name'" create bridge --subnet "$subnet.0/24" --subnet "$subnet6::/64"
  recipe 0 "the network '$name' is there" create bridge
  recipe 1 "is there as: recipe=bridge subnet=$subnet.0/24" create bridge --subnet "198.18.$number.0/24"
  recipe 0 "reaches a container on it at $subnet." check
  [[ $output == *"reaches a container on it at $subnet6::"* ]]
  engine run -d --name "$e2e_id-on" "${run_options[@]}" --stop-signal KILL --network "$name" --entrypoint sleep "$VT_IMAGE" 60 >/dev/null
  recipe 1 "still on '$name': $e2e_id-on" remove
  recipe 1 "$subnet.0/25 overlaps $subnet.0/24 of the engine's network '$name'" create bridge --subnet "$subnet.0/25" --name "$e2e_id-two"
  engine rm -f "$e2e_id-on" >/dev/null
  recipe 0 "removed the network '$name'" remove
  recipe 0 "there is no network '$name'" remove

  make_lan
  recipe 1 "$subnet.128/25 overlaps $subnet.0/24, where this machine has a way to by '$parent'" create bridge --subnet "$subnet.128/25"
  recipe 1 "overlaps $subnet6::/64" create bridge --subnet "198.18.$number.0/24" --subnet "$subnet6::5:0/112"
  run ! engine network inspect "$name"
}

# bats test_tags=podman
@test "networks/: a macvlan's containers are on the LAN and this machine reaches them; its way comes back; what is in use is refused" {
  local options used
  make_lan
  mapfile -t options < <(lan_options)
  for used in "$subnet.0/27:$subnet.1 in it" "$subnet.2/31:$subnet.2, which the interface $parent here has" "198.18.0.0/27:is not in $subnet.0/24"; do
    recipe 1 "${used#*:}" create macvlan "${options[@]:0:2}" --range "${used%%:*}" "${options[@]:4:4}"
  done
  in_lan ip address add "$subnet.200/24" dev eth0
  "$peers" silent tcp "$subnet.200" 9
  recipe 1 "$subnet.200, which a machine there has" create macvlan "${options[@]}"
  in_lan ip address delete "$subnet.200/24" dev eth0
  as_root ip neighbour flush dev "$parent"

  recipe 0 "made the network '$name'" create macvlan "${options[@]}"
  recipe 0 "a container on it reaches this machine at $subnet6::e0" check
  shim=$(as_root ip -o link show type macvlan | sed -n "s/^[0-9]*: \(vt-[^@]*\)@$parent:.*/\1/p")
  as_root ip link delete "$shim"
  recipe 1 "'$shim', this machine's own way there, is missing" check
  recipe 0 "the network '$name' is there" create macvlan
  recipe 0 "reaches a container on it at $subnet." check

  # To the LAN's other machines each address of this one is where it was.
  [[ $(in_lan "$peers" arp eth0 "$subnet.1" "$subnet.2") == "$(cat "/sys/class/net/$parent/address")" ]]
  recipe 0 removed remove
  [[ ! -e /sys/class/net/$shim ]]
}

@test "networks/: a guest on a macvlan is reached from the LAN at an address of the LAN, and sees who asks" {
  local options address
  make_lan
  mapfile -t options < <(lan_options)
  recipe 0 'made the network' create macvlan "${options[@]}"
  boot_small vm --network "$name"
  address=$(engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$e2e_id-vm")
  [[ $(in_lan timeout 10 curl -s "http://$address/") == *"client $subnet.1"* ]]
  [[ $(timeout 10 curl -s "http://$address/") == *"client $subnet.224"* ]]
}

# bats test_tags=podman
@test "networks/: what others made is left alone, and bad input is refused" {
  engine network create "$name" >/dev/null
  for words in check remove 'create bridge'; do
    # shellcheck disable=SC2086
    recipe 1 "the network '$name' was not made by this script" $words
  done
  engine network inspect "$name" >/dev/null
  name=$e2e_id-new
  recipe 2 'create what' create
  recipe 2 "'lo' is nothing for create libvirt" create libvirt --parent lo
  recipe 2 'what is to be done' bridge
  recipe 2 "both 'create' and 'check'" create check
  recipe 2 "both 'bridge' and 'macvlan'" create bridge macvlan
  recipe 2 'needs --parent' create macvlan
  recipe 1 "no interface 'nowhere0'" create macvlan --parent nowhere0
  recipe 2 'needs --range of IPv4' create macvlan --parent lo
  recipe 2 "'eth0' is nothing for create bridge" create bridge --parent eth0
  recipe 2 "'10.0.0.0/8' is nothing for check" check --subnet 10.0.0.0/8
  recipe 2 "--subnet is '10.0.0.0/33'" create bridge --subnet 10.0.0.0/33
  recipe 2 "--subnet is '10.0.0.1'; give a network" create bridge --subnet 10.0.0.1
  recipe 2 "--host is '10.0.0.0/8'; give an address" create macvlan --host 10.0.0.0/8
  recipe 2 "both '10.0.0.0/8' and '11.0.0.0/8'" create bridge --subnet 10.0.0.0/8 --subnet 11.0.0.0/8
  recipe 2 "unknown argument '--bogus'" --bogus
  name=a/b recipe 2 "cannot be a network's name" check
}

on_libvirt() { as_root virsh -q -c "$LIBVIRT_DEFAULT_URI" "$@"; }

libvirt_answers() { on_libvirt version >/dev/null 2>&1; }

# start_libvirt: the machine's own, with all its interfaces. The shell that is process 1 collects what ends.
start_libvirt() {
  local sockets=$BATS_TEST_TMPDIR/libvirt
  mkdir "$sockets"
  engine run -d --name "$e2e_id-libvirt" "${run_options[@]}" --stop-signal KILL --network host --cap-add NET_ADMIN --device /dev/net/tun -v "$sockets:/run/libvirt" \
    --entrypoint bash "$VT_IMAGE" -c 'mkdir -p /run/virtainer/libvirt/{lib,cache,log/qemu,etc}; /usr/sbin/libvirtd; exit' >/dev/null
  export LIBVIRT_DEFAULT_URI="qemu+unix:///system?socket=$sockets/libvirt-sock"
  until_true 20 libvirt_answers
}

# machine: a virtual machine on the network, under emulation; prints its tap.
machine() {
  on_libvirt create /dev/stdin >/dev/null <<END
<domain type='qemu'><name>$name</name><memory unit='MiB'>32</memory><os><type arch='x86_64'>hvm</type></os>
  <devices><interface type='network'><source network='$name'/><model type='virtio'/></interface></devices></domain>
END
  on_libvirt domiflist "$name" | awk '{ print $1 }'
}

@test "networks/: the machine's own libvirt has the network, too: its machines are on the bridge, or on the LAN" {
  local options tap
  recipe 1 "there is no network '$name'" create libvirt
  export LIBVIRT_DEFAULT_URI='qemu+unix:///system?socket=/nowhere'
  recipe 0 'made the network' create bridge --subnet "$subnet.0/24"
  recipe 1 'libvirt does not answer at' create libvirt
  start_libvirt
  recipe 0 "libvirt has the network '$name'" create libvirt
  recipe 0 "to use it:" create libvirt
  recipe 0 'libvirt has it, too, at' check
  tap=$(machine)
  [[ $(readlink "/sys/class/net/$tap/master") == */br-$(engine network inspect -f '{{slice .Id 0 12}}' "$name") ]]
  recipe 1 "still on '$name': running machines of libvirt" remove
  on_libvirt destroy "$name"
  recipe 0 "libvirt has no network '$name' any more" remove
  run -0 on_libvirt net-list --all --name
  [[ $output != *"$name"* ]]

  make_lan
  mapfile -t options < <(lan_options)
  recipe 0 'made the network' create macvlan "${options[@]}"
  recipe 0 "libvirt has the network '$name'" create libvirt
  recipe 0 "libvirt has it, too, at '$parent'" check
  engine kill "$e2e_id-libvirt" >/dev/null
  recipe 0 'libvirt does not answer at' remove
  engine start "$e2e_id-libvirt" >/dev/null
  until_true 20 libvirt_answers
  recipe 0 'made the network' create macvlan "${options[@]}"
  recipe 0 "libvirt has no network '$name' any more" remove
}

# definition KIND BACKEND: the addresses of a container on it, with a podman that knows nothing else. What is of this machine is put
# into the file, as a person does, and a name of the test's own.
definition() {
  local file directory=$BATS_TEST_TMPDIR/$2
  file=$(ls "$networks_directory/$2/$1".*)
  mkdir -p "$directory"
  sed "s/192\.168\.1\./$subnet./g; s/172\.28\.100\./$subnet./g; s/fd5b:9f1c:27aa/$subnet6/g; s/\"eth0\"/\"$parent\"/
    s/virtual0/vtb$number/; s/\"$1\"/\"$name-$1\"/" "$file" >"$directory/$name-$1.${file##*.}"
  settings "$2" >"$BATS_TEST_TMPDIR/containers.conf"
  as_root env CONTAINERS_CONF="$BATS_TEST_TMPDIR/containers.conf" podman --network-config-dir "$directory" run --rm \
    "${run_options[@]}" --network "$name-$1" --entrypoint cat "$VT_IMAGE" /proc/net/fib_trie /proc/net/if_inet6
}

# settings BACKEND: this machine's, and podman is to make networks by that.
settings() {
  cat /etc/containers/containers.conf 2>/dev/null || true
  printf '[network]\nnetwork_backend = "%s"\n' "$1"
}

# bats test_tags=podman,podman-only
@test "networks/: podman takes the definitions for netavark and CNI as they are" {
  local backend
  make_lan
  for backend in netavark cni; do
    # Version 5 has no CNI any more.
    [[ $backend != cni || $(podman --version) == *' '[34].* ]] || continue
    output=$(definition virtual "$backend")
    # A global address beside the link-local one.
    [[ $output == *"|-- $subnet.2"* && $output =~ fd5e[0-9a-f]+\ [0-9a-f]+\ 40\ 00 ]] || fail "virtual for $backend: $output"
    output=$(definition lan "$backend")
    [[ $output == *"|-- $subnet.193"* ]] || fail "lan for $backend: $output"
    if [[ -e /sys/class/net/vtb$number ]]; then as_root ip link delete "vtb$number"; fi
  done
}
