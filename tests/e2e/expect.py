#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Talk with a command: wait for what it prints, type what it reads.

    expect.py [--pty] [--timeout SECONDS] STEP… -- COMMAND…

Steps, done in their order within the time limit:
    expect=REGEX    wait until REGEX (bytes, multi-line) is in what came after the last match;
                    its first group, or else all of it, is printed
    send=TEXT       type TEXT, with Python's escapes (\\r, \\x10)
    insist=TEXT~REGEX  type TEXT again and again until REGEX comes: for a program that throws away what was typed before
                    it was ready, and does not say when that is
    end             wait until the command has ended by itself
    detach          leave an attachment with the engine's detach keys, and wait until the command has ended

Ends with 0, or with 1 after showing the end of what the command said. The command is ended with SIGKILL, which no engine's
client can hand on to the container.
"""
import codecs
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time


class Failure(Exception):
    pass


class Talk:
    """The command, what it said so far, and how far that was read."""

    def __init__(self, command, use_pty, timeout):
        self.deadline = time.monotonic() + timeout
        self.timeout = timeout
        self.said = b""
        self.read_to = 0
        self.ended = False
        if use_pty:
            self.fd, child = pty.openpty()
            self.process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, start_new_session=True)
            os.close(child)
            self.input = self.fd
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT)
            self.fd = self.process.stdout.fileno()
            self.input = self.process.stdin.fileno()

    def more(self, what, at_most=None):
        """Read what there is, or wait for it; no longer than that, and then for nothing."""
        left = self.deadline - time.monotonic()
        if self.ended:
            raise Failure(f"the command ended before {what}")
        if left > 0 and at_most is not None and not select.select([self.fd], [], [], min(left, at_most))[0]:
            return
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise Failure(f"{self.timeout} s passed before {what}")
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:  # a pseudo-terminal whose other side is closed
            chunk = b""
        self.ended = not chunk
        self.said += chunk

    def expect(self, regex):
        pattern = re.compile(regex.encode(), re.MULTILINE)
        while not (match := pattern.search(self.said, self.read_to)):
            self.more(f"it said {regex!r}")
        self.read_to = match.end()
        print((match.group(1) if pattern.groups else match.group(0)).decode(errors="replace"), flush=True)

    def send(self, text):
        if self.ended:
            return
        data = codecs.decode(text.encode("latin-1", "backslashreplace"), "unicode_escape").encode("latin-1")
        while data:
            data = data[os.write(self.input, data):]

    def insist(self, value):
        text, _, regex = value.partition("~")
        pattern = re.compile(regex.encode(), re.MULTILINE)
        while not pattern.search(self.said, self.read_to):
            if self.ended:
                raise Failure(f"the command ended before it said {regex!r}")
            self.send(text)
            self.watch(2)
        self.expect(regex)

    def end(self):
        while not self.ended:
            self.more("it ended")
        self.process.wait(max(0.1, self.deadline - time.monotonic()))

    def detach(self):
        """One key after the other, as a person does: podman takes them only in one read each."""
        while not self.ended:
            for key in ("\\x10", "\\x11"):
                self.send(key)
                self.watch(0.3)
            self.watch(2)
        self.end()

    def watch(self, how_long):
        """Read for so long, or until the command ends."""
        until = time.monotonic() + how_long
        while not self.ended and (left := until - time.monotonic()) > 0:
            self.more("it ended", left)

    def close(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def main(words):
    use_pty, timeout = False, 30.0
    while words and words[0].startswith("--") and words[0] != "--":
        option = words.pop(0)
        if option == "--pty":
            use_pty = True
        elif option == "--timeout":
            timeout = float(words.pop(0))
        else:
            sys.exit(f"expect.py: unknown option {option}")
    split = words.index("--")
    talk = Talk(words[split + 1:], use_pty, timeout)
    try:
        for step in words[:split]:
            name, _, value = step.partition("=")
            {"expect": talk.expect, "send": talk.send, "insist": talk.insist, "end": lambda _: talk.end(),
             "detach": lambda _: talk.detach()}[name](value)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        said = talk.said[-8192:].decode(errors="replace")
        print(f"expect.py: {failure}; it said:\n{said}", file=sys.stderr)
        return 1
    finally:
        talk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
