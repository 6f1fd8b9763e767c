# SPDX-License-Identifier: GPL-2.0-or-later
"""Where virtainers run, how one is talked to, and how what belongs to it is killed.

Two places. `Namespaces` starts the program as PID 1 of a process namespace of its own inside one container that stays:
quick, and the network, /run and locks of the one before are still there, as in a pod whose network outlives its containers.
`EngineContainer` is a real container that the engine starts and kills.
"""
import contextlib
import os
import re
import selectors
import signal
import subprocess
import time

SLOW = float(os.environ.get("E2E_SLOW", "1"))
# No single wait is longer, so that nothing here hangs.
LONGEST = 90


class Failure(Exception):
    """What a round found wrong."""


def output_of(*command):
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LONGEST, check=False)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Failure(f"{' '.join(command)} ended with status {done.returncode}: {text.strip()}")
    return text.strip()


def descendants(pid):
    """Process ids below PID, by name of their program."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as file:
                    waiting += [int(child) for child in file.read().split()]
            with open(f"/proc/{parent}/cmdline", "rb") as file:
                found.append((parent, os.path.basename(file.read().split(b"\0")[0].decode(errors="replace"))))
        except (OSError, ValueError):
            continue
    return found


class Virtainer:
    """One start of a virtainer. What the guest says is on its standard output, its log on standard error."""

    def __init__(self, command):
        self.began = time.monotonic()
        self.console, self.log = b"", b""
        self.counted = 0  # bytes of the console that the guest's own count has seen
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, start_new_session=True)
        self.streams = selectors.DefaultSelector()
        for name in ("stdout", "stderr"):
            self.streams.register(getattr(self.process, name), selectors.EVENT_READ, name)

    def age(self):
        """Seconds since it was started."""
        return time.monotonic() - self.began

    def listen(self, until):
        """Read what it says until that time, or until there is something. Returns False when all has been said."""
        if not self.streams.get_map():
            return False
        for key, _ in self.streams.select(max(0.0, until - time.monotonic())):
            data = os.read(key.fd, 65536)
            if not data:
                self.streams.unregister(key.fileobj)
            elif key.data == "stdout":
                self.console += data
            else:
                self.log += data
        return True

    def listen_for(self, seconds):
        """Read on for so long, or until it has ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.listen(until):
            pass

    def expect(self, pattern, seconds, start=0, log=False):
        """Wait until it has said PATTERN behind START; returns the match, or None if it ended before, or was late."""
        until = time.monotonic() + seconds * SLOW
        regex = re.compile(pattern)
        more = True
        while True:
            match = regex.search(self.log if log else self.console, start)
            if match or not more or time.monotonic() >= until:
                return match
            more = self.listen(until)

    def type(self, text):
        """Type TEXT on the guest's console."""
        try:
            os.write(self.process.stdin.fileno(), text)
        except BrokenPipeError:
            pass

    def insist(self, text, pattern, seconds):
        """Type TEXT again and again until PATTERN comes: what is typed while libvirtd is away is lost."""
        until = time.monotonic() + seconds * SLOW
        while time.monotonic() < until and self.streams.get_map():
            start = len(self.console)
            self.type(text)
            if self.expect(pattern, 1 / SLOW, start):
                return True
        return False

    def ended(self, seconds):
        """Wait for its end; returns its exit status, or None if it goes on."""
        until = time.monotonic() + seconds * SLOW
        while self.listen(until) and time.monotonic() < until:
            pass
        try:
            status = self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        self.process.stdin.close()
        return status

    def pid(self, name):
        """The process id of its libvirtd, its QEMU or its launcher (virtainer), or None while there is none."""
        top = self.first_process()
        found = [] if top is None else [pid for pid, program in descendants(top) if program.startswith(name)]
        return min(found) if found else None

    def first_process(self):
        """The process id of its PID 1, or None."""
        raise NotImplementedError

    def is_there(self):
        """Wait until its PID 1 is there: what comes before is the engine's."""
        until = time.monotonic() + 30 * SLOW
        while self.first_process() is None and time.monotonic() < until and self.process.poll() is None:
            self.listen(time.monotonic() + 0.002)
        self.began = time.monotonic()
        return self

    def is_over(self):
        """Whether it has ended."""
        return self.process.poll() is not None or self.first_process() is None

    def signal(self, number):
        """Send a signal to its PID 1."""
        pid = self.first_process()
        if pid is not None:
            # It may end by itself at this moment.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_all(self):
        """End all of it at once, as the loss of power does."""
        self.signal(signal.SIGKILL)
        if self.ended(30) is None:
            raise Failure("processes of it are left 30 s after PID 1 was killed")

    def words(self):
        """The end of what it said, for a person."""
        console = self.console.replace(b"\0", b"").replace(b"\r", b"")[-300:]
        return f"{self.log[-3000:].decode(errors='replace')}--- console: {console.decode(errors='replace')}"


