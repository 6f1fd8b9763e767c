#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kill virtainers at random moments of their lives, and see that nothing is lost. Run by run.sh, which sets up what this
needs. TAP on standard output: one test a kill, and what the round was."""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import guests
import rounds
from place import EngineContainer, Failure, Namespaces

MOST_FAILURES = 5


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", required=True, help="the container image")
    parser.add_argument("--guests", required=True, type=pathlib.Path, help="the directory of the guest images")
    parser.add_argument("--seed", type=int, required=True, help="of the random numbers")
    parser.add_argument("--count", type=int, required=True, help="how many kills")
    parser.add_argument("--phases", default=",".join(rounds.PHASES), help="in which phases (default: %(default)s)")
    parser.add_argument("--engines", default="docker", help="whose containers are killed too (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the data directory of a failure")
    return parser.parse_args()


class Report:
    """Counts, and writes TAP."""

    def __init__(self):
        self.number = self.kills = self.failures = 0

    def well(self, text, killed):
        self.number += 1
        self.kills += killed
        print(f"ok {self.number} {text}", flush=True)

    def failed(self, text, why):
        self.number += 1
        self.kills += 1
        self.failures += 1
        print(f"not ok {self.number} {text}", flush=True)
        for line in str(why).replace("\r", "").split("\n"):
            print(f"# {line}", flush=True)


def course(wishes, numbers, kind, engine, name, guest, directory):
    """A place with a guest's image and an empty data directory."""
    data = directory / name
    work = directory / f"{name}-work"
    for path in (data, work):
        path.mkdir()
    image = wishes.guests / {"boot": "boot-sector.img", "small": "small-guest.qcow2"}[guest]
    made = {"boot": guests.BootSector, "small": guests.SmallGuest}[guest](work)
    mounts = [(f"{image}", "/image:ro"), (data, "/mounted"), (work, "/work")]
    image_name = wishes.image if engine == "docker" else f"localhost/{wishes.image}"
    place = kind([engine], image_name, f"vt-kill-{os.getpid()}-{name}", f"vt-kill={os.getpid()}", mounts,
                 ["ACCEL=tcg", "STOP_ON_INT=save", "GRACE_PERIOD=20", *made.variables])
    return rounds.Course(numbers, place, made, data)


def rounds_of(name, this, count, phases, report, keep):
    """COUNT kills on one course."""
    wanted = report.kills + count
    while report.kills < wanted and report.failures < MOST_FAILURES:
        phase = this.random.choice(phases)
        try:
            what, killed = this.one(phase)
            report.well(f"{name}, {what}", killed)
        except (Failure, OSError, subprocess.SubprocessError) as failure:
            report.failed(f"{name}, {this.what or phase}", f"{failure}\n{this.history()}")
            if keep:
                shutil.copytree(this.data, f"{this.data}-failure-{report.number}", symlinks=True)
            this.give_up()
    try:
        this.up()
        left = this.leftovers()
        this.stop()
        if left:
            raise Failure(f"left behind in the container: {left}")
        report.well(f"{name}, a last start and stop, and no temporary files are left", False)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        report.failed(f"{name}, the end", failure)


def plan(wishes):
    """What is done, in this order: how it is called, where, in which engine, with which guest, how many kills."""
    engines = wishes.engines.split(",")
    each = max(1, wishes.count // 20 // len(engines))
    small = max(1, wishes.count // 50)
    rows = [(f"boot sector in {engine}", EngineContainer, engine, "boot", each) for engine in engines]
    rows.append(("small guest", Namespaces, "docker", "small", small))
    quick = max(0, wishes.count - each * len(engines) - small)
    return [("boot sector", Namespaces, "docker", "boot", quick), *rows]


def tell_counts(kills):
    """How often which part was killed in each phase."""
    for phase in rounds.PHASES:
        counts = ", ".join(f"{part} {kills[phase, part]}" for part in rounds.PARTS)
        print(f"# killed in {phase}: {counts}")


def main():
    wishes = options()
    numbers = random.Random(wishes.seed)
    report, began, courses = Report(), time.monotonic(), []
    # So that what was made is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="vt-kill-", dir="/var/tmp"))
    print(f"# seed {wishes.seed}, {wishes.count} kills, in {directory}", flush=True)
    try:
        for name, kind, engine, guest, count in plan(wishes):
            this = course(wishes, numbers, kind, engine, name.replace(" ", "-"), guest, directory)
            courses.append(this)
            rounds_of(name, this, count, wishes.phases.split(","), report, wishes.keep)
    finally:
        for this in courses:
            this.place.end()
        if not (wishes.keep and report.failures):
            shutil.rmtree(directory, ignore_errors=True)
    print(f"1..{report.number}")
    tell_counts(sum((this.kills for this in courses), collections.Counter()))
    print(f"# seed {wishes.seed}: {report.kills} kills, {report.failures} failures, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if report.failures or report.kills < wishes.count else 0


if __name__ == "__main__":
    sys.exit(main())
