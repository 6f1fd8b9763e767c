# SPDX-License-Identifier: GPL-2.0-or-later
# Docker or podman on this machine: found, or installed and started; the base image; the container image.
# Sourced after common.sh, never run. A machine where things work is left alone; what is changed is said.
#
#   engine_ready [docker|podman]         an engine that can run privileged containers; then:
#   engine ARGUMENT…                     docker or podman, through sudo where that is needed
#   base_image_ready ENGINE SUITE        debian:SUITE-slim is there: pulled, or made from Debian's packages
#   container_image_ready ENGINE [again] $container_image is there: built if it is missing, or in any case
#
# shellcheck shell=bash

[[ -z ${engine_library-} ]] || return 0
engine_library=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly engine_library
project_root=$(cd "$engine_library/../.." && pwd)
readonly project_root
readonly container_image=${CONTAINER_IMAGE:-virtainers/generic}
readonly cache_directory=${XDG_CACHE_HOME:-$HOME/.cache}/virtainer

# The command in use, set by engine_use: ("docker"), ("sudo" "podman") …
engine_command=()

engine() { "${engine_command[@]}" "$@"; }

# engine_name: docker or podman, whichever is in use.
engine_name() { printf '%s\n' "${engine_command[-1]}"; }

# engine_line ARGUMENT…: the command as a person would type it.
engine_line() { printf '%s\n' "${engine_command[*]} $*"; }

# installed PROGRAM: also where an ordinary person's PATH does not look.
installed() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

# may_be_root: whether as_root will work without asking for the impossible.
may_be_root() { ((EUID == 0)) || command -v sudo >/dev/null; }

# answers HOST PORT: whether a connection can be made within a few seconds.
# shellcheck disable=SC2016
answers() { timeout --foreground 4 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$1" "$2" 2>/dev/null; }

# holds_capability NUMBER: whether this process could ever have it.
holds_capability() {
  local key value
  while read -r key value; do
    if [[ $key == CapBnd: ]]; then ((16#$value >> $1 & 1)) && return 0; fi
  done </proc/self/status
  return 1
}

# holds_all_capabilities: whether `--privileged` can be had in full.
holds_all_capabilities() {
  local number last
  read -r last </proc/sys/kernel/cap_last_cap
  for ((number = 0; number <= last; number++)); do
    holds_capability "$number" || return 1
  done
}

# engine_choose: the engine to use when none was named: the one that runs, else the one that is installed, else docker.
engine_choose() {
  if ! docker_answers docker && ! installed dockerd && installed podman; then echo podman; else echo docker; fi
}

# engine_ready [docker|podman]: install it if it is missing, start it if it is down, choose sudo or not.
engine_ready() {
  local name=${1:-${ENGINE:-}}
  [[ -n $name ]] || name=$(engine_choose)
  case $name in
    docker) docker_ready ;;
    podman) podman_ready ;;
    *) die 2 "ENGINE is '$name'; it can be docker or podman" ;;
  esac
}

# --- docker -------------------------------------------------------------------------------------------------------

