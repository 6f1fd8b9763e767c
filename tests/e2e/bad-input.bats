#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2154
#
# Bad input, each tried end to end: its own exit status, one line that names the thing and the way out, within ten seconds,
# and nothing changed on disk.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# Seconds in which a virtainer must have refused.
limit=10

# refused STATUS THING WAY_OUT OPTION… [-- ARGUMENT…]: a virtainer with these options ends with STATUS and one line on
# standard error that matches THING and then WAY_OUT. The data directory, which holds something already, stays as it is.
refused() {
  local want=$1 thing=$2 way_out=$3 before after
  shift 3
  [[ -e $data/kept ]] || as_root touch "$data/kept" 2>/dev/null || true
  before=$(listing "$data")
  run_virtainer "$limit" "$@"
  after=$(listing "$data")
  printf 'status %s, standard error:\n%s\n' "$status" "$stderr"
  ((status == want)) || fail "status $status instead of $want"
  [[ $stderr == 'virtainer: error: '* ]] || fail 'no error line of ours'
  [[ $stderr != *$'\n'* ]] || fail 'more than one line on standard error'
  [[ -z $output ]] || fail "something on standard output: $output"
  [[ $stderr =~ ($thing).*($way_out) || $stderr =~ ($way_out).*($thing) ]] || fail "the line lacks '$thing' or '$way_out'"
  [[ $before == "$after" ]] || { diff <(echo "$before") <(echo "$after") || fail 'the data directory was changed'; }
}

# wrong VARIABLE VALUE WAY_OUT: refused as a value of it.
wrong() {
  refused 2 "$1=$2|$1 .*$2" "$3" "${all[@]}" -e "$1=$2"
}

# What a good virtainer has; the image is in `image`.
good() {
  image=${1:-$small_guest}
  all=(--privileged -v "$image:/image:ro" -v "$data:/mounted")
}

# --- variables and flags ------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "RAM=abc" { good && wrong RAM abc 'give MiB'; }

@test "RAM=1" { good && wrong RAM 1 'less than [0-9]+ MiB'; }

@test "more RAM than the machine has" {
  good
  refused 41 'RAM asks for 900 GiB' 'give the guest less' "${all[@]}" -e RAM=900G
}

@test "CPU=0" { good && wrong CPU 0 'from 1 to 255'; }

@test "CPU=1.5" { good && wrong CPU 1.5 'from 1 to 255'; }

@test "DISK_SIZE=1G on a larger base" {
  qemu_img create -q -f qcow2 large 2G
  good "$BATS_TEST_TMPDIR/large"
  refused 2 'DISK_SIZE \(1 GiB\).*2 GiB' 'DISK_SIZE=2G' "${all[@]}" -e DISK_SIZE=1G
}

@test "DISK_SIZE=ten" { good && wrong DISK_SIZE ten 'such as 40G'; }

@test "CIDR=300.1.1" { good && wrong CIDR 300.1.1 'such as 192.168.100'; }

@test "VM_NAME=a/b" { good && wrong VM_NAME a/b 'letters, digits'; }

@test "PORTS=80,70-90" { good && wrong PORTS 80,70-90 'port 80/tcp is in it twice'; }
@test "ALLOW_FROM=10.0.0.0/33" { good && wrong ALLOW_FROM 10.0.0.0/33 'such as 192.0.2.1,'; }
@test "NETWORK=moon" { good && wrong NETWORK moon 'auto, nat, user, bridge or none'; }

@test "ACCEL=fast" { good && wrong ACCEL fast 'auto, kvm or tcg'; }

@test "a wrong value in a flag" {
  good
  refused 2 '--ram.*abc' 'give MiB' "${all[@]}" -- run --ram abc
}

# bats test_tags=podman
@test "an unknown flag" {
  good
  refused 2 '--bogus' 'virtainer run --help' "${all[@]}" -- run --bogus
}

@test "an unknown flag without the command's name" {
  good
  refused 2 '--bogus' 'virtainer run --help' "${all[@]}" -- --bogus
}

# --- the image ----------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "no image" {
  refused 10 '/image' '-v HOST_PATH:/image:ro' --privileged -v "$data:/mounted"
}

@test "IMAGE names a file that is not there" {
  refused 10 '/nowhere.qcow2' 'mount|path' --privileged -v "$data:/mounted" -e IMAGE=/nowhere.qcow2
}

