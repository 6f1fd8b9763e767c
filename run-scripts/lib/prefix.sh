# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Networks and addresses of IPv4 and IPv6: which lies in which. Sourced, never run.
#
# An address is its bits as text, a network the first of them, both after the number of their family: one lies in the other if
# the other's text is the beginning of its own.

# read_groups ADDRESS: its numbers into the caller's `groups`: four of IPv4, eight of IPv6; fails if it is no address.
read_groups() {
  local address=$1 missing group
  if [[ $address == *:* ]]; then
    # Two colons stand for as many groups of zeros as are missing.
    missing=${address//[^:]/}
    printf -v missing '%*s' $((8 - ${#missing})) ''
    [[ $address != *::* ]] || address=${address/::/:${missing// /0:}}
    IFS=: read -ra groups <<<"$address:"
    [[ $address != *::* && ${#groups[@]} == 8 ]] || return 1
    for group in "${groups[@]}"; do [[ $group =~ ^[0-9a-fA-F]{0,4}$ ]] || return 1; done
    groups=("${groups[@]/#/0x0}")
  else
    [[ $address =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ ]] || return 1
    IFS=. read -ra groups <<<"$address"
    groups=("${groups[@]/#/10#}")
    for group in "${groups[@]}"; do ((group <= 255)) || return 1; done
  fi
}

# prefix_bits ADDRESS[/LENGTH]: the text that stands for it; fails if it is neither address nor network.
prefix_bits() {
  local family=4 width=8 length groups group bit text=''
  read_groups "${1%%/*}" || return 1
  [[ $1 != *:* ]] || family=6 width=16
  length=$((width * ${#groups[@]}))
  if [[ $1 == */* ]]; then
    [[ ${1#*/} =~ ^[0-9]{1,3}$ ]] && ((10#${1#*/} <= length)) || return 1
    length=$((10#${1#*/}))
  fi
  for group in "${groups[@]}"; do
    for ((bit = width - 1; bit >= 0 && ${#text} < length; bit--)); do text+=$((group >> bit & 1)); done
  done
  printf '%s:%s\n' "$family" "$text"
}

# prefix_holds NETWORK OTHER: whether the other, a network or an address, lies in the network.
prefix_holds() {
  local network other
  network=$(prefix_bits "$1") && other=$(prefix_bits "$2") && [[ $other == "$network"* ]]
}

# prefixes_overlap NETWORK OTHER: whether they have an address in common.
prefixes_overlap() {
  local one other
  one=$(prefix_bits "$1") && other=$(prefix_bits "$2") && [[ $one == "$other"* || $other == "$one"* ]]
}
