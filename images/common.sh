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
