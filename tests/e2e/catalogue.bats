#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2154
#
# IMAGE as a name in the catalogue, by a catalogue of the test's own.

bats_require_minimum_version 1.5.0
load lib

setup() {
  e2e_setup
  own=$BATS_TEST_TMPDIR/own
  mkdir "$own"
  sum=$(sha256sum "$boot_sector" | cut -d' ' -f1)
  echo "$sum  boot-sector.img" >"$own/SHA256SUMS"
  cat >"$own/tiny.yaml" <<EOT
name: tiny
title: Tiny
architecture: x86_64
user: someone
releases:
  - {version: 2, aliases: [shiny], url: 'file:///own/boot-sector.img', checksum_url: 'file:///own/SHA256SUMS', osinfo: tiny2}
  - {version: 1, url: 'file:///own/boot-sector.img', checksum: 'sha256:$sum', end_of_life: 2020-02-29}
  - {version: bad, url: 'file:///own/boot-sector.img', checksum: 'sha256:${sum//[0-9]/0}'}
EOT
  with=(-v "$own:/own:ro" -v "$boot_sector:/own/boot-sector.img:ro" -e CATALOGUE_DIR=/own)
  touch "$own/boot-sector.img"
}
teardown() {
  [[ -z ${server-} ]] || kill "$server"
  e2e_teardown
  engine rmi -f "$e2e_id/fedora" "$e2e_id/generic" >/dev/null 2>&1 || true
}

# refused STATUS TEXT IMAGE
refused() {
  run_virtainer 10 --privileged "${with[@]}" -v "$data:/mounted" -e "IMAGE=$3"
  printf 'status %s, standard error:\n%s\n' "$status" "$stderr"
  ((status == $1)) || fail "status $status instead of $1"
  [[ $stderr == *"$2"* ]] || fail "it lacks '$2'"
}

# bats test_tags=podman,rights
@test "a name is fetched, checked and booted, and who may log in is told" {
  virtainer tiny "${with[@]}" -e IMAGE=tiny
  wait_log tiny 'boot-sector: hello' 30
  wait_log tiny 'image    tiny:2, from file:///own/boot-sector.img' 5
  wait_log tiny 'login    ssh someone@[0-9.]+' 5
  engine exec "$e2e_id-tiny" virtainer state --json | grep -q '"ssh_user": "someone"'
  engine exec "$e2e_id-tiny" virsh dumpxml vm | grep -q 'variant=.tiny2'
  engine rm -f "$e2e_id-tiny"
  # A respin at another address: the guest stays on its own.
  sed -i 's|version: 2.*|version: 2, user: someone, url: "file:///own/respin.img"}|' "$own/tiny.yaml"
  virtainer again "${with[@]}" -e IMAGE=tiny
  wait_log again 'boot-sector: hello' 30
  assert_log again 'image    tiny:2, as it was when the disk was made'
}

