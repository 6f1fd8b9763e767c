# SPDX-License-Identifier: GPL-2.0-or-later
# What the run scripts share: the person's key, the guest's disk image, starting a virtainer, waiting until SSH answers.
# Sourced after common.sh and engine.sh, never run.
#
# shellcheck shell=bash disable=SC2034,SC2154

# What run_virtainer is given by a script: the container's name and the guest image's default user ('' if not known).
virtainer_name=
ssh_user=

# What a script's image function sets: the image's file here, or else what the virtainer gets it by itself: a name of its
# catalogue or an address.
guest_image=
guest_image_name=
guest_image_url=

# Set by a script that takes one argument beside its options, and that argument.
takes_argument=
argument=

# Whether --name was given.
named=

# How long the guest may take until SSH answers, in seconds. Emulated guests on a loaded machine are slow.
readonly wait_limit=${WAIT:-900}

# Variables that go into the container as they are, when they are set: all that the program has (lib/variables is made
# from its table by tests/check-readme.sh) but those by which the scripts themselves choose and mount an image.
mapfile -t passed_variables < <(cut -f 1 "$engine_library/variables" | grep -vxE 'IMAGE|IMAGE_URL|IMAGE_CACHE|IMAGE_KEYRING|CATALOGUE_DIR|SSH_USER')
passed_variables+=(TZ)
readonly passed_variables

# Whether this very run made the container, for Ctrl-C.
container_created=

# common_usage: the part of --help that is the same for all run scripts.
common_usage() {
  cat <<'EOF'
Options:
  --name NAME       the container's name (also: NAME=)
  --engine ENGINE   docker or podman; podman is run as root (also: ENGINE=)
  --rebuild         build the container image anew, even if it is there
  --help            this text

Variables of this script:
  SSH_KEY           public key for the guest's user; default: the first in ~/.ssh, made if there is none
  SSH_USER          whom the image lets in, where that is not known by itself
  DATA              directory for the guest's disk; with it the guest outlives its container
  USER_DATA, META_DATA, NETWORK_CONFIG, VENDOR_DATA
                    files with cloud-init documents
  CLOUD_INIT_ISO    a ready cloud-init disc
  CATALOGUE_DIR     directory with a catalogue of your own (docs/catalogue.md)
  IMAGE_CACHE       directory of downloaded images for all virtainers (docs/images.md)
  IMAGE_KEYRING     file of public keys, one of which must have signed the checksums (docs/images.md)
  ENGINE_OPTIONS    more options for `docker run`, such as "--network virtual --ip 172.28.100.10"
  WAIT              seconds to wait for SSH (900)

Variables of the virtainer, handed on when they are set:
EOF
  variables_usage
}

# variables_usage: what is handed on, with what it means, in lines that fit a screen.
variables_usage() {
  awk -F '\t' -v names="${passed_variables[*]}" '
    index(" " names " ", " " $1 " ") {
      line = sprintf("  %-17s", $1)
      count = split($2, words, " ")
      for (i = 1; i <= count; i++) {
        if (length(line) + 1 + length(words[i]) > 100) { print line; line = sprintf("%19s", "") }
        line = line " " words[i]
      }
      print line
    }' "$engine_library/variables"
}

# parse_options ARGUMENT…: the options above; usage() is the script's.
parse_options() {
  while (($#)); do
    case $1 in
      --name | --engine) (($# > 1)) || die 2 "$1 needs a value" ;;&
      --name) virtainer_name=$2 named=yes && shift 2 ;;
      --name=*) virtainer_name=${1#*=} named=yes && shift ;;
      --engine) ENGINE=$2 && shift 2 ;;
      --engine=*) ENGINE=${1#*=} && shift ;;
      --rebuild) rebuild=again && shift ;;
      --help | -h)
        usage
        exit
        ;;
      -*) die 2 "unknown argument '$1'; see --help" ;;
      *)
        [[ -n $takes_argument && -z $argument ]] || die 2 "unknown argument '$1'; see --help"
        argument=$1 && shift
        ;;
    esac
  done
  [[ $virtainer_name =~ ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$ ]] ||
    die 2 "'$virtainer_name' cannot be a container's name: letters, digits, '_', '.' and '-' can"
}

