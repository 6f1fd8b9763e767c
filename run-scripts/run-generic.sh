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
Usage: $program [OPTION…] IMAGE
       IMAGE=… $program [OPTION…]
       IMAGE_URL=http://url/to/image $program [OPTION…]

Runs a virtual machine with your cloud image as a container, waits until SSH answers at the container's address,
and prints the line to type. Run it again to wait for the same virtainer, or to start it after a stop.

  IMAGE             path of the image (qcow2, raw, vmdk, vdi or vhdx, also packed), its address, or a name of the
                    catalogue, such as fedora:43 (docker run --rm $container_image image list)
  IMAGE_URL         where the virtainer downloads it from, into DATA if that is set

EOF
  common_usage
}

# is_name TEXT: whether it can be a name of the catalogue and is no file.
is_name() { [[ ! -e $1 && $1 =~ ^[a-z0-9._-]+(:[a-z0-9._-]+)?$ ]]; }

# choose_image: an image that is named by neither or by both is nothing to begin with.
choose_image() {
  [[ -z $argument ]] || IMAGE=$argument
  [[ -n ${IMAGE-}${IMAGE_URL-} ]] ||
    die 2 'name an image: a path, an address, or a name of the catalogue such as fedora:43; see --help'
  [[ -z ${IMAGE-} || -z ${IMAGE_URL-} ]] || die 2 'both IMAGE and IMAGE_URL are set; name one'
  case ${IMAGE-} in
    *://*) IMAGE_URL=$IMAGE IMAGE='' ;;
    '') ;;
    *) is_name "$IMAGE" || require_file IMAGE ;;
  esac
}

# generic_image: sets guest_image, or what the virtainer itself fetches it by.
generic_image() {
  if [[ -n ${IMAGE_URL-} ]]; then
    guest_image_url=$IMAGE_URL
  elif is_name "$IMAGE"; then
    guest_image_name=$IMAGE
  else
    guest_image=$(realpath "$IMAGE")
  fi
}

main() {
  virtainer_name=${NAME:-generic}
  ssh_user=${SSH_USER-}
  takes_argument=yes
  parse_options "$@"
  choose_image
  run_virtainer generic_image
}

main "$@"
