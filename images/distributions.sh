#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the run scripts and dockerfiles of the distributions from the catalogue, or looks whether they are what it says.
set -euo pipefail

program=${0##*/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../run-scripts/lib/common.sh source-path=SCRIPTDIR
. "$root/run-scripts/lib/common.sh"

# Releases with a run script of their own: those that the first virtainers had.
readonly own_scripts=(fedora:29 fedora:30 centos:7 ubuntu:18.04)

usage() {
  cat <<EOF
Usage: $program [--check]

Makes for each distribution of images/catalogue/ run-scripts/run-NAME.sh and dockerfiles/Dockerfile.NAME. run-debian.sh
is another's: written by hand, as it can do without the internet.

  --check   change nothing; status 1 if one of them is not what the catalogue says
  --help    this text
EOF
}

# field FILE KEY: of the distribution itself.
field() { sed -n "s/^$2: //p" "$1"; }

# releases FILE: "VERSION USER OSINFO" a line, the newest first; - for no osinfo id.
releases() {
  awk -v user="$(field "$1" user)" '
    function put() { if (version != "") print version, own, osinfo }
    /^  - version: / { put(); version = $3; own = user; osinfo = "-" }
    /^    user: / { own = $2 }
    /^    osinfo: / { osinfo = $2 }
    END { put() }' "$1"
}

run_script() { # NAME TITLE [RELEASE]
  cat <<EOF
#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs $2${3:+ $3} as a virtainer. Made by images/distributions.sh.
# shellcheck source=lib/distribution.sh source-path=SCRIPTDIR
. "\$(dirname "\${BASH_SOURCE[0]}")/lib/distribution.sh"
run_distribution $1 '$2' '${3-}' "\$@"
EOF
}

dockerfile() { # FILE NAME TITLE
  local file=$1 name=$2 title=$3 list version user osinfo
  list=$(releases "$file")
  [[ -n $list ]] || die 1 "$file has no releases that can be read"
  cat <<EOF
# SPDX-License-Identifier: GPL-2.0-or-later
# $title with its image baked in, verified. Made by images/distributions.sh from images/catalogue/$name.yaml.
#
#   docker build --network host -f dockerfiles/Dockerfile.$name --build-arg RELEASE=${list%% *} -t virtainers/$name:${list%% *} .
#
# Only classic builder syntax. Arguments:
#   GENERIC         the container image it stands on, made with Dockerfile.generic
#   RELEASE         $(cut -d' ' -f1 <<<"$list" | paste -sd, | sed 's/,/, /g')
ARG GENERIC=virtainers/generic
ARG RELEASE=${list%% *}

# What each release's guests are.
EOF
  while read -r version user osinfo; do
    # shellcheck disable=SC2016
    printf 'FROM ${GENERIC} AS release-%s\nENV SSH_USER=%s' "$version" "$user"
    [[ $osinfo == - ]] || printf ' OS_VARIANT=%s' "$osinfo"
    printf '\n'
  done <<<"$list"
  cat <<EOF

FROM release-\${RELEASE}
ARG RELEASE
RUN virtainer image fetch "$name:\${RELEASE}" /image
LABEL org.opencontainers.image.title="$title \${RELEASE}" \\
      org.opencontainers.image.version="\${RELEASE}" \\
      org.opencontainers.image.description="$title \${RELEASE}: a virtual machine that is handled as a container"
EOF
}

# all_files DIRECTORY: make all of them there.
all_files() {
  local file name title release
  mkdir -p "$1/run-scripts" "$1/dockerfiles"
  for file in "$root"/images/catalogue/*.yaml; do
    name=$(field "$file" name)
    title=$(field "$file" title)
    title=${title:-$name}
    [[ $name == debian ]] || run_script "$name" "$title" >"$1/run-scripts/run-$name.sh"
    dockerfile "$file" "$name" "$title" >"$1/dockerfiles/Dockerfile.$name"
    while read -r release _; do
      [[ " ${own_scripts[*]} " != *" $name:$release "* ]] ||
        run_script "$name" "$title" "$release" >"$1/run-scripts/run-$name$release.sh"
    done < <(releases "$file")
  done
  chmod 0755 "$1"/run-scripts/*.sh
}

# made_before: the files here that are made by this script, whatever the catalogue says now.
made_before() {
  (
    cd "$root"
    grep -lE '^# .*Made by images/distributions\.sh' run-scripts/*.sh dockerfiles/Dockerfile.* 2>/dev/null || true
  )
}

# compare DIRECTORY: status 1 if what is here differs from what is there.
compare() {
  local file status=0
  while IFS= read -r file; do
    cmp -s "$1/$file" "$root/$file" && [[ ! -x $1/$file || -x $root/$file ]] && continue
    say "$file is not what the catalogue says: run images/distributions.sh"
    status=1
  done < <({ made_before && cd "$1" && printf '%s\n' run-scripts/* dockerfiles/*; } | sort -u)
  return "$status"
}

# replace DIRECTORY: put what is there here, and remove what is no more.
replace() {
  local file
  while IFS= read -r file; do
    [[ -e $1/$file ]] || rm "$root/$file"
  done < <(made_before)
  cp -p "$1"/run-scripts/* "$root/run-scripts/"
  cp -p "$1"/dockerfiles/* "$root/dockerfiles/"
}

main() {
  local act=replace work
  case ${1-} in
    --help | -h) usage && return ;;
    --check) act=compare ;;
    '') ;;
    *) die 2 "unknown argument '$1'; see --help" ;;
  esac
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  umask 022
  all_files "$work"
  "$act" "$work"
}

main "$@"
