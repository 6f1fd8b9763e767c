#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016,SC2154
#
# Rootless podman: a user of this machine's own, without any right, runs a virtainer without any flag.

bats_require_minimum_version 1.5.0
load lib

readonly user=vt-e2e-rootless

setup() {
  e2e_setup
  home=$(mktemp -d /var/tmp/vt-e2e-rootless.XXXXXX)
  as_root useradd -d "$home" -M "$user"
  as_root chown "$user" "$home"
  as_root chmod 700 "$home"
  grep -q "^$user:.*:65536$" /etc/subuid
  as_root install -d -o "$user" "$home/run" "$home/data"
  own_devices
  data=$home/data
  root_engine=("${engine_command[@]}")
  engine_command=(nsenter -t "$devices" -m "--wd=$home" setpriv --reuid "$user" --regid "$user" --init-groups
    env -i "HOME=$home" "PATH=$PATH" "XDG_RUNTIME_DIR=$home/run" podman)
  ((EUID == 0)) || engine_command=(sudo -n "${engine_command[@]}")
}

# own_devices: a process that has /dev/net/tun as udev makes it, for everybody, in `devices`; not every machine that runs
# tests has udev.
own_devices() {
  as_root unshare -m sh -c 'mknod -m 666 "$1/tun" c 10 200 && mount --bind "$1/tun" /dev/net/tun && echo $$ >"$1/pid" && exec sleep 600' \
    sh "$home" 3>&- &
  until_true 10 test -s "$home/pid"
  devices=$(as_root cat "$home/pid")
}

teardown() {
  e2e_teardown
  # What holds the user's namespaces.
  engine system migrate >/dev/null 2>&1
  as_root kill "$devices"
  as_root userdel "$user"
  as_root rm -rf "$home"
}

# bats test_tags=podman,podman-only
@test "rootless podman needs no flag: the guest answers at the published port, and its disk belongs to the user" {
  timeout "$(seconds 60)" "${root_engine[@]}" save "$VT_IMAGE" | engine load >/dev/null
  as_root install -o "$user" "$small_guest" "$home/image"
  engine run -d --name "$e2e_id-vm" "${run_options[@]}" -t -e RAM=256 -p 127.0.0.1::80 -v "$home/image:/image:ro" \
    -v "$data:/mounted" "$VT_IMAGE" >/dev/null
  wait_log vm 'small-guest: ready' 120
  assert_log vm 'NETWORK=auto is user, as nat is impossible'
  exec_in vm virtainer wait --for ssh --timeout "$(seconds 30)"
  curl -sS --max-time "$(seconds 10)" "http://$(engine port "$e2e_id-vm" 80)/" | grep -q '^host '
  stop vm
  assert_log vm 'virtainer: the guest is off'
  [[ $(stat -c %U "$data/local_image.qcow2") == "$user" ]] || fail "$(ls -l "$data")"
}
