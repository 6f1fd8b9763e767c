#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/check-style.sh
#
# What no compiler sees of the house style. Status 0: all is well; 1: something is not, and is named; 77: all that
# could be looked at is well, but clang-format 14 is not installed.
set -u

cd "$(dirname "$0")/.." || exit 1
status=0
skipped=

complain() {
    printf '%s\n' "$*" >&2
    status=1
}

# Every file of ours whose name matches one of the patterns.
files() {
    local pattern names=()

    for pattern; do
        names+=(-o -name "$pattern")
    done
    find . \( -path ./build -o -path ./.git -o -path ./.cache \) -prune -o -type f \( "${names[@]:1}" \) -print |
        sed 's,^\./,,' | sort
}

# places PATTERN FILE…: where the C code matches, without its comments, as FILE:LINE.
places() {
    local pattern=$1

    shift
    grep -nHE "$pattern" "$@" | grep -vE '^[^:]+:[0-9]+: *(/\*|\*|//)' | cut -d: -f1,2
}

mapfile -t sources < <(files '*.c' '*.h')
mapfile -t ours < <(find src -name '*.[ch]' | sort)
mapfile -t scripts < <(files '*.sh')
mapfile -t libraries < <(files '*.bash')

# ---- the look ----

case "$(clang-format --version 2>/dev/null)" in
*"version 14."*)
    while IFS= read -r file; do
        complain "$file: run clang-format -i on it"
    done < <(clang-format --dry-run "${sources[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning:.*//p' | sort -u)
    ;;
*)
    # Other versions wrap some lines in another way.
    skipped="clang-format 14 is not installed"
    ;;
esac

while IFS= read -r file; do
    complain "$file: more than 600 lines: split it"
done < <(find src -type f -exec wc -l {} + | awk '$1 > 600 && $2 != "total" { print $2 }')

for file in $(files '*.c' '*.h' '*.sh' '*.bash' '*.bats' '*.cmake' CMakeLists.txt 'Dockerfile*'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
        complain "$file: no SPDX-License-Identifier in its first lines"
done

# ---- functions that have no place here ----

while IFS= read -r place; do
    complain "$place: runs a shell or has no bounds (use vt_run, vt_fmt, vt_buf, vt_parse_u64)"
done < <(places '\b(system|popen|strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok)\(' "${sources[@]}")

while IFS= read -r place; do
    complain "$place: only src/host makes processes"
done < <(places '\b(fork|vfork|posix_spawnp?)\(' "${ours[@]}" | grep -v '^src/host/')

while IFS= read -r place; do
    complain "$place: only src/config reads the environment"
done < <(places '\b(secure_)?getenv\(' "${ours[@]}" | grep -v '^src/config/')

# clang-tidy's check for this is off, as a width such as %3u is enough.
while IFS= read -r place; do
    complain "$place: a number read by scanf needs a width"
done < <(awk '
    /scanf\(/ { inside = FILENAME ":" FNR; text = "" }
    inside { text = text $0 }
    inside && /;/ { if (text ~ /%[*]?[hljzt]*[diouxX]/) print inside; inside = "" }' "${sources[@]}")

# ---- each library of others has one room, most of them one file ----

# only_in INCLUDE WHERE: of the files below src, only those that begin with one of WHERE include <INCLUDE…>.
only_in() {
    local include=$1 place

    shift
    while IFS= read -r place; do
        complain "$place: <$include…> is only for $*"
    done < <(places "#include <$include" "${ours[@]}" |
        grep -vE "^($(IFS='|'; echo "$*"))")
}

only_in libisofs/ src/seed/iso.c
only_in yaml.h src/config/yaml.c src/config/yaml_tree.c
only_in nftables/ src/net/nft.c
only_in curl/ src/image/transfer.c
only_in libmnl/ src/net/
only_in gnutls/ src/image/ src/seed/
only_in archive src/image/
only_in lzma src/image/xz.c
only_in osinfo/ src/osinfo_table.c
only_in libvirt/ src/host/ src/vm/ src/net/

# ---- shell ----

if command -v shellcheck >/dev/null; then
    shellcheck -x "${scripts[@]}" || status=1
    # What these set is for the tests that load them.
    shellcheck -x -e SC2034 "${libraries[@]}" || status=1
fi

if [ "$status" = 0 ] && [ "$skipped" ]; then
    echo "$skipped"
    exit 77
fi
exit "$status"
