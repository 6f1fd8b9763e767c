#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the program and runs its unit tests in a pristine Debian, so that a step missing from the set-up shows.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

program=${0##*/}
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../run-scripts/lib/common.sh
. "$tests/../run-scripts/lib/common.sh"
# shellcheck source=../run-scripts/lib/engine.sh
. "$tests/../run-scripts/lib/engine.sh"

usage() {
  cat <<END
Usage: $program SUITE

Builds the program and runs its unit tests in a container of debian:SUITE-slim, which gets nothing but the packages of
tests/setup.sh. SUITE is bookworm or trixie. The container sees this directory read-only.

  ENGINE   docker or podman
END
}

# What runs in the container. The tests that mount file systems need --privileged; the last line is ctest's.
readonly in_container='
set -eu
/src/tests/setup.sh --build-only
cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Debug
cmake --build /build
exec ctest --test-dir /build --output-on-failure "$@"
'

main() {
  case ${1-} in
    --help | -h) usage && return ;;
    bookworm | trixie) ;;
    *) die 2 'give a SUITE: bookworm or trixie; see --help' ;;
  esac
  local suite=$1
  shift
  engine_ready
  base_image_ready "$(engine_name)" "$suite"
  # Named, as the end of the client alone would not end the container; in the background, so that a signal to this script
  # is heeded at once.
  readonly name=virtainer-pristine-$suite-$$
  trap 'engine rm -f "$name" >/dev/null 2>&1 || true' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  timeout --foreground 900 "${engine_command[@]}" run --rm --name "$name" --privileged --network host \
    -v "$project_root:/src:ro" "$(base_image_name "$suite")" bash -c "$in_container" pristine -L unit -j "$(nproc)" "$@" &
  wait $!
}

main "$@"
