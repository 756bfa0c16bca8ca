#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The part of figures_uhyve.py that runs inside the test machine: isle uhyve beside QEMU with KVM and beside
Linux there. Prints one line of JSON: for each key the values that were seen.

usage: uhyve_side.py PROXY PROGRAMS BENCHMARKS ROUNDS MIB HELLOS
"""

import json
import os
import re
import subprocess
import sys
import time

MEMORY = "--mem=512M"  # QEMU reserves it, and the machine has 4 GiB
LIMIT = 120  # seconds for each run
DATA = "/tmp/data"


class SideError(Exception):
    """A program did not do what it should."""


def run(command):
    """The finished run and its seconds; SideError where its status is not 0."""
    start = time.monotonic()
    result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT, cwd="/tmp")
    seconds = time.monotonic() - start
    if result.returncode:
        raise SideError(f"{command}: status {result.returncode}: {result.stderr.decode(errors='replace')[-300:]}")
    return result, seconds


def private_kib(smaps, guest_bytes):
    """
    Private memory of a process beyond GUEST_BYTES of guest memory, from its smaps. Guest memory is the
    largest mapping and those right before it that make up the rest: the host splits it where its wishes differ.
    """
    mappings = []
    for line in smaps.splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if head:
            mappings.append([int(head[1], 16), int(head[2], 16), 0])
        elif line.startswith(("Private_Clean:", "Private_Dirty:")):
            mappings[-1][2] += int(line.split()[1])
    last = max(range(len(mappings)), key=lambda index: mappings[index][1] - mappings[index][0])
    first = last
    while first and mappings[last][1] - mappings[first][0] < guest_bytes:
        if mappings[first - 1][1] != mappings[first][0]:
            break
        first -= 1
    if mappings[last][1] - mappings[first][0] != guest_bytes:
        raise SideError("guest memory is not among the mappings")
    return sum(private for _, _, private in mappings[:first] + mappings[last + 1 :])


class Side:
    def __init__(self, proxy, programs, benchmarks):
        self.proxy = proxy
        self.programs = programs
        self.benchmarks = benchmarks

    def uhyve(self, path, *arguments, options=()):
        return run([self.proxy, "--isle=uhyve", MEMORY, *options, path, *arguments])

    def starts(self, rounds):
        """Milliseconds of hello in isle uhyve, in isle qemu with KVM, and as a Linux program."""
        hello = f"{self.programs}/hello"
        commands = {
            "uhyve": [self.proxy, "--isle=uhyve", MEMORY, hello],
            "qemu": [self.proxy, "--isle=qemu", "--kvm=1", MEMORY, hello],
            "linux": [hello + ".linux"],
        }
        seen = {name: [] for name in commands}
        for command in commands.values():
            run(command)  # files come into the machine's page cache
        for _ in range(rounds):
            for name, command in commands.items():
                seen[name].append(run(command)[1] * 1e3)
        return seen

    def figures_of(self, path, *arguments):
        """The numbers of the line that --verbose ends with, by the words behind them."""
        result, _ = self.uhyve(path, *arguments, options=["--verbose"])
        line = result.stderr.decode().strip().splitlines()[-1]
        return {what: int(value) for value, what in re.findall(r"(\d+) ([a-zA-Z' ]+)", line)}

    def exits(self):
        """Those of the guest's own doing for 1,000 lines to a pipe."""

        def count(lines):
            numbers = self.figures_of(f"{self.programs}/lines", str(lines))
            return numbers["exits"] - numbers["for the host's interrupts"]

        return sorted(count(1000) - count(0) for _ in range(3))[1]

    def touched(self):
        return self.figures_of(f"{self.programs}/hello")["KiB of memory touched"]

    def private(self):
        """KiB of the proxy beyond guest memory, while a program waits."""
        command = [self.proxy, "--isle=uhyve", MEMORY, f"{self.programs}/cat"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/tmp") as process:
            process.stdin.write(b"a line\n")
            process.stdin.flush()
            if process.stdout.readline() != b"a line\n":
                raise SideError("cat does not answer")
            with open(f"/proc/{process.pid}/smaps", encoding="ascii") as file:
                smaps = file.read()
            process.stdin.close()
            process.stdout.read()
        return private_kib(smaps, 512 << 20)

    def reads(self, rounds, mib):
        """MB/s of a file in the page cache."""
        fileio = f"{self.benchmarks}/fileio"
        run([fileio + ".linux", "write", DATA, str(mib)])
        commands = {
            "uhyve": [self.proxy, "--isle=uhyve", MEMORY, fileio],
            "linux": [fileio + ".linux"],
        }
        seen = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                result, _ = run([*command, "read", DATA, str(mib)])
                seen[name].append(float(re.search(rb"mb_per_s=([\d.]+)", result.stdout)[1]))
        os.unlink(DATA)
        return seen

    def many(self, count):
        """COUNT hellos at once: the memory of all, in MiB, and their seconds."""
        command = [self.proxy, "--isle=uhyve", MEMORY, f"{self.programs}/hello"]
        before = least = available_kib()
        start = time.monotonic()
        processes = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/tmp")
            for _ in range(count)
        ]
        while any(process.poll() is None for process in processes):
            least = min(least, available_kib())
            time.sleep(0.01)
            if time.monotonic() - start > LIMIT:
                raise SideError(f"{count} hellos do not end")
        statuses = {process.returncode for process in processes}
        if statuses != {0}:
            raise SideError(f"{count} hellos: statuses {sorted(statuses)}")
        return {"mib": (before - least) / 1024, "seconds": time.monotonic() - start}


def available_kib():
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(re.search(r"MemAvailable: +(\d+)", file.read())[1])


def main():
    proxy, programs, benchmarks = sys.argv[1:4]
    rounds, mib, hellos = (int(word) for word in sys.argv[4:7])
    side = Side(proxy, programs, benchmarks)
    plan = {
        "starts": lambda: side.starts(rounds),
        "exits": side.exits,
        "touched": side.touched,
        "private": side.private,
        "reads": lambda: side.reads(rounds, mib),
        "many": lambda: side.many(hellos),
    }
    values, errors = {}, {}
    for key, measure in plan.items():
        try:
            values[key] = measure()
        except (SideError, OSError, subprocess.SubprocessError, KeyError, TypeError) as error:
            errors[key] = str(error)
    print(json.dumps({"values": values, "errors": errors}))


if __name__ == "__main__":
    main()
