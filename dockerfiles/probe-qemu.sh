#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keeps what libvirt finds out about the QEMU binary, so that a container need not ask it again. Runs inside the image
# build, as its last step but one.
set -euo pipefail

readonly program=${0##*/}
readonly cache=/var/cache/libvirt/qemu/capabilities

usage() {
  cat <<EOF
Usage: $program DIRECTORY

Starts libvirtd once, asks it what the QEMU binary without KVM can do, and keeps its answer in
DIRECTORY in the format and under the name of libvirt's cache. libvirt takes such a cache only if the change times in it are those of the binaries, and these are new
wherever the image is unpacked: whoever copies it into $cache must set them first.
EOF
}

# wait_for_libvirtd PID: until it answers, at most 30 s.
wait_for_libvirtd() {
  local pid=$1 deadline=$((SECONDS + 30))
  until virsh -q uri >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || { echo "$program: libvirtd ended" >&2 && return 1; }
    ((SECONDS < deadline)) || { echo "$program: libvirtd does not answer" >&2 && return 1; }
    sleep 0.1
  done
}

main() {
  [[ ${1-} != --help ]] || { usage && exit 0; }
  [[ $# == 1 && $1 != -* ]] || { usage >&2 && exit 2; }
  local directory=$1 pid
  libvirtd &
  pid=$!
  wait_for_libvirtd "$pid"
  virsh -q domcapabilities --virttype qemu >/dev/null
  kill "$pid"
  wait "$pid" || true
  install -d "$directory"
  install -m 0644 "$cache"/*.xml "$directory"
  # With this flag libvirt asks a starting QEMU for each of some 460 CPU features by itself, which takes 0.3 s of every
  # start; without it, for all of them at once. Under software emulation nothing is made of the answers.
  sed -i "/<flag name='cpu-unavailable-features'\/>/d" "$directory"/*.xml
  rm -rf /run/libvirt /run/libvirtd.pid /var/log/libvirt/qemu/* "$cache" /var/lib/libvirt/dnsmasq/*
}

main "$@"
