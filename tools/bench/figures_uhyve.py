# SPDX-License-Identifier: BSD-3-Clause
"""
Isle uhyve, in the test machine (docs/testvm.md), whose processor is QEMU's: all sides are measured there, in
one run, by uhyve_side.py. The floor of the start is the same image in QEMU's microvm with KVM.
"""

import json
import os

import kvm_machine
from figures import Figure, Goal, Group, median

SECONDS = 1200

# What fills in which figures, by uhyve_side.py's keys.
KEYS = {
    "starts": "uhyve_start",
    "exits": "uhyve_exits",
    "touched": "uhyve_touched",
    "private": "uhyve_private",
    "reads": "uhyve_read",
    "many": "uhyve_many",
}


def _run_side(context):
    effort = context.effort
    arguments = [context.hermit.proxy]
    arguments += [os.path.join(context.build, "usr", name) for name in ("tests", "benchmarks")]
    arguments += [str(effort.file_rounds), str(effort.file_mib), str(effort.hellos)]
    return json.loads(kvm_machine.run(context, "uhyve_side.py", arguments, memory="4G", seconds=SECONDS))


def fill(document, figures):
    """Puts what uhyve_side.py has printed into the figures."""
    values = document["values"]
    for key, name in KEYS.items():
        figures[name].raw = {"seen": values.get(key)}
        if key in document["errors"]:
            figures[name].errors.append(document["errors"][key])
    if "starts" in values:
        start = figures["uhyve_start"]
        start.hermit, start.floor, start.linux = (
            median(values["starts"][name]) for name in ("uhyve", "qemu", "linux")
        )
    if "reads" in values:
        read = figures["uhyve_read"]
        read.hermit, read.linux = (median(values["reads"][name]) for name in ("uhyve", "linux"))
    for key, divisor in (("exits", 1), ("touched", 1024), ("private", 1024)):
        if key in values:
            figures[KEYS[key]].hermit = values[key] / divisor
    if "many" in values:
        figures["uhyve_many"].hermit = values["many"]["mib"]


def measure_uhyve(context, figures):
    fill(_run_side(context), figures)


GROUPS = [
    Group(
        "uhyve",
        [
            Figure(
                "uhyve_start",
                "isle uhyve: start of hello to its exit (floor: QEMU with KVM)",
                "ms",
                Goal(0.2, "floor"),
            ),
            Figure(
                "uhyve_read",
                "isle uhyve: host file in the page cache, read, 1 MiB blocks",
                "MB/s",
                Goal(0.8, "linux", at_least=True),
            ),
            Figure("uhyve_exits", "isle uhyve: exits for 1,000 lines to a pipe", "exits", Goal(50), alone=True),
            Figure("uhyve_touched", "isle uhyve: guest memory that hello touches", "MiB", Goal(3), alone=True),
            Figure(
                "uhyve_private", "isle uhyve: private memory beyond the guest's", "MiB", Goal(2), alone=True
            ),
            Figure("uhyve_many", "isle uhyve: memory of many hellos at once", "MiB", alone=True),
        ],
        measure_uhyve,
    )
]
