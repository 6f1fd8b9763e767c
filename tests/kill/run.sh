#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kills virtainers at random moments and looks at what is left, set-up included: packages, engine, guests, container image.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034
program=kills
export CONTAINER_IMAGE=${VT_IMAGE:-${CONTAINER_IMAGE:-virtainers/generic}}
CONTAINER_IMAGE=${CONTAINER_IMAGE#localhost/}
# shellcheck source=run-scripts/lib/common.sh
source "$root/run-scripts/lib/common.sh"
# shellcheck source=run-scripts/lib/engine.sh
source "$root/run-scripts/lib/engine.sh"

usage() {
  cat <<'EOT'
Usage: run.sh [--seed N] [--count N] [--phases LIST] [--engines LIST] [--keep]
Kill virtainers, or their libvirtd or QEMU alone, at random moments of their lives. After each kill the overlay must be whole,
with all on it that was safe, and the next start must bring the guest. TAP on standard output; status 0 if all was well.
  --seed     of the random numbers; a new one each time, which is printed
  --count    how many kills (100)
  --phases   in which phases (start,run,stop,save,resume)
  --engines  whose real containers are killed beside the quicker bare processes: docker, or docker,podman (docker)
  --keep     keep the data directory of a round that failed
Variables: VT_IMAGE, the container image under test (virtainers/generic); SEED and COUNT; E2E_SLOW, a factor for every
deadline (1).
EOT
}

seed=${SEED:-$RANDOM} count=${COUNT:-100} options=() engines=docker
while (($#)); do
  case $1 in
    --seed | --count | --phases | --engines) (($# > 1)) || die 2 "$1 needs a value" ;;&
    --seed) seed=$2 && shift ;;
    --count) count=$2 && shift ;;
    --engines) engines=$2 && shift ;;
    --phases) options+=(--phases "$2") && shift ;;
    --keep) options+=(--keep) ;;
    --help | -h) usage && exit 0 ;;
    *) die 2 "unknown option $1; see --help" ;;
  esac
  shift
done
[[ $seed =~ ^[0-9]+$ && $count =~ ^[1-9][0-9]*$ ]] || die 2 '--seed and --count are numbers'

need_packages python3 util-linux
for guest in boot-sector small-guest; do "$root/images/$guest/build.sh"; done
container_image_ready docker
if [[ ,$engines, == *,podman,* ]]; then
  container_image_ready podman
fi

# As root: it enters a container's namespaces, and kills.
as_root env E2E_SLOW="${E2E_SLOW:-1}" PYTHONDONTWRITEBYTECODE=1 python3 "$here/kill.py" --image "$CONTAINER_IMAGE" \
  --guests "${XDG_CACHE_HOME:-$HOME/.cache}/virtainer/images" --seed "$seed" --count "$count" --engines "$engines" "${options[@]}"
