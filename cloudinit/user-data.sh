#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run by cloud-init as root, once, at the end of the first boot; its output is on the guest's console.
set -eu

echo "This machine lives in a container." > /etc/motd
date > /var/lib/first-boot
