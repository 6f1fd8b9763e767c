#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a small disk that boots Debian's cloud kernel with a busybox initramfs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=small-guest
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/.. source=../common.sh
. "$here/../common.sh"

output=$(default_output small-guest.qcow2)
help="Usage: build.sh [--output FILE] [--force]
Make a small guest for tests of a virtual machine's life: Debian's cloud kernel, busybox, an SSH server.
  --output FILE   the image to make ($output)
  --force         make it even if it is up to date"

suite=trixie
drivers=(virtio_blk virtio_net virtio-rng virtio_balloon pvpanic-mmio pvpanic-pci button evdev isofs)

fetch_packages() {
  say "fetching the packages"
  mmdebstrap --quiet --variant=extract --include=linux-image-cloud-amd64,busybox-static,dropbear-bin "$suite" "$work/packages.tar"
  mkdir "$work/packages"
  tar -xf "$work/packages.tar" -C "$work/packages" --no-same-owner --exclude='./dev/*'
  rm "$work/packages.tar"
}

# add_drivers: copy the drivers and what they need, unpacked, with a list in the order of loading, so that the guest
# does not look for anything.
add_drivers() {
  local kernel driver file
  kernel=$(basename "$work"/packages/usr/lib/modules/*)
  mkdir -p "$work/depmod/lib" "$work/initramfs/modules"
  ln -s "$work/packages/usr/lib/modules" "$work/depmod/lib/modules"
  depmod -b "$work/depmod" "$kernel"
  for driver in "${drivers[@]}"; do
    modprobe -d "$work/depmod" -S "$kernel" --show-depends "$driver"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    driver=$(basename "$file" .ko.xz)
    xz -dc "$file" >"$work/initramfs/modules/$driver.ko"
    printf '%s\n' "$driver" >>"$work/initramfs/modules/order"
  done
}

add_programs() {
  local from=$work/packages to=$work/initramfs library applet
  mkdir -p "$to"/{bin,dev,proc,sys,run,tmp,etc/dropbear,data,lib64,lib/x86_64-linux-gnu,seed,root/.ssh,home/debian/.ssh,www/cgi-bin}
  cp "$from/usr/bin/busybox" "$to/bin/"
  # The name of an applet must be no command of the files we add afterwards.
  for applet in $("$to/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$to/bin/$applet"
  done
  ln -s bin "$to/sbin"
  mkdir "$to/usr" && ln -s ../bin "$to/usr/bin" && ln -s ../bin "$to/usr/sbin"
  cp "$from/usr/sbin/dropbear" "$from/usr/bin/dropbearkey" "$to/bin/"
  cp -L "$from/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$to/lib64/"
  "$to/lib64/ld-linux-x86-64.so.2" --library-path "$from/usr/lib/x86_64-linux-gnu" --list "$to/bin/dropbear" |
    awk -v from="$from" '$2 == "=>" && index($3, from) == 1 { print $3 }' | while read -r library; do
    cp -L "$library" "$to/lib/x86_64-linux-gnu/"
  done
  cp -r --remove-destination "$here/files/." "$to/"
  chmod 0755 "$to/init" "$to/bin/"* "$to/www/cgi-bin/"*
  chmod 0700 "$to/root" "$to/root/.ssh" "$to/home/debian" "$to/home/debian/.ssh"
}

# GRUB reads slowly under emulation; the kernel unpacks zstd faster than GRUB would read what zstd saves.
pack_initramfs() {
  (cd "$work/initramfs" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) | zstd -q -12 >"$1"
}

fill_disk() {
  say "filling the disk"
  mkdir -p "$work/data/boot"
  cp -L "$work"/packages/boot/vmlinuz-* "$work/data/boot/vmlinuz"
  pack_initramfs "$work/data/boot/initramfs"
  new_disk "$work/disk.raw" 512M "$work/data" data
  embed_grub "$work/disk.raw" "$here/grub.cfg" linux16 serial terminal boot
  to_qcow2 "$work/disk.raw" "$work/disk.qcow2"
}

builder_option() { unknown_option "$@"; }
parse_options "$help" "$@"
if up_to_date "$here"; then
  say "$output is up to date"
  exit 0
fi
need_packages "${disk_packages[@]}" cpio kmod xz-utils zstd
begin_work
fetch_packages
add_programs
add_drivers
fill_disk
finish "$work/disk.qcow2"
