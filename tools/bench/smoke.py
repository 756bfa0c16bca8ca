#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Runs the benchmark once, quickly, and checks that it works: each figure has its line in the table, was
measured on HermitCore and on Linux, and is in the JSON file. Times and goals are not judged: the
machine of a test run is busy.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import linuxvm  # noqa: F401: where cpio, elf and kernel are
import figures_programs
import report
import run

HERE = os.path.dirname(os.path.abspath(__file__))


def parse_table(text):
    """The rows of the table in `text`, each a dictionary from column title to cell."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(report.SEPARATOR)]
        if len(cells) == len(report.HEADER) and cells[0] != report.HEADER[0]:
            rows.append(dict(zip(report.HEADER, cells)))
    return rows


def problems(output, document):
    """What is wrong with a finished run, as a list of lines."""
    found = []
    rows = parse_table(output)
    figures = document["figures"]
    if [row["figure"] for row in rows] != [figure["title"] for figure in figures]:
        found.append("table and JSON do not hold the same figures")
    if not figures:
        found.append("there are no figures")
    for figure in figures:
        found += [f"{figure['key']}: {error}" for error in figure["errors"]]
        for side in ("hermit", "linux"):
            if figure[side] is None and not (side == "linux" and figure["alone"]):
                found.append(f"{figure['key']}: no value for {side}")
    if "-icount" not in output:
        found.append("the note on -icount is missing")
    return found


def run_groups(programs):
    """The groups that need programs which are built from the distribution's packages, or the others."""
    with_programs = {group.name for group in figures_programs.GROUPS}
    return [group.name for group in run.GROUPS if (group.name in with_programs) == programs]


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--programs", action="store_true", help="only the groups that build programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results.json")
        command = [sys.executable, os.path.join(HERE, "run.py"), "--quick"]
        command += ["--build", options.build, "--output", path]
        for group in run_groups(options.programs):
            command += ["--only", group]
        bench = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(bench.stdout)
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    found = problems(bench.stdout, document)
    if bench.returncode != 0:
        found.append(f"run.py ended with status {bench.returncode}")
    for line in found:
        print("problem:", line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
