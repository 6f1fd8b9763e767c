#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every test, set-up included. Each test's name is printed as it ends; the last line counts them.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

program=${0##*/}
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../run-scripts/lib/common.sh
. "$tests/../run-scripts/lib/common.sh"
# shellcheck source=../run-scripts/lib/engine.sh
. "$tests/../run-scripts/lib/engine.sh"

readonly logs=$project_root/build/test-logs
readonly results=$logs/results
readonly reasons=$logs/reasons
readonly stage_jobs=2

# The stages in the order in which they begin: name, kind, time limit in seconds, what must have ended before, what it does.
# The kind says whose output it is: ctest's, that of bats, or nobody's ('work', where the stage itself is the check).
# The two that boot the most guests first, as all else fits beside and behind them: a stage that is begun last and is long
# ends alone.
readonly stages=(
  'setup          work  900  -                 install the packages that building and testing need'
  'unit           ctest 600  setup             build for development, unit tests'
  'engines        work  600  setup             find or install docker and podman'
  'images         work  900  engines           make the guest images from Debian packages'
  'container      work  900  engines           build the container image for docker and podman'
  'cloud-docker   bats  2700 images,container  a real cloud image in docker'
  'e2e-docker     bats  2400 images,container  end to end in docker'
  'kill           bats  1200 images,container  kill virtainers at random moments, and look at what is left'
  'e2e-podman     bats  1500 e2e-docker        end to end in podman'
  'lint           work  900  setup             clang-tidy and shellcheck'
  'scripts-docker bats  1200 images,container  the run scripts with docker'
  'cloud-podman   bats  900  cloud-docker      a real cloud image in podman'
  'e2e-minimal    bats  1200 e2e-docker        end to end in docker with the least rights, where they matter'
  'asan           ctest 900  unit              build with sanitizers, unit tests'
  'pristine-12    ctest 900  engines           build and unit tests in a pristine Debian 12'
  'pristine-13    ctest 900  engines           build and unit tests in a pristine Debian 13'
  'scripts-podman bats  900  images,container  the run scripts with podman'
  'release        work  600  setup             build as the container image does'
)
readonly quick=(unit asan)

usage() {
  cat <<END
Usage: $program [OPTION] [STAGE…]

Runs every test on a bare Debian machine, as root or with sudo, or only the stages named. What is missing is installed
first. A stage that fails does not keep the others from running; the end lists what failed, and counts.

  --quick   only the unit tests, plain and with sanitizers
  --list    only list the stages
  --help    this text

  CONTAINER_IMAGE   the name under which the container image is built and tested ($container_image)

Whole logs are in ${logs#"$project_root/"}/STAGE.log. The stages:
END
  list_stages
}

list_stages() {
  local name text
  while read -r name _ _ _ text; do printf '  %-15s %s\n' "$name" "$text"; done < <(printf '%s\n' "${stages[@]}")
}

# stage_field STAGE NUMBER: a word of its line, counted from 1; fails if there is no such stage.
stage_field() { printf '%s\n' "${stages[@]}" | awk -v name="$1" -v n="$2" '$1 == name { print $n; found = 1 } END { exit !found }'; }

# --- the stages ---------------------------------------------------------------------------------------------------

# preset NAME: configure and build.
preset() {
  cd "$project_root"
  cmake --preset "$1"
  cmake --build --preset "$1"
}

# units PRESET OPTION…: its unit tests; -V since the log is to hold every case.
units() {
  local name=$1
  shift
  preset "$name"
  ctest --test-dir "build/$name" -L unit -V -j "$(nproc)" "$@"
}

# lint: clang-tidy on the program, shellcheck on the scripts that the unit test style does not know by their names.
lint() {
  preset tidy
  shellcheck -x .ci/run run-scripts/lib/oci-runtime-heldcaps tests/e2e/{bridge,cloud,compose,network,privileges,recipes,rootless,scripts,user-network}.bats
}

images() {
  "$project_root/images/small-guest/build.sh"
  "$project_root/images/boot-sector/build.sh"
  "$project_root/images/debian/build.sh"
}

# container: built once; podman is given what docker built, which is quicker than to build it twice.
container() {
  container_image_ready docker again
  local save=("${engine_command[@]}" save "$container_image")
  engine_ready podman
  "${save[@]}" | "${engine_command[@]}" load
  # Docker's archive has the short name, which podman files under docker.io.
  if ! image_there "localhost/$container_image"; then engine tag "docker.io/$container_image" "localhost/$container_image"; fi
}

# e2e ENGINE JOBS FILE…: test files in an engine; in podman those tests that say so. Deadlines are longer than for one
# person at work, since two stages run at a time.
e2e() {
  local engine=$1 jobs=$2 name=$container_image
  shift 2
  [[ $engine != podman ]] || name=localhost/$container_image
  export E2E_SLOW=${E2E_SLOW:-2}
  VT_IMAGE=$name "$tests/e2e/run.sh" --engine "$engine" --jobs "$jobs" "$@"
}

# other_files: the end-to-end tests that have no stage of their own.
other_files() {
  local file
  for file in "$tests"/e2e/*.bats; do
    case ${file##*/} in cloud.bats | scripts.bats) ;; *) basename "$file" .bats ;; esac
  done
}

