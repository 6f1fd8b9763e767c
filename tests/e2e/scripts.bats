#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The run scripts, as a person runs them: with the small guest where no cloud image is needed.
#
# shellcheck disable=SC2030,SC2031,SC2154

load lib

readonly scripts=$e2e_directory/../../run-scripts
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}

setup() {
  e2e_setup
  key=$BATS_TEST_TMPDIR/key
  ssh-keygen -q -t ed25519 -N '' -C 'a test' -f "$key"
  server=
  # What a person may have set stays out.
  unset IMAGE IMAGE_URL DATA PASSWORD USER_DATA META_DATA
  export ENGINE=$VT_ENGINE CONTAINER_IMAGE=$VT_IMAGE SSH_KEY=$key.pub ENGINE_OPTIONS="--label vt-e2e=$e2e_id" RAM=256
  export NAME=$e2e_id-vm SSH_USER=debian WAIT XDG_CACHE_HOME=$cache
  WAIT=$(seconds 200)
}

teardown() {
  [[ -z $server ]] || kill "$server"
  e2e_teardown
}

# script SECONDS NAME ARGUMENT…: run it to its end; sets $status, $output and $stderr.
script() {
  local limit
  limit=$(seconds "$1")
  shift
  status=0
  timeout "$limit" "$scripts/$1" "${@:2}" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" </dev/null || status=$?
  output=$(<"$BATS_TEST_TMPDIR/stdout") stderr=$(<"$BATS_TEST_TMPDIR/stderr")
  printf 'status %s; it printed:\n%s\nand said:\n%s\n' "$status" "$output" "$stderr"
}

# refused WORDS ARGUMENT…: run-generic.sh ends at once with status 2 and one line with WORDS; nothing is made.
refused() {
  script 20 run-generic.sh "${@:2}"
  ((status == 2))
  [[ -z $output && $stderr == *"$1"* && $stderr != *$'\n'* ]]
  [[ -z $(containers) ]]
}

# assert_login: what was printed is one line, and typed it leads into the guest.
assert_login() {
  local words
  [[ $output == "ssh -i $key debian@$(address_of vm)" ]] || fail "not the line to type: $output"
  read -ra words <<<"$output"
  timeout "$(seconds 30)" ssh -n -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes "${words[@]:1}" true
}

# on_terminal SECONDS STEP… -- SCRIPT ARGUMENT…: on a terminal of its own, where Ctrl-C is a signal. In the end it says
# with what status the script ended.
on_terminal() {
  local limit=$1 steps=()
  shift
  while [[ $1 != -- ]]; do steps+=("$1") && shift; done
  shift
  printf 'trap : INT\n%q' "$scripts/$1" >"$BATS_TEST_TMPDIR/typed"
  # shellcheck disable=SC2016
  printf ' %q' "${@:2}" '; echo "status=$?"' | sed 's/\\//g' >>"$BATS_TEST_TMPDIR/typed"
  talk "$limit" --pty "${steps[@]}" -- script -qec "bash $BATS_TEST_TMPDIR/typed" /dev/null
}

# --- a guest ------------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "run-generic.sh: to SSH; again while it runs; again after a stop" {
  export IMAGE=$small_guest DATA=$data/new
  script 300 run-generic.sh
  ((status == 0))
  assert_login
  [[ -s $DATA/local_image.qcow2 ]]

  script 60 run-generic.sh
  ((status == 0))
  [[ $stderr == *"the virtainer '$NAME' runs already"* ]]
  assert_login

  stop vm
  assert_status vm 0
  script 300 run-generic.sh
  ((status == 0))
  [[ $stderr == *"starting the virtainer '$NAME' again"* ]]
  assert_login
}

# serve DIRECTORY: over HTTP, to containers alone; sets $url.
serve() {
  local gateway port
  gateway=$(ip -4 -o address show docker0 | awk '{ sub("/.*", "", $4); print $4; exit }')
  python3 -u -m http.server 0 --bind "$gateway" --directory "$1" >"$BATS_TEST_TMPDIR/server" 2>&1 3>&- &
  server=$!
  until_true 10 grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/server"
  port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/server")
  url=http://$gateway:$port
}

