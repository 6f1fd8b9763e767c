#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a virtainer of the cloud image you name.
# shellcheck source-path=SCRIPTDIR disable=SC2034
set -euo pipefail

program=${0##*/}
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$scripts/lib/common.sh"
# shellcheck source=lib/engine.sh
. "$scripts/lib/engine.sh"
# shellcheck source=lib/virtainer.sh
. "$scripts/lib/virtainer.sh"

usage() {
  cat <<EOF
Usage: IMAGE=/path/to/image $program [OPTION…]
       IMAGE_URL=http://url/to/image $program [OPTION…]

Runs a virtual machine with your cloud image as a container, waits until SSH answers at the container's address,
and prints the line to type. Run it again to wait for the same virtainer, or to start it after a stop.

  IMAGE             path of the image: qcow2, raw, vmdk, vdi or vhdx
  IMAGE_URL         where the virtainer downloads it from, into DATA if that is set
  SSH_USER          the image's default user, if you know it

EOF
  common_usage
}

# check_image: an image that is named by neither or by both is nothing to begin with.
check_image() {
  [[ -n ${IMAGE-}${IMAGE_URL-} ]] ||
    die 2 'name an image: IMAGE=/path/to/image or IMAGE_URL=http://url/to/image; see --help'
  [[ -z ${IMAGE-} || -z ${IMAGE_URL-} ]] || die 2 'both IMAGE and IMAGE_URL are set; name one'
  require_file IMAGE
}

# generic_image: sets guest_image; it stays empty where the virtainer itself fetches IMAGE_URL.
generic_image() {
  [[ -z ${IMAGE-} ]] || guest_image=$(realpath "$IMAGE")
}

main() {
  virtainer_name=${NAME:-generic}
  ssh_user=${SSH_USER-}
  parse_options "$@"
  check_image
  run_virtainer generic_image
}

main "$@"