# name_by_release RELEASE: the container of a release that was asked for has its own name, unless the person gave one.
name_by_release() { [[ -n ${NAME-}$named ]] || virtainer_name+=$1; }

# require_file VARIABLE: if it is set, the file it names must be there and readable.
require_file() {
  local path=${!1-}
  [[ -n $path ]] || return 0
  [[ -f $path && -r $path ]] || die 2 "$1 is '$path', which is no file that can be read"
}

# require_directory VARIABLE: if it is set, it must name a directory.
require_directory() {
  [[ -z ${!1-} || -d ${!1} ]] || die 2 "$1 is '${!1}', which is no directory"
}

# --- Ctrl-C -------------------------------------------------------------------------------------------------------

# on_interrupt: leave nothing half-made, and say what stays.
on_interrupt() {
  trap '' INT TERM
  progress_end
  rm -f "$cache_directory"/{base,images}/*.part$$
  if [[ -n $container_created && $(container_state) == created ]]; then
    engine rm "$virtainer_name" >/dev/null 2>&1 || true
    say 'interrupted; nothing was started'
  elif [[ -n $container_created && -n $(container_state) ]]; then
    say "interrupted; the virtainer '$virtainer_name' goes on starting. Run this again to wait for it;"
    say "to see it:    $(engine_line logs -f "$virtainer_name")"
    say "to remove it: $(engine_line rm -f "$virtainer_name")"
  else
    say 'interrupted; nothing was started'
  fi
  exit 130
}

# --- progress -----------------------------------------------------------------------------------------------------

progress_shown=

# progress TEXT: on a terminal one line with the elapsed seconds, written over; otherwise a line whenever it changes.
progress() {
  if [[ -t 2 ]]; then
    printf '\r\033[K%s: %3d s  %s' "${program:-${0##*/}}" "$((SECONDS - started_seconds))" "$1" >&2
  elif [[ $1 != "$progress_shown" ]]; then
    say "$((SECONDS - started_seconds)) s  $1"
  fi
  progress_shown=$1
}

# progress_end: so that what follows begins on a line of its own.
progress_end() {
  [[ -z $progress_shown || ! -t 2 ]] || printf '\n' >&2
  progress_shown=
}

# --- the person's key ---------------------------------------------------------------------------------------------

