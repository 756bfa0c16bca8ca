# SPDX-License-Identifier: BSD-3-Clause
"""Isle uhyve in the test machine: a warm start from a checkpoint against a cold start."""

import os
import resource
import subprocess
import sys

import qemu
from figures import Figure, Goal, Group

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TRIAL = 100  # rounds of the program's initialisation, to learn how many make a second
TIMEOUT = 300


def _second_of_work(program):
    """How many rounds of initialisation take a second of this host's own processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([program, "initialise", str(TRIAL)], check=True, capture_output=True)
    took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return max(1, round(TRIAL / max(took, 0.001)))


def measure_warm_start(context, figures):
    rounds = _second_of_work(context.linux_program("checkpoint"))
    command = [
        sys.executable, "-B", os.path.join(ROOT, "tools/testvm/run.py"), "--build", context.build,
        "--timeout", str(TIMEOUT), "--mem", "3G", "--", "python3", "-B",
        os.path.join(ROOT, "tools/bench/warm_start.py"), context.hermit.proxy, context.program("checkpoint"),
        str(rounds), str(context.effort.time_rounds),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT + 60)
    if result.returncode:
        raise qemu.BenchError(f"the test machine ended with {result.returncode}: {result.stderr.strip()[-500:]}")
    seconds = {name: float(value) for name, value in map(str.split, result.stdout.splitlines())}
    for figure in figures.values():
        figure.raw["hermit"] = seconds
    figures["warm_start"].hermit = seconds["warm"] / seconds["cold"]
    figures["warm_start_checked"].hermit = seconds["checked"] / seconds["cold"]


GROUPS = [
    Group(
        "checkpoint",
        [
            Figure("warm_start", "uhyve: start from a checkpoint, of the cold start", "times", Goal(0.05)),
            Figure("warm_start_checked", "uhyve: the same, memory checked first", "times"),
        ],
        measure_warm_start,
    )
]
