# SPDX-License-Identifier: BSD-3-Clause
"""Runs a script of this folder in the test machine (docs/testvm.md), where there is a KVM."""

import os
import sys

import qemu

HERE = os.path.dirname(os.path.abspath(__file__))
TESTVM = os.path.join(HERE, "..", "testvm", "run.py")
MORE_SECONDS = 60  # for the machine's own start and end


def run(context, script, arguments, *, memory, seconds):
    """What SCRIPT prints within SECONDS; BenchError where it fails."""
    command = [sys.executable, "-B", TESTVM, "--build", context.build, "--mem", memory, "--timeout", str(seconds)]
    command += ["--", sys.executable, "-B", os.path.join(HERE, script), *arguments]
    result = qemu.run(command, timeout=seconds + MORE_SECONDS)
    if result.status:
        raise qemu.BenchError(f"the test machine: status {result.status}: {result.stderr.strip()[-500:]}")
    return result.stdout