# run_stage NAME: the work itself.
run_stage() {
  local files
  case $1 in
    setup) "$tests/setup.sh" ;;
    unit) units dev ;;
    asan) units asan -E '^unit/(style|readme|scripts/.*)$' ;;
    lint) lint ;;
    release) preset release ;;
    engines)
      engine_ready docker
      engine_ready podman
      ;;
    images) images ;;
    container) container ;;
    pristine-12) "$tests/pristine.sh" bookworm -V ;;
    pristine-13) "$tests/pristine.sh" trixie -V ;;
    e2e-minimal)
      mapfile -t files < <(other_files)
      e2e docker 2 --minimal --tag rights "${files[@]}"
      ;;
    e2e-*)
      mapfile -t files < <(other_files)
      e2e "${1#*-}" 2 "${files[@]}"
      ;;
    kill)
      E2E_SLOW=${E2E_SLOW:-2} COUNT=${COUNT:-200} VT_IMAGE=$container_image "$tests/kill/run.sh" --engines docker,podman
      ;;
    cloud-* | scripts-*) e2e "${1#*-}" 1 "${1%-*}" ;;
  esac
}

# --- reading what the runners say ---------------------------------------------------------------------------------

# result STAGE ok|fail|skip NAME: print and record it.
result() {
  printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$results"
  printf '%-4s %s: %s\n' "$2" "$1" "$3"
}

# reason STAGE TEXT: print and keep what a failed test said, for the summary: who sees only the end of all this sees why.
reason() {
  local line
  while IFS= read -r line; do printf '     %s: %s\n' "$1" "$line"; done <<<"$2" | tee -a "$reasons"
}

# read_work STAGE: nothing to be read.
read_work() { cat >/dev/null; }

