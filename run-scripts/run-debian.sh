#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a Debian virtainer. On a bare machine this is the only command: it sets up what is missing.
# shellcheck source-path=SCRIPTDIR disable=SC2034
set -euo pipefail

program=${0##*/}
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$scripts/lib/common.sh"
# shellcheck source=lib/engine.sh
. "$scripts/lib/engine.sh"
# shellcheck source=lib/virtainer.sh
. "$scripts/lib/virtainer.sh"

readonly cloud_host=cloud.debian.org
readonly cloud_directory=https://$cloud_host/images/cloud/trixie/latest
readonly cloud_file=debian-13-genericcloud-amd64.qcow2
readonly debian_image=$cache_directory/images/debian-trixie.qcow2

usage() {
  cat <<EOF
Usage: $program [OPTION…] [RELEASE]

Runs Debian in a virtual machine as a container, waits until SSH answers at the container's address, and prints
the line to type. What is missing is set up first, and said: a container engine, the container image, Debian's cloud
image (fetched from $cloud_host, or built from Debian's packages where that does not answer), a key.
Run it again to wait for the same virtainer, or to start it after a stop.

  RELEASE           another release than 13, by name or number, as the catalogue has it: the virtainer fetches it then
  IMAGE             another Debian image than that

EOF
  common_usage
}

# fetch_debian: Debian's own cloud image, with its checksum looked at; fails where there is no way.
fetch_debian() {
  local sum part
  answers "$cloud_host" 443 || return 1
  need_packages curl ca-certificates
  say "fetching $cloud_file from $cloud_host"
  sum=$(curl -fsSL --max-time 30 "$cloud_directory/SHA512SUMS" | awk -v name="$cloud_file" '$2 == name { print $1 }')
  [[ $sum =~ ^[0-9a-f]{128}$ ]] || return 1
  part=$debian_image.part$$
  curl -fL --connect-timeout 10 --speed-limit 10000 --speed-time 30 --progress-bar -o "$part" \
    "$cloud_directory/$cloud_file" || { rm -f "$part" && return 1; }
  if ! sha512sum --status -c <<<"$sum  $part"; then
    rm -f "$part"
    say "the checksum of what $cloud_host sent is wrong; it is not used"
    return 1
  fi
  chmod 0644 "$part"
  mv "$part" "$debian_image"
}

# debian_cloud_image: sets guest_image.
debian_cloud_image() {
  if [[ -n ${IMAGE-} ]]; then
    guest_image=$(realpath "$IMAGE")
    return
  fi
  if [[ -n $argument ]]; then
    guest_image_name=debian:$argument
    return
  fi
  guest_image=$debian_image
  [[ ! -s $debian_image ]] || return 0
  mkdir -p "${debian_image%/*}"
  fetch_debian && return 0
  say "building a Debian cloud image from Debian's packages (a minute or two)"
  "$project_root/images/debian/build.sh"
  [[ -s $debian_image ]] || die 1 "images/debian/build.sh left no $debian_image"
}

main() {
  virtainer_name=${NAME:-debian}
  ssh_user=${SSH_USER:-debian}
  takes_argument=yes
  parse_options "$@"
  [[ $argument =~ ^[a-z0-9._-]*$ ]] || die 2 "'$argument' cannot be a release of Debian; see --help"
  name_by_release "$argument"
  require_file IMAGE
  run_virtainer debian_cloud_image
}

main "$@"
