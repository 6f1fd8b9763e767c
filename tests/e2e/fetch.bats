#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# IMAGE_URL: the download, from a real server that is slow, away, busy, or not to be trusted. What a server can do
# beside that (wrong ranges and lengths, kills at any time) is in tests/unit/image/test_fetch.c.

bats_require_minimum_version 1.5.0
load lib

setup() {
  e2e_setup
  site=$BATS_TEST_TMPDIR/site
  mkdir "$site"
  # A disk that the boot sector boots from, and large enough to be interrupted.
  { cat "$boot_sector" && head -c 7340032 /dev/urandom; } >"$site/disk.img"
  # So old that its Last-Modified tells its content, as an ETag does anyway.
  touch -d '2 days ago' "$site/disk.img"
  host=$(host_address)
  port=$(python3 -c 'import socket; print(socket.create_server(("", 0)).getsockname()[1])')
  url=http://$host:$port/disk.img
}

teardown() {
  stop_server
  e2e_teardown
}

# host_address: where containers reach this machine.
host_address() { engine run --rm "${run_options[@]}" "$VT_IMAGE" sh -c 'ip -4 route show default' | awk '{ print $3 }'; }

# serve LISTEN DIRECTIVE…: nginx, with what is to be so for all of the site. Again: another server at the same port.
serve() {
  local listen=$1 place=$BATS_TEST_TMPDIR/nginx temporary
  shift
  stop_server
  mkdir -p "$place"
  {
    printf '%s\n' "daemon off; master_process off; pid $place/pid; error_log $place/errors;" 'events {}' 'http {'
    for temporary in client_body proxy fastcgi uwsgi scgi; do echo "${temporary}_temp_path $place/$temporary;"; done
    printf '%s\n' "access_log $place/access; server { listen $port $listen; root $site;" "$@" '} }'
  } >"$place/conf"
  /usr/sbin/nginx -e "$place/errors" -c "$place/conf" 3>&- &
  server=$!
  until_true 10 eval "(: <>/dev/tcp/127.0.0.1/$port) 2>/dev/null"
}

stop_server() {
  [[ -z ${server-} ]] || kill -9 "$server" || true
  [[ -z ${server-} ]] || wait "$server" 2>/dev/null || true
  server=
}

partial() { as_root find "$data" -name '*.partial'; }

# has_begun BYTES: the download has at least so many.
has_begun() {
  local file
  file=$(partial)
  [[ -n $file && $(as_root stat -c %s "$file") -ge $1 ]]
}

# unpacked_has BYTES: of the image that is unpacked while it arrives there are at least so many.
unpacked_has() { [[ -n $(as_root find "$data" -name '*.part-*' -size "+$(($1 / 1024))k") ]]; }

# assert_fetched: it is whole, and nothing is beside it.
assert_fetched() {
  as_root cmp "$site/disk.img" "$(as_root find "$data/.virtainer/images" -type f)"
}

# replies STATUS: how many there were so far.
replies() { grep -c "\" $1 " "$BATS_TEST_TMPDIR/nginx/access" || true; }

@test "a stop and a kill during the download: the next start goes on, and the guest boots" {
  serve '' 'limit_rate 500k;'
  virtainer first -e IMAGE_URL="$url"
  until_true 20 has_begun 1000000
  stop first
  assert_status first 0
  has_begun 1000000
  virtainer second -e IMAGE_URL="$url"
  until_true 20 has_begun 2000000
  engine kill "$e2e_id-second" >/dev/null
  wait_status second 20
  has_begun 2000000
  serve ''
  virtainer third -e IMAGE_URL="$url"
  wait_log third 'boot-sector: hello' 30
  assert_log second 'are there from an earlier start'
  assert_log third 'are there from an earlier start'
  (($(replies 206) >= 2)) || fail "$(<"$BATS_TEST_TMPDIR/nginx/access")"
  assert_fetched
}