# find_key: the path of a public key, made if there is none.
find_key() {
  local path
  if [[ -n ${SSH_KEY-} ]]; then
    [[ $SSH_KEY == *.pub || ! -f $SSH_KEY.pub ]] || SSH_KEY+=.pub
    [[ -f $SSH_KEY && -r $SSH_KEY ]] || die 2 "SSH_KEY is '$SSH_KEY', which is no file that can be read"
    is_public_key "$SSH_KEY" || die 2 "SSH_KEY is '$SSH_KEY', which is no public key"
    realpath "$SSH_KEY"
    return
  fi
  for path in ~/.ssh/id_ed25519.pub ~/.ssh/id_ecdsa.pub ~/.ssh/id_rsa.pub ~/.ssh/*.pub; do
    if [[ -r $path ]] && is_public_key "$path"; then realpath "$path" && return; fi
  done
  say 'there is no key in ~/.ssh: making ~/.ssh/id_ed25519'
  [[ -d ~/.ssh ]] || mkdir -m 0700 ~/.ssh
  ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 </dev/null >&2
  realpath ~/.ssh/id_ed25519.pub
}

is_public_key() { ssh-keygen -l -f "$1" >/dev/null 2>&1 && ! grep -q 'PRIVATE KEY' "$1"; }

# --- the container ------------------------------------------------------------------------------------------------

# container_state: created, running, exited …; nothing if there is no such container.
container_state() { engine container inspect -f '{{.State.Status}}' "$virtainer_name" 2>/dev/null || true; }

# container_field TEMPLATE
container_field() { engine container inspect -f "$1" "$virtainer_name"; }

# container_address: the first address of the container, nothing if it has none.
container_address() {
  local addresses
  addresses=$(container_field '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' 2>/dev/null) || return 0
  read -r addresses _ <<<"$addresses" || true
  printf '%s\n' "$addresses"
}

# environment_lines: NAME=value of what is handed on, for --env-file, so that a password is in no list of processes.
environment_lines() {
  local name
  for name in "${passed_variables[@]}"; do
    if [[ -n ${!name+set} ]]; then environment_line "$name" "${!name}"; fi
  done
  [[ -z $guest_image_name ]] || environment_line IMAGE "$guest_image_name"
  [[ -z $guest_image_url ]] || environment_line IMAGE_URL "$guest_image_url"
  [[ -z ${CATALOGUE_DIR-} ]] || environment_line CATALOGUE_DIR /catalogue
  [[ -z ${IMAGE_CACHE-} ]] || environment_line IMAGE_CACHE /cache
  [[ -z ${IMAGE_KEYRING-} ]] || environment_line IMAGE_KEYRING /keys.gpg
  [[ -z $ssh_user ]] || environment_line SSH_USER "$ssh_user"
}

# environment_line NAME VALUE
environment_line() {
  [[ $2 != *$'\n'* ]] || die 2 "$1 has more than one line"
  printf '%s=%s\n' "$1" "$2"
}

# mount_options: prints the -v options, one word a line.
mount_options() {
  local pair variable path
  for pair in USER_DATA:/tmp/user-data META_DATA:/tmp/meta-data NETWORK_CONFIG:/tmp/network-config \
    VENDOR_DATA:/tmp/vendor-data CLOUD_INIT_ISO:/tmp/cloud_init.iso; do
    variable=${pair%%:*}
    path=${!variable-}
    [[ -z $path ]] || printf '%s\n' -v "$(realpath "$path"):${pair#*:}:ro"
  done
  [[ -z ${CATALOGUE_DIR-} ]] || printf '%s\n' -v "$(realpath "$CATALOGUE_DIR"):/catalogue:ro"
  [[ -z ${IMAGE_CACHE-} ]] || printf '%s\n' -v "$(realpath "$IMAGE_CACHE"):/cache"
  [[ -z ${IMAGE_KEYRING-} ]] || printf '%s\n' -v "$(realpath "$IMAGE_KEYRING"):/keys.gpg:ro"
  if [[ -n ${DATA-} ]]; then printf '%s\n' -v "$(realpath "$DATA"):${IMAGE_DIR:-/mounted}"; fi
}

# stop_seconds: what the engine waits before it kills: longer than the guest's own time to shut down.
stop_seconds() {
  local grace=${GRACE_PERIOD:-90}
  [[ $grace =~ ^[0-9]+$ ]] || grace=90
  echo $((grace + 10))
}

# start_container KEY
start_container() {
  local key=$1 options=() environment output
  if [[ -n ${DATA-} ]]; then mkdir -p "$DATA" || die 1 "the data directory '$DATA' cannot be made"; fi
  if [[ -n $guest_image ]]; then options+=(-v "$guest_image:/image:ro"); fi
  mapfile -t -O "${#options[@]}" options < <(mount_options)
  # Options are separate words.
  # shellcheck disable=SC2206
  options+=(${ENGINE_OPTIONS-})
  # Podman has systemd call the health check; without one it complains at every start.
  if [[ $(engine_name) == podman && ! -e /run/systemd/private ]]; then options+=(--no-healthcheck); fi
  environment=$(environment_lines) || exit
  say "starting the virtainer '$virtainer_name'"
  container_created=yes
  output=$(engine run --privileged -d -t -i --name "$virtainer_name" --stop-timeout "$(stop_seconds)" \
    --env-file /dev/stdin -v "$key:/tmp/id_rsa.pub:ro" "${options[@]}" "$container_image" 2>&1 <<<"$environment") || {
    [[ $(container_state) != created ]] || engine rm "$virtainer_name" >/dev/null 2>&1
    die 1 "the container could not be started: $output"
  }
}

# --- waiting ------------------------------------------------------------------------------------------------------

# The stages of a boot in their order: what the console shows of each, as a pattern of grep, and what a person is told.
readonly boot_stages=(
  '^' 'the virtainer prepares the guest'
  'downloading the base image' 'the virtainer downloads the image'
  'unpacking the base image' 'the virtainer unpacks the image'
  'SeaBIOS|UEFI firmware' 'the firmware runs'
  'GRUB|Booting from Hard Disk' 'the boot loader runs'
  'Linux version ' 'the kernel boots'
  'systemd\[1\]: |Reached target|OpenRC' 'the guest starts its services'
  'Cloud-init v.* running .init' 'cloud-init has started'
  "Cloud-init v.* running .modules:config" 'cloud-init sets the guest up'
  "Cloud-init v.* running .modules:final" 'cloud-init does the last things'
  'Cloud-init v.* finished at ' 'cloud-init has finished'
)

# boot_stage STAGE LOG: the number of the last stage that LOG shows, at least STAGE: the console forgets, a boot does not
# go back.
boot_stage() {
  local stage=$1 log=$2 next
  for ((next = ${#boot_stages[@]} - 2; next > stage; next -= 2)); do
    if grep -aqE "${boot_stages[next]}" <<<"$log"; then stage=$next; fi
  done
  echo "$stage"
}

# guest_user: whom the image lets in, as the virtainer knows it from its catalogue; nothing if it does not.
guest_user() { engine exec "$virtainer_name" virtainer state --json 2>/dev/null | sed -n 's/^ *"ssh_user": *"\([^"]*\)".*/\1/p'; }

# ssh_answers ADDRESS: whether an SSH server introduces itself there.
ssh_answers() {
  # shellcheck disable=SC2016
  timeout --foreground 3 bash -c 'exec 3<>"/dev/tcp/$1/22" && IFS= read -r -t 2 line <&3 && [[ $line == SSH-* ]]' _ "$1" 2>/dev/null
}

# login_works ADDRESS KEY: whether the key opens the door already; where that cannot be tried without asking the person
# (no known user, no private key here, a passphrase), it is taken for granted.
login_works() {
  local address=$1 private=${2%.pub}
  [[ -n $ssh_user && -r $private && $private != "$2" ]] || return 0
  ssh-keygen -y -P '' -f "$private" >/dev/null 2>&1 || return 0
  timeout --foreground 15 ssh -n -q -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o IdentitiesOnly=yes -i "$private" "$ssh_user@$address" true 2>/dev/null
}

# fail_ended: the container is no more; say why.
fail_ended() {
  local status
  status=$(container_field '{{.State.ExitCode}}' 2>/dev/null || echo '?')
  progress_end
  say "the virtainer '$virtainer_name' has ended with status $status; the last it said:"
  engine logs "$virtainer_name" 2>&1 | tail -n 15 | sed 's/\r$//; s/^/  /' >&2
  say "to see all of it: $(engine_line logs "$virtainer_name")"
  say "to try again:     $(engine_line rm "$virtainer_name"), then this script"
  exit 1
}

# console_since TIME: the last of what the container said since then. Not by the engine's own --tail: podman's puts the
# pieces of a line that came in pieces in the wrong order.
console_since() { engine logs --since "$1" "$virtainer_name" 2>&1 | tail -n 1000 | tr -d '\0' || true; }

# wait_for_ssh KEY: returns when the key opens the door; ends the script if the container ended or time is up.
wait_for_ssh() {
  local key=$1 since address='' stage=0 answered='' deadline=$((SECONDS + wait_limit))
  since=$(container_field '{{.State.StartedAt}}')
  # podman prints the time as a sentence.
  since=$(date -d "${since% [A-Z]*}" +%Y-%m-%dT%H:%M:%S.%NZ --utc 2>/dev/null || printf '%s' "$since")
  while ((SECONDS < deadline)); do
    [[ $(container_state) == running ]] || fail_ended
    stage=$(boot_stage "$stage" "$(console_since "$since")")
    progress "${boot_stages[stage + 1]}"
    address=$(container_address)
    if [[ -n $address ]] && ssh_answers "$address"; then
      answered=${answered:-$SECONDS}
      ssh_user=${ssh_user:-$(guest_user)}
      # A key that is refused for a minute will be refused for ever: the image may have another default user.
      # Between tries there is a pause, since newer servers lock out who fails often.
      if login_works "$address" "$key" || ((SECONDS - answered > 60)); then break; fi
      sleep 3
    else
      sleep 0.5
    fi
  done
  progress_end
  [[ -n $answered ]] || fail_waited "${boot_stages[stage + 1]}"
}

fail_waited() {
  say "SSH did not answer within $wait_limit s (last seen: $1). The virtainer '$virtainer_name' goes on running;"
  say "to see it:    $(engine_line logs -f "$virtainer_name")"
  say "to remove it: $(engine_line rm -f "$virtainer_name")"
  exit 1
}

# --- all of it ----------------------------------------------------------------------------------------------------

# print_result KEY: the line to type first, on standard output; the rest beside it.
print_result() {
  local key=$1 address option=''
  address=$(container_address)
  case ${key%.pub} in
    ~/.ssh/id_ed25519 | ~/.ssh/id_ecdsa | ~/.ssh/id_rsa) ;;
    *) option="-i ${key%.pub} " ;;
  esac
  say "ready after $((SECONDS - started_seconds)) s"
  printf 'ssh %s%s@%s\n' "$option" "${ssh_user:-USER}" "$address"
  hint_known_host "$address"
  [[ -n $ssh_user ]] || say 'USER is the default user of your image: fedora, centos, cloud-user, ubuntu, debian …'
  say "its console: $(engine_line exec -it "$virtainer_name" virtainer console)   (left with Ctrl-] q)"
  say "to stop it:  $(engine_line stop "$virtainer_name")   (run this again to start it again)"
  say "to remove:   $(engine_line rm -f "$virtainer_name")"
}

