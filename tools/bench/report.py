# SPDX-License-Identifier: BSD-3-Clause
"""The table on standard output and the JSON file with all raw data."""

import json
import os
import platform
import time

from figures import number

HEADER = ("figure", "unit", "goal", "HermitCore", "Linux", "floor", "ratio", "reached")
TEXT_COLUMNS = 3
SEPARATOR = " | "
ICOUNT_NOTE = (
    "With -icount a repeated string instruction (rep movs, rep stos) counts once per iteration, so\n"
    "the figures in guest instructions charge both systems for each word or byte copied or cleared."
)


def table(figures):
    rows = [HEADER] + [_row(figure) for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(lines)


def _row(figure):
    ratio = figure.ratio()
    return (
        figure.title,
        figure.unit,
        figure.goal.text() if figure.goal else "-",
        number(figure.hermit),
        number(figure.linux),
        number(figure.floor),
        "-" if ratio is None else f"{ratio:.2f}",
        figure.verdict(),
    )


def _line(row, widths):
    cells = [
        cell.ljust(width) if column < TEXT_COLUMNS else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths))
    ]
    return SEPARATOR.join(cells).rstrip()


def errors(figures):
    """One line for each thing that could not be measured, with the figures that lack it."""
    concerned = {}
    for figure in figures:
        for error in figure.errors:
            concerned.setdefault(error, []).append(figure.key)
    return [f"not measured: {error} [{', '.join(keys)}]" for error, keys in concerned.items()]


def machine_info():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "processor": model,
        "cpus": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "load_average": os.getloadavg(),
    }


def write_json(path, figures, information):
    document = dict(information)
    document["finished"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document["figures"] = [figure.as_dict() for figure in figures]
    document["note"] = ICOUNT_NOTE.replace("\n", " ")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)
