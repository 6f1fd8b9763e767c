#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that building and testing need: the one place that knows them.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

program=${0##*/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../run-scripts/lib/common.sh
. "$here/../run-scripts/lib/common.sh"

readonly groups=(build unit lint e2e)

# packages GROUP: one a line. What builds the program is also named in Dockerfile.generic, as the build there gets only
# a few files of the tree; the unit test packages compares them.
packages() {
  case $1 in
    build)
      printf '%s\n' cmake gcc libc6-dev ninja-build pkg-config libarchive-dev libcurl4-gnutls-dev libgnutls28-dev \
        libisofs-dev libjson-c-dev liblzma-dev libmicrohttpd-dev libmnl-dev libnftables-dev libosinfo-1.0-dev libvirt-dev libyaml-dev
      ;;
    unit) printf '%s\n' gpgv libcmocka-dev libxml2-utils openssh-client qemu-utils ;;
    lint) printf '%s\n' clang-format clang-tidy shellcheck ;;
    e2e)
      printf '%s\n' bats bzip2 catatonit curl docker-compose e2fsprogs iproute2 jq libfaketime libvirt-clients nginx-light openssh-client openssl \
        parallel passwd procps python3 slirp4netns sshpass uidmap util-linux zstd
      ;;
    *) die 2 "there is no group '$1'; see --help" ;;
  esac
}

usage() {
  cat <<END
Usage: $program [OPTION] [GROUP…]

Installs, as root or through sudo, the Debian packages of each GROUP, or of all of them:
  build   what compiles the program
  unit    what the unit tests need beside that
  lint    clang-tidy, clang-format and shellcheck
  e2e     what the end-to-end tests need beside a container engine, which the run scripts install

  --build-only   the groups build and unit
  --list         only print the packages, one a line
  --help         this text
END
}

main() {
  local wanted=() list='' group names
  while (($#)); do
    case $1 in
      --help | -h) usage && return ;;
      --build-only) wanted+=(build unit) ;;
      --list) list=yes ;;
      *) packages "$1" >/dev/null && wanted+=("$1") ;;
    esac
    shift
  done
  ((${#wanted[@]})) || wanted=("${groups[@]}")
  mapfile -t names < <(for group in "${wanted[@]}"; do packages "$group"; done)
  if [[ -n $list ]]; then
    printf '%s\n' "${names[@]}"
  else
    need_packages "${names[@]}"
  fi
}

main "$@"
