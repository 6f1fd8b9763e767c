#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a Debian cloud image from Debian's packages: no loop devices, no mounts of ours, root only where it is there anyway.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=debian-image
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/.. source=../common.sh
. "$here/../common.sh"

suite=trixie
size=2G
output=
help="Usage: build.sh [--suite trixie|bookworm] [--size SIZE] [--output FILE] [--force]
Make a bootable Debian cloud image with cloud-init and an SSH server.
  --suite SUITE   the release of Debian ($suite)
  --size SIZE     of the image's disk, such as 2G or 1500M; the guest grows its root to the disk it finds ($size)
  --output FILE   the image to make ($(default_output debian-SUITE.qcow2))
  --force         make it even if it is up to date"

packages=(
  # what boots
  linux-image-cloud-amd64 initramfs-tools systemd-sysv udev kmod zstd dbus libpam-systemd
  # what a cloud expects of a guest
  cloud-init cloud-guest-utils fdisk e2fsprogs openssh-server sudo qemu-guest-agent
  # the network, rendered by cloud-init through netplan for systemd-networkd
  netplan.io iproute2 systemd-resolved systemd-timesyncd ca-certificates debian-archive-keyring
  # what a person looks for after logging in
  apt-utils bash-completion curl iputils-ping less nano procps tzdata
)

builder_option() {
  case $1=$2 in
    --suite=trixie | --suite=bookworm) suite=$2 ;;
    --size=[1-9]*[0-9MG]) size=$2 ;;
    *) return 1 ;;
  esac
}

# list WORD…: the words with commas between them.
list() {
  local IFS=,
  printf '%s' "$*"
}

# install_debian: into a tarball, which keeps the owners whoever builds it; from it into a tree for mke2fs.
install_debian() {
  local root=$work/root
  say "installing Debian $suite"
  tar -cf "$work/files.tar" -C "$here/files" --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' .
  mmdebstrap --quiet --variant=minbase --include="$(list "${packages[@]}")" \
    --customize-hook="tar-in '$work/files.tar' /" \
    --customize-hook="upload '$here/set-up-image' /set-up-image" \
    --customize-hook="chroot \"\$1\" sh /set-up-image $suite" \
    --customize-hook="rm \"\$1/set-up-image\"" \
    "$suite" "$work/root.tar"
  chmod a+rwx "$work"
  as_image_root mkdir "$root"
  as_image_root tar -xf "$work/root.tar" -C "$root" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*'
  # What mmdebstrap leaves of the builder's own.
  as_image_root ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
}

fill_disk() {
  say "filling the disk"
  : >"$work/disk.raw"
  chmod a+rw "$work/disk.raw"
  new_disk "$work/disk.raw" "$size" "$work/root" root
  embed_grub "$work/disk.raw" "$here/grub.cfg" linux serial terminal boot
  say "packing it"
  to_qcow2 "$work/disk.raw" "$work/disk.qcow2"
}

parse_options "$help" "$@"
: "${output:=$(default_output "debian-$suite.qcow2")}"
if up_to_date "$here"; then
  say "$output is up to date"
  exit 0
fi
need_packages "${disk_packages[@]}"
begin_work
install_debian
fill_disk
finish "$work/disk.qcow2"
