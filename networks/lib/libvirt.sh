# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The machine's own libvirt on a network of network.sh's: its virtual machines beside the containers. Sourced by network.sh,
# never run. libvirt makes nothing for such a network and gives out no addresses: it knows by it where to put a machine's card.

readonly libvirt_uri=${LIBVIRT_DEFAULT_URI:-qemu:///system}

on_libvirt() { LC_ALL=C as_root virsh --quiet --connect "$libvirt_uri" "$@" </dev/null; }

# network_interface: what the network's machines are put on: the engine's bridge, or the macvlan's parent.
network_interface() {
  local name
  if [[ ${made[recipe]} == macvlan ]]; then
    name=${made[parent]}
  elif [[ $(engine_name) == podman ]]; then
    name=$(engine network inspect -f '{{.NetworkInterface}}' "$network")
  else
    name=$(engine network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' "$network")
    [[ -n $name ]] || name=br-$(engine network inspect -f '{{slice .Id 0 12}}' "$network")
  fi
  echo "$name"
}

# libvirt_definition: the template, with this network's names.
libvirt_definition() {
  local template=virtual
  [[ ${made[recipe]} != macvlan ]] || template=lan
  sed -E "s,<name>$template<,<name>$network<,; s,'(virtual0|eth0)','$(network_interface)'," "$here/libvirt/$template.xml"
}

# libvirt_has [ours]: a network of that name; ours is one on the same interface.
libvirt_has() {
  local definition
  installed virsh || return 1
  definition=$(on_libvirt net-dumpxml "$network" 2>/dev/null) || return 1
  [[ -z ${1-} ]] || [[ $definition == *"<forward "*"mode='bridge'"* && $definition == *"'$(network_interface)'"* ]]
}

libvirt_ready() {
  installed virsh || die 1 "there is no virsh on this machine; in Debian it is in libvirt-clients, and libvirt in libvirt-daemon-system"
  on_libvirt version >/dev/null || die 1 "libvirt does not answer at $libvirt_uri"
}

libvirt_create() {
  local file
  libvirt_ready
  # Podman makes a bridge with the first container, and removes it with the last.
  [[ -e /sys/class/net/$(network_interface) ]] ||
    die 1 "the bridge '$(network_interface)' is there only while a container is on '$network': start one first"
  if ! libvirt_has; then
    file=$(mktemp)
    libvirt_definition >"$file"
    on_libvirt net-define "$file" >/dev/null || { rm -f "$file" && exit 1; }
    rm -f "$file"
    say "libvirt has the network '$network'"
  fi
  libvirt_has ours || die 1 "libvirt has another network '$network', which this script leaves as it is"
  on_libvirt net-autostart "$network" >/dev/null || exit 1
  libvirt_is_active || on_libvirt net-start "$network" >/dev/null || exit 1
  say "to use it: <interface type='network'><source network='$network'/></interface>, or virt-install --network network=$network"
}

libvirt_is_active() { on_libvirt net-list --name | grep -qxF "$network"; }

# libvirt_check: nothing, where it was not made.
libvirt_check() {
  libvirt_has ours || return 0
  tell "libvirt has it, too, at '$(network_interface)'" libvirt_is_active
}

# libvirts_machines: something for each of libvirt's running machines that is on it.
libvirts_machines() { on_libvirt net-port-list "$network" --uuid; }

# libvirt_remove: before the network, which machines would lose without a word.
libvirt_remove() {
  installed virsh || return 0
  if ! on_libvirt version >/dev/null 2>&1; then
    say "libvirt does not answer at $libvirt_uri; if it has the network '$network': virsh net-destroy $network; virsh net-undefine $network"
    return
  fi
  libvirt_has ours || return 0
  ! libvirt_is_active || [[ -z $(libvirts_machines) ]] || die 1 "still on '$network': running machines of libvirt; virsh list tells them"
  ! libvirt_is_active || on_libvirt net-destroy "$network" >/dev/null || exit 1
  on_libvirt net-undefine "$network" >/dev/null || exit 1
  say "libvirt has no network '$network' any more"
}
