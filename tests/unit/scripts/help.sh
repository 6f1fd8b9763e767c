#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every script that a person runs has a --help, and refuses an option it does not know with status 2.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$root"
for script in run-scripts/*.sh tests/{setup,pristine,run}.sh images/*/build.sh; do
  text=$("$script" --help)
  [[ $text == Usage:* ]] || { echo "$script --help says: $text" && exit 1; }
  status=0
  "$script" --bogus >/dev/null 2>&1 || status=$?
  ((status == 2)) || { echo "$script --bogus ends with status $status" && exit 1; }
done
