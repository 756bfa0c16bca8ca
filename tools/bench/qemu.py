# SPDX-License-Identifier: BSD-3-Clause
"""Starting virtual machines and programs with a time limit, and what they cost."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field

MACHINES = ("microvm", "pc", "q35")
DEBUG_EXIT = ["-device", "isa-debug-exit,iobase=0xf4"]
DEBUG_EXIT_STATUS_BIT = 1  # the device's exit status is 2 * n + 1


class BenchError(Exception):
    """Something could not be measured. The text says what and why, in one line."""


@dataclass
class Result:
    status: int
    stdout: str
    stderr: str
    seconds: float
    command: list = field(default_factory=list)


def run(command, *, timeout, environment=None, cwd=None):
    """Runs a command to its end; raises BenchError when it takes longer than `timeout` seconds."""
    start = time.perf_counter()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from error
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, _ = process.communicate()
        tail = " / ".join(stdout.decode("utf-8", "replace").strip().splitlines()[-2:])
        name = os.path.basename(command[0])
        raise BenchError(f"{name}: not finished after {timeout} s ({tail})") from error
    seconds = time.perf_counter() - start
    return Result(
        process.returncode,
        stdout.decode("utf-8", "replace"),
        stderr.decode("utf-8", "replace"),
        seconds,
        list(command),
    )


class Machine:
    """The virtual machine that all sides of a comparison share."""

    def __init__(self, binary, cpu):
        self.binary = binary
        self.cpu = cpu

    def version(self):
        text = run([self.binary, "--version"], timeout=20).stdout
        found = re.search(r"version (\S+.*)", text)
        return found.group(1) if found else text.strip()

    def command(self, machine, *, memory, cpus=1, icount=False):
        """The command line without what runs in the machine."""
        command = [self.binary, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        command += ["-M", machine, "-accel", "tcg", "-cpu", self.cpu, "-m", memory]
        if cpus > 1:
            command += ["-smp", str(cpus)]
        if icount:
            command += ["-icount", "shift=0,sleep=off"]
        return command
