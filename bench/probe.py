#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash cannot measure well.

    probe.py flood SECONDS COMMAND…    run COMMAND, which shows the boot sector's console; type `f`, and print how many bytes a
                                       second come when nobody has typed for a while
    probe.py ssh SECONDS ADDRESS       wait until an SSH server says its name there; print the seconds until it took the
                                       connection, and until it said its name
    probe.py save ADDRESS FILE         have the bare QEMU whose monitor (QMP) is at port 4444 there write its guest's memory to
                                       FILE, as libvirt does, and end
    probe.py resume ADDRESS FILE       have it read the memory back from FILE, and go on
    probe.py pingpong ADDRESS PORT COUNT
                                       send a byte to an echo server, again when it is back, COUNT times; print the median in µs
    probe.py connections SECONDS ADDRESS PORT
                                       connect to it, say a byte, wait until it is back, and close, by eight at a time; print
                                       how often a second
"""
import json
import os
import select
import socket
import statistics
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


class Monitor:
    """QEMU's monitor, as qemu's docs/interop/qmp-spec describes it."""

    def __init__(self, address, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.create_connection((address, 4444), 1)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
        self.socket.settimeout(120)
        self.lines = self.socket.makefile("rwb")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        """Run COMMAND, and wait for its answer."""
        names = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.lines.write(json.dumps({"execute": command, "arguments": names}).encode() + b"\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                sys.exit(f"probe.py: QEMU refuses {command}: {answer['error']['desc']}")
            if "return" in answer:
                return

    def quit(self):
        """End QEMU; it answers, or is gone before that."""
        try:
            self.lines.write(b'{"execute": "quit"}\n')
            self.lines.flush()
            while self.lines.readline():
                pass
        except OSError:
            pass

    def prepare_migration(self):
        """The file's form that libvirt calls sparse, with two channels."""
        names = ("events", "mapped-ram", "multifd")
        self.ask("migrate-set-capabilities", capabilities=[{"capability": name, "state": True} for name in names])
        self.ask("migrate-set-parameters", multifd_channels=2, max_bandwidth=1 << 60)

    def await_migration(self):
        """Wait until it has ended well."""
        while True:
            event = json.loads(self.lines.readline())
            status = event.get("data", {}).get("status") if event.get("event") == "MIGRATION" else None
            if status == "completed":
                return
            if status == "failed":
                sys.exit("probe.py: the migration failed")


def save(address, file):
    monitor = Monitor(address, 5)
    monitor.prepare_migration()
    monitor.ask("stop")
    monitor.ask("migrate", uri=f"file:{file}")
    monitor.await_migration()
    monitor.quit()


def resume(address, file):
    monitor = Monitor(address, 30)
    monitor.prepare_migration()
    monitor.ask("migrate-incoming", uri=f"file:{file}")
    monitor.await_migration()
    monitor.ask("cont")


def say_byte(connection):
    connection.sendall(b"x")
    if not connection.recv(1):
        sys.exit("probe.py: the echo server hung up")


def pingpong(address, port, count):
    times = []
    with socket.create_connection((address, port), 10) as connection:
        for _ in range(count):
            start = time.perf_counter()
            say_byte(connection)
            times.append(time.perf_counter() - start)
    print(f"{statistics.median(times) * 1e6:.1f}")


def connections(seconds, address, port):
    count, start, callers = 0, time.monotonic(), []
    while time.monotonic() - start < seconds:
        while len(callers) < 8:
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex((address, port))
            callers.append(caller)
        caller = callers.pop(0)
        with caller:
            caller.settimeout(10)
            select.select([], [caller], [], 10)
            say_byte(caller)
        count += 1
    print(f"{count / (time.monotonic() - start):.1f}")


if sys.argv[1] == "flood":
    flood(float(sys.argv[2]), sys.argv[3:])
elif sys.argv[1] == "ssh":
    ssh(float(sys.argv[2]), sys.argv[3])
elif sys.argv[1] == "pingpong":
    pingpong(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[1] == "connections":
    connections(float(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
else:
    {"save": save, "resume": resume}[sys.argv[1]](*sys.argv[2:])
