# SPDX-License-Identifier: BSD-3-Clause
"""Real programs for both sides, built from the distribution's packages as tests/programs does it."""

import os
import shutil

import qemu

SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD_SECONDS = 600
# What build-NAME.sh makes, seen from the folder that it gets.
IMAGES = {"redis": "src/redis-server", "iperf3": "iperf3", "lighttpd": "out/build/lighttpd"}


def built(context, name):
    """
    The path of an image, beside which a static Linux program lies whose name ends with .linux. Fetches
    and compiles the first time only.
    """
    folder = os.path.join(context.build, "programs", name)
    image = os.path.join(folder, IMAGES[name])
    _build(context, name, folder)
    _build(context, name, folder + "-linux", "linux")
    shutil.copy2(os.path.join(folder + "-linux", IMAGES[name]), image + ".linux")
    return image


def _build(context, name, folder, *system):
    script = os.path.join(SOURCE, "tests/programs", f"build-{name}.sh")
    result = qemu.run(["sh", script, SOURCE, context.build, folder, *system], timeout=BUILD_SECONDS)
    if result.status != 0:
        lines = (result.stdout + result.stderr).strip().splitlines()
        raise qemu.BenchError(f"{name} cannot be built: {' / '.join(lines[-2:])}")
