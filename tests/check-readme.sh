#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/check-readme.sh [--update] [PROGRAM]
#
# The README's tables of variables and exit statuses are the program's own: what stands between
#     <!-- virtainer --markdown-tables: variables -->      and  <!-- end -->
#     <!-- virtainer --markdown-tables: exit statuses -->  and  <!-- end -->
#     <!-- virtainer --markdown-tables: commands -->       and  <!-- end -->
# must be what PROGRAM (build/dev/src/virtainer) prints with --markdown-tables. So must run-scripts/lib/variables, which the
# run scripts read: variable and meaning, a tab between. --update writes them. Status 0: it is so; 1: it is not; 77: there
# is no README.md.
set -eu -o pipefail

update=
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi
root=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$root/build/dev/src/virtainer}")
readme=$root/README.md
if [ ! -e "$readme" ]; then
    echo "there is no README.md"
    exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" --markdown-tables >"$work/tables"
# Three paragraphs: the tables.
awk -v RS= 'NR == 1' "$work/tables" >"$work/variables"
awk -v RS= 'NR == 2' "$work/tables" >"$work/statuses"
awk -v RS= 'NR == 3' "$work/tables" >"$work/commands"
awk -F' [|] ' 'NR > 2 { gsub(/[|`]/, "", $1); sub(/ [|]$/, "", $4); sub(/^ /, "", $1); print $1 "\t" $4 }' "$work/variables" >"$work/list"

# The README with the tables put in; fails where a marker is missing, twice there, or without its end.
insert_tables() {
    awk -v variables="$work/variables" -v statuses="$work/statuses" -v commands="$work/commands" '
        function put(file,    line) {
            if (inside)
                exit bad = 1
            print
            while ((getline line < file) > 0)
                print line
            inside = 1
        }
        $0 == "<!-- virtainer --markdown-tables: variables -->" { put(variables); v++; next }
        $0 == "<!-- virtainer --markdown-tables: exit statuses -->" { put(statuses); s++; next }
        $0 == "<!-- virtainer --markdown-tables: commands -->" { put(commands); c++; next }
        $0 == "<!-- end -->" { inside = 0 }
        !inside
        END { exit bad || inside || v != 1 || s != 1 || c != 1 }' "$readme"
}

if ! insert_tables >"$work/README.md"; then
    echo "README.md: the markers of a table are missing, twice there or without <!-- end -->; see tests/check-readme.sh" >&2
    exit 1
fi
# same FILE MADE: FILE is what it must be, or becomes that.
same() {
    if [ "$update" ]; then
        cmp -s "$2" "$1" || cat "$2" >"$1"
    elif ! diff -u --label "${1#"$root"/}" --label "virtainer --markdown-tables" "$1" "$2"; then
        echo "${1#"$root"/} is not what the program says: run tests/check-readme.sh --update" >&2
        return 1
    fi
}

status=0
same "$readme" "$work/README.md" || status=1
same "$root/run-scripts/lib/variables" "$work/list" || status=1
exit "$status"
