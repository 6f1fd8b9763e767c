#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the end-to-end tests, set-up included: packages, engine, guest images, container image.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034
program=e2e
export CONTAINER_IMAGE=${VT_IMAGE:-${CONTAINER_IMAGE:-virtainers/generic}}
CONTAINER_IMAGE=${CONTAINER_IMAGE#localhost/}
# shellcheck source=run-scripts/lib/common.sh
source "$root/run-scripts/lib/common.sh"
# shellcheck source=run-scripts/lib/engine.sh
source "$root/run-scripts/lib/engine.sh"

usage() {
  cat <<'EOT'
Usage: run.sh [--engine docker|podman] [--jobs N] [--minimal] [--tag TAG] [--rebuild] [--junit DIRECTORY] [FILE…] [FILTER]
Run the tests in a real engine with real guests. TAP on standard output; status 0 if all passed.
  --engine     which engine (docker); with podman those tests run that are marked for it
  --jobs       how many tests at a time (one more than there are CPUs)
  --minimal    give virtainers the least rights that docs/privileges.md has, instead of --privileged
  --tag        only the tests with this tag
  --rebuild    build the container image anew, even if it is there
  --junit      also write a report there
  FILE         only the tests of this file, such as bad-input or life
  FILTER       only the tests whose names match this regular expression
Variables: VT_IMAGE, the container image under test (virtainers/generic); E2E_SLOW, a factor for every deadline (1).
EOT
}

engine_under_test=${VT_ENGINE:-docker} jobs=$(($(nproc) + 1)) rebuild='' junit='' filter='' files=() tag=''
while (($#)); do
  case $1 in
    --engine | --jobs | --junit | --tag) (($# > 1)) || die 2 "$1 needs a value" ;;&
    --engine) engine_under_test=$2 && shift ;;
    --jobs) jobs=$2 && shift ;;
    --junit) junit=$2 && shift ;;
    --minimal) export VT_RIGHTS=minimal ;;
    --tag) tag=$2 && shift ;;
    --rebuild) rebuild=again ;;
    --help | -h) usage && exit 0 ;;
    -*) die 2 "unknown option $1; see --help" ;;
    *) if [[ -f $here/${1%.bats}.bats ]]; then files+=("$here/${1%.bats}.bats"); else filter=$1; fi ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || die 2 "--jobs is '$jobs'; give a number"
[[ $engine_under_test == docker || $engine_under_test == podman ]] || die 2 "--engine is '$engine_under_test'; it can be docker or podman"

# load_from_docker: give podman the container image that docker has, which saves building it again.
load_from_docker() {
  local id
  id=$(docker image inspect -f '{{.Id}}' "$CONTAINER_IMAGE" 2>/dev/null) || return 1
  [[ $(engine image inspect -f '{{.Id}}' "localhost/$CONTAINER_IMAGE" 2>/dev/null) == "${id#sha256:}" ]] && return 0
  say "giving podman docker's $CONTAINER_IMAGE"
  docker save "$CONTAINER_IMAGE" | engine load -q >/dev/null && engine tag "${id#sha256:}" "localhost/$CONTAINER_IMAGE"
}

# --- set-up -------------------------------------------------------------------------------------------------------

# systemd_image_ready: a Debian with systemd and podman 5, to check the units in compose/ with.
systemd_image_ready() {
  base_image_ready docker trixie
  image_there vt-e2e/systemd && return 0
  say 'making the container image vt-e2e/systemd'
  engine build --network host -q -t vt-e2e/systemd - >/dev/null <<EOT
FROM $(base_image_name trixie)
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends podman systemd
EOT
}

# wanted FILE: whether its tests are to run.
wanted() { ((${#files[@]} == 0)) || [[ " ${files[*]} " == *"/$1.bats "* ]]; }

need_packages bats parallel jq curl python3 libfaketime
engine_ready "$engine_under_test"
for guest in boot-sector small-guest; do "$root/images/$guest/build.sh"; done
VT_IMAGE=$CONTAINER_IMAGE
if [[ $engine_under_test == podman ]]; then
  if [[ -n $rebuild ]] || ! load_from_docker; then container_image_ready podman "$rebuild"; fi
  VT_IMAGE=localhost/$CONTAINER_IMAGE
else
  container_image_ready docker "$rebuild"
fi
if wanted compose; then
  need_packages catatonit docker-compose
  [[ $engine_under_test != docker ]] || systemd_image_ready
fi
if wanted recipes && [[ $engine_under_test == podman ]]; then need_packages containernetworking-plugins; fi
export VT_ENGINE=$engine_under_test VT_IMAGE E2E_RUN=$$

# What this run made and has not removed.
rest_containers() { engine ps -aq --filter "label=vt-e2e-run=$E2E_RUN"; }
rest_networks() { engine network ls -q --filter "name=vt-e2e-$E2E_RUN-"; }

# What an interrupted run leaves; otherwise each test removes its own. Tests that were under way may still be at it.
interrupted=''
remove_rest() {
  local deadline=$((SECONDS + 8)) id
  while :; do
    for id in $(rest_containers); do engine rm -f "$id" >/dev/null 2>&1 || true; done
    for id in $(rest_networks); do engine network rm "$id" >/dev/null 2>&1 || true; done
    if [[ -z $interrupted || $SECONDS -ge $deadline ]]; then break; fi
    sleep 1
  done
}
trap 'interrupted=yes' INT TERM
trap remove_rest EXIT

# --- the tests ----------------------------------------------------------------------------------------------------

options=(--tap --timing --jobs "$jobs")
# Files one after another, since the output of files side by side comes only when they end.
((jobs == 1)) || options+=(--no-parallelize-across-files)
((${#files[@]})) || files=("$here")
# With podman those tests run that say so; what only podman can do says that, too.
[[ $engine_under_test != podman ]] || tag=${tag:-podman}
[[ $engine_under_test != docker ]] || tag+="${tag:+,}!podman-only"
options+=(--filter-tags "$tag")
[[ -z $filter ]] || options+=(--filter "$filter")
if [[ -n $junit ]]; then
  mkdir -p "$junit"
  options+=(--report-formatter junit --output "$junit")
fi
bats "${options[@]}" "${files[@]}"
