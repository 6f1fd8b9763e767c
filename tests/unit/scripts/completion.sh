#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `virtainer completion bash` offers, asked as bash asks it.
set -euo pipefail

if [[ ${1-} == --help || $# != 1 ]]; then
  echo "Usage: completion.sh PROGRAM"
  exit
fi
program=$1
eval "$("$program" completion bash)"
failed=0

# offers LINE EXPECTED: with the cursor at LINE's end, exactly these words (sorted) are offered.
offers() {
  local line=$1 expected=$2 got
  # As bash cuts it: = is a word of its own.
  read -ra COMP_WORDS <<<"${line//=/ = }"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _virtainer virtainer "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
  [[ $got == "$expected" ]] && return
  echo "'$line' offers: $got, not: $expected"
  failed=1
}

# holds LINE WORD…: these are among what is offered.
holds() {
  local line=$1 word
  shift
  read -ra COMP_WORDS <<<"$line"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _virtainer
  for word; do
    [[ " ${COMPREPLY[*]} " == *" $word "* ]] || { echo "'$line' does not offer $word" && failed=1; }
  done
}

holds 'virtainer ' run state list healthcheck pause resume ssh exec cp completion
offers 'virtainer hea' 'healthcheck'
offers 'virtainer state ' '--help --json'
offers 'virtainer state --j' '--json'
offers 'virtainer exec --v' '--via'
offers 'virtainer exec --via ' 'agent ssh'
offers 'virtainer exec --via a' 'agent'
offers 'virtainer exec --via=' 'agent ssh'
offers 'virtainer exec --via=s' 'ssh'
# Left to bash, which offers file names.
offers 'virtainer cp ' ''
offers 'virtainer commit --format ' 'qcow2 raw'
offers 'virtainer nothing ' ''
offers 'virtainer healthcheck --console ' ''
offers 'virtainer completion ' 'bash'
offers 'virtainer image ' 'fetch flatten info list prune pull rebase verify'
holds 'virtainer run ' --ram --disk-size --log-format --help
offers 'virtainer run --disk-s' '--disk-size'
offers 'virtainer run --accel ' 'auto kvm tcg'
offers 'virtainer run --stop-action ' 'poweroff save shutdown'
offers 'virtainer run --stop-on-int sa' 'same save'
offers 'virtainer run --grace-action ' 'poweroff save'
offers 'virtainer run --resume ' 'no yes'
offers 'virtainer run --image ' ''
# Flags alone are those of run.
offers 'virtainer --ram 2G --net' '--network'
holds 'virtainer --' --ram
# What it offers is what there is: every command of the help.
while read -r command; do holds 'virtainer ' "$command"; done < <("$program" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
exit "$failed"
