#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which network lies in which, as the scripts reckon it.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=run-scripts/lib/prefix.sh
. "$root/run-scripts/lib/prefix.sh"

# is COMMAND…, is_not COMMAND…
is() { "$@" || { echo "not so: $*" && exit 1; }; }
is_not() { if "$@"; then echo "so: $*" && exit 1; fi; }

[[ $(prefix_bits 192.168.0.0/16) == 4:1100000010101000 ]]
[[ $(prefix_bits fd00::/16) == 6:1111110100000000 ]]
[[ $(prefix_bits ::1) == "6:$(printf '0%.0s' {1..127})1" ]]
[[ $(prefix_bits 2001:db8::5:0) == "$(prefix_bits 2001:DB8:0:0:0:0:5:0/128)" ]]
[[ $(prefix_bits 1::) == "$(prefix_bits 1:0:0:0:0:0:0:0)" ]]
[[ $(prefix_bits 08.0.0.1/08) == 4:00001000 ]]
for wrong in '' a 1.2.3 1.2.3.4.5 1.2.3.256 1.2.3.4/33 1.2.3.4/ 1.2.3.4/-1 1.2.3.4/8/8 : ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 \
  12345:: g:: ::/129 'a[0]' '::1 '; do
  is_not prefix_bits "$wrong" >/dev/null
done

is prefix_holds 192.168.1.0/24 192.168.1.192/27
is prefix_holds 192.168.1.0/24 192.168.1.0/24
is prefix_holds 192.168.1.192/27 192.168.1.223
is prefix_holds 0.0.0.0/0 10.0.0.1
is prefix_holds fd00:1::/64 fd00:1::ffff
is_not prefix_holds 192.168.1.192/27 192.168.1.224
is_not prefix_holds 192.168.1.192/27 192.168.1.0/24
is_not prefix_holds fd00:1::/64 fd00:1:0:1::
is_not prefix_holds 0.0.0.0/0 ::1
is prefixes_overlap 192.168.1.192/27 192.168.0.0/16
is prefixes_overlap 172.16.0.0/12 172.28.100.0/24
is_not prefixes_overlap 172.28.100.0/24 172.28.101.0/24
# What is no network holds nothing and overlaps nothing.
is_not prefix_holds unreachable 10.0.0.1
is_not prefix_holds 10.0.0.0/8 ''
is_not prefixes_overlap unreachable 10.0.0.0/8
is_not prefixes_overlap 10.0.0.0/8 unreachable
