#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2034,SC2154
#
# What is in compose/: tried with docker-compose, podman kube play, podman's Quadlet generator and systemd's own check.

bats_require_minimum_version 1.5.0
load lib

readonly compose_directory=$e2e_directory/../../compose
# A Debian with systemd and podman 5; run.sh makes it.
readonly systemd_image=vt-e2e/systemd

setup() {
  e2e_setup
  work=$BATS_TEST_TMPDIR/work
  cp -r "$compose_directory" "$work"
  echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f test' >"$BATS_TEST_TMPDIR/key"
  http_port=$(free_port) ssh_port=$(free_port)
}

teardown() {
  if [[ -n ${project-} ]]; then compose down -t 0 >/dev/null 2>&1 || true; fi
  if [[ -n ${pod-} ]]; then engine pod rm -f -t 0 "$pod" >/dev/null 2>&1 || true; fi
  e2e_teardown
}

# free_port: one that nobody listens on.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# compose ARGUMENT…: as a person types it in a copy of the directory, with the settings of set_up_compose.
compose() { (cd "$work" && timeout "$(seconds 60)" env "${settings[@]}" docker-compose "$@"); }

# set_up_compose NAME=VALUE…: settings beside those that every test needs. The container then has the name that the
# library knows as vm.
set_up_compose() {
  project=virtainer-$e2e_id-vm
  settings=(GUEST="$e2e_id-vm" COMPOSE_PROJECT_NAME="$project" IMAGE_NAME="$VT_IMAGE" BASE_IMAGE="$small_guest"
    SSH_KEY="$BATS_TEST_TMPDIR/key" DATA_DIR="$data" RAM=256 HTTP_PORT="$http_port" SSH_PORT="$ssh_port" "$@")
  printf 'services: {guest: {labels: {vt-e2e: "%s", vt-e2e-run: "%s"}}}\n' "$e2e_id" "${E2E_RUN:-$$}" >"$work/compose.override.yml"
  [[ -e /dev/kvm ]] || sed -i '/kvm/d' "$work/compose.yml"
  e2e_id=virtainer-$e2e_id
}

# end_statuses: of the project's containers that ended since $began, as the engine saw it; also of those that are removed.
# It remembers the last 256 events of all containers, so not long ago; and seconds have fractions.
end_statuses() {
  engine events --since "$began" --until "$(($(date +%s) + 1))" --filter type=container --filter event=die \
    --filter "label=com.docker.compose.project=$project" --format '{{.Actor.Attributes.exitCode}}'
}

@test "docker-compose up: the guest is reached on 127.0.0.1 alone, with the least rights; down is a clean end" {
  set_up_compose
  run --separate-stderr compose config -q
  [[ $status == 0 && -z $output && -z $stderr ]] || fail "compose.yml: $output $stderr"
  compose up -d
  wait_log vm 'small-guest: ready' 120
  curl -sS --max-time "$(seconds 10)" "http://127.0.0.1:$http_port/" | grep -q '^host '
  [[ $(engine port "$e2e_id-vm" | grep -c ' 127\.0\.0\.1:') == 2 ]]
  # None can be reached from elsewhere.
  run ! grep -v ' 127\.0\.0\.1:' <(engine port "$e2e_id-vm")
  [[ $(engine inspect -f '{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.Config.StopTimeout}}' "$e2e_id-vm") == 'false true 100' ]]
  exec_in vm grep -q '^NoNewPrivs:[[:space:]]1' /proc/1/status
  exec_in vm virtainer healthcheck
  assert_log vm 'ssh-ed25519 AAAAC3Nza'
  compose stop
  assert_status vm 0
  assert_log vm 'virtainer: the guest is off'
  compose up -d
  talk 120 'expect=small-guest: ready' 'expect=small-guest: ready' -- "${engine_command[@]}" logs -f "$e2e_id-vm"
  began=$(date +%s)
  compose down
  project_left=$(engine ps -aq --filter "label=com.docker.compose.project=$project")
  [[ -z $project_left ]] || fail 'down left the container'
  [[ $(end_statuses) == 0 ]] || fail "it ended with: $(end_statuses)"
  qemu_img check data/local_image.qcow2
}

@test "docker-compose with a file that is not there: an error, and nothing made in its place" {
  set_up_compose BASE_IMAGE="$BATS_TEST_TMPDIR/missing.qcow2"
  run ! compose up -d
  echo "$output"
  [[ $output == *missing.qcow2* ]]
  [[ ! -e $BATS_TEST_TMPDIR/missing.qcow2 ]]
}

restarted() { (($(engine inspect -f '{{.RestartCount}}' "$e2e_id-vm") == 1)); }

