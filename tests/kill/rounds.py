# SPDX-License-Identifier: GPL-2.0-or-later
"""What a round is: bring a virtainer into a phase of its life, kill it or a part of it at a random moment, look at what is left,
start again, and see whether all is as it must be."""
import collections
import json
import os
import re
import shutil
import signal
import time

from place import SLOW, Failure

LIMIT = 40  # seconds in which whatever has to end must end
PHASES = ("start", "run", "stop", "save", "resume")
PARTS = ("all", "libvirtd", "qemu")

# The statuses that are right when a part of it was killed in a phase; None: it goes on. Any but 0 must have said why.
RIGHT = {
    ("libvirtd", "start"): {None, 60},
    ("libvirtd", "resume"): {None, 60, 72},
    ("libvirtd", "run"): {None},
    ("libvirtd", "stop"): {0},
    # 71: QEMU has given its disk up for the save and cannot take it back.
    ("libvirtd", "save"): {0, 71},
    ("qemu", "start"): {60, 70},
    ("qemu", "resume"): {60, 70, 72},
    ("qemu", "run"): {70},
    ("qemu", "stop"): {0, 70},
    ("qemu", "save"): {0, 70},
}

RESUMED = rb"virtainer: the guest goes on where it was"

# What lies in .virtainer, and how each looks when it is whole.
WHOLE = {
    "mac": rb"52:54:00(:[0-9a-f]{2}){3}\n",
    "uuid": rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n",
    "seed": rb"[^\t\n]*\t[^\t\n]+\n",
    "hardware": rb"virtio virtio\n",
}


