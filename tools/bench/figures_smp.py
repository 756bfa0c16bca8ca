# SPDX-License-Identifier: BSD-3-Clause
"""Several processors: OpenMP programs, disturbances of a program, and the start of many CPUs."""

import os
import re
import shutil
import subprocess

import qemu
from context import attempt
from figures import Figure, Goal, Group, median, parse_fields

STREAM = ("Copy", "Scale", "Add", "Triad")
EPCC = ("PARALLEL", "BARRIER", "REDUCTION")
MANY_CPUS = 8
GAP_NS = 5000


def _sides(context):
    return {"hermit": lambda: context.hermit, "linux": lambda: context.linux}


def _run(guest, program, arguments, threads, **options):
    options.setdefault("timeout", 240)
    environment = {"OMP_NUM_THREADS": str(threads)}
    return guest.run_checked(
        program, arguments, cpus=threads, environment=environment, **options
    ).stdout


def _field(output, key):
    for line in output.splitlines():
        fields = parse_fields(line)
        if key in fields:
            return float(fields[key])
    raise qemu.BenchError(f"the output holds no {key}=")


def _collect(context, figures, sample, rounds):
    """Calls sample(guest) -> {key: value} in turn for both sides; the medians become the values."""
    for _ in range(rounds):
        for side, guest in _sides(context).items():
            for key, value in (attempt(figures.values(), lambda g=guest: sample(g())) or {}).items():
                figures[key].raw.setdefault(side, []).append(value)
    for figure in figures.values():
        for side in _sides(context):
            setattr(figure, side, median(figure.raw.get(side, [])))


def measure_loop(context, figures):
    arguments = ["-n", str(context.effort.omp_iterations)]

    def sample(guest):
        one, two = (_field(_run(guest, "omploop", arguments, n), "seconds") for n in (1, 2))
        return {"omp_speedup": one / two}

    _collect(context, figures, sample, context.effort.smp_rounds)


def measure_programs(context, figures):
    def sample(guest):
        values = {"jacobi": _field(_run(guest, "jacobi_omp", ["-k", "20"], 2), "mflops")}
        output = _run(guest, "stream", ["-n", "2000000", "-k", "5"], 2)
        for name in STREAM:
            found = re.search(rf"^{name}\s+([\d.]+)", output, re.MULTILINE)
            if not found:
                raise qemu.BenchError(f"stream printed no line for {name}")
            values[f"stream_{name.lower()}"] = float(found.group(1))
        return values

    _collect(context, figures, sample, context.effort.smp_rounds)


def measure_epcc(context, figures):
    def sample(guest):
        output = _run(guest, "openmpbench", ["-o", "10", "sync"], 2)
        values = {}
        for name in EPCC:
            found = re.search(rf"^{name}\s+\S+\s+\S+\s+\d+\s+(-?[\d.]+) ", output, re.MULTILINE)
            if not found:
                raise qemu.BenchError(f"openmpbench printed no line for {name}")
            values[f"epcc_{name.lower()}"] = float(found.group(1))
        return values

    _collect(context, figures, sample, context.effort.smp_rounds)


def measure_gaps(context, figures):
    """
    Under -icount the counter stands still while the host does something else, so what is counted is
    caused by the guest. The length is virtual time.
    """
    figure = figures["hourglass"]
    arguments = ["-d", str(context.effort.gap_seconds), "-r", "hist", "-b", "100", "-t"]
    arguments += [f"{GAP_NS}ns"]
    for side, guest in _sides(context).items():
        result = attempt(
            [figure], lambda g=guest: g().run_checked("hg", arguments, icount=True, timeout=1800)
        )
        if result is None:
            continue
        gaps = re.search(r"^Gaps from \d+ ticks on: (\d+)", result.stdout, re.MULTILINE)
        setattr(figure, side, float(gaps.group(1)) if gaps else None)
        figure.raw[side] = result.stdout
        _plot(context, side, result.stdout)


def measure_ticks(context, figures):
    """In real time, as a program would see it; the count is the kernel's own."""
    figure = figures["timer_interrupts"]
    arguments = ["-d", str(context.effort.tick_seconds)]
    for side, guest in _sides(context).items():
        output = attempt([figure], lambda g=guest: g().run_checked("ticks", arguments, proc=True))
        if output is not None:
            setattr(figure, side, _field(output.stdout, "timer_interrupts"))
            figure.raw[side] = output.stdout


def _plot(context, side, output):
    """Turns the histogram into an SVG where gnuplot is installed."""
    lines = output.splitlines()
    if not shutil.which("gnuplot") or "from_ticks,count" not in lines:
        return
    path = os.path.join(context.work, f"hourglass-{side}")
    with open(path + ".csv", "w", encoding="utf-8") as file:
        file.write("\n".join(lines[lines.index("from_ticks,count") :]).strip() + "\n")
    script = f"set terminal svg size 900,500; set output '{path}.svg'; set datafile separator ','; "
    script += "set key off; set grid; set logscale y; set xlabel 'gap in ticks'; "
    script += f"set ylabel 'number'; plot '{path}.csv' skip 1 using 1:2 with impulses"
    # A histogram without a single gap cannot be drawn; that is not a failure of the measurement.
    subprocess.run(["gnuplot", "-e", script], capture_output=True, check=False, timeout=60)


def measure_many(context, figures):
    figure = figures["start_many"]

    def milliseconds(guest, cpus):
        return guest.run_checked("hello", cpus=cpus, timeout=60).seconds * 1e3

    rounds = {"hermit": context.effort.start_rounds, "linux": context.effort.linux_start_rounds}
    for number in range(max(rounds.values())):
        for side, guest in _sides(context).items():
            for cpus in (1, MANY_CPUS) if number < rounds[side] else ():
                value = attempt([figure], lambda g=guest, n=cpus: milliseconds(g(), n))
                if value is not None:
                    figure.raw.setdefault(side, {}).setdefault(str(cpus), []).append(value)
    for side in rounds:
        one, many = (median(figure.raw.get(side, {}).get(n, [])) for n in ("1", str(MANY_CPUS)))
        if one is not None and many is not None:
            setattr(figure, side, many - one)


def _at_least_linux(key, title, unit):
    return Figure(key, title, unit, Goal(1.0, "linux", at_least=True))


GROUPS = [
    Group(
        "omploop",
        [
            Figure(
                "omp_speedup",
                "OpenMP loop without memory traffic, 2 CPUs against 1",
                "times",
                Goal(1.9, at_least=True),
            )
        ],
        measure_loop,
    ),
    Group(
        "programs",
        [_at_least_linux("jacobi", "jacobi, 2 CPUs", "MFLOP/s")]
        + [_at_least_linux(f"stream_{n.lower()}", f"stream: {n}, 2 CPUs", "MB/s") for n in STREAM],
        measure_programs,
    ),
    Group(
        "epcc",
        [
            Figure(f"epcc_{n.lower()}", f"EPCC: {n}, 2 threads", "us", Goal(1.0, "linux"))
            for n in EPCC
        ],
        measure_epcc,
    ),
    Group(
        "ticks",
        [
            Figure(
                "timer_interrupts",
                "timer interrupts in 10 s, one runnable thread",
                "interrupts",
                Goal(0),
            )
        ],
        measure_ticks,
    ),
    Group(
        "hourglass",
        [Figure("hourglass", "hourglass: gaps of 5 us and more caused by the guest", "gaps", Goal(0))],
        measure_gaps,
    ),
    Group(
        "many",
        [Figure("start_many", f"start with {MANY_CPUS} CPUs, more than with 1", "ms", Goal(20))],
        measure_many,
    ),
]