# read_bats STAGE: TAP; what a failed test said follows it.
read_bats() {
  local line failing=''
  while IFS= read -r line; do
    if [[ $line =~ ^ok\ [0-9]+\ (.*\ #\ skip.*)$ ]]; then
      failing='' && result "$1" skip "${BASH_REMATCH[1]}"
    elif [[ $line =~ ^ok\ [0-9]+\ (.*)$ ]]; then
      failing='' && result "$1" ok "${BASH_REMATCH[1]}"
    elif [[ $line =~ ^not\ ok\ [0-9]+\ (.*)$ ]]; then
      failing=yes && result "$1" fail "${BASH_REMATCH[1]}" | tee -a "$reasons"
    elif [[ -n $failing ]]; then
      reason "$1" "$line"
    fi
  done
}

# skipped STAGE NAME: what root may not do in a container is skipped there, and tried in the stage "unit".
skipped() {
  if [[ $1 == unit && $EUID == 0 ]]; then
    result "$1" fail "$2 (skipped, and no other stage runs it)" | tee -a "$reasons"
  else
    result "$1" skip "$2"
  fi
}

# read_ctest STAGE: ctest -V, whose programs are cmocka's or others. A cmocka program counts by its cases; it lists the
# failed ones again at its end.
read_ctest() {
  local line number name verdict
  local -A names=() said=() ended=() cases=() failed=()
  while IFS= read -r line; do
    if [[ $line =~ ^\ +Start\ +([0-9]+):\ (.*)$ ]]; then
      names[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    elif [[ $line =~ ^([0-9]+):\ (.*)$ ]]; then
      number=${BASH_REMATCH[1]} line=${BASH_REMATCH[2]}
      said[$number]+=$line$'\n'
      if [[ $line =~ ^\[=+\].*\ Running ]]; then
        ended[$number]=''
      elif [[ $line =~ ^\[=+\] ]]; then
        ended[$number]=yes
      elif [[ -z ${ended[$number]-} && $line =~ ^\[\ +(OK|FAILED|SKIPPED)\ +\]\ (.*)$ ]]; then
        verdict=${BASH_REMATCH[1]} name="${names[$number]-$number} ${BASH_REMATCH[2]}"
        cases[$number]=yes
        case $verdict in
          OK) result "$1" ok "$name" ;;
          SKIPPED) skipped "$1" "$name" ;;
          FAILED) failed[$number]=yes && result "$1" fail "$name" | tee -a "$reasons" ;;
        esac
      fi
    elif [[ $line =~ ^\ *[0-9]+/[0-9]+\ Test\ +#([0-9]+):\ ([^ ]+)\ \.*\ *(.*)$ ]]; then
      number=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]} verdict=${BASH_REMATCH[3]}
      case $verdict in
        Passed*) [[ -n ${cases[$number]-} ]] || result "$1" ok "$name" ;;
        *Skipped*) result "$1" skip "$name" ;;
        *)
          [[ -n ${failed[$number]-} ]] || result "$1" fail "$name ($verdict)" | tee -a "$reasons"
          reason "$1" "${said[$number]-}"
          ;;
      esac
      unset "said[$number]"
    fi
  done
}

# --- running them -------------------------------------------------------------------------------------------------

# clock SECONDS
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# stage_results STAGE [VERDICT]: how many there are.
stage_results() { awk -F'\t' -v stage="$1" -v verdict="${2-}" '$1 == stage && (!verdict || $2 == verdict)' "$results" | wc -l; }

# do_stage NAME: with its heading, its log, its limit. It runs as a process of its own, so that the limit ends all of it.
do_stage() {
  local name=$1 kind limit began=$SECONDS status=0 verdict=passed
  kind=$(stage_field "$name" 2)
  limit=$(stage_field "$name" 3)
  printf '%s\n' "== $(clock $SECONDS) $name begins"
  timeout -k 30 "$limit" "$tests/$program" --stage "$name" 2>&1 </dev/null 8>&- | tee "$logs/$name.log" | "read_$kind" "$name" || status=$?
  if [[ $kind != work ]] && (($(stage_results "$name") == 0)); then
    status=$((status ? status : 1))
    echo "no test of $name ran" >>"$logs/$name.log"
  fi
  if ((status)); then
    verdict="FAILED with status $status"
    ((status != 124 && status != 137)) || verdict="FAILED: not done within $limit s"
    # A stage that failed outside its tests, or has none, counts as one.
    if (($(stage_results "$name" fail) == 0)); then
      result "$name" fail 'the stage itself' | tee -a "$reasons"
      reason "$name" "$(tail -n 40 "$logs/$name.log")"
    fi
  elif [[ $kind == work ]]; then
    result "$name" ok "$(stage_text "$name")"
  fi
  printf '%s\n' "== $(clock $SECONDS) $name $verdict after $(clock $((SECONDS - began)))"
}

