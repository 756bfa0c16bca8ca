#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the comparisons of run_compare.py that a list names, one after the other.

usage: comparisons.py LIST BUILD [PATTERN]

A line of LIST is a test's name and run_compare.py's arguments, with tabs between them. Lines that ask for a
machine of QEMU's are left out. PATTERN: a regular expression for the names. HERMIT_TEST_ISLE tells where
the programs run (isle.py). Exit status 0: all agree.
"""

import os
import re
import subprocess
import sys

SECONDS = "180"  # for each run, in a machine that is translated
HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    path, build, pattern = (sys.argv[1:] + [""])[:3]
    wrong, count = [], 0
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    for name, *arguments in lines:
        if any("--machine=" in word for word in arguments) or not re.search(pattern, name):
            continue
        count += 1
        command = [sys.executable, "-B", os.path.join(HERE, "run_compare.py"), "--build", build]
        command += ["--timeout", SECONDS]
        result = subprocess.run(command + arguments, capture_output=True, text=True)
        if result.returncode:
            wrong.append(name)
            print(f"--- {name}\n{result.stdout}{result.stderr}", flush=True)
        else:
            print(f"{name}: {result.stdout.strip().splitlines()[-1]}", flush=True)
    print(f"{count - len(wrong)} of {count} agree" + (": not " + ", ".join(wrong) if wrong else ""))
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
