# SPDX-License-Identifier: BSD-3-Clause
"""Isle uhyve in the test machine: a warm start from a checkpoint against a cold start."""

import resource

import kvm_machine
import qemu
from figures import Figure, Goal, Group

TRIAL = 100  # rounds of the program's initialisation, to learn how many make a second
SECONDS = 300


def _second_of_work(program):
    """How many rounds of initialisation take a second of this host's own processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if qemu.run([program, "initialise", str(TRIAL)], timeout=SECONDS).status:
        raise qemu.BenchError(f"{program} fails")
    took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return max(1, round(TRIAL / max(took, 0.001)))


def measure_warm_start(context, figures):
    rounds = _second_of_work(context.linux_program("checkpoint"))
    arguments = [context.hermit.proxy, context.program("checkpoint"), str(rounds), str(context.effort.time_rounds)]
    output = kvm_machine.run(context, "warm_start.py", arguments, memory="3G", seconds=SECONDS)
    seconds = {name: float(value) for name, value in map(str.split, output.splitlines())}
    for figure in figures.values():
        figure.raw["hermit"] = seconds
    figures["warm_start"].hermit = seconds["warm"] / seconds["cold"]
    figures["warm_start_checked"].hermit = seconds["checked"] / seconds["cold"]


GROUPS = [
    Group(
        "checkpoint",
        [
            Figure("warm_start", "uhyve: start from a checkpoint, of the cold start", "times", Goal(0.05), alone=True),
            Figure("warm_start_checked", "uhyve: the same, memory checked first", "times", alone=True),
        ],
        measure_warm_start,
    )
]