class Inner(Virtainer):
    """PID 1 of a process namespace, in the namespaces of a container."""

    def first_process(self):
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                children = file.read().split()
        except OSError:
            return None
        return int(children[0]) if children else None


class Outer(Virtainer):
    """A container, to which an engine's client is attached."""

    def __init__(self, command, place):
        self.place, self.first = place, None
        super().__init__(command)

    def kill_all(self):
        # Every other time as a person would; but an engine takes longer than some phases.
        self.place.kills += 1
        if self.place.kills % 2:
            try:
                output_of(*self.place.engine, "kill", self.place.name)
            except Failure:
                # An engine refuses to kill what has just ended by itself.
                if self.ended(5) is None:
                    raise
        else:
            self.signal(signal.SIGKILL)
        if self.ended(30) is None:
            raise Failure("the container runs on 30 s after it was killed")

    def first_process(self):
        # An engine's answer takes its time, and it is the same as long as it lives.
        if self.first is None or not os.path.exists(f"/proc/{self.first}"):
            self.first = int(output_of(*self.place.engine, "inspect", "-f", "{{.State.Pid}}", self.place.name)) or None
        return self.first


class Namespaces:
    """One container that stays, inside which virtainers come and go."""

    def __init__(self, engine, image, name, label, mounts, variables):
        self.engine, self.name, self.variables = engine, name, variables
        self.last = None  # that was started
        options = [f"-v={source}:{target}" for source, target in mounts]
        output_of(*engine, "run", "-d", "--privileged", "--name", name, "--label", label, "--entrypoint", "sleep",
                  "--no-healthcheck", *options, image, "infinity")
        pid = output_of(*engine, "inspect", "-f", "{{.State.Pid}}", name)
        self.enter = ["nsenter", "-t", pid, "-m", "-n", "-u", "-i", "--"]

    def start(self, *variables):
        """Start a virtainer."""
        self.last = Inner([*self.enter, "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "env", "-C", "/",
                           *self.variables, *variables, "virtainer", "run"])
        return self.last.is_there()

    def run(self, *command):
        """Run a program of the container image; returns what it said."""
        return output_of(*self.enter, *command)

    def end(self):
        """Remove it, with what runs in it: a process namespace of its own does not go with the container."""
        if self.last is not None and self.last.process.poll() is None:
            self.last.process.kill()
            self.last.process.wait()
        subprocess.run([*self.engine, "rm", "-f", self.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=LONGEST, check=False)


class EngineContainer(Namespaces):
    """A container that is started again and again. Its neighbour runs qemu-img."""

    def __init__(self, engine, image, name, label, mounts, variables):
        super().__init__(engine, image, f"{name}-tools", label, mounts, variables)
        self.tools, self.name, self.kills = self.name, name, 0
        self.create = [*engine, "create", "-i", "--privileged", "--name", name, "--label", label, "--no-healthcheck",
                       *[f"-v={source}:{target}" for source, target in mounts],
                       *[f"-e={variable}" for variable in variables], image]
        output_of(*self.create)

    def start(self, *variables):
        if variables:
            raise Failure("a container keeps the variables that it was made with")
        return Outer([*self.engine, "start", "-a", "-i", self.name], self).is_there()

    def anew(self):
        """Another container with the same data directory."""
        output_of(*self.engine, "rm", "-f", self.name)
        output_of(*self.create)

    def end(self):
        super().end()
        self.name = self.tools
        super().end()