@test "run-generic.sh with IMAGE_URL, then with a name of one's own catalogue: downloaded once, checked, booted" {
  local own=$BATS_TEST_TMPDIR/own
  serve "${small_guest%/*}"
  export IMAGE_URL=$url/${small_guest##*/} IMAGE_CHECKSUM DATA=$data/new GRACE_ACTION=save
  IMAGE_CHECKSUM=sha256:$(sha256sum "$small_guest" | cut -d' ' -f1)
  script 300 run-generic.sh
  ((status == 0))
  assert_login
  grep -q "GET /${small_guest##*/} .* 200" "$BATS_TEST_TMPDIR/server"
  [[ $(engine inspect -f '{{.Config.Env}}' "$NAME") == *GRACE_ACTION=save* ]]
  stop vm
  assert_status vm 0
  engine rm "$NAME" >/dev/null

  mkdir "$own"
  printf '%s\n' 'name: small' 'architecture: x86_64' 'user: debian' 'releases:' \
    "  - {version: 1, url: '$IMAGE_URL', checksum: '$IMAGE_CHECKSUM'}" >"$own/small.yaml"
  unset IMAGE_URL IMAGE_CHECKSUM SSH_USER
  CATALOGUE_DIR=$own script 300 run-generic.sh small:1
  ((status == 0))
  # The catalogue tells who may log in.
  assert_login
  [[ $(grep -c '"GET ' "$BATS_TEST_TMPDIR/server") == 1 ]] || fail "downloaded again: $(<"$BATS_TEST_TMPDIR/server")"
}

@test "run-generic.sh with a wrong IMAGE_URL or an unknown name: says why, and how to go on" {
  serve "$data"
  export IMAGE_URL=$url/missing.qcow2
  script 60 run-generic.sh
  ((status == 1))
  [[ -z $output ]]
  [[ $stderr == *"'$NAME' has ended with status 1"* && $stderr == *404* && $stderr == *" rm $NAME"* ]]
  engine rm "$NAME" >/dev/null
  unset IMAGE_URL
  script 60 run-generic.sh debiam:13
  ((status == 1))
  [[ $stderr == *"'$NAME' has ended with status 10"* && $stderr == *"no 'debiam'"* ]]
}

@test "run-debian.sh: from no container image and no key to SSH, then sudo in the guest" {
  home=$BATS_TEST_TMPDIR/home
  mkdir "$home"
  unset SSH_KEY RAM SSH_USER
  # A name that is not there: it is built, mostly from what the engine remembers.
  export CONTAINER_IMAGE=$e2e_id/generic WAIT
  WAIT=$(seconds 400)
  HOME=$home script 900 run-debian.sh
  ((status == 0))
  [[ $output == "ssh debian@$(address_of vm)" ]] || fail "$output"
  [[ $stderr == *'making ~/.ssh/id_ed25519'* && $stderr == *"building $CONTAINER_IMAGE"* ]]
  [[ $(timeout "$(seconds 60)" ssh -n -i "$home/.ssh/id_ed25519" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o BatchMode=yes "debian@$(address_of vm)" 'sudo id -un') == root ]]
  stop vm
  assert_status vm 0
  engine rm "$NAME" >/dev/null
  engine rmi "$CONTAINER_IMAGE" >/dev/null
}

# --- Ctrl-C -------------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "Ctrl-C during the wait: the virtainer goes on, and the script says so" {
  export IMAGE=$boot_sector
  on_terminal 90 'expect=the boot loader runs' 'send=\x03' "expect=interrupted; the virtainer '$NAME' goes on" \
    "expect=to see it: +.* logs -f $NAME" "expect=to remove it: .* rm -f $NAME" 'expect=status=130' end -- run-generic.sh
  assert_running vm
}

@test "Ctrl-C while an image is made: nothing was started, nothing is left" {
  export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
  unset IMAGE
  on_terminal 90 'expect=building a Debian|fetching debian' 'expect=installing Debian|[0-9]%' 'send=\x03' \
    'expect=interrupted; nothing was started' 'expect=status=130' end -- run-debian.sh
  [[ -z $(containers) ]]
  [[ -z $(find "$XDG_CACHE_HOME" -type f) ]] || fail "left: $(find "$XDG_CACHE_HOME" -type f)"
}

@test "a guest that never answers: the script gives up after WAIT and leaves it running" {
  export IMAGE=$boot_sector WAIT=4
  script 90 run-generic.sh
  ((status == 1))
  [[ -z $output && $stderr == *"SSH did not answer within 4 s"*"$NAME"* ]]
  assert_running vm
}

# --- bad input ----------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "bad input is refused before anything is made" {
  refused 'name an image'
  IMAGE=/nowhere.qcow2 refused "IMAGE is '/nowhere.qcow2'"
  IMAGE=$data refused "IMAGE is '$data'"
  IMAGE=$small_guest IMAGE_URL=http://x refused 'both IMAGE and IMAGE_URL'
  IMAGE=$small_guest refused "unknown argument '--bogus'" --bogus
  refused "unknown argument 'two'" one two
  IMAGE=$small_guest CATALOGUE_DIR=/nowhere refused "CATALOGUE_DIR is '/nowhere'"
  IMAGE=$small_guest IMAGE_CACHE=/nowhere refused "IMAGE_CACHE is '/nowhere'"
  IMAGE=$small_guest refused '--name needs a value' --name
  IMAGE=$small_guest refused "cannot be a container's name" --name a/b
  IMAGE=$small_guest refused "ENGINE is 'lxc'" --engine lxc
  IMAGE=$small_guest SSH_KEY=$small_guest refused 'no public key'
  IMAGE=$small_guest SSH_KEY=/nowhere refused "SSH_KEY is '/nowhere'"
  IMAGE=$small_guest USER_DATA=/nowhere refused "USER_DATA is '/nowhere'"
}

# bats test_tags=podman
@test "an image that is no disk: the script shows what the virtainer said" {
  echo 'this is no disk' >"$BATS_TEST_TMPDIR/text"
  IMAGE=$BATS_TEST_TMPDIR/text script 60 run-generic.sh
  ((status == 1))
  [[ $stderr == *"'$NAME' has ended with status 11"* && $stderr == *'virtainer: error: /image '* ]]
}
