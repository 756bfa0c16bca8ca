#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
In the test machine: how long a program takes that first initialises, and the same program from a checkpoint that
it has made after that. Arguments: proxy, image, its argument, how often. Prints "cold", "checked" (all memory is
checked first) and "warm" (read when it is touched), each with seconds, the smallest of all rounds.
"""

import os
import subprocess
import sys
import tempfile
import time

WARM_STARTS = 4  # for each cold one: they are short, and the host may be busy
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}


def timed(command):
    start = time.monotonic()
    result = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=True)
    return time.monotonic() - start, result.stdout.split()[-1:]


def main():
    proxy, image, argument, rounds = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        program = [image, "initialise", argument]
        commands = {
            "cold": [proxy, "--isle=uhyve", *program],
            "checked": [proxy, "--restore=saved"],
            "warm": [proxy, "--restore=saved", "--no-verify"],
        }
        timed([proxy, "--isle=uhyve", "--checkpoint-exit", "--checkpoint-dir=saved", *program])
        seconds = {name: [] for name in commands}
        answers = set()
        for _ in range(int(rounds)):
            for name, command in commands.items():
                for _ in range(1 if name == "cold" else WARM_STARTS):
                    took, answer = timed(command)
                    seconds[name].append(took)
                    answers.add(tuple(answer))
    if len(answers) != 1:
        sys.exit(f"the answers differ: {answers}")
    for name, values in seconds.items():
        print(name, min(values))


if __name__ == "__main__":
    main()