# docker_answers COMMAND…: whether a daemon answers to it.
docker_answers() {
  command -v "${@: -1}" >/dev/null && timeout --foreground 20 "$@" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# docker_behind_sudo: whether it answers as root. Asking for a password makes sense only where somebody can type it.
docker_behind_sudo() {
  ((EUID != 0)) && command -v sudo >/dev/null || return 1
  docker_answers sudo -n docker && return 0
  [[ -t 0 && -S /var/run/docker.sock ]] && sudo docker version >/dev/null
}

# docker_use: set engine_command to what reaches the daemon.
docker_use() {
  if docker_answers docker; then
    engine_command=(docker)
  elif docker_behind_sudo; then
    engine_command=(sudo docker)
  else
    return 1
  fi
}

docker_ready() {
  docker_use && return 0
  may_be_root || die 1 'no docker daemon answers, and neither root nor sudo is here to start one'
  docker_install
  docker_use && return 0
  docker_start
  docker_use || die 1 'docker was started but does not answer'
}

docker_install() {
  installed dockerd || need_packages docker.io runc iptables ca-certificates
  # Newer Debian has the client in a package of its own.
  installed docker || need_packages docker-cli
}

# docker_start: through systemd where it runs; by hand otherwise, with the trimming OCI runtime if this machine lacks a
# capability.
docker_start() {
  if [[ -d /run/systemd/system ]]; then
    say 'starting the docker service'
    as_root systemctl start docker || die 1 'systemctl could not start docker; see: journalctl -u docker'
  else
    docker_start_by_hand
  fi
  docker_wait
}

docker_start_by_hand() {
  local options=() log=/var/log/dockerd.log
  if ! holds_all_capabilities; then
    say 'this machine lacks a capability: dockerd gets an OCI runtime that asks only for those it holds'
    options+=(--add-runtime "heldcaps=$engine_library/oci-runtime-heldcaps" --default-runtime heldcaps)
  fi
  say "starting dockerd (its log: $log)"
  # In a session of its own, so that Ctrl-C here does not reach it.
  # shellcheck disable=SC2016
  as_root setsid --fork sh -c 'log=$1; shift; PATH=$PATH:/usr/sbin:/sbin exec dockerd "$@" >>"$log" 2>&1 </dev/null' \
    dockerd "$log" "${options[@]}"
}

# docker_wait: until the daemon answers, at most a minute.
docker_wait() {
  local deadline=$((SECONDS + 60))
  until as_root docker version >/dev/null 2>&1; do
    ((SECONDS < deadline)) && { sleep 0.3 && continue; }
    as_root tail -n 20 /var/log/dockerd.log >&2 || true
    die 1 'dockerd did not come up within a minute'
  done
}

# --- podman -------------------------------------------------------------------------------------------------------

# podman_ready: podman runs as root, because a guest gets an address on the container network.
podman_ready() {
  if ! installed podman; then
    may_be_root || die 1 'podman is missing, and neither root nor sudo is here to install it'
    need_packages podman netavark aardvark-dns iptables ca-certificates
  fi
  if ((EUID == 0)); then
    engine_command=(podman)
  else
    command -v sudo >/dev/null || die 1 'podman must run as root here, and sudo is missing'
    engine_command=(sudo podman)
  fi
  podman_configure
}

# podman_settings: the lines of containers.conf that this machine needs, by section; none where all is well.
#  - crun refuses version 1 and hybrid cgroups, runc does not
#  - without CAP_SYS_RESOURCE no process may raise its limits, as podman would
podman_settings() {
  local files
  files=$(ulimit -Hn)
  if ! holds_capability 24 && [[ $files != unlimited ]] && ((files < 1048576)); then
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=16384:16384"]\n' "$files" "$files"
  fi
  if [[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]]; then
    printf '[engine]\nruntime = "runc"\n'
  fi
}

# podman_configure: write what podman needs here, unless somebody has configured it already.
podman_configure() {
  local settings
  settings=$(podman_settings)
  if [[ -n $settings ]]; then
    [[ $settings != *runc* ]] || installed runc || need_packages runc
    write_if_missing /etc/containers/containers.conf "$settings" "this machine's cgroups or limits"
  fi
  if [[ $(stat -fc %T /var/lib/containers 2>/dev/null || stat -fc %T /var/lib) == overlayfs ]] &&
    ! installed fuse-overlayfs; then
    write_if_missing /etc/containers/storage.conf $'[storage]\ndriver = "vfs"
runroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"' 'an overlay on an overlay'
  fi
}

# write_if_missing FILE TEXT WHAT: and say that podman's own settings do not work with WHAT.
write_if_missing() {
  [[ ! -e $1 ]] || return 0
  say "writing $1: podman's own settings do not work with $3"
  as_root mkdir -p "${1%/*}"
  as_root tee "$1" >/dev/null <<<"$2"
}

# --- the base image -----------------------------------------------------------------------------------------------

# image_there NAME: whether the engine in use has it.
image_there() { engine image inspect "$1" >/dev/null 2>&1; }

# base_image_name SUITE: in full, so that podman need not guess the registry.
base_image_name() { printf 'docker.io/library/debian:%s-slim\n' "$1"; }

# base_image_ready ENGINE SUITE
base_image_ready() {
  local suite=$2 name
  [[ $(engine_name 2>/dev/null) == "$1" ]] || engine_ready "$1"
  name=$(base_image_name "$suite")
  image_there "$name" && return 0
  if [[ -n ${https_proxy:-${HTTPS_PROXY:-}} ]] || answers registry-1.docker.io 443; then
    say "pulling $name"
    timeout --foreground 300 "${engine_command[@]}" pull -q "$name" >/dev/null && return 0
  fi
  base_image_make "$suite" "$name"
}

# base_image_make SUITE NAME: from Debian's own packages, where no registry can be reached.
base_image_make() {
  local suite=$1 name=$2 tar output
  say "no image registry answers: making $name from Debian's packages"
  tar=$(base_tar "$suite") || exit
  # The import reads standard input, so that the engine needs no access to the person's directories.
  output=$(engine import - "$name" <"$tar" 2>&1) || die 1 "could not import $tar: $output"
}

# base_tar SUITE: path of a tar of a minimal Debian, made on first use.
base_tar() {
  local suite=$1 tar=$cache_directory/base/$1.tar
  if [[ ! -s $tar ]]; then
    need_packages mmdebstrap debian-archive-keyring
    mkdir -p "${tar%/*}"
    # What names this machine stays out of it, and what Debian's slim images leave out as well.
    # shellcheck disable=SC2016
    mmdebstrap --quiet --variant=minbase --include=ca-certificates --format=tar \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
      --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname"' \
      "$suite" "$tar.part$$" >&2 || { rm -f "$tar.part$$" && die 1 "mmdebstrap could not make a Debian $suite"; }
    mv "$tar.part$$" "$tar"
  fi
  printf '%s\n' "$tar"
}

# --- the container image ------------------------------------------------------------------------------------------

# container_image_ready ENGINE [again]: one build at a time, whoever asks.
container_image_ready() {
  [[ $(engine_name 2>/dev/null) == "$1" ]] || engine_ready "$1"
  if [[ ${2-} != again ]] && image_there "$container_image"; then return 0; fi
  base_image_ready "$1" trixie
  mkdir -p "$cache_directory"
  (
    exec 9>"$cache_directory/build.lock"
    flock -n 9 || { say 'waiting for another build of the container image' && flock -w 900 9; }
    if [[ ${2-} == again ]] || ! image_there "$container_image"; then container_image_build; fi
  )
}

container_image_build() {
  local log=$cache_directory/build.log options=()
  # Only docker's own format carries the health check.
  [[ $(engine_name) != podman ]] || options+=(--format docker)
  say "building $container_image (a minute or two; its log: $log)"
  (cd "$project_root" && timeout --foreground 1800 "${engine_command[@]}" build --network host --force-rm "${options[@]}" \
    --build-arg "BASE=$(base_image_name trixie)" -f Dockerfile.generic -t "$container_image" .) >"$log" 2>&1 9>&- || {
    tail -n 30 "$log" >&2
    die 1 "the container image could not be built; the whole log is $log"
  }
}
