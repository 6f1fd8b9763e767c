# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# What the end-to-end tests share. A test file begins with `load lib`; its setup calls e2e_setup, its teardown
# e2e_teardown. A test that also runs with podman has the tag `podman`.
#
#   VT_ENGINE   docker (default) or podman
#   VT_IMAGE    the container image under test
#   VT_RIGHTS   what virtainers may do: privileged (default), or minimal: the least of docs/privileges.md
#
# Every container has the label vt-e2e=$e2e_id and a name that begins with $e2e_id, and goes with its test; those of one
# run.sh also have the label vt-e2e-run. Every wait has a deadline; E2E_SLOW multiplies them for slow machines.

VT_ENGINE=${VT_ENGINE:-docker}
if [[ -z ${VT_IMAGE-} ]]; then
  VT_IMAGE=virtainers/generic
  [[ $VT_ENGINE != podman ]] || VT_IMAGE=localhost/$VT_IMAGE
fi
readonly guest_images=${XDG_CACHE_HOME:-$HOME/.cache}/virtainer/images
readonly boot_sector=$guest_images/boot-sector.img
readonly small_guest=$guest_images/small-guest.qcow2

e2e_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# seconds N: N, or more on a slow machine.
seconds() { echo $(($1 * ${E2E_SLOW:-1})); }

# engine ARGUMENT…: the engine under test; no call may hang.
engine() { timeout "$(seconds 60)" "${engine_command[@]}" "$@"; }

# as_root COMMAND…
as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

# --- what each test begins and ends with --------------------------------------------------------------------------

e2e_setup() {
  engine_command=("$VT_ENGINE")
  [[ $VT_ENGINE != podman || $EUID -eq 0 ]] || engine_command=(sudo -n podman)
  # In setup_file there is no test yet.
  e2e_id=vt-e2e-${E2E_RUN:-$$}-${BATS_SUITE_TEST_NUMBER:-file}
  data=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/data
  mkdir "$data"
  run_options=(--label "vt-e2e=$e2e_id" --label "vt-e2e-run=${E2E_RUN:-$$}")
  # Where no systemd runs podman cannot have the image's health checks, and says so each time.
  [[ $VT_ENGINE != podman || -S /run/systemd/private ]] || run_options+=(--no-healthcheck)
  networks=()
  mounts=()
  minimal_rights
}

# minimal_rights: the flags of docs/privileges.md, in `minimal`.
minimal_rights() {
  local name
  minimal=(--device /dev/net/tun --security-opt no-new-privileges --read-only --tmpfs /run --cap-drop ALL)
  [[ ! -e /dev/kvm ]] || minimal+=(--device /dev/kvm)
  for name in NET_ADMIN CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETPCAP SETUID; do minimal+=(--cap-add "$name"); done
  [[ $VT_ENGINE != podman ]] || minimal+=(--cap-add NET_BIND_SERVICE)
}

e2e_teardown() {
  local name path
  if [[ -z ${BATS_TEST_COMPLETED-} && -z ${BATS_TEST_SKIPPED-} ]]; then show_logs; fi
  for name in $(containers); do engine rm -f "$name" >/dev/null 2>&1; done
  for name in "${networks[@]}"; do engine network rm "$name" >/dev/null 2>&1; done
  for path in "${mounts[@]}"; do as_root umount "$path"; done
  # What a guest's container made there need not belong to who runs the test.
  as_root rm -rf "$data"
}

# containers: the names of those that this test made.
containers() { engine ps -a --filter "label=vt-e2e=$e2e_id" --format '{{.Names}}'; }

# show_logs: what a person needs to know about a test that failed.
show_logs() {
  local name
  for name in $(containers); do
    echo "--- log of $name ($(engine inspect -f '{{.State.Status}}, status {{.State.ExitCode}}' "$name")):"
    engine logs "$name" 2>&1 | tail -n 60 | tr -d '\r\000'
  done
}

# fail TEXT…
fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# --- starting and ending ------------------------------------------------------------------------------------------