@test "RESTART: on-failure leaves off who powers itself off and starts who crashed; unless-stopped starts both" {
  set_up_compose BASE_IMAGE="$boot_sector" RESTART=on-failure:5
  compose up -d
  wait_log vm 'boot-sector: hello' 30
  until_true 10 state vm .qemu_pid
  exec_in vm sh -c "kill -KILL $(state vm .qemu_pid)"
  until_true 20 restarted
  talk 30 'expect=boot-sector: hello' 'expect=boot-sector: hello' -- "${engine_command[@]}" logs -f "$e2e_id-vm"
  # virsh may not live to tell, as the container ends with the guest.
  exec_in vm virsh shutdown "$(state vm .name)" --mode acpi || true
  assert_status vm 0
  [[ $(engine inspect -f '{{.State.Status}}' "$e2e_id-vm") == exited ]]
  settings+=(RESTART=unless-stopped)
  compose up -d
  wait_log vm 'boot-sector: hello' 30
  exec_in vm virsh shutdown "$(state vm .name)" --mode acpi || true
  until_true 20 restarted
}

# bats test_tags=podman,podman-only
@test "podman kube play: the guest is reached on 127.0.0.1, with the least rights; a clean end" {
  pod=$e2e_id
  sed -i -e "s,/srv/vm/debian,$data,; s,/srv/vm/image.qcow2,$small_guest,; s,/srv/vm/id_ed25519.pub,$BATS_TEST_TMPDIR/key," \
    -e "s,localhost/virtainers/generic:latest,$VT_IMAGE,; s,\"1024\",\"256\"," \
    -e "s,hostPort: 2222,hostPort: $ssh_port,; s,hostPort: 8080,hostPort: $http_port,; s,name: virtainer-debian,name: $pod," \
    "$work/kube/virtainer.yml"
  [[ -e /dev/kvm ]] || sed -i '/kvm/d' "$work/kube/virtainer.yml"
  engine kube play "$work/kube/virtainer.yml"
  wait_log guest 'small-guest: ready' 120
  curl -sS --max-time "$(seconds 10)" "http://127.0.0.1:$http_port/" | grep -q '^host '
  exec_in guest grep -q '^NoNewPrivs:[[:space:]]1' /proc/1/status
  run ! exec_in guest touch /somewhere
  # The probes' commands.
  exec_in guest virtainer-healthcheck
  exec_in guest virtainer wait --for running --timeout 0
  engine pod stop --time "$(seconds 40)" "$pod"
  assert_status guest 0
  assert_log guest 'virtainer: the guest is off'
  engine kube down "$work/kube/virtainer.yml"
  run ! engine pod exists "$pod"
  pod=''
}

# in_systemd COMMAND: by sh in a Debian with systemd and podman 5; compose/ is /compose.
in_systemd() { engine run --rm "${run_options[@]}" -v "$work:/compose:ro" "$systemd_image" sh -ec "$1"; }

@test "Quadlet: podman's generator makes a service of it that systemd takes" {
  in_systemd 'mkdir -p /etc/containers/systemd /run/units
    cp /compose/quadlet/*.container /etc/containers/systemd
    /usr/libexec/podman/quadlet /run/units
    systemd-analyze verify /run/units/virtainer-debian.service
    cat /run/units/virtainer-debian.service' >"$BATS_TEST_TMPDIR/service" 2>"$BATS_TEST_TMPDIR/said"
  cat "$BATS_TEST_TMPDIR/service" "$BATS_TEST_TMPDIR/said"
  # Only that it was read; what is wrong would be there too.
  run ! grep -v 'Loading source unit file' "$BATS_TEST_TMPDIR/said"
  line=$(grep '^ExecStart=' "$BATS_TEST_TMPDIR/service")
  for word in '--stop-timeout 100' --read-only --security-opt=no-new-privileges '--cap-drop all' '--device /dev/net/tun' \
    '--publish 127.0.0.1:2222:22' '-v /srv/vm/debian:/mounted' '--env RAM=1024' '--health-cmd virtainer-healthcheck'; do
    [[ $line == *" $word "* ]] || fail "ExecStart lacks $word"
  done
  for name in NET_ADMIN CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETPCAP SETUID NET_BIND_SERVICE; do
    [[ $line == *" --cap-add ${name,,} "* ]] || fail "ExecStart lacks $name"
  done
}

@test "the drop-in for docker.service: systemd takes it" {
  run --separate-stderr in_systemd 'mkdir -p /etc/systemd/system/docker.service.d
    printf "[Service]\nExecStart=/bin/true\n" >/etc/systemd/system/docker.service
    cp /compose/docker.service.d/virtainer.conf /etc/systemd/system/docker.service.d
    systemd-analyze verify docker.service
    systemd-analyze cat-config systemd/system/docker.service'
  echo "$output$stderr"
  [[ $status == 0 && -z $stderr && $output == *'TimeoutStopSec=5min'* ]]
}
