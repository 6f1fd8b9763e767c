#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes links into /run of the directories that libvirt writes to. Runs inside the image build, as its last step.
set -euo pipefail

readonly program=${0##*/}
# The launcher makes what the links lead to (src/launcher/places.c).
readonly target=/run/virtainer/libvirt

usage() {
  cat <<EOF
Usage: $program --yes

Replaces, in the root file system it runs in, the directories that libvirt writes to by links into
$target, so that a virtainer needs no writable root file system but /run.
EOF
}

main() {
  case ${1-} in
    --help) usage && exit 0 ;;
    --yes) ;;
    *) usage >&2 && exit 2 ;;
  esac
  rm -rf /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt/qemu
  ln -s "$target/lib" /var/lib/libvirt
  ln -s "$target/cache" /var/cache/libvirt
  ln -s "$target/log" /var/log/libvirt
  ln -s "$target/etc" /etc/libvirt/qemu
}

main "$@"
