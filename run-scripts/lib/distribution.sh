# SPDX-License-Identifier: GPL-2.0-or-later
# The run script of a distribution of the catalogue, whose image the virtainer fetches by itself. Sourced, never run.
#
#   run_distribution NAME TITLE RELEASE ARGUMENT…   RELEASE may be empty: the newest, or the one that the person names
#
# shellcheck shell=bash disable=SC2034
set -euo pipefail

program=${0##*/}
distribution_library=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=common.sh source-path=SCRIPTDIR
. "$distribution_library/common.sh"
# shellcheck source=engine.sh source-path=SCRIPTDIR
. "$distribution_library/engine.sh"
# shellcheck source=virtainer.sh source-path=SCRIPTDIR
. "$distribution_library/virtainer.sh"

# usage: of the script that called run_distribution.
usage() {
  local title="$distribution_title${release:+ $release}"
  cat <<EOF
Usage: $program [OPTION…]${takes_argument:+ [RELEASE]}

Runs $title in a virtual machine as a container, waits until SSH answers at the container's address, and
prints the line to type. The image is fetched by the virtainer, verified, and kept in DATA if that is set.
Run it again to wait for the same virtainer, or to start it after a stop.

EOF
  if [[ -n $takes_argument ]]; then
    cat <<EOF
  RELEASE           $(sed -n 's/^  - version: //p' "$project_root/images/catalogue/$distribution.yaml" | paste -sd' ')
                    (the newest with security updates)
  IMAGE             another image of $distribution_title than those

EOF
  else
    printf '  IMAGE             another image of %s\n\n' "$title"
  fi
  common_usage
}

# check_release RELEASE: it is what can be one.
check_release() { [[ $1 =~ ^[a-z0-9._-]*$ ]] || die 2 "'$1' cannot be a release of $distribution_title; see --help"; }

# distribution_image: sets guest_image, or guest_image_name.
distribution_image() {
  if [[ -n ${IMAGE-} ]]; then
    guest_image=$(realpath "$IMAGE")
  else
    guest_image_name=$distribution${release:+:$release}
  fi
}

run_distribution() {
  distribution=$1
  distribution_title=$2
  release=$3
  [[ -n $release ]] || takes_argument=yes
  virtainer_name=${NAME:-$distribution$release}
  ssh_user=${SSH_USER-}
  parse_options "${@:4}"
  if [[ -n $argument ]]; then
    release=$argument
    check_release "$release"
    name_by_release "$release"
  fi
  require_file IMAGE
  run_virtainer distribution_image
}