# hint_known_host ADDRESS: an older guest had the same address, and ssh will refuse the new one's key.
hint_known_host() {
  ssh-keygen -F "$1" >/dev/null 2>&1 || return 0
  if timeout --foreground 10 ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes "${ssh_user:-nobody}@$1" true 2>&1 |
    grep -q 'IDENTIFICATION HAS CHANGED'; then
    say "an earlier guest at this address is in your known_hosts; forget it first: ssh-keygen -R $1"
  fi
}

# run_virtainer IMAGE_FUNCTION: the whole way. IMAGE_FUNCTION sets guest_image, guest_image_name or guest_image_url; it is
# only called when it is needed.
run_virtainer() {
  local image_function=$1 key variable
  readonly started_seconds=$SECONDS
  for variable in USER_DATA META_DATA NETWORK_CONFIG VENDOR_DATA CLOUD_INIT_ISO; do require_file "$variable"; done
  require_directory CATALOGUE_DIR
  require_directory IMAGE_CACHE
  require_file IMAGE_KEYRING
  trap on_interrupt INT TERM
  need_packages openssh-client
  key=$(find_key) || exit
  engine_ready
  case $(container_state) in
    running) say "the virtainer '$virtainer_name' runs already" ;;
    exited | stopped | created)
      say "starting the virtainer '$virtainer_name' again, with what it was made with"
      engine start "$virtainer_name" >/dev/null || die 1 "it could not be started; to remove it: $(engine_line rm "$virtainer_name")"
      ;;
    '')
      container_image_ready "$(engine_name)" "${rebuild-}"
      "$image_function"
      start_container "$key"
      ;;
    *) die 1 "the container '$virtainer_name' is $(container_state); to remove it: $(engine_line rm -f "$virtainer_name")" ;;
  esac
  wait_for_ssh "$key"
  print_result "$key"
}
