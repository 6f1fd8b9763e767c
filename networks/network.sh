#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a network for virtainers, checks it, removes it.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

program=${0##*/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../run-scripts/lib/common.sh
. "$here/../run-scripts/lib/common.sh"
# shellcheck source=../run-scripts/lib/engine.sh
. "$here/../run-scripts/lib/engine.sh"
# shellcheck source=../run-scripts/lib/prefix.sh
. "$here/../run-scripts/lib/prefix.sh"
# shellcheck source=lib/libvirt.sh
. "$here/lib/libvirt.sh"

# The network's label that says what it was made with, and that it is ours: words KEY=VALUE.
readonly label=virtainer.network

network=virtual
action=
# What was asked for, and what the network has. Keys of IPv6 end in 6.
readonly keys=(recipe parent subnet subnet6 range range6 gateway gateway6 host host6)
declare -A asked=() made=()
check_container=

usage() {
  cat <<EOF
Usage: $program create bridge [--subnet CIDR]… [OPTION…]
       $program create macvlan --parent INTERFACE --range CIDR --host ADDRESS [OPTION…]
       $program create libvirt [OPTION…]
       $program check [OPTION…]
       $program remove [OPTION…]

Makes a network for virtainers, tries whether containers on it can be reached, or removes it. What this script did not
make it leaves alone. Made once more, a network gets what it lacks: after a reboot this machine's own way into a macvlan.
Which one to choose is in docs/networks.md.

  bridge            a network of this machine's own, with IPv4 and IPv6
  macvlan           the containers are on a LAN, with addresses of a part of it
  libvirt           one of the two that is there gets a network of the same name in this machine's own libvirt, for virtual
                    machines beside the containers
  --name NAME       the network's name ($network)
  --engine ENGINE   docker or podman; podman is run as root (also: ENGINE=)
  --help            this text

Once for IPv4 and, where it is wanted, once for IPv6:
  --subnet CIDR     bridge: its addresses (172.28.100.0/24, and a random network of fd00::/8);
                    macvlan: those of the LAN (INTERFACE's)
  --gateway ADDRESS the LAN's router (that of INTERFACE's default route)
  --range CIDR      the part of the LAN's addresses that containers get. Nobody else may have them: a DHCP server there
                    must leave them alone
  --host ADDRESS    another free address of the LAN, by which this machine talks to its containers: the kernel lets
                    nothing through between a macvlan and the interface below it

  CONTAINER_IMAGE       what \`check\` starts a container of ($container_image)
  LIBVIRT_DEFAULT_URI   which libvirt ($libvirt_uri)
EOF
}

# --- what is asked for --------------------------------------------------------------------------------------------

# ask KEY VALUE
ask() {
  local key=$1
  if [[ $key != parent && $key != recipe ]]; then
    prefix_bits "$2" >/dev/null || die 2 "--$1 is '$2', which is nothing of IPv4 or IPv6"
    case $key in
      subnet | range) [[ $2 == */* ]] || die 2 "--$1 is '$2'; give a network, such as 192.168.1.192/27" ;;
      *) [[ $2 != */* ]] || die 2 "--$1 is '$2'; give an address" ;;
    esac
    [[ $2 != *:* ]] || key+=6
  fi
  [[ -z ${asked[$key]-} ]] || die 2 "both '${asked[$key]}' and '$2'? see --help"
  asked[$key]=$2
}

read_options() {
  while (($#)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --name | --engine | --parent | --subnet | --range | --gateway | --host) (($# > 1)) || die 2 "$1 needs a value" ;;&
      --name) network=$2 && shift ;;
      --engine) ENGINE=$2 && shift ;;
      --parent | --subnet | --range | --gateway | --host) ask "${1#--}" "$2" && shift ;;
      create | check | remove) { [[ -z $action ]] && action=$1; } || die 2 "both '$action' and '$1'? see --help" ;;
      bridge | macvlan | libvirt) ask recipe "$1" ;;
      *) die 2 "unknown argument '$1'; see --help" ;;
    esac
    shift
  done
  [[ $network =~ ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$ ]] ||
    die 2 "'$network' cannot be a network's name: letters, digits, '_', '.' and '-' can"
  check_options
}

# check_options: nothing is asked for that does not belong to what is to be done.
check_options() {
  local key allowed=''
  case $action-${asked[recipe]-} in
    create-bridge) allowed='recipe subnet subnet6' ;;
    create-macvlan) allowed=${keys[*]} ;;
    create-libvirt) allowed=recipe ;;
    create-) die 2 'create what: bridge, macvlan or libvirt? see --help' ;;
    -*) die 2 'what is to be done: create, check or remove? see --help' ;;
  esac
  for key in "${!asked[@]}"; do
    [[ " $allowed " == *" $key "* ]] || die 2 "'${asked[$key]}' is nothing for $action ${asked[recipe]-}; see --help"
  done
}

# --- what is there ------------------------------------------------------------------------------------------------

network_there() { engine network inspect "$network" >/dev/null 2>&1; }

need_network() { network_there || die 1 "there is no network '$network'; those that are there: $(engine_line network ls)"; }

# read_made: what the network was made with; ends the script if others made it.
read_made() {
  local words word
  words=$(engine network inspect -f "{{index .Labels \"$label\"}}" "$network")
  [[ $words == recipe=* ]] || die 1 "the network '$network' was not made by this script, which leaves it as it is"
  for word in $words; do made[${word%%=*}]=${word#*=}; done
}

# made_words: what read_made reads.
made_words() {
  local key words=()
  for key in "${keys[@]}"; do [[ -z ${made[$key]-} ]] || words+=("$key=${made[$key]}"); done
  echo "${words[*]}"
}

# families: 4 and 6, as the network has them.
families() {
  [[ -z ${made[subnet]-} ]] || echo 4
  [[ -z ${made[subnet6]-} ]] || echo 6
}

# routes: where this machine has a way to, but the way to everywhere and the links of IPv6: NETWORK INTERFACE, one a line.
routes() {
  { ip -4 -o route show && ip -6 -o route show; } | awk '
    # Those that lead nowhere begin with a word: what goes to a network of ours goes by its own, longer route.
    $1 ~ /^(unreachable|blackhole|prohibit|throw)$/ { next }
    $1 != "default" && $1 !~ /^(fe80:|ff00:)/ { for (i = 2; i < NF; i++) if ($i == "dev") print $1, $(i + 1) }'
}

# engine_networks: SUBNET NAME of the engine's networks, one a line.
engine_networks() {
  # shellcheck disable=SC2016
  local subnets='{{$name := .Name}}{{range .IPAM.Config}}{{.Subnet}} {{$name}}{{"\n"}}{{end}}'
  [[ $(engine_name) != podman ]] || subnets=${subnets/.IPAM.Config/.Subnets}
  # One that goes meanwhile is no reason not to list the others.
  engine network ls -q | xargs -r "${engine_command[@]}" network inspect -f "$subnets" 2>/dev/null | awk NF
}

# refuse_overlap SUBNET: with a network of the engine's, or one that this machine has another way to than the LAN's interface.
refuse_overlap() {
  local other name
  while read -r other name; do
    ! prefixes_overlap "$1" "$other" || die 1 "$1 overlaps $other of the engine's network '$name'; give another --subnet"
  done < <(engine_networks)
  while read -r other name; do
    [[ $name == "${made[parent]-}" ]] || ! prefixes_overlap "$1" "$other" ||
      die 1 "$1 overlaps $other, where this machine has a way to by '$name'; give another --subnet"
  done < <(routes)
}

# --- bridge -------------------------------------------------------------------------------------------------------

# random_subnet6: a /64 of the unique local addresses, with a random number in it as RFC 4193 wants.
random_subnet6() {
  local bytes
  read -ra bytes < <(od -An -N5 -tx1 /dev/urandom)
  printf 'fd%s:%s%s:%s%s::/64\n' "${bytes[@]}"
}

plan_bridge() {
  made[subnet]=${asked[subnet]-172.28.100.0/24}
  # Of a kernel without IPv6 none is asked.
  if [[ -n ${asked[subnet6]-} || -e /proc/sys/net/ipv6 ]]; then made[subnet6]=${asked[subnet6]-$(random_subnet6)}; fi
}

# --- macvlan ------------------------------------------------------------------------------------------------------

plan_macvlan() {
  [[ -n ${asked[parent]-} ]] || die 2 'create macvlan needs --parent, the interface that is on the LAN'
  [[ -e /sys/class/net/${asked[parent]} ]] || die 1 "this machine has no interface '${asked[parent]}'"
  made[parent]=${asked[parent]}
  plan_lan 4
  [[ -z ${asked[subnet6]-}${asked[range6]-}${asked[gateway6]-}${asked[host6]-} ]] || plan_lan 6
}

# plan_lan 4|6: what is not asked for is as the parent has it.
plan_lan() {
  local key=${1#4} word
  for word in range host; do
    [[ -n ${asked[$word$key]-} ]] || die 2 "create macvlan needs --$word of IPv$1; see --help"
  done
  made[subnet$key]=${asked[subnet$key]-$(lan_subnet "$1")}
  [[ -n ${made[subnet$key]} ]] || die 1 "'${made[parent]}' has no network of IPv$1; tell the LAN's with --subnet"
  made[gateway$key]=${asked[gateway$key]-$(lan_gateway "$1")}
  [[ -n ${made[gateway$key]} ]] || die 1 "'${made[parent]}' has no default route of IPv$1; tell the LAN's router with --gateway"
  made[range$key]=${asked[range$key]} made[host$key]=${asked[host$key]}
  check_lan "$1"
}

# lan_subnet 4|6: the parent's network. Link-local addresses are nobody's gateway: the engine would take none of them.
lan_subnet() { ip "-$1" -o route show dev "${made[parent]}" proto kernel | awk '$1 !~ /^(fe80:|ff00:)/ { print $1; exit }'; }

lan_gateway() {
  ip "-$1" -o route show default dev "${made[parent]}" | awk '$2 == "via" && $3 !~ /^fe80:/ { print $3; exit }'
}

# check_lan 4|6: the range is a part of the LAN where nobody has an address, as far as can be seen from here.
check_lan() {
  local key=${1#4} used
  for used in "${made[range$key]}" "${made[host$key]}" "${made[gateway$key]}"; do
    prefix_holds "${made[subnet$key]}" "$used" || die 1 "$used is not in ${made[subnet$key]}, the LAN of '${made[parent]}'"
  done
  for used in "${made[host$key]}" "${made[gateway$key]}"; do
    ! prefix_holds "${made[range$key]}" "$used" || die 1 "--range ${made[range$key]} has $used in it, which is no container's"
  done
  for used in "${made[range$key]}" "${made[host$key]}"; do refuse_used "$1" "$used"; done
}

# refuse_used 4|6 RANGE: if this machine or a neighbour that it knows has an address in it.
refuse_used() {
  local used
  used=$(ip "-$1" -o address show to "$2" | awk '{ sub("/.*", "", $4); print $4 ", which the interface " $2 " here has"; exit }')
  [[ -n $used ]] || used=$(ip "-$1" neighbour show to "$2" dev "${made[parent]}" |
    awk '$2 == "lladdr" { print $1 ", which a machine there has (" $3 ")"; exit }')
  [[ -z $used ]] || die 1 "$2 overlaps $used; choose other addresses"
}

# shim: this machine's own interface in the macvlan; a name has 15 characters at most.
shim() {
  local name=vt-$network
  ((${#name} <= 15)) || name=vt-$(printf '%s' "$network" | cksum | awk '{ printf "%08x", $1 }')
  echo "$name"
}

# shim_is_there [ours]: one of that name; ours is one that says so.
shim_is_there() {
  [[ -e /sys/class/net/$(shim) ]] || return 1
  [[ -z ${1-} || $(</sys/class/net/"$(shim)"/ifalias) == "$(shim_alias)" ]]
}

shim_alias() { echo "virtainer: $(engine_name) network $network"; }

# shim_up: make what is missing of it.
shim_up() {
  local name
  name=$(shim)
  if ! shim_is_there; then
    as_root ip link add "$name" link "${made[parent]}" type macvlan mode bridge
    as_root ip link set "$name" alias "$(shim_alias)"
  fi
  shim_is_there ours || die 1 "the interface '$name' was not made by this script, which leaves it as it is"
  # Only containers are told by this interface where this machine's addresses are: the LAN would hear it from two.
  # shellcheck disable=SC2016
  as_root sh -c 'echo 1 >"/proc/sys/net/ipv4/conf/$1/arp_filter"' - "$name"
  as_root ip link set "$name" up
  as_root ip address replace "${made[host]}/32" dev "$name"
  as_root ip route replace "${made[range]}" dev "$name" src "${made[host]}"
  [[ -n ${made[range6]-} ]] || return 0
  as_root ip address replace "${made[host6]}/128" dev "$name" nodad
  as_root ip route replace "${made[range6]}" dev "$name" src "${made[host6]}"
}

# --- create -------------------------------------------------------------------------------------------------------

# network_options: one word a line.
network_options() {
  local family word
  printf '%s\n' --driver "${made[recipe]}" --label "$label=$(made_words)"
  [[ -z ${made[parent]-} ]] || printf '%s\n' -o "parent=${made[parent]}"
  [[ -z ${made[subnet6]-} ]] || echo --ipv6
  for family in $(families); do
    for word in subnet gateway range; do
      [[ -z ${made[$word${family#4}]-} ]] || printf '%s\n' "--${word/range/ip-range}" "${made[$word${family#4}]}"
    done
  done
}

# same_as_made: what is asked for is what the network has.
same_as_made() {
  local key
  for key in "${!asked[@]}"; do
    [[ ${asked[$key]} == "${made[$key]-}" ]] ||
      die 1 "the network '$network' is there as: $(made_words); to make it anew, first: $program remove --name $network"
  done
}

create_libvirt() {
  need_network
  read_made
  libvirt_create
}

create() {
  local options family
  if [[ ${asked[recipe]} == libvirt ]]; then
    create_libvirt
    return
  fi
  if network_there; then
    read_made
    same_as_made
    say "the network '$network' is there"
  else
    made[recipe]=${asked[recipe]}
    "plan_${made[recipe]}"
    for family in $(families); do refuse_overlap "${made[subnet${family#4}]}"; done
    mapfile -t options < <(network_options)
    engine network create "${options[@]}" "$network" >/dev/null || exit 1
    say "made the network '$network': $(made_words)"
  fi
  [[ ${made[recipe]} != macvlan ]] || shim_up
  say "to use it: $(engine_line run --network "$network" …), or ENGINE_OPTIONS='--network $network' with a run script"
}

# --- check --------------------------------------------------------------------------------------------------------

# reaches ADDRESS [COMMAND…]: whether a TCP connection from where COMMAND leads is answered there, and be it refused.
reaches() {
  local said
  # shellcheck disable=SC2016
  said=$("${@:2}" timeout 2 bash -c 'export LC_ALL=C; exec 3<>"/dev/tcp/$0/9"' "$1" 2>&1) ||
    [[ $said == *'Connection refused'* ]]
}

# tell WHAT COMMAND…: that it is so; ends the script if it does not become so within some seconds.
tell() {
  local deadline=$((SECONDS + 8))
  until "${@:2}"; do
    ((SECONDS < deadline)) || die 1 "not so: $1"
    sleep 0.3
  done
  echo "ok: $1"
}

parent_has_carrier() { [[ $(cat "/sys/class/net/${made[parent]}/carrier" 2>/dev/null) == 1 ]]; }

# shim_has 4|6: the route that only a complete one has.
shim_has() { [[ -n $(ip "-$1" route show exact "${made[range${1#4}]}" dev "$(shim)" 2>/dev/null) ]]; }

check_shim() {
  local family
  tell "'${made[parent]}' has a carrier" parent_has_carrier
  shim_is_there ours || die 1 "'$(shim)', this machine's own way there, is missing; to add it: $program create macvlan --name $network"
  for family in $(families); do
    shim_has "$family" || die 1 "'$(shim)' has no route of IPv$family; to add it: $program create macvlan --name $network"
  done
  echo "ok: '$(shim)' is this machine's own way there"
}

# start_check_container: sets check_container, which goes with the script.
start_check_container() {
  local options=(--stop-signal KILL)
  container_image_ready "$(engine_name)"
  check_container=$network-check-$$
  trap 'engine rm -f "$check_container" >/dev/null 2>&1' EXIT
  # Podman has systemd call the health check; where none runs it complains.
  [[ $(engine_name) != podman ]] || options+=(--no-healthcheck)
  options+=(--name "$check_container" --network "$network" --entrypoint sleep)
  engine run -d "${options[@]}" "$container_image" 60 >/dev/null || exit 1
}

# check_address ADDRESS: the container's.
check_address() {
  local key=''
  [[ $1 != *:* ]] || key=6
  prefix_holds "${made[range$key]-${made[subnet$key]}}" "$1" || die 1 "a container on it got $1, which is not of this network"
  tell "this machine reaches a container on it at $1" reaches "$1"
}

check() {
  local address addresses='{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}'
  need_network
  read_made
  echo "ok: '$network' is there: $(made_words)"
  [[ ${made[recipe]} != macvlan ]] || check_shim
  libvirt_check
  start_check_container
  for address in $(engine container inspect -f "$addresses" "$check_container"); do check_address "$address"; done
  for address in ${made[host]-} ${made[host6]-}; do
    tell "a container on it reaches this machine at $address" reaches "$address" "${engine_command[@]}" exec "$check_container"
  done
}

# --- remove -------------------------------------------------------------------------------------------------------

# containers_on_it: their names.
containers_on_it() { engine ps -a --filter "network=$network" --format '{{.Names}}' | paste -sd' '; }

remove() {
  if network_there; then
    read_made
    [[ -z $(engine ps -q --filter network="$network") ]] || die 1 "still on '$network': $(containers_on_it)"
    # As long as the engine tells on which interface it is.
    libvirt_remove
    engine network rm "$network" >/dev/null || die 1 "still on '$network': $(containers_on_it)"
    say "removed the network '$network'"
  else
    say "there is no network '$network'"
  fi
  # Also what is left of one that was removed by hand.
  if shim_is_there ours; then as_root ip link delete "$(shim)"; fi
}

main() {
  read_options "$@"
  engine_ready
  "$action"
}

main "$@"
