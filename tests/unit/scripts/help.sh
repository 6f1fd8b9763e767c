#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every script that a person runs has a --help, and refuses an option it does not know with status 2. The run scripts' tells
# every variable that the program has.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$root"
for script in run-scripts/*.sh networks/*.sh tests/{setup,pristine,run}.sh images/*/build.sh images/distributions.sh; do
  text=$("$script" --help)
  [[ $text == Usage:* ]] || { echo "$script --help says: $text" && exit 1; }
  status=0
  "$script" --bogus >/dev/null 2>&1 || status=$?
  ((status == 2)) || { echo "$script --bogus ends with status $status" && exit 1; }
done

for script in run-scripts/*.sh; do
  # Who reads only its beginning, as head does, is no reason to go on.
  status=0
  timeout 20 "$script" --help > >(head -n 1 >/dev/null) || status=$?
  ((status != 124)) || { echo "$script --help does not end when nobody reads it" && exit 1; }
  text=$("$script" --help)
  while read -r name _; do
    # An address and a catalogue's name are run-generic.sh's.
    [[ $name != IMAGE_URL || $script == */run-generic.sh ]] || continue
    grep -qE "^ +([A-Z_]+, )*$name\b" <<<"$text" || { echo "$script --help lacks $name" && exit 1; }
  done <run-scripts/lib/variables
done
# What is told is also handed on, whatever it is but the image and who logs in, which have ways of their own.
handed_on=$(bash -c '. run-scripts/lib/common.sh; . run-scripts/lib/engine.sh; . run-scripts/lib/virtainer.sh
  while read -r name _; do printf -v "$name" %s 7; done <run-scripts/lib/variables
  guest_image_name=a:1 ssh_user=7 guest_image_url=7; environment_lines' | cut -d= -f1 | sort)
diff <(cut -f1 run-scripts/lib/variables | sort) <(grep -vx TZ <<<"$handed_on") || { echo 'not all is handed on (>)' && exit 1; }
