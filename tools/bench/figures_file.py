# SPDX-License-Identifier: BSD-3-Clause
"""Sequential reading and writing of a host file, beside Linux with a 9p mount of the same folder."""

import os
import tempfile

import linux_guest
import qemu
from context import attempt
from figures import Figure, Goal, Group, median, parse_fields

FILE = "data"


def _rate(result):
    for line in result.stdout.splitlines():
        fields = parse_fields(line)
        if "mb_per_s" in fields:
            return float(fields["mb_per_s"])
    raise qemu.BenchError("fileio printed no rate")


def measure_file(context, figures):
    """
    One file for both, in the host's page cache before the first run; each round reads and writes it
    once on each side. Writing overwrites it in place.
    """
    linux = attempt(list(figures.values()), context.linux_with_9p)
    size = str(context.effort.file_mib)
    with tempfile.TemporaryDirectory(dir=context.work) as share:
        host = context.linux_program("fileio")
        warm = qemu.run([host, "write", os.path.join(share, FILE), size], timeout=120)
        if warm.status != 0:
            raise qemu.BenchError(f"fileio on the host: {warm.stderr.strip()}")

        def hermit_run(mode):
            return _rate(context.hermit.run_checked("fileio", [mode, FILE, size], share=share))

        def linux_run(mode):
            path = f"{linux_guest.SHARE_POINT}/{FILE}"
            return _rate(linux.run_checked("fileio", [mode, path, size], share=share))

        for _ in range(context.effort.file_rounds):
            for mode in ("read", "write"):
                figure = figures[f"file_{mode}"]
                _note(figure, "hermit", attempt([figure], hermit_run, mode))
                if linux:
                    _note(figure, "linux", attempt([figure], linux_run, mode))
    for figure in figures.values():
        figure.hermit = median(figure.raw.get("hermit", []))
        figure.linux = median(figure.raw.get("linux", []))
        figure.raw["linux_kernel"] = linux.kernel.release if linux else None


def _note(figure, side, rate):
    if rate is not None:
        figure.raw.setdefault(side, []).append(rate)


GROUPS = [
    Group(
        "file",
        [
            Figure(
                f"file_{mode}",
                f"host file, sequential {mode}, 1 MiB blocks (Linux: 9p)",
                "MB/s",
                Goal(1.0, "linux", at_least=True),
            )
            for mode in ("read", "write")
        ],
        measure_file,
    ),
]
