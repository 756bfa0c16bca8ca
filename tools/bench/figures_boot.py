# SPDX-License-Identifier: BSD-3-Clause
"""Start: wall clock, instructions to main(), the smallest memory, and the size of the image."""

import os
import shutil
import subprocess

import elf
import qemu
import instructions
from context import attempt
from figures import Figure, Goal, Group, median

KERNEL_ADDRESS = 0xFFFFFFFF80000000
START_GOALS = {"microvm": 2.0, "pc": 1.5, "q35": 1.5}
MEMORY_LIMIT_KIB = 512 << 10


def _start_figures():
    for machine, limit in START_GOALS.items():
        title = f"start of hello to its exit, {machine}"
        yield Figure(f"start_{machine}", title, "ms", Goal(limit, "floor"))
        title = f"the same, floor with the proxy's options, {machine}"
        yield Figure(f"start_{machine}_own_floor", title, "ms")


def measure_start(context, figures):
    """One run of each in every round, so that a disturbance of the host meets all of them."""
    plans = []
    for machine in START_GOALS:
        pair = [figures[f"start_{machine}"], figures[f"start_{machine}_own_floor"]]
        arguments = attempt(pair, context.hermit.qemu_command, "hello", machine=machine)
        commands = [context.machine.command(machine, memory="2G")]
        commands += [context.floor.machine_of(arguments)] if arguments else []
        for figure, command in zip(pair, commands):
            figure.raw = {"hermit_ms": [], "linux_ms": [], "floor_ms": {}, "floor": command}
        plans.append((machine, pair, [context.floor.commands(command) for command in commands]))
    for number in range(context.effort.start_rounds):
        for plan in plans:
            _start_round(context, *plan, number)
    for _, pair, _ in plans:
        for figure in pair:
            figure.hermit = median(pair[0].raw["hermit_ms"])
            figure.linux = median(pair[0].raw["linux_ms"])
            floors = [median(values) for values in figure.raw.get("floor_ms", {}).values()]
            figure.floor = min(floors, default=None)


def _start_round(context, machine, pair, floors, number):
    for figure, commands in zip(pair, floors):
        for name, command in commands.items():
            result = attempt([figure], context.floor.run, command)
            if result:
                figure.raw["floor_ms"].setdefault(name, []).append(result.seconds * 1e3)
    result = attempt(pair, context.hermit.run_checked, "hello", machine=machine, timeout=20)
    if result:
        pair[0].raw["hermit_ms"].append(result.seconds * 1e3)
    if number < context.effort.linux_start_rounds:
        result = attempt(pair, _linux_start, context, machine)
        if result:
            pair[0].raw["linux_ms"].append(result.seconds * 1e3)


def _linux_start(context, machine):
    return context.linux.run_checked("hello", machine=machine, timeout=60)


def measure_entry(context, figures):
    """
    HermitCore: one by one. Linux needs far too many for that, so it is the time stamp counter under
    -icount, less what the firmware took.
    """
    figure = figures["entry_to_main"]

    def linux():
        command = context.machine.command("microvm", memory="2G", icount=True)
        firmware = context.floor.entry_ticks(command)
        result = context.linux.run_checked("startup", icount=True, timeout=120)
        figure.raw["linux"] = {"firmware": firmware, "main": _main_ticks(result)}
        return _main_ticks(result) - firmware

    figure.hermit = attempt([figure], instructions.count_to, context, "hello", "main")
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
    Group("start", list(_start_figures()), measure_start),
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
