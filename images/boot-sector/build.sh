#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a raw disk whose first sector is a whole guest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=boot-sector
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/.. source=../common.sh
. "$here/../common.sh"

output=$(default_output boot-sector.img)
help="Usage: build.sh [--output FILE] [--force]
Make a raw disk of 1 MiB with a guest of one sector, for tests that need no operating system.
  --output FILE   the image to make ($output)
  --force         make it even if it is up to date"

assemble() {
  as --32 -o "$work/boot-sector.o" "$here/boot-sector.S"
  ld -m elf_i386 -Ttext 0x7c00 --oformat binary -e start -o "$work/disk" "$work/boot-sector.o"
  truncate -s 1M "$work/disk"
}

builder_option() { unknown_option "$@"; }
parse_options "$help" "$@"
if up_to_date "$here"; then
  say "$output is up to date"
  exit 0
fi
need_packages binutils
begin_work
assemble
finish "$work/disk"
