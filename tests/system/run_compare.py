#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs a program on Linux and in an isle and compares output, exit status and the files left behind.

usage: run_compare.py --build FOLDER [OPTION]... NAME [ARGUMENT]...

NAME is a program of usr/tests: NAME.linux is run directly, NAME through the proxy, both with the same
arguments, environment and standard input, each in a new directory. Exit status 0: no difference.
"""

import argparse
import os
import sys
import time

import isle


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--option", action="append", default=[], help="for the proxy")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--stdin", default="", help="text for the standard input")
    parser.add_argument("--stderr", action="store_true", help="compare it as well")
    parser.add_argument("--linux-argument", action="append", help="other arguments on Linux")
    parser.add_argument("--timeout", type=int, default=isle.TIMEOUT, help="seconds for each run")
    parser.add_argument("--show", action="store_true", help="print the isle's output")
    parser.add_argument("name")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main():
    options = parse()
    place = isle.Isle(options.build)
    more = {
        "stdin": options.stdin.encode(),
        "env": dict(pair.split("=", 1) for pair in options.env),
        "timeout": options.timeout,
    }
    on_linux = options.arguments if options.linux_argument is None else options.linux_argument
    leaves_file = options.name == "hello" and not os.path.exists("/tmp/test.txt")
    linux = place.run_linux(options.name, on_linux, **more)
    if leaves_file and os.path.exists("/tmp/test.txt"):
        os.unlink("/tmp/test.txt")  # the isle's /tmp is its own, Linux's is not
    before = time.monotonic()
    inside = place.run(options.name, options.arguments, options.option, **more)
    seconds = time.monotonic() - before
    if options.show:
        print(inside)
    lines = isle.differences(linux, inside, options.stderr)
    print("\n".join(lines))
    verdict = "differs" if lines else "agrees"
    size = len(linux.out.splitlines())
    print(f"{options.name}: {verdict}; {size} lines, status {linux.status}, {seconds:.2f} s")
    if linux.out == b"" and linux.status == 0 and options.stdin == "":
        print("the program printed nothing: that proves nothing")
        return 1
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
