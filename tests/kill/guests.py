# SPDX-License-Identifier: GPL-2.0-or-later
"""The two guests: how they are made to write, how much of that is safe, and how it is found again."""
import re
import time

from place import SLOW, Failure

CHUNK = 4096
FIRST = 1 << 20  # where the boot sector begins to write
CHUNKS_PER_DOT = 16


class BootSector:
    """Up in a moment. It writes chunk after chunk, each filled with its number, from 1 MiB to the end of its disk and again
    from there. SeaBIOS knows no flush, so QEMU writes through: what a dot stands for is on the disk.

    What a kill leaves must be exactly what was there before with the first N chunks over it, and N at least what the
    dots say. This holds across a resume too, where the guest goes on counting."""

    variables = ["DISK_SIZE=17M", "RAM=64"]
    booted = rb"boot-sector: hello"
    boot_time = 30

    def __init__(self, directory):
        self.raw = directory / "raw"
        self.fresh()

    def fresh(self):
        """The overlay is gone."""
        self.before = [0] * ((17 << 20) - FIRST >> 12)  # the chunks' numbers when the guest booted
        self.found = self.before  # and when they were looked at last
        self.written = None  # chunks that it surely wrote since then, or None while it does not write

    def work(self, vm):
        """Have it write, until the first dot."""
        if self.written is not None:
            return
        self.written = 0
        vm.counted = len(vm.console)
        vm.type(b"w")
        if not vm.expect(rb"W[^.]*\.", 15, vm.counted):
            raise Failure(f"the guest does not write; it said: {vm.words()}")

    def heard(self, vm):
        """Count what VM said to be written."""
        if self.written is not None:
            self.written += vm.console.count(b".", vm.counted) * CHUNKS_PER_DOT
            vm.counted = len(vm.console)

    def alive(self, vm):
        """It answers, or goes on writing."""
        if self.written is not None:
            well = vm.expect(rb"\.", 15, len(vm.console))
        else:
            well = vm.insist(b"xxy\r", rb"Y", 15)
        if not well:
            raise Failure(f"the guest does not answer; it said: {vm.words()}")

    def settle(self):
        """It will boot: what was found on the disk is what it begins with."""
        self.before, self.written = self.found, None

    def after_boot(self, vm):
        """Nothing more to be seen of it."""

    def check_disk(self, place):
        """Compare the disk with what must be on it."""
        place.run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", "/mounted/local_image.qcow2", "/work/raw")
        data = self.raw.read_bytes()[FIRST:]
        found = [self._number(data, index) for index in range(len(self.before))]
        count, expected = self.written or 0, list(self.before)
        for number in range(count):
            expected[number % len(expected)] = number
        # What was written and not told yet. Each is one request, the next is made when it is done.
        while self.written is not None and found[count % len(found)] == count:
            expected[count % len(expected)] = count
            count += 1
        wrong = [index for index, number in enumerate(found) if number != expected[index]]
        if wrong:
            raise Failure(f"{len(wrong)} chunks are wrong, {self.written} were surely written and {count} at most: the first "
                          f"is chunk {wrong[0]}, which holds {found[wrong[0]]} instead of {expected[wrong[0]]}")
        self.found = found

    @staticmethod
    def _number(data, index):
        chunk = data[index * CHUNK:(index + 1) * CHUNK]
        number = chunk[:4]
        if chunk != number * (CHUNK // 4):
            raise Failure(f"chunk {index} is torn: {chunk[:16].hex()} … {chunk[-16:].hex()}")
        return int.from_bytes(number, "little")


class SmallGuest:
    """Linux with a journaling file system. It writes files whose names are their checksums, with fsync, and finds them
    again."""

    variables = ["RAM=192"]
    booted = rb"small-guest: ready"
    boot_time = 120

    def __init__(self, directory):
        del directory
        self.written = 0

    def fresh(self):
        """The overlay is gone."""
        self.written = 0

    def work(self, vm):
        """Have it write, until the first file is safe."""
        self.written = 0
        if not vm.insist(b"rm -rf /data/written; sync; write-forever\n", rb"written [1-9]", 20):
            raise Failure(f"the guest does not write; it said: {vm.words()}")

    def heard(self, vm):
        """Count what VM said to be written."""
        told = re.findall(rb"written (\d+)\s", vm.console)
        if told:
            self.written = max(self.written, int(told[-1]))

    def alive(self, vm):
        """It answers, after what was written was verified. The first line ends the writing."""
        deadline = time.monotonic() + 40 * SLOW
        while time.monotonic() < deadline:
            start = len(vm.console)
            vm.type(b"\nverify-data\n")
            match = vm.expect(rb"verified (\d+) damaged (\d+) last (\d+)|nothing written", 15, start)
            if match:
                self._verify(match)
                return
        raise Failure(f"the guest does not answer; it said: {vm.words()}")

    def _verify(self, match):
        if match.group(1) is None:
            good = damaged = last = 0
        else:
            good, damaged, last = (int(group) for group in match.groups())
        if damaged or last < self.written:
            raise Failure(f"{self.written} files were written with fsync; of {good + damaged} there now {damaged} are damaged, "
                          f"the last is {last}")

    def settle(self):
        """It will boot; what was written is found by its names."""

    def after_boot(self, vm):
        """The journal heals what the kill left, and the network is there."""
        if not re.search(rb"small-guest: filesystem (clean|recovered)", vm.console):
            raise Failure(f"the file system could not be mounted; the guest said: {vm.words()}")
        if not re.search(rb"small-guest: address", vm.console):
            raise Failure(f"the guest has no network; it said: {vm.words()}")

    def check_disk(self, place):
        """What can be said from outside qemu-img check says."""
