#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Shows in which functions of kernel and application a program spends its guest instructions.

See instructions.py for how they are counted; meant for short programs and `micro -q NAME`. The count
begins with the image's first instruction, or when --from is reached, and ends with the program, or when
--to is reached.
"""

import argparse
import bisect
import os
import sys
from collections import Counter

import linuxvm  # noqa: F401: where cpio, elf and kernel are
import context as bench
import elf
import qemu
import instructions

KERNEL_ADDRESS = 0xFFFFFFFF80000000


class Attribution:
    """Counts instructions by function while addresses stream in."""

    def __init__(self, symbols, first, last):
        self._symbols = symbols
        self._starts = [symbol.address for symbol in symbols]
        self._first, self._last = first, last
        self.instructions = Counter()
        self.calls = Counter()
        self._cache = {}
        self.is_done = False
        self._counting = False

    def add(self, address):
        self._counting = self._counting or address == self._first
        if not self._counting or self.is_done:
            return
        if address == self._last:
            self.is_done = True
            return
        name = self._cache.get(address)
        if name is None:
            name = self._cache[address] = self._name(address)
        self.instructions[name[0]] += 1
        if name[1]:
            self.calls[name[0]] += 1

    def _name(self, address):
        if address < self._starts[0]:
            address += KERNEL_ADDRESS  # before paging, the kernel runs at its load address
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return "(outside the image)", False
        symbol = self._symbols[index]
        if symbol.size and address >= symbol.address + symbol.size:
            return f"(after {symbol.name})", False
        return symbol.name, address == symbol.address


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    parser.add_argument("--machine", default="microvm", choices=qemu.MACHINES)
    parser.add_argument("--from", dest="first", help="function that begins the count")
    parser.add_argument("--to", dest="last", help="function that ends the count (such as main)")
    parser.add_argument("--top", type=int, default=40, help="lines to print")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def measure(options):
    build = os.path.abspath(options.build)
    tools, work = os.path.join(build, "bin"), os.path.join(build, "bench")
    context = bench.Context(
        build, os.path.join(tools, "proxy"), tools, work, options.qemu, "max", bench.QUICK
    )
    image = elf.ElfFile(context.program(options.program))
    symbols = image.functions()
    first = instructions.entry_address(image)
    if options.first:
        first = instructions.symbol_address(symbols, options.first)
    last = instructions.symbol_address(symbols, options.last) if options.last else None
    result, log = instructions.run(
        context, options.program, options.arguments, machine=options.machine, timeout=900
    )
    print(result.stdout + result.stderr, end="", file=sys.stderr)
    attribution = Attribution(symbols, first, last)
    for address in instructions.addresses(log):
        attribution.add(address)
    os.unlink(log)
    return attribution


def main():
    options = parse_arguments()
    attribution = measure(options)
    total = sum(attribution.instructions.values())
    if not total:
        raise qemu.BenchError("the function that begins the count was not reached")
    print(f"{total:,} instructions")
    for name, count in attribution.instructions.most_common(options.top):
        print(f"{count:12,} {100 * count / total:5.1f} %  {attribution.calls[name]:9,} calls  {name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except qemu.BenchError as error:
        sys.exit(f"attribute.py: {error}")
