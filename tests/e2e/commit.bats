#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2154
#
# One image made of base and overlay: as a file, and as a container image that others start from.

bats_require_minimum_version 1.5.0
load lib

setup() { e2e_setup; }

teardown() {
  engine rmi -f "$e2e_id-disk" "$e2e_id-virtainer" >/dev/null 2>&1 || true
  e2e_teardown
}

# bats test_tags=podman,rights
@test "commit: a file, and a containerDisk that the engine loads, and a virtainer starts from it and from its archive" {
  boot vm
  run ! exec_in vm virtainer commit /mounted/new.qcow2
  [[ $output == *'held by another virtainer'*'stop that one'* ]] || fail "$output"
  stop vm
  mkdir "$BATS_TEST_TMPDIR/out"
  mine=(-v "$data:/mounted" -v "$boot_sector:/image:ro" -v "$BATS_TEST_TMPDIR/out:/out")
  run_virtainer 30 "${mine[@]}" -- commit --compress /out/new.qcow2
  ((status == 0)) && [[ $stderr == *'the whole disk is in /out/new.qcow2'* ]] || fail "$status $stderr"
  engine run --rm "${run_options[@]}" "${mine[@]}" "$VT_IMAGE" qemu-img compare -q -f qcow2 -F qcow2 /out/new.qcow2 \
    /mounted/local_image.qcow2 || fail 'not the same disk'
  run_virtainer 30 "${mine[@]}" -- commit /out/new.qcow2
  ((status == 2)) && [[ $stderr == *'is there already'* ]] || fail "$status $stderr"
  run_virtainer 30 "${mine[@]}" -- commit --containerdisk "/out/$e2e_id-disk.tar"
  ((status == 0)) || fail "$status $stderr"
  [[ $(find "$BATS_TEST_TMPDIR/out" -type f | wc -l) == 2 ]] || fail "$(find "$BATS_TEST_TMPDIR/out")"
  loaded=$(engine load -i "$BATS_TEST_TMPDIR/out/$e2e_id-disk.tar")
  [[ $loaded == *"$e2e_id-disk:latest"* ]] || fail "$loaded"
  printf 'FROM %s\nCOPY --from=%s /disk /disk\n' "$VT_IMAGE" "${loaded##*: }" |
    engine build -q -t "$e2e_id-virtainer" - >/dev/null
  VT_IMAGE=$e2e_id-virtainer virtainer again --no-data
  wait_log again 'boot-sector: hello' 30
  assert_log again "base     /disk/$e2e_id-disk.qcow2: qcow2"
  virtainer archive --no-data -v "$BATS_TEST_TMPDIR/out/$e2e_id-disk.tar:/image:ro"
  wait_log archive 'boot-sector: hello' 30
}
