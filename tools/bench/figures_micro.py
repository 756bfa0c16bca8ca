# SPDX-License-Identifier: BSD-3-Clause
"""Single operations: guest instructions under -icount, and time without it."""

import re

import qemu
from context import attempt
from figures import Figure, Goal, Group, median, parse_fields

# name in usr/benchmarks/micro.c, title, goal for instructions, goal for time
OPERATIONS = (
    ("syscall_getpid", "syscall(SYS_getpid)", Goal(80), None),
    ("getpid", "getpid()", Goal(10), None),
    ("clock_gettime", "clock_gettime(CLOCK_MONOTONIC)", Goal(35), None),
    ("sched_yield", "sched_yield(), one thread", Goal(150), None),
    ("map_touch_unmap", "map, touch and unmap 4 KiB", Goal(0.25, "linux"), Goal(0.25, "linux")),
    ("first_touch_4k", "first touch of a 4 KiB page", None, None),
    ("malloc_free_16", "malloc and free, 16 B", None, None),
    ("malloc_free_1k", "malloc and free, 1 KiB", None, None),
    ("malloc_free_64k", "malloc and free, 64 KiB", None, None),
    ("malloc_free_1m", "malloc and free, 1 MiB", None, None),
)
SWITCHES = (
    ("thread_create_join", "thread create and join", 0.3),
    ("mutex_handover", "mutex hand-over", 0.5),
    ("condvar_pingpong", "condition variable, there and back", 0.5),
    ("semaphore_pingpong", "semaphore, there and back", 0.5),
    ("futex_pingpong", "futex, there and back", 0.5),
    ("pipe_pingpong", "pipe, there and back", 0.5),
    ("eventfd_pingpong", "eventfd, there and back", None),
)
BASIC = ("getpid", "sched_yield", "malloc", "the first page access")


def _all_operations():
    for name, title, instructions, time in OPERATIONS:
        yield name, title, instructions, time
    for name, title, limit in SWITCHES:
        goal = Goal(limit, "linux") if limit else None
        yield name, title, goal, goal


def _figures():
    for name, title, instructions, time in _all_operations():
        yield Figure(f"{name}_instructions", title, "instructions", instructions)
        yield Figure(f"{name}_ns", title, "ns", time)


def _run_micro(guest, options, icount):
    """name -> fields of one run of micro, as far as it came, and why it came no further (or None)."""
    result = guest.run("micro", options, icount=icount, timeout=180)
    lines = [parse_fields(line) for line in result.stdout.splitlines() if line.startswith("bench=")]
    found = {fields["bench"]: fields for fields in lines}
    if result.status == 0:
        return found, None
    tail = " / ".join((result.stderr + result.stdout).strip().splitlines()[-2:])
    return found, f"micro on {guest.name}: status {result.status}: {tail}"


def measure_micro(context, figures):
    """Instructions: one run, the cheapest batch. Time: the median of several interleaved runs."""
    sides = {"hermit": lambda: context.hermit, "linux": lambda: context.linux}
    instructions = [f for key, f in figures.items() if key.endswith("_instructions")]
    times = [f for key, f in figures.items() if key.endswith("_ns")]

    def run(side, icount, suffix):
        """name -> fields. The operations that are missing get the reason."""
        concerned = instructions if icount else times
        options = context.effort.micro_options
        found, error = attempt(concerned, _run_micro, sides[side](), options, icount) or ({}, None)
        for name, *_ in _all_operations() if error else ():
            figure = figures[name + suffix]
            if name not in found and error not in figure.errors:
                figure.errors.append(error)
        return found

    for side in sides:
        for name, fields in run(side, True, "_instructions").items():
            figure = figures[f"{name}_instructions"]
            setattr(figure, side, float(fields["ticks_min"]))
            figure.raw[side] = fields
    for _ in range(context.effort.time_rounds):
        for side in sides:
            for name, fields in run(side, False, "_ns").items():
                raw = figures[f"{name}_ns"].raw.setdefault(side, [])
                raw.append(float(fields["ns_median"]))
    for figure in times:
        for side in sides:
            setattr(figure, side, median(figure.raw.get(side, [])))


def measure_basic(context, figures):
    sides = {"hermit": lambda: context.hermit, "linux": lambda: context.linux}

    def run(side):
        output = sides[side]().run_checked("basic", timeout=120).stdout
        found = dict(re.findall(r"^Average time for (.+?): (\d+) cycles$", output, re.MULTILINE))
        if set(found) != set(BASIC):
            raise qemu.BenchError("basic did not print its four lines")
        return found

    for _ in range(context.effort.time_rounds):
        for side in sides:
            found = attempt(list(figures.values()), run, side)
            for name in BASIC if found else ():
                figures[f"basic {name}"].raw.setdefault(side, []).append(int(found[name]))
    for figure in figures.values():
        for side in sides:
            setattr(figure, side, median(figure.raw.get(side, [])))


GROUPS = [
    Group("micro", list(_figures()), measure_micro),
    Group(
        "basic",
        [Figure(f"basic {name}", f"basic: {name}", "cycles") for name in BASIC],
        measure_basic,
    ),
]
