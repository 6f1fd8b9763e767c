#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The page: who answers, and whom the guest sees asking.
client=${REMOTE_ADDR#\[}
client=${client%\]}
printf 'Content-Type: text/plain\r\n\r\nhost %s\nclient %s\n' "$(hostname)" "${client#::ffff:}"