# stage_text STAGE: what it does.
stage_text() { list_stages | awk -v name="$1" '$1 == name { $1 = ""; print substr($0, 2) }'; }

# ready STAGE: whether no stage that it needs is still to end.
ready() {
  local need
  for need in $(stage_field "$1" 4 | tr , ' '); do
    [[ -z ${state[$need]-} || ${state[$need]} == ended ]] || return 1
  done
}

# run_all STAGE…: some at a time, each after what it needs, in the order given.
run_all() {
  local name pid
  declare -gA state=() running=()
  for name in "$@"; do state[$name]=waiting; done
  while :; do
    for name in "$@"; do
      ((${#running[@]} < stage_jobs)) || break
      if [[ ${state[$name]} != waiting ]] || ! ready "$name"; then continue; fi
      state[$name]=running
      do_stage "$name" &
      running[$!]=$name
    done
    ((${#running[@]})) || break
    wait -n -p pid || true
    state[${running[$pid]}]=ended
    unset "running[$pid]"
  done
}

# gist: of what each failed test said the first and the last lines; what it said over and over as it waited, once. Two
# stages may have written at a time.
gist() {
  awk -v ends=8 '
    $1 == "fail" { count++; test[$2] = count; name[count] = $0; next }
    {
      n = test[$1]
      if ($0 == last[n]) { times[n, said[n]]++; next }
      last[n] = $0; line[n, ++said[n]] = $0; times[n, said[n]] = 1
    }
    END {
      for (n = 1; n <= count; n++) {
        print name[n]
        for (i = 1; i <= said[n]; i++)
          if (i <= ends || i > said[n] - ends) print line[n, i] (times[n, i] > 1 ? " (" times[n, i] " times)" : "")
          else if (i == ends + 1) print "     …"
      }
    }'
}

# summary: what failed, and the count, which is the last line.
summary() {
  local total failed skipped
  total=$(wc -l <"$results")
  failed=$(awk -F'\t' '$2 == "fail"' "$results" | wc -l)
  skipped=$(awk -F'\t' '$2 == "skip"' "$results" | wc -l)
  echo "== $(clock $SECONDS) by stage:"
  awk -F'\t' '
    !($1 in total) { order[++count] = $1 }
    { total[$1]++; seen[$1, $2]++ }
    END { for (i = 1; i <= count; i++) printf "   %-15s %4d tests, %d failures, %d skipped\n", order[i],
          total[order[i]], seen[order[i], "fail"], seen[order[i], "skip"] }' "$results"
  if ((failed)); then
    echo '== why:'
    gist <"$reasons"
    echo '== failed:'
    awk -F'\t' '$2 == "fail" { print "   " $1 ": " $3 }' "$results"
  fi
  echo "$total tests, $failed failures, $skipped skipped"
  ((failed == 0 && total > 0))
}

# on_interrupt: end what runs; each stage has its own process group, led by timeout.
on_interrupt() {
  trap '' INT TERM
  say 'interrupted'
  pkill -TERM -P "$(IFS=, && echo "$$,${!running[*]}")" -x timeout || true
  wait
  exit 130
}

main() {
  local chosen=() name
  while (($#)); do
    case $1 in
      --help | -h) usage && return ;;
      --list) list_stages && return ;;
      --quick) chosen+=(setup "${quick[@]}") ;;
      # One of our own stages, in a process of its own.
      --stage)
        run_stage "$2"
        exit
        ;;
      *) stage_field "$1" 1 >/dev/null || die 2 "there is no stage or option '$1'; see --help" && chosen+=("$1") ;;
    esac
    shift
  done
  ((${#chosen[@]})) || mapfile -t chosen < <(printf '%s\n' "${stages[@]}" | awk '{ print $1 }')
  mkdir -p "$logs"
  exec 8>"$logs/lock"
  flock -n 8 || die 1 'another run is under way in this directory'
  : >"$results"
  : >"$reasons"
  trap on_interrupt INT TERM
  run_all "${chosen[@]}"
  summary
}

main "$@"
