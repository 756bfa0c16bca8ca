#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the comparisons of run_compare.py that a list names, one after the other.

A line of LIST is a test's name and run_compare.py's arguments, with tabs between them. Lines that ask for a
machine of QEMU's are left out. HERMIT_TEST_ISLE tells where the programs run (isle.py). Exit status 0: all
agree.
"""

import argparse
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QEMUS_OWN = ("--option=--machine=", "--option=--icount")
CPUS = "--env=HERMIT_CPUS="


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pattern", default="", help="a regular expression for the names")
    parser.add_argument("--cpus", type=int, default=1, help="lines that ask for so many, and those that ask for none")
    parser.add_argument("--asked", action="store_true", help="only those that ask")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="each Nth line, from the Ith on")
    parser.add_argument("--timeout", default="60", metavar="SECONDS", help="for each run of a program")
    parser.add_argument("--directory", help="where the programs run")
    parser.add_argument("list")
    parser.add_argument("build", help="the build folder")
    return parser.parse_args()


def chosen(options):
    """Names and arguments of what is to be run."""
    with open(options.list, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    names = {words[0] for words in lines}
    mine = f"{CPUS}{options.cpus}"
    result = []
    for name, *arguments in lines:
        if any(word.startswith(QEMUS_OWN) for word in arguments) or not re.search(options.pattern, name):
            continue
        if mine in arguments:
            result.append([name, *arguments])
        elif not options.asked and not any(word.startswith(CPUS) for word in arguments):
            if f"{name}_cpus{options.cpus}" not in names:
                result.append([name, mine, *arguments])
    part, parts = (int(word) for word in options.part.split("/"))
    return result[part - 1 :: parts]


def main():
    options = parse()
    wrong = []
    lines = chosen(options)
    for name, *arguments in lines:
        command = [sys.executable, "-B", os.path.join(HERE, "run_compare.py"), "--build", options.build]
        command += ["--timeout", options.timeout, *arguments]
        before = time.monotonic()
        result = subprocess.run(command, capture_output=True, text=True, cwd=options.directory)
        seconds = time.monotonic() - before
        if result.returncode:
            wrong.append(name)
            print(f"--- {name}\n{result.stdout}{result.stderr}", flush=True)
        else:
            print(f"{name}: {result.stdout.strip().splitlines()[-1]}; {seconds:.2f} s in all", flush=True)
    print(f"{len(lines) - len(wrong)} of {len(lines)} agree" + (": not " + ", ".join(wrong) if wrong else ""))
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
