#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs Fedora 30 as a virtainer. Made by images/distributions.sh.
# shellcheck source=lib/distribution.sh source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib/distribution.sh"
run_distribution fedora 'Fedora' '30' "$@"
