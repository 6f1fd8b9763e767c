#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash cannot measure well.

    probe.py flood SECONDS COMMAND…    run COMMAND, which shows the boot sector's console; type `f`, and print how many bytes a
                                       second come when nobody has typed for a while
    probe.py ssh SECONDS ADDRESS       wait until an SSH server says its name there; print the seconds until it took the
                                       connection, and until it said its name
"""
import os
import select
import socket
import subprocess
import sys
import time

GIVEN_BACK = 12  # seconds after the last key, a virtainer leaves the terminal to others


def read_until(fd, text, seconds):
    """Read until TEXT has come."""
    said, deadline = b"", time.monotonic() + seconds
    while text not in said:
        if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
            sys.exit(f"probe.py: {text!r} did not come within {seconds} s; the end of what came: {said[-300:]!r}")
        said += os.read(fd, 65536)


def flood(seconds, command):
    # pylint: disable=consider-using-with
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.fileno()
    read_until(out, b"boot-sector: hello", 60)
    os.write(process.stdin.fileno(), b"f")
    read_until(out, b"boot-sector: flood", 30)
    count_for(out, GIVEN_BACK)
    print(f"{count_for(out, seconds) / seconds:.0f}")
    process.kill()


def count_for(out, seconds):
    """Read for so long; returns how many bytes came."""
    began, count = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        if select.select([out], [], [], began + seconds - now)[0]:
            count += len(os.read(out, 1 << 20))
    return count


def ssh(seconds, address):
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            # Not long, as nobody answers before the guest runs and the next try is then a second away.
            with socket.create_connection((address, 22), 0.1) as connection:
                connected = time.monotonic() - began
                connection.settimeout(seconds)
                if connection.recv(64).startswith(b"SSH-"):
                    print(f"{connected:.3f} {time.monotonic() - began:.3f}")
                    return
        except OSError:
            time.sleep(0.01)
    sys.exit(f"probe.py: no SSH server at {address} within {seconds} s")


if sys.argv[1] == "flood":
    flood(float(sys.argv[2]), sys.argv[3:])
else:
    ssh(float(sys.argv[2]), sys.argv[3])
