# SPDX-License-Identifier: BSD-3-Clause
"""Start: wall clock, instructions to main(), the smallest memory, and the size of the image."""

import os
import shutil
import subprocess

import elf
import qemu
from context import attempt
from figures import Figure, Goal, Group, median

KERNEL_ADDRESS = 0xFFFFFFFF80000000
START_GOALS = {"microvm": 2.0, "pc": 1.5, "q35": 1.5}
MEMORY_LIMIT_KIB = 512 << 10


def _start_figures():
    return [
        Figure(f"start_{machine}", f"start of hello to its exit, {machine}", "ms", Goal(limit, "floor"))
        for machine, limit in START_GOALS.items()
    ]


def measure_start(context, figures):
    """One run of each in every round, so that a disturbance of the host meets all of them."""
    plans = []
    for machine in START_GOALS:
        figure = figures[f"start_{machine}"]
        arguments = attempt([figure], context.hermit.qemu_command, "hello", machine=machine)
        # Without the proxy's command line the floor is that of the bare machine.
        base = arguments or context.machine.command(machine, memory="2G")[1:]
        figure.raw = {"hermit_ms": [], "linux_ms": [], "floor_ms": {}, "machine": base}
        plans.append((machine, figure, context.floor.commands(base)))
    for number in range(context.effort.start_rounds):
        for machine, figure, floors in plans:
            _start_round(context, machine, figure, floors, number)
    for _, figure, _ in plans:
        figure.hermit = median(figure.raw["hermit_ms"])
        figure.linux = median(figure.raw["linux_ms"])
        floors = [median(values) for values in figure.raw["floor_ms"].values()]
        figure.floor = min(floors, default=None)


def _start_round(context, machine, figure, floors, number):
    for name, command in floors.items():
        result = attempt([figure], context.floor.run, command)
        if result:
            figure.raw["floor_ms"].setdefault(name, []).append(result.seconds * 1e3)
    result = attempt([figure], context.hermit.run_checked, "hello", machine=machine, timeout=20)
    if result:
        figure.raw["hermit_ms"].append(result.seconds * 1e3)
    if number < context.effort.linux_start_rounds:
        result = attempt([figure], _linux_start, context, machine)
        if result:
            figure.raw["linux_ms"].append(result.seconds * 1e3)


def _linux_start(context, machine):
    return context.linux.run_checked("hello", machine=machine, timeout=60)


def measure_entry(context, figures):
    """Counts from the image's first instruction: the firmware's share is measured and taken off."""
    figure = figures["entry_to_main"]

    def hermit():
        arguments = context.hermit.qemu_command("startup", icount=True)
        firmware = context.floor.entry_ticks(context.floor.machine_of(arguments))
        result = context.hermit.run_checked("startup", icount=True, timeout=60)
        figure.raw["hermit"] = {"firmware": firmware, "main": _main_ticks(result)}
        return _main_ticks(result) - firmware

    def linux():
        command = context.machine.command("microvm", memory="2G", icount=True)
        firmware = context.floor.entry_ticks(command)
        result = context.linux.run_checked("startup", icount=True, timeout=120)
        figure.raw["linux"] = {"firmware": firmware, "main": _main_ticks(result)}
        return _main_ticks(result) - firmware

    figure.hermit = attempt([figure], hermit)
    figure.linux = attempt([figure], linux)


def _main_ticks(result):
    for line in result.stdout.splitlines():
        if line.startswith("main_ticks="):
            return int(line.split("=")[1])
    raise qemu.BenchError("startup did not print its time stamp counter")


def smallest(works, low, high, step):
    """The smallest multiple of `step` in (low, high] for which works() holds; all larger ones do."""
    if not works(high):
        raise qemu.BenchError(f"does not run with {high >> 10} MiB either")
    while high - low > step:
        middle = (low + high) // 2 // step * step
        if middle <= low:
            middle = low + step
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def measure_memory(context, figures):
    figure = figures["smallest_memory"]
    tried = figure.raw

    def search(side, guest, step):
        expected = guest().run_checked("hello", memory="2G", timeout=60).stdout

        def works(kib):
            try:
                result = guest().run("hello", memory=f"{kib}K", timeout=30)
                good = result.status == 0 and result.stdout == expected
            except qemu.BenchError:
                good = False
            tried.setdefault(side, {})[str(kib)] = good
            return good

        return smallest(works, 0, MEMORY_LIMIT_KIB, step) / 1024

    figure.hermit = attempt(
        [figure], search, "hermit", lambda: context.hermit, context.effort.memory_step_kib
    )
    figure.linux = attempt(
        [figure], search, "linux", lambda: context.linux, context.effort.linux_memory_step_kib
    )


def kernel_bytes(path):
    """File bytes of the loadable segments that hold sections at the kernel's addresses."""
    image = elf.ElfFile(path)
    offsets = [s.offset for s in image.sections() if s.address >= KERNEL_ADDRESS and s.size]
    return sum(
        segment.file_size
        for segment in image.segments()
        if segment.kind == elf.PT_LOAD
        and any(segment.offset <= at < segment.offset + segment.file_size for at in offsets)
    )


def _strip(tool, source, target):
    try:
        subprocess.run([tool, "-o", target, source], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise qemu.BenchError(f"{tool}: {error}") from error
    return target


def measure_size(context, figures):
    image, kernel = figures["image_size"], figures["kernel_size"]

    def hermit():
        tool = context.tool("x86_64-hermit-strip")
        stripped = os.path.join(context.work, "hello.stripped")
        _strip(tool, context.program("hello"), stripped)
        image.hermit = os.path.getsize(stripped) / (1 << 20)
        kernel.hermit = kernel_bytes(stripped) / 1024
        if kernel.hermit == 0:
            kernel.hermit = None
            raise qemu.BenchError("no section of the image lies at a kernel address")

    def linux():
        stripped = os.path.join(context.work, "hello.linux.stripped")
        _strip(shutil.which("strip") or "strip", context.linux_program("hello"), stripped)
        kernel_size = os.path.getsize(context.linux.kernel.image)
        image.linux = (os.path.getsize(stripped) + kernel_size) / (1 << 20)
        kernel.linux = kernel_size / 1024

    attempt([image, kernel], hermit)
    attempt([image, kernel], linux)


GROUPS = [
    Group("start", _start_figures(), measure_start),
    Group(
        "entry",
        [Figure("entry_to_main", "entry point to main()", "instructions", Goal(1e6))],
        measure_entry,
    ),
    Group(
        "memory",
        [Figure("smallest_memory", "smallest memory in which hello runs", "MiB", Goal(6))],
        measure_memory,
    ),
    Group(
        "size",
        [
            Figure("image_size", "stripped hello image (Linux: kernel and program)", "MiB", Goal(1.5)),
            Figure("kernel_size", "of which kernel", "KiB", Goal(400)),
        ],
        measure_size,
    ),
]
