# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the image builders share. Sourced, never run.

work=
images_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../run-scripts/lib/common.sh
. "$images_dir/../run-scripts/lib/common.sh"

# default_output NAME: where an image goes unless told otherwise.
default_output() { printf '%s/virtainer/images/%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$1"; }

# parse_options HELP ARGUMENT…: read the options every builder has into `output` and `force`, and hand any other one with
# its value to the builder's own `builder_option NAME VALUE`, which fails if it does not know it.
parse_options() {
  local help=$1
  shift
  force=
  while (($#)); do
    case $1 in
      --help | -h) printf '%s\n' "$help" && exit 0 ;;
      --force) force=yes && shift && continue ;;
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    (($# > 1)) || die 2 "$1: unknown, or its value is missing; see --help"
    case $1 in
      --output) output=$2 ;;
      *) builder_option "$1" "$2" || die 2 "$1 $2: not possible; see --help" ;;
    esac
    shift 2
  done
}

# unknown_option NAME VALUE: the `builder_option` of a builder without options of its own.
unknown_option() { return 1; }

# up_to_date SOURCE_DIR: true if the output is there and newer than every file it is made with.
up_to_date() {
  [[ -z $force && -e $output ]] || return 1
  [[ -z $(find "$1" "$images_dir/common.sh" -type f -newer "$output" -print -quit) ]]
}

# begin_work: make the working directory `work`, beside the output so that the last step is a rename, and see to it that
# it goes away, whatever ends the script.
begin_work() {
  mkdir -p "$(dirname "$output")"
  output=$(cd "$(dirname "$output")" && pwd)/$(basename "$output")
  work=$(mktemp -d "$(dirname "$output")/.$(basename "$output").XXXXXX")
  trap 'rm -rf --one-file-system -- "$work"' EXIT
  trap 'say interrupted; exit 130' INT
  trap 'exit 143' TERM HUP
}

# finish FILE: give the whole image its name.
finish() {
  chmod 0644 "$1"
  sync "$1"
  mv -f "$1" "$output"
  say "made $output ($(du -h "$output" | cut -f 1))"
}

# Both disks have the layout of Debian's own cloud images: a GUID partition table with the root as number 1 and last, so
# that it can grow, and GRUB's core as number 14. `root_start` and `grub_start` count sectors.
grub_start=2048
root_start=8192
# shellcheck disable=SC2034
disk_packages=(mmdebstrap e2fsprogs fdisk grub-common grub-pc-bin qemu-utils)

# as_image_root COMMAND…: run it where the files of a tree made by mmdebstrap have root as their owner.
as_image_root() {
  if ((EUID == 0)); then "$@"; else mmdebstrap --unshare-helper "$@"; fi
}

# new_disk DISK SIZE TREE LABEL: a raw disk with the files of TREE as its root, without loop devices or mounts.
new_disk() {
  local disk=$1 size=$2 tree=$3 label=$4 bytes
  truncate -s "$size" "$disk"
  bytes=$(stat -c %s "$disk")
  sfdisk --quiet "$disk" <<END
label: gpt
disk14: start=$grub_start, size=$((root_start - grub_start)), type=21686148-6449-6E6F-744E-656564454649
disk1: start=$root_start, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
END
  # GRUB 2.06 does not read the two features that newer e2fsprogs turn on. The inode tables are written here, where
  # they cost nothing, or the guest would do it during its first boot. GRUB reads block by block: small ones, the default
  # on a small disk, triple its time. The table's copy needs the last MiB.
  as_image_root mke2fs -q -F -t ext4 -b 4096 -L "$label" -O '^orphan_file,^metadata_csum_seed' \
    -E "offset=$((root_start * 512)),lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0" \
    -d "$tree" "$disk" "$((bytes / 1024 - root_start / 2 - 1024))k"
}

# poke FILE OFFSET NUMBER: write a number as eight bytes, the lowest first.
poke() {
  local file=$1 offset=$2 number=$3 bytes='' i
  for ((i = 0; i < 8; i++)); do
    bytes+=$(printf '\\x%02x' $((number >> 8 * i & 255)))
  done
  printf '%b' "$bytes" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# embed_grub DISK CONFIG MODULE…: make the disk boot by BIOS. CONFIG is built into GRUB and runs first. This is what
# grub-install does, but on a file: each of the two stages is told the sector where the next begins.
embed_grub() {
  local disk=$1 config=$2
  shift 2
  cp /usr/lib/grub/i386-pc/boot.img "$work/boot.img"
  grep -v '^#' "$config" >"$work/core.cfg" # this early GRUB knows no comments
  grub-mkimage -O i386-pc -p '(,gpt1)/boot/grub' -c "$work/core.cfg" -o "$work/core.img" biosdisk part_gpt ext2 "$@"
  poke "$work/boot.img" $((0x5c)) "$grub_start"
  poke "$work/core.img" $((0x1f4)) $((grub_start + 1))
  dd if="$work/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
  dd if="$work/core.img" of="$disk" bs=512 seek="$grub_start" conv=notrunc status=none
}

# to_qcow2 RAW QCOW2: zstd costs a reader next to nothing and makes the file half as big.
to_qcow2() { qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd "$1" "$2"; }