@test "the server goes away, and comes back busy: tried again, from where it was; packed, and unpacked meanwhile" {
  xz -0 -k "$site/disk.img"
  serve '' 'limit_rate 500k;'
  virtainer vm -e IMAGE_URL="$url.xz"
  until_true 20 has_begun 1000000
  until_true 20 unpacked_has 900000
  stop_server
  wait_log vm 'try 2 of 5'
  serve '' 'return 503;'
  wait_log vm 'error: 503; try [34] of 5'
  serve ''
  wait_log vm 'boot-sector: hello' 60
  (($(replies 206) >= 1)) || fail "$(<"$BATS_TEST_TMPDIR/nginx/access")"
  assert_fetched
}

@test "IMAGE_CHECKSUM from SHA256SUMS: the right one boots, another keeps nothing, none says so" {
  serve ''
  (cd "$site" && sha256sum disk.img >SHA256SUMS && sha256sum SHA256SUMS >NONE)
  printf 'SHA512 (disk.img) = %0128d\n' 0 >"$site/WRONG"
  for file in WRONG NONE; do
    run_virtainer 30 --privileged -v "$data:/mounted" -e IMAGE_URL="$url" -e IMAGE_CHECKSUM="http://$host:$port/$file"
    ((status == 13)) || fail "status $status: $stderr"
    [[ $file != WRONG || $stderr == *'not the one that IMAGE_CHECKSUM gives'* ]]
    [[ $file != NONE || $stderr == *'no SHA-256 or SHA-512 checksum of disk.img'* ]]
    [[ -z $(as_root ls -A "$data") ]] || fail "left: $(as_root find "$data")"
  done
  virtainer vm -e IMAGE_URL="$url" -e IMAGE_CHECKSUM="http://$host:$port/SHA256SUMS"
  wait_log vm 'boot-sector: hello' 30
  assert_fetched
}

@test "a certificate that nobody vouches for: status 13, at once" {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -addext "subjectAltName=IP:$host" \
    -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/certificate" 2>/dev/null
  serve ssl "ssl_certificate $BATS_TEST_TMPDIR/certificate; ssl_certificate_key $BATS_TEST_TMPDIR/key;"
  run_virtainer 10 --privileged -v "$data:/mounted" -e IMAGE_URL="https${url#http}"
  ((status == 13))
  [[ $stderr == 'virtainer: error: '*"https${url#http} is not trusted"* ]]
  [[ $stderr != *$'\n'* ]]
}

@test "a certificate that the container's authorities vouch for; and a proxy" {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -addext "subjectAltName=IP:$host" \
    -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/certificate" 2>/dev/null
  serve ssl "ssl_certificate $BATS_TEST_TMPDIR/certificate; ssl_certificate_key $BATS_TEST_TMPDIR/key;"
  virtainer vm -e IMAGE_URL="https${url#http}" -v "$BATS_TEST_TMPDIR/certificate:/etc/ssl/certs/ca-certificates.crt:ro"
  wait_log vm 'boot-sector: hello' 30
  assert_fetched
  # Without that there are those of Debian.
  (($(engine run --rm "${run_options[@]}" "$VT_IMAGE" grep -c BEGIN /etc/ssl/certs/ca-certificates.crt) > 50))

  remove "$e2e_id-vm"
  serve ''
  virtainer vm --no-data -e IMAGE_URL=http://images.invalid/disk.img -e "http_proxy=http://$host:$port"
  wait_log vm 'boot-sector: hello' 30
  grep -qF '"GET http://images.invalid/disk.img ' "$BATS_TEST_TMPDIR/nginx/access"
}

@test "no room for what the server announces: status 21 before the first byte, and else when it is full" {
  as_root mount -t tmpfs -o size=4m small "$data"
  mounts+=("$data")
  serve ''
  run_virtainer 10 --privileged -v "$data:/mounted" -e IMAGE_URL="$url"
  ((status == 21)) || fail "status $status: $stderr"
  [[ $stderr =~ 'needs 8 MiB, and its file system has room for '[34].*' MiB: free some' ]] || fail "$stderr"
  [[ -z $(as_root ls -A "$data") ]] || fail "left: $(as_root find "$data")"
  # How large it is when it is unpacked nobody knew; the download itself can be gone on with.
  { cat "$boot_sector" && yes | head -c 6000000; } | gzip >"$site/disk.img.gz"
  touch -d '2 days ago' "$site/disk.img.gz"
  run_virtainer 10 --privileged -v "$data:/mounted" -e IMAGE_URL="$url.gz"
  ((status == 21)) || fail "status $status: $stderr"
  [[ $stderr == *': No space left on device; '* ]] || fail "$stderr"
  [[ $(as_root find "$data/.virtainer" -type f -name '*.partial*' | wc -l) == 2 ]] || fail "left: $(as_root find "$data")"
  [[ -z $(as_root find "$data" -name '*.part-*') ]] || fail "left: $(as_root find "$data")"
}

