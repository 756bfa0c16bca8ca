# SPDX-License-Identifier: BSD-3-Clause
"""What all measurements share: the guests, the folders, and how often to repeat."""

import os
from dataclasses import dataclass

import kernel
import linux_guest
import qemu
import tsc
from floor import FloorGuest
from hermit_guest import HermitGuest


@dataclass(frozen=True)
class Effort:
    """How much is measured. The quick one only shows that everything works."""

    start_rounds: int
    linux_start_rounds: int
    time_rounds: int
    file_rounds: int
    file_mib: int
    memory_step_kib: int
    linux_memory_step_kib: int
    micro_options: tuple
    smp_rounds: int
    omp_iterations: int
    gap_seconds: int
    tick_seconds: int
    net_rounds: int
    net_ms: int
    net_round_trips: int
    http_seconds: int
    redis_requests: int
    iperf_seconds: int
    hellos: int


FULL = Effort(15, 5, 3, 7, 256, 256, 4096, (), 5, 1000000, 60, 10, 3, 2000, 10000, 4, 10000, 3, 100)
QUICK = Effort(1, 1, 1, 1, 16, 1024, 65536, ("-q",), 1, 100000, 1, 1, 1, 100, 200, 1, 500, 1, 4)


class Context:
    def __init__(self, build, proxy, tools, work, qemu_binary, cpu, effort):
        self.build = build
        self._tools = tools
        self.work = work
        self.effort = effort
        self.machine = qemu.Machine(qemu_binary, cpu)
        self._images = os.path.join(build, "tools/bench")
        self.hermit = HermitGuest(proxy, self.program, work, qemu_binary)
        self.floor = FloorGuest(self._images, qemu_binary, work)
        self._linux = None
        self._tsc_khz = None
        os.makedirs(work, exist_ok=True)

    def program(self, name):
        """The file of a program that the build has made, or that `name` is the absolute path of."""
        for folder in ("usr/benchmarks", "usr/tests"):
            path = os.path.join(self.build, folder, name)
            if os.path.exists(path):
                return path
        raise qemu.BenchError(f"{name} has not been built")

    def linux_program(self, name):
        return self.program(name + ".linux")

    def tool(self, name):
        """A program of the tool chain."""
        return os.path.join(self._tools, name)

    @property
    def linux(self):
        """The guest of Debian's cloud kernel; BenchError where that cannot be had."""
        if self._linux is None:
            self._linux = self._linux_guest(kernel.cloud_kernel(self._kernels))
        return self._linux

    def linux_with_9p(self):
        return self._linux_guest(kernel.kernel_with_9p(self._kernels))

    @property
    def _kernels(self):
        """Where kernels are that were unpacked, not installed."""
        return os.path.join(self.build, "linuxvm/kernel")

    def linux_release(self):
        """The release of the Linux that is compared with, None where there is none."""
        try:
            return kernel.cloud_kernel(self._kernels).release
        except qemu.BenchError:
            return None

    def _linux_guest(self, linux):
        init = os.path.join(self.build, "tools/linuxvm/linux-init")
        return linux_guest.LinuxGuest(
            linux, init, self.linux_program, self.work, self.machine, self.tsc_khz
        )

    def tsc_khz(self):
        """The rate of this machine's time stamp counter, and so of a guest's; measured once."""
        if self._tsc_khz is None:
            self._tsc_khz = tsc.khz()
        return self._tsc_khz


def attempt(figures, function, *arguments, **options):
    """
    Calls a measurement. When it fails, notes why in each of `figures` and returns None, so that the
    other side's values and the other figures are still measured.
    """
    try:
        return function(*arguments, **options)
    except qemu.BenchError as error:
        for figure in figures:
            if str(error) not in figure.errors:
                figure.errors.append(str(error))
        return None
