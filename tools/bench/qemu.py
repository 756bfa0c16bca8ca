# SPDX-License-Identifier: BSD-3-Clause
"""Starting virtual machines and programs with a time limit, and what they cost."""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field

import kernel

MACHINES = ("microvm", "pc", "q35")
DEBUG_EXIT = ["-device", "isa-debug-exit,iobase=0xf4"]
DEBUG_EXIT_STATUS_BIT = 1  # the device's exit status is 2 * n + 1


# Something could not be measured; mostly because a machine could not be made.
BenchError = kernel.VmError


class NotFinished(BenchError):
    """A program took too long."""


class NotBegun(NotFinished):
    """A virtual machine did not come so far as to start its program."""


@dataclass
class Result:
    status: int
    stdout: str
    stderr: str
    seconds: float
    command: list = field(default_factory=list)


def _start(command, output, environment, cwd):
    """Starts a command as the leader of a session of its own. `output`: where both its streams go."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from error


def run(command, *, timeout, environment=None, cwd=None, begin=None):
    """
    Runs a command to its end. Raises NotFinished when it takes longer than `timeout` seconds, and
    NotBegun when `begin`, a pair of text and seconds, is given and the text has not been printed by then.
    """
    start = time.perf_counter()
    process = _start(command, subprocess.PIPE, environment, cwd)
    output = {process.stdout: bytearray(), process.stderr: bytearray()}
    try:
        _collect(process, output, start, timeout, begin)
    except NotFinished as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        tail = " / ".join(output[process.stdout].decode("utf-8", "replace").splitlines()[-2:])
        raise type(error)(f"{os.path.basename(command[0])}: {error} ({tail})") from None
    finally:
        process.stdout.close()
        process.stderr.close()
    seconds = time.perf_counter() - start
    texts = [output[pipe].decode("utf-8", "replace") for pipe in (process.stdout, process.stderr)]
    return Result(process.returncode, *texts, seconds, list(command))


def _collect(process, output, start, timeout, begin):
    """Reads both pipes until the process has ended or a time limit is reached."""
    selector = selectors.DefaultSelector()
    for pipe in output:
        selector.register(pipe, selectors.EVENT_READ)
    text, begin_timeout = begin or ("", timeout)
    while selector.get_map():
        has_begun = text.encode() in output[process.stdout]
        now = time.perf_counter() - start
        if now >= timeout:
            raise NotFinished(f"not finished after {timeout} s")
        if not has_begun and now >= begin_timeout:
            raise NotBegun(f"not started after {begin_timeout} s")
        for key, _ in selector.select((timeout if has_begun else begin_timeout) - now):
            data = os.read(key.fd, 1 << 16)
            output[key.fileobj] += data
            if not data:
                selector.unregister(key.fileobj)
    selector.close()
    process.wait()


@contextlib.contextmanager
def background(command, *, environment=None, cwd=None):
    """Runs a command while the block runs; its output goes nowhere. Yields the Popen object."""
    process = _start(command, subprocess.DEVNULL, environment, cwd)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