@test "a cache: one download for two guests, and a third without the server, from a read-only cache" {
  local cache=$BATS_TEST_TMPDIR/cache name
  mkdir "$cache"
  serve '' 'limit_rate 2m;'
  mkdir "$data"/{a,b,c}
  for name in a b; do virtainer $name -v "$data/$name:/mounted" -v "$cache:/cache" -e IMAGE_URL="$url"; done
  for name in a b; do wait_log $name 'boot-sector: hello' 60; done
  (($(replies 200) == 1)) || fail "$(<"$BATS_TEST_TMPDIR/nginx/access")"
  stop_server
  virtainer c -v "$data/c:/mounted" -v "$cache:/cache:ro" -e IMAGE_URL="$url"
  wait_log c 'boot-sector: hello' 30
  assert_log c "base     /cache/images/sha256/$(sha256sum "$site/disk.img" | cut -d' ' -f1): raw"
  [[ -z $(as_root find "$data" -path '*/.virtainer/images') ]]
  [[ $(as_root find "$cache" -type f | wc -l) == 2 ]]
}

# pull NAME OPTION…: pull the site's image to the cache, in a container of that name in the background.
pull() {
  local name=$1
  shift
  engine run -d --name "$e2e_id-$name" "${run_options[@]}" -v "$cache:/cache" "$@" "$VT_IMAGE" image pull "$url" >/dev/null
}

@test "the cache's commands: some pull and one downloads, a killed one is gone on from; list, verify, prune" {
  cache=$BATS_TEST_TMPDIR/cache
  mkdir "$cache"
  serve '' 'limit_rate 1m;'
  pull first
  until_true 20 eval '(($(as_root find "$cache" -name "*.partial" -size +500k | wc -l)))'
  local name digest
  for name in {2..4}; do pull "$name"; done
  engine kill "$e2e_id-first" >/dev/null
  for name in {2..4}; do assert_status "$name" 0 60; done
  (($(replies 200) == 1 && $(replies 206) == 1)) || fail "$(<"$BATS_TEST_TMPDIR/nginx/access")"
  digest=$(sha256sum "$site/disk.img" | cut -d' ' -f1)
  assert_log 4 "/cache/images/sha256/$digest"
  run_virtainer 10 -v "$cache:/cache:ro" -- image list --cached
  [[ $status == 0 && $output == *"${digest:0:12}  8 MiB "*"$url"* ]] || fail "$output $stderr"
  as_root sh -c "printf x | dd of='$cache/images/sha256/$digest' bs=1 seek=3000000 conv=notrunc status=none"
  run_virtainer 10 -v "$cache:/cache:ro" -- image verify
  [[ $status == 11 && $output == "DAMAGED "* ]] || fail "$status $output $stderr"
  run_virtainer 10 -v "$cache:/cache" -- image prune --all
  [[ $status == 0 && $output == "removed  /cache/images/sha256/$digest"* ]] || fail "$output $stderr"
  [[ -z $(as_root find "$cache" -type f) ]]
  # gpgv is there, and knows no key.
  (cd "$site" && sha256sum disk.img | tee SUMS >SUMS.gpg)
  run_virtainer 10 -v "$cache:/cache" -e IMAGE_KEYRING=/site/SUMS -v "$site:/site:ro" -- \
    image pull --checksum file:///site/SUMS file:///site/disk.img
  [[ $status == 13 && $stderr == *'not by a key in IMAGE_KEYRING'* ]] || fail "$status $stderr"
  run_virtainer 10 -- image pull "$url"
  [[ $status == 2 && $stderr == *'there is no cache: mount a directory at /cache'* ]] || fail "$stderr"
}