@test "IMAGE_URL where nobody answers" {
  # Five tries take 15 s; a line for each of them is not what is looked at.
  limit=30
  refused 13 '127.0.0.1:9/' 'address|server|check|network' --privileged -v "$data:/mounted" \
    -e IMAGE_URL=http://127.0.0.1:9/image.qcow2 -e LOG_LEVEL=error
}

@test "an image that is a text file" {
  echo 'this is no disk' >"$BATS_TEST_TMPDIR/text"
  good "$BATS_TEST_TMPDIR/text"
  refused 11 '/image .*text' 'qcow2|mount' "${all[@]}"
}

# bats test_tags=podman
@test "a truncated qcow2" {
  head -c 3000000 "$small_guest" >"$BATS_TEST_TMPDIR/cut"
  good "$BATS_TEST_TMPDIR/cut"
  refused 11 '/image ' 'get it anew' "${all[@]}"
}

@test "an empty image file" {
  : >"$BATS_TEST_TMPDIR/empty"
  good "$BATS_TEST_TMPDIR/empty"
  refused 11 '/image ' 'empty' "${all[@]}"
}

@test "a directory where the image is expected" {
  mkdir "$BATS_TEST_TMPDIR/image"
  good "$BATS_TEST_TMPDIR/image"
  refused 10 '/image is a directory' 'check that path' "${all[@]}"
}

# bats test_tags=podman
@test "an overlay made on another base" {
  boot first
  remove "$e2e_id-first"
  [[ -s $data/local_image.qcow2 ]] || fail 'the first virtainer made no overlay'
  good
  refused 23 'local_image.qcow2' '/image' "${all[@]}"
  refused 2 'image rebase' '--unsafe' "${all[@]}" -- image rebase
  refused 23 'local_image.qcow2.*/image' 'mount the original' "${all[@]}" -- image rebase --unsafe
  # The same disk in another form.
  qemu_img create -q -f qcow2 same "$(stat -c %s "$boot_sector")"
  good "$BATS_TEST_TMPDIR/same"
  refused 23 '/image' 'image rebase --unsafe' "${all[@]}"
  run_virtainer 20 -v "$data:/mounted" -v "$BATS_TEST_TMPDIR/same:/image:ro" -- image rebase --unsafe
  ((status == 0)) && [[ $stderr == *'is on the base image /image from now on'* ]] || fail "$status $stderr"
  run_virtainer 20 -v "$data:/mounted:ro" -v "$BATS_TEST_TMPDIR/same:/image:ro" -- image info
  [[ $output == *'/image: qcow2'*'unchanged since'* ]] || fail "$output"
}

# bats test_tags=podman
@test "an image of another user that only that user may read works" {
  cp "$boot_sector" "$BATS_TEST_TMPDIR/private"
  as_root chown 12345:12345 "$BATS_TEST_TMPDIR/private"
  as_root chmod 0600 "$BATS_TEST_TMPDIR/private"
  before=$(listing "$BATS_TEST_TMPDIR/private")
  virtainer private -v "$BATS_TEST_TMPDIR/private:/image:ro"
  wait_log private 'boot-sector: hello' 30
  stop private
  assert_status private 0
  [[ $(listing "$BATS_TEST_TMPDIR/private") == "$before" ]] || fail 'the image was changed'
}

@test "an image that cannot be read" {
  cp "$boot_sector" "$BATS_TEST_TMPDIR/private"
  as_root chown 12345:12345 "$BATS_TEST_TMPDIR/private"
  as_root chmod 0600 "$BATS_TEST_TMPDIR/private"
  refused 12 '/image' 'chmod|readable|DAC_OVERRIDE' --cap-add NET_ADMIN --cap-drop DAC_OVERRIDE --device /dev/net/tun \
    -v "$BATS_TEST_TMPDIR/private:/image:ro" -v "$data:/mounted"
}

# --- the seed -----------------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "user-data with a YAML error: file, line and column" {
  printf '#cloud-config\nusers:\n  - name: x\n   bad: [\n' >"$BATS_TEST_TMPDIR/user-data"
  good
  refused 30 '/tmp/user-data:4:4' 'correct' "${all[@]}" -v "$BATS_TEST_TMPDIR/user-data:/tmp/user-data:ro"
}

