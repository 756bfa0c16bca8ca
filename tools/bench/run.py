#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Measures HermitCore beside Debian's Linux in QEMU and prints a table; `make bench` runs this.

The exit status is 0 when everything could be measured, 3 when something could not (the table says
FAILED, the lines below it say why), whether or not the goals are reached: --check makes a goal that is
missed count as well.
"""

import argparse
import os
import sys
import time

import linuxvm  # noqa: F401: where cpio, elf and kernel are
import context as bench
import figures_boot
import figures_checkpoint
import figures_file
import figures_micro
import figures_net
import figures_programs
import figures_smp
import figures_uhyve
import report

GROUPS = figures_boot.GROUPS + figures_micro.GROUPS + figures_file.GROUPS
GROUPS += figures_smp.GROUPS + figures_net.GROUPS + figures_programs.GROUPS + figures_uhyve.GROUPS
GROUPS += figures_checkpoint.GROUPS
EXIT_FAILED = 3
EXIT_MISSED = 4


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder (default: %(default)s)")
    parser.add_argument("--proxy", help="proxy program (default: BUILD/bin/proxy)")
    parser.add_argument("--tools", help="folder of x86_64-hermit-strip (default: BUILD/bin)")
    parser.add_argument("--qemu", default="qemu-system-x86_64", help="default: %(default)s")
    parser.add_argument("--cpu", default="max", help="QEMU's processor model (default: %(default)s)")
    parser.add_argument("--output", help="JSON file (default: BUILD/bench/results.json)")
    parser.add_argument("--quick", action="store_true", help="one round of everything")
    parser.add_argument("--check", action="store_true", help="a goal that is missed is a failure")
    parser.add_argument(
        "--only", action="append", choices=[group.name for group in GROUPS], help="repeatable"
    )
    return parser.parse_args()


def chosen_groups(options):
    return [group for group in GROUPS if not options.only or group.name in options.only]


def measure(context, groups):
    for group in groups:
        start = time.monotonic()
        print(f"bench: {group.name} ...", file=sys.stderr, flush=True)
        by_key = {figure.key: figure for figure in group.figures}
        bench.attempt(group.figures, group.measure, context, by_key)
        print(f"bench: {group.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def main():
    options = parse_arguments()
    build = os.path.abspath(options.build)
    effort = bench.QUICK if options.quick else bench.FULL
    context = bench.Context(
        build=build,
        proxy=options.proxy or os.path.join(build, "bin/proxy"),
        tools=options.tools or os.path.join(build, "bin"),
        work=os.path.join(build, "bench"),
        qemu_binary=options.qemu,
        cpu=options.cpu,
        effort=effort,
    )
    information = {
        "quick": options.quick,
        "machine": report.machine_info(),
        "qemu": context.machine.version(),
        "linux": context.linux_release(),
    }
    groups = chosen_groups(options)
    measure(context, groups)
    figures = [figure for group in groups for figure in group.figures]
    print(report.table(figures))
    print("\n" + report.ICOUNT_NOTE)
    for line in report.errors(figures):
        print(line)
    output = options.output or os.path.join(build, "bench/results.json")
    report.write_json(os.path.abspath(output), figures, information)
    if any(figure.hermit is None or figure.errors for figure in figures):
        return EXIT_FAILED
    missed = any(figure.is_reached() is False for figure in figures)
    return EXIT_MISSED if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