class Course:
    """One data directory and its guest through all rounds. Between rounds a virtainer may run (vm)."""

    def __init__(self, random, place, guest, data):
        self.random, self.place, self.guest, self.data = random, place, guest, data
        self.vm = None
        self.what, self.before = None, None  # this round's kill, in words, and what was killed
        self.saved = False  # whether a state is there to be resumed; None: look() will see
        self.kills = collections.Counter()  # of each part in each phase
        # How long each phase takes where nobody kills; moments are parts of that.
        self.takes = {"start": 0.6, "resume": 0.6, "run": 0.6, "save": 0.5, "stop": 0.2}

    def one(self, phase):
        """One round; returns what happened, and whether there was a kill."""
        self.what, self.before = phase, None
        part = self.random.choices(PARTS, (6, 2, 2))[0]
        when = self.random.random()
        fresh = phase == "start" and self.random.random() < 0.4
        getattr(self, f"bring_to_{phase}")(fresh)
        vm, self.vm = self.vm, None
        self.before = vm
        began = time.monotonic()
        # Not quite to the phase's end, as none takes the same time twice and a kill is wanted.
        vm.listen_for(when * 0.9 * self.takes[phase])
        moment = time.monotonic() - began
        if vm.is_over() and phase in ("stop", "save"):
            part, what = None, f"{phase}: over before the kill"
            self.takes[phase] *= 0.8
        else:
            part = self.kill(vm, part)
            self.kills[phase, part] += 1
            what = f"{phase}{' (first)' if fresh else ''}: {part} killed after {moment:.3f} s"
            if phase in ("stop", "save"):
                self.takes[phase] *= 1.1
        self.what = what
        status = self.aftermath(vm, phase, part)
        self.look(vm, phase)
        how, seconds = self.begin()
        self.tidy()
        self.guest.alive(self.vm)
        return f"{what}{'' if status is None else f', status {status}'}, then {how} in {seconds:.2f} s", part is not None

    def history(self):
        """What was killed in this round, and what it had said."""
        return "" if self.before is None else f"before that, at {self.what}, it said: {self.before.words()}"

    # --- into the phase -----------------------------------------------------------------------------------------

    def bring_to_start(self, fresh):
        """The next thing it does is to start."""
        self.stop()
        if fresh:
            self.clear()
        self.vm = self.place.start()

    def bring_to_run(self, _):
        """A guest that writes."""
        self.up()
        self.guest.work(self.vm)

    def bring_to_stop(self, _):
        """A stop is under way, most times with a guest that writes."""
        self.up()
        if self.random.random() < 0.75:
            self.guest.work(self.vm)
        self.vm.signal(signal.SIGTERM)

    def bring_to_save(self, _):
        """A save is under way."""
        self.up()
        self.guest.work(self.vm)
        self.vm.signal(signal.SIGINT)

    def bring_to_resume(self, _):
        """A whole saved state is being resumed."""
        if self.saved is not True:
            self.bring_to_save(_)
            began, vm = time.monotonic(), self.vm
            status = vm.ended(LIMIT)
            if status != 0:
                raise Failure(f"the save ended with status {status}; it said: {vm.words()}")
            self.takes["save"] = time.monotonic() - began
            self.saved = True
            self.look(vm, "saved")
        self.vm = self.place.start()

    def up(self):
        """A virtainer whose guest runs."""
        if self.vm is None:
            self.begin()

    def begin(self):
        """Start one, and wait until the guest is there. Returns how it came, and after how many seconds."""
        aside = self.set_aside() + (self.kept() is not None and not self.saved)
        vm = self.vm = self.place.start()
        how = self.came(vm, self.guest.boot_time)
        seconds = vm.age()
        if how is None:
            raise Failure(f"the next start did not get its guest to run; it said: {vm.words()}")
        if how == "boots" and self.saved:
            raise Failure(f"a saved state was not resumed; it said: {vm.words()}")
        if how == "resumes" and not self.saved:
            raise Failure(f"it resumed what does not fit any more; it said: {vm.words()}")
        if self.set_aside() != aside:
            raise Failure(f"{self.set_aside()} states are set aside, not {aside}; it said: {vm.words()}")
        if how == "boots":
            self.guest.settle()
            self.guest.after_boot(vm)
        self.takes["start" if how == "boots" else "resume"] = seconds
        self.saved = False
        return how, seconds

    def came(self, vm, seconds):
        """Whether its guest boots or resumes; None if neither."""
        until = time.monotonic() + seconds * SLOW
        while time.monotonic() < until:
            if re.search(self.guest.booted, vm.console):
                return "boots"
            if re.search(RESUMED, vm.log):
                return "resumes"
            if not vm.listen(until):
                return None
        return None

    def stop(self):
        """End what runs, cleanly."""
        vm, self.vm = self.vm, None
        if vm is None:
            return
        began = time.monotonic()
        vm.signal(signal.SIGTERM)
        status = vm.ended(LIMIT)
        if status != 0:
            raise Failure(f"a clean stop ended with status {status}; it said: {vm.words()}")
        self.takes["stop"] = time.monotonic() - began
        self.guest.heard(vm)
        self.look(vm, "stop")

    def clear(self):
        """An empty data directory."""
        for name in os.listdir(self.data):
            path = self.data / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.guest.fresh()
        self.saved = False

    def give_up(self):
        """A round failed: whatever there is goes, so that the next one is not the same failure again."""
        if self.vm is not None:
            try:
                self.vm.kill_all()
            except (Failure, OSError):
                pass
            self.vm = None
        self.clear()

    # --- the kill and what follows ------------------------------------------------------------------------------

    def kill(self, vm, part):
        """Kill PART of it, or all of it if that is not there. Returns what was killed."""
        pid = None
        if part != "all":
            pid = vm.pid("libvirtd" if part == "libvirtd" else "qemu-system")
        if pid is None:
            vm.kill_all()
            return "all"
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            vm.kill_all()
            return "all"
        return part

    def aftermath(self, vm, phase, part):
        """What goes on after a part was killed must do so, and end well. Returns the exit status that was seen, if any."""
        if part == "all":
            self.guest.heard(vm)
            self.saved = None if phase in ("save", "resume") else self.saved
            return None
        if part is None:
            status, right = vm.ended(LIMIT), {0}
        else:
            right = RIGHT[part, phase]
            status = self.goes_on(vm, phase) if None in right else vm.ended(LIMIT)
        self.guest.heard(vm)
        if status not in right:
            raise Failure(f"status {status} is none of {right}; it said: {vm.words()}")
        if status is None:
            self.vm = vm
            self.stop()
        elif status != 0 and b"virtainer: error: " not in vm.log:
            raise Failure(f"it ended with status {status} and no reason; it said: {vm.words()}")
        if phase == "save" and status == 0:
            self.saved = b"virtainer: the guest is saved" in vm.log
        elif phase in ("save", "resume") and status is not None:
            self.saved = None
        return status

    def goes_on(self, vm, phase):
        """Wait until libvirtd is back under a guest that is there, or for the end; returns its status or None."""
        until = time.monotonic() + LIMIT * SLOW
        while time.monotonic() < until and vm.listen(until):
            there = phase == "run" or re.search(self.guest.booted, vm.console) or re.search(RESUMED, vm.log)
            if there and b"virtainer: libvirtd is back" in vm.log:
                self.guest.heard(vm)
                if phase != "run":
                    self.began(vm)
                self.guest.alive(vm)
                return None
        status = vm.ended(1)
        if status is None:
            raise Failure(f"neither did it go on nor did it end; it said: {vm.words()}")
        return status

    def began(self, vm):
        """The guest of VM came after all."""
        if re.search(self.guest.booted, vm.console):
            self.guest.settle()
            self.guest.after_boot(vm)
        self.saved = False

    # --- what is left -------------------------------------------------------------------------------------------

    def look(self, vm, phase):
        """Look at the data directory while nothing runs."""
        overlay = self.data / "local_image.qcow2"
        if not overlay.exists():
            if phase != "start":
                raise Failure(f"the overlay is gone; it said: {vm.words()}")
            return
        # Leaked clusters are no damage: QEMU writes reference counts before what refers to them, so that a kill between
        # the two leaves room that is not used. Anything else is.
        self.place.run("sh", "-c", "qemu-img check -q -f qcow2 /mounted/local_image.qcow2 || [ $? = 3 ]")
        self.guest.check_disk(self.place)
        self.check_files()
        due = self.resume_is_due()
        if self.saved not in (None, due):
            raise Failure(f"the state {'is not' if self.saved else 'is'} there or fits {'no more' if self.saved else 'still'}; "
                          f"it said: {vm.words()}")
        self.saved = due
        if not due:
            self.guest.settle()

    def kept(self):
        """The directory of the state that the next start will find, or None."""
        for name in ("saved", "resuming"):
            path = self.data / ".virtainer" / name
            if path.exists():
                return path
        return None

    def resume_is_due(self):
        """Whether what lies there has to be resumed by the next start: it is whole, and its disk is as it was then."""
        kept = self.kept()
        if kept is None:
            return False
        record = json.loads((kept / "state.json").read_text())
        overlay = (self.data / "local_image.qcow2").stat()
        changed = record["overlay_changed"] * 10**9 + record["overlay_changed_ns"]
        # A memory fits one state of the disk only.
        return (record["memory_bytes"], record["overlay_bytes"], changed) == \
            ((kept / "memory").stat().st_size, overlay.st_size, overlay.st_mtime_ns)

    def set_aside(self):
        """How many states were set aside so far."""
        path = self.data / ".virtainer" / "set-aside"
        return len(os.listdir(path)) if path.exists() else 0

    def leftovers(self):
        """Whatever was begun under a temporary name in the container, outside of the data directory, and is still there."""
        return self.place.run("find", "/run", "/var", "/tmp", "/", "-maxdepth", "4", "-xdev", "-name", "*.part-??????")

    def check_files(self):
        """What is in .virtainer is whole."""
        state = self.data / ".virtainer"
        for name, pattern in WHOLE.items():
            path = state / name
            if path.exists() and not re.fullmatch(pattern, path.read_bytes()):
                raise Failure(f"{path} is not whole: {path.read_bytes()!r}")
        for path in (state / "base.json", state / "saved" / "state.json", state / "resuming" / "state.json"):
            if not path.exists():
                continue
            try:
                json.loads(path.read_text())
            except ValueError as error:
                raise Failure(f"{path} is not whole: {error}: {path.read_bytes()!r}") from error

    def tidy(self):
        """With a guest that runs there is nothing left of what was cut off."""
        left = [str(path) for path in self.data.rglob("*.part-*")]
        left += [str(path) for path in (self.data / ".virtainer" / "saving", self.data / ".virtainer" / "spent") if path.exists()]
        if left:
            raise Failure(f"left behind by a start that was killed, and by the next: {' '.join(left)}")