@test "a directory where a document of the seed is expected" {
  mkdir "$BATS_TEST_TMPDIR/missing"
  good
  for path in /tmp/user-data /tmp/id_rsa.pub; do
    refused 30 "$path is a directory" 'give the path of the file' "${all[@]}" -v "$BATS_TEST_TMPDIR/missing:$path:ro"
  done
}

# --- the data directory -------------------------------------------------------------------------------------------

# bats test_tags=podman
@test "a data directory that is read-only" {
  good
  refused 20 '/mounted is read-only' 'without :ro' --privileged -v "$small_guest:/image:ro" -v "$data:/mounted:ro"
}

@test "a file where the data directory is expected" {
  : >"$BATS_TEST_TMPDIR/file"
  refused 20 '/mounted is not a directory' 'mount a directory' --privileged -v "$small_guest:/image:ro" \
    -v "$BATS_TEST_TMPDIR/file:/mounted"
}

# A file system of SIZE at the data directory, with a file of BYTES in it.
tiny_data() {
  as_root mount -t tmpfs -o "size=$1" tmpfs "$data"
  mounts+=("$data")
  as_root touch "$data/kept"
  as_root dd if=/dev/zero of="$data/filler" bs=4096 count="$2" status=none 2>/dev/null || true
}

@test "a data directory that is full" {
  tiny_data 64k 100
  good
  refused 21 '/mounted' 'free' "${all[@]}"
}

@test "a data directory that has no room for the overlay" {
  tiny_data 64k 6
  good
  refused 21 '/mounted' 'free' "${all[@]}"
}

# bats test_tags=podman
@test "a data directory held by another virtainer" {
  boot holder --hostname the-holder
  good
  refused 22 '/mounted is held by .*the-holder' 'mount another' "${all[@]}"
  assert_running holder
  stop holder
  assert_status holder 0
}

# --- what the container may do ------------------------------------------------------------------------------------

@test "ACCEL=kvm without /dev/kvm" {
  refused 40 'ACCEL=kvm.*/dev/kvm' '--device /dev/kvm' --cap-add NET_ADMIN --device /dev/net/tun \
    -v "$small_guest:/image:ro" -v "$data:/mounted" -e ACCEL=kvm
}

# bats test_tags=podman
@test "no NET_ADMIN" {
  refused 50 'NET_ADMIN' '--cap-add NET_ADMIN' -e NETWORK=nat -v "$small_guest:/image:ro" -v "$data:/mounted"
}

@test "no /dev/net/tun, and no right to make it" {
  refused 50 '/dev/net/tun' '--device /dev/net/tun' -e NETWORK=nat --cap-add NET_ADMIN --cap-drop MKNOD -v "$small_guest:/image:ro" \
    -v "$data:/mounted"
}

# without NAME: the minimal rights but this capability, in `all`.
without() {
  local option
  all=(-v "$small_guest:/image:ro" -v "$data:/mounted")
  for option in "${minimal[@]}"; do
    if [[ $option == "$1" ]]; then unset 'all[-1]'; else all+=("$option"); fi
  done
}

# bats test_tags=podman
@test "no capability for QEMU's own user: each is named" {
  for name in CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETPCAP SETUID; do
    without "$name"
    refused 2 'lacks capabilities' "run it with --cap-add $name$" "${all[@]}"
  done
}

@test "a low port for the guest's DHCP that may not be taken" {
  all=("${minimal[@]}" -v "$small_guest:/image:ro" -v "$data:/mounted")
  refused 2 'lacks capabilities' 'run it with --cap-add NET_BIND_SERVICE$' "${all[@]}" \
    --sysctl net.ipv4.ip_unprivileged_port_start=1024
}

# Docker's --read-only alone; podman's brings a /run with it.
@test "a read-only root file system without a writable /run" {
  good
  refused 2 '/run is read-only' 'give --tmpfs /run' "${all[@]}" --read-only
}

# bats test_tags=podman
@test "a read-only root file system without a data directory" {
  refused 20 '/mounted is read-only' '-v HOST_DIRECTORY:/mounted' --privileged --read-only --tmpfs /run -v "$small_guest:/image:ro"
}

# bats test_tags=podman
@test "a read-only place that was named for the seed" {
  good
  refused 30 '/somewhere.iso' 'CLOUD_INIT_DISK gives another path' "${all[@]}" --read-only --tmpfs /run \
    -e CLOUD_INIT_DISK=/somewhere.iso
}

@test "the host's network" {
  good
  refused 50 "shares the host's network" 'without --network host' "${all[@]}" --network host
}