@test "a codename is its release, and one without updates is warned of" {
  virtainer shiny "${with[@]}" -e IMAGE=shiny
  wait_log shiny 'image    tiny:2,' 30
  remove "$e2e_id-shiny"
  as_root rm -rf "$data"/* "$data"/.virtainer
  virtainer old "${with[@]}" -e IMAGE=tiny:1 -e SSH_USER=other
  wait_log old 'tiny:1 .Tiny 1. has had no security updates since 2020-02-29' 30
  wait_log old 'login    ssh other@' 30
}

@test "names that are not there, and what is there instead" {
  refused 10 "IMAGE=tini: the catalogue has no 'tini'; it has tiny (" tini
  refused 10 "IMAGE=tiny:3: the catalogue has no release '3' of Tiny; it has 2, 1, bad" tiny:3
  refused 2 'give an absolute path in the container, or a name of the catalogue' Tiny
  refused 13 IMAGE_CHECKSUM tiny:bad
  [[ -z $(find "$data" -name '*boot-sector*') ]]
  echo 'x' >>"$own/tiny.yaml"
  refused 2 '/own/tiny.yaml:' tiny:1
}

# bats test_tags=podman
@test "the catalogue of the container image, and one of one's own, are listed" {
  run_virtainer 10 -- image list
  ((status == 0))
  [[ $output == *'debian:13 '*'trixie'* && $output == *fedora:29*'(past)'* ]]
  run_virtainer 10 "${with[@]}" -- image list --json
  ((status == 0))
  jq -e '.[] | select(.name == "tiny" and .release == "1") | .user == "someone" and .ended' <<<"$output"
  jq -e '.[] | select(.name == "centos" and .release == "7") | .user == "centos"' <<<"$output"
}

@test "a dockerfile bakes an image in, verified, and it runs with what the catalogue says of it" {
  local generic=$e2e_id/generic baked=$e2e_id/fedora context=$BATS_TEST_TMPDIR/context file=$e2e_directory/../../dockerfiles/Dockerfile.fedora
  mkdir "$context"
  # A generic image whose Fedora is the boot sector, from a server on this machine.
  xz -k -c "$boot_sector" >"$context/image.xz"
  python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$context" >"$BATS_TEST_TMPDIR/server" 2>&1 3>&- &
  server=$!
  until_true 10 grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/server"
  url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/server")/image.xz
  printf '%s\n' 'name: fedora' 'architecture: x86_64' 'user: fedora' 'releases:' \
    "  - {version: 43, url: '$url', checksum: 'sha256:$(sha256sum "$context/image.xz" | cut -d' ' -f1)'}" \
    "  - {version: 42, url: '$url', checksum: 'sha256:${sum//[0-9]/0}'}" >"$context/fedora.yaml"
  printf 'FROM %s\nCOPY fedora.yaml /usr/local/share/virtainer/catalogue/\n' "$VT_IMAGE" >"$context/Dockerfile"
  engine build -q -t "$generic" "$context" >/dev/null
  engine build -q --network host --build-arg "GENERIC=$generic" --build-arg RELEASE=43 -t "$baked" - <"$file" >/dev/null
  run ! engine build --force-rm --network host --build-arg "GENERIC=$generic" --build-arg RELEASE=42 - <"$file"
  [[ $output == *IMAGE_CHECKSUM* ]] || fail "$output"

  VT_IMAGE=$baked virtainer baked --network none -e NETWORK=none
  wait_log baked 'boot-sector: hello' 30
  [[ $(engine inspect -f '{{.Config.Env}}' "$e2e_id-baked") == *SSH_USER=fedora*OS_VARIANT=fedora43* ]]
  [[ $(engine image inspect -f '{{index .Config.Labels "org.opencontainers.image.version"}}' "$baked") == 43 ]]
  [[ $(exec_in baked sha256sum /image) == "$sum "* ]]
}

@test "OS_VARIANT gives an old system the devices it knows, which its disk keeps, and is warned of where it is none" {
  virtainer old -t -i -v "$boot_sector:/image:ro" -e OS_VARIANT=winxp
  wait_log old 'boot-sector: hello' 30
  exec_in old virsh dumpxml vm >"$BATS_TEST_TMPDIR/xml"
  grep -q 'libosinfo:os id=.http://microsoft.com/win/xp' "$BATS_TEST_TMPDIR/xml"
  grep -q "<target dev='hda' bus='ide'/>" "$BATS_TEST_TMPDIR/xml"
  grep -q "<model type='e1000'/>" "$BATS_TEST_TMPDIR/xml"
  ! grep -q virtio "$BATS_TEST_TMPDIR/xml" || fail "it has a virtio device: $(grep virtio "$BATS_TEST_TMPDIR/xml")"
  engine rm -f "$e2e_id-old" >/dev/null
  boot newer -e OS_VARIANT=win10
  exec_in newer virsh dumpxml vm | grep -q "<target dev='hda' bus='ide'/>"
  assert_log newer 'first used with .IDE disk, e1000 network card.; OS_VARIANT=win10 is for a new disk'
  engine rm -f "$e2e_id-newer" >/dev/null
  as_root rm "$data/local_image.qcow2"
  boot new -e OS_VARIANT=win10
  exec_in new virsh dumpxml vm | grep -q "<target dev='sda' bus='sata'/>"
  assert_log new '  hardware SATA disk, e1000e network card'
  engine rm -f "$e2e_id-new" >/dev/null
  # A disk from before that was kept.
  as_root rm "$data/.virtainer/hardware"
  boot wrong -e OS_VARIANT=debain12
  assert_log wrong 'OS_VARIANT=debain12 is no system that osinfo knows .the nearest is debian12.'
  state wrong '.disk_bus == "virtio" and .network_card == "virtio"'
}
