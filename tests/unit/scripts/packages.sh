#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Dockerfile.generic's build stage installs what tests/setup.sh knows to be needed for building, neither more nor less.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)

# The words between apt-get's last option and its redirection, in the stage named build.
dockerfile_packages() {
  sed -n '/ AS build$/,/^WORKDIR/p' "$root/Dockerfile.generic" | tr -d '\\\n' |
    sed -n 's/.*--no-install-recommends\(.*\)>.*/\1/p' | xargs -n 1 | sort
}

if [[ ${1-} == --help ]]; then
  sed -n '3p' "$0"
  exit
fi
[[ $(dockerfile_packages | wc -l) -gt 5 ]] || { echo 'no list of packages found in Dockerfile.generic' && exit 1; }
diff <(dockerfile_packages) <("$root/tests/setup.sh" --list build | sort) ||
  { echo 'Dockerfile.generic (<) and tests/setup.sh (>) differ' && exit 1; }
