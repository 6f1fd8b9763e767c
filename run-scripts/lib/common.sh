# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every shell script of the project shares: messages and Debian packages. Sourced, never run.

# say TEXT…: a line of progress, on standard error so that standard output stays for results.
say() { printf '%s: %s\n' "${program:-${0##*/}}" "$*" >&2; }

# die STATUS TEXT…: say why, and end the script.
die() {
  local status=$1
  shift
  say "$*"
  exit "$status"
}

# as_root COMMAND…: run it as root, through sudo when this is not root already.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# need_packages PACKAGE…: install the Debian packages among them that are missing.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die 1 "this machine has no apt-get; install by hand what provides: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