# virtainer NAME OPTION… [-- ARGUMENT…]: start one in the background, by its name in this test. It gets the rights that
# VT_RIGHTS says unless an option gives it capabilities, and the data directory unless an option mounts another.
virtainer() {
  local name=$1 options=(-d) arguments=()
  shift
  while (($#)) && [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift || true
  arguments=("$@")
  [[ " ${options[*]} " == *:/mounted* || " ${options[*]} " == *' --no-data '* ]] || options+=(-v "$data:/mounted")
  [[ " ${options[*]} " == *' --cap-add '* ]] || add_rights
  without_word --no-data
  engine run --name "$e2e_id-$name" "${run_options[@]}" "${options[@]}" "$VT_IMAGE" "${arguments[@]}" >/dev/null
}

# add_rights: to the caller's `options`.
add_rights() {
  if [[ ${VT_RIGHTS:-privileged} != minimal ]]; then
    options+=(--privileged)
    return
  fi
  options+=("${minimal[@]}")
  # A read-only root has no room for the disk.
  [[ " ${options[*]} " != *' --no-data '* ]] || options+=(-v /mounted)
}

# without_word WORD: take it out of the caller's array `options`.
without_word() {
  local kept=() word
  for word in "${options[@]}"; do [[ $word == "$1" ]] || kept+=("$word"); done
  options=("${kept[@]}")
}

# boot NAME OPTION…: start one with the boot sector, and wait for its greeting.
boot() {
  local name=$1
  shift
  virtainer "$name" -v "$boot_sector:/image:ro" "$@"
  wait_log "$name" 'boot-sector: hello' 30
}

# boot_small NAME OPTION…: start one with the small guest, and wait until it is ready.
boot_small() {
  local name=$1
  shift
  virtainer "$name" -t -i -e RAM=256 -v "$small_guest:/image:ro" "$@"
  wait_log "$name" 'small-guest: ready' 120
}

# remove NAME: the container of that whole name. podman may find its mounts still in use for a moment, and then says so.
remove() {
  local try
  for try in 1 2 3 4 5; do
    if engine rm -f "$1" >/dev/null 2>"$BATS_TEST_TMPDIR/remove"; then return 0; fi
    sleep "$try"
  done
  fail "the container $1 cannot be removed: $(<"$BATS_TEST_TMPDIR/remove")"
}

# run_virtainer SECONDS OPTION… [-- ARGUMENT…]: run one to its end; sets $status, $output (standard output) and $stderr.
# A virtainer that does not end in time is a failure.
run_virtainer() {
  local limit=$1 options=() began=$SECONDS
  shift
  while (($#)) && [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift || true
  status=0
  timeout "$limit" "${engine_command[@]}" run --name "$e2e_id-run" "${run_options[@]}" "${options[@]}" "$VT_IMAGE" "$@" \
    >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" </dev/null || status=$?
  output=$(<"$BATS_TEST_TMPDIR/stdout") stderr=$(<"$BATS_TEST_TMPDIR/stderr")
  ((SECONDS - began < limit)) || fail "it did not end within $limit s; it said: $stderr"
  remove "$e2e_id-run"
}

# wait_status NAME SECONDS: wait for its end and print its exit status.
wait_status() {
  timeout "$(seconds "$2")" "${engine_command[@]}" wait "$e2e_id-$1" || fail "$1 did not end within $2 s"
}

# assert_status NAME STATUS [SECONDS]: it ends, with that status.
assert_status() {
  local got
  got=$(wait_status "$1" "${3:-30}")
  [[ $got == "$2" ]] || fail "$1 ended with status $got, not $2"
}

# assert_running NAME
assert_running() {
  [[ $(engine inspect -f '{{.State.Running}}' "$e2e_id-$1") == true ]] || fail "$1 does not run any more"
}

# stop NAME: as a person does, with time enough for the guest.
stop() { engine stop -t "$(seconds 40)" "$e2e_id-$1" >/dev/null; }

# kill_in NAME SIGNAL PID: of a process in the container.
kill_in() { exec_in "$1" sh -c "kill -$2 $3"; }

# send_signal NAME SIGNAL: to the virtainer, as an engine does.
send_signal() { engine kill -s "$2" "$e2e_id-$1" >/dev/null; }

# deaf NAME OPTION…: a guest that does not heed the power button.
deaf() {
  boot "$@" -t -i
  typing "$1" 20 'send=i' 'expect=boot-sector: ignoring'
}

# exec_in NAME COMMAND…
exec_in() {
  local name=$1
  shift
  engine exec "$e2e_id-$name" "$@"
}

# --- virtainer's commands -----------------------------------------------------------------------------------------

# command_in NAME COMMAND…: a command of virtainer's; sets $status, $output and $stderr.
command_in() {
  local name=$1
  shift
  status=0
  exec_in "$name" virtainer "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
  output=$(<"$BATS_TEST_TMPDIR/out") stderr=$(<"$BATS_TEST_TMPDIR/err")
}

# assert_command NAME STATUS REGEX COMMAND…: it ends so, and says something like that.
assert_command() {
  local name=$1 wanted=$2 regex=$3
  shift 3
  command_in "$name" "$@"
  [[ $status == "$wanted" && $output$stderr =~ $regex ]] ||
    fail "virtainer $* ended with status $status, not $wanted, and said '$output$stderr', not '$regex'"
}

# with_input FILE NAME COMMAND…
with_input() {
  local file=$1 name=$2
  shift 2
  timeout "$(seconds 120)" "${engine_command[@]}" exec -i "$e2e_id-$name" virtainer "$@" <"$file"
}

checksum() { sha256sum | cut -d' ' -f1; }

# interrupt NAME SIGNAL COMMAND: send it to the virtainer COMMAND that runs in the container.
interrupt() {
  # shellcheck disable=SC2016 # the container's shell expands them
  exec_in "$1" sh -c 'for p in /proc/[0-9]*; do
    if [ "$(cat "$p/comm")" = virtainer ] && tr "\0" " " <"$p/cmdline" | grep -q "^virtainer $2 "; then
      kill -"$1" "${p#/proc/}"; fi; done' sh "$2" "$3"
}

# --- waiting and talking ------------------------------------------------------------------------------------------

# talk SECONDS STEP… -- COMMAND…: see expect.py.
talk() {
  local limit=$1
  shift
  "$e2e_directory/expect.py" --timeout "$(seconds "$limit")" "$@"
}

# wait_log NAME REGEX [SECONDS]: wait until its log has it; prints the match.
wait_log() { talk "${3:-20}" "expect=$2" -- "${engine_command[@]}" logs -f "$e2e_id-$1"; }

# log_of NAME: what it said so far.
log_of() { engine logs "$e2e_id-$1" 2>&1 | tr -d '\r\000'; }

# assert_log NAME REGEX: it said so already.
assert_log() { log_of "$1" | grep -qE -- "$2" || fail "the log of $1 lacks: $2"; }

# typing NAME SECONDS STEP…: attach a terminal to it, as a person does; left with the detach keys, so it must have -t -i.
typing() {
  local name=$1 limit=$2
  shift 2
  talk "$limit" --pty "$@" detach -- "${engine_command[@]}" attach "$e2e_id-$name"
}

# until_true SECONDS COMMAND…: for what gives no event: asked again until it is so.
until_true() {
  local limit deadline
  limit=$(seconds "$1")
  deadline=$((SECONDS + limit))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || { fail "not so within $limit s: $*"; return 1; }
    sleep 0.1
  done
}

# --- looking ------------------------------------------------------------------------------------------------------

# listing DIRECTORY: all in it: name, kind, mode, owner, size, time of change, checksum. Directories have no time, as a
# temporary file in them changes it; nor has the lock, whose holder's name is put back.
listing() {
  as_root find "$1" \( -type d -printf '%P d %m %U:%G\n' \) -o \( -path '*/.virtainer/lock' -printf '%P %y %m %U:%G\n' \) -o \
    -printf '%P %y %m %U:%G %s %T@\n' | sort
  as_root find "$1" -type f -exec sha256sum {} + | sort
}

# state NAME FILTER: what `virtainer state --json` says, through jq.
state() { exec_in "$1" virtainer state --json | jq -er "$2"; }

# address_of NAME: the container's.
address_of() {
  engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$e2e_id-$1" | awk '{ print $1 }'
}

# processes NAME: one line each: pid, state, name.
processes() {
  # shellcheck disable=SC2016
  exec_in "$1" sh -c 'for p in /proc/[0-9]*; do
    [ -r "$p/status" ] && sed -n "s/^Name:\t//p; s/^State:\t\(.\).*/\1/p; s/^Pid:\t//p" "$p/status" 2>/dev/null | tr "\n" " " && echo
  done' | awk 'NF == 3 { print $3, $2, $1 }'
}

# pid_of NAME PROGRAM: its process id in the container; fails if there is none.
pid_of() { processes "$1" | awk -v name="$2" '$3 == name { print $1; found = 1; exit } END { exit !found }'; }

# new_network NAME OPTION…: a network of the engine that goes with the test.
new_network() {
  local name=$e2e_id-$1
  shift
  engine network create "$@" "$name" >/dev/null && networks+=("$name")
}

# undamaged: the overlay of a guest that was killed. Clusters that nothing refers to (3) are no damage: QEMU writes reference
# counts before what refers to them.
undamaged() { qemu_img check data/local_image.qcow2 || (($? == 3)); }

# qemu_img ARGUMENT…: qemu-img of the container image, in the test's directory. /image is the small guest, on which a
# test's overlay lies.
qemu_img() {
  engine run --rm "${run_options[@]}" -v "$small_guest:/image:ro" -v "$BATS_TEST_TMPDIR:/work" -w /work "$VT_IMAGE" \
    qemu-img "$@"
}
