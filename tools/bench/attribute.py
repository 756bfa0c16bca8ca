#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Shows in which functions of kernel and application a program spends its guest instructions.

QEMU executes one instruction at a time and logs each address (-singlestep -d exec,nochain), which is
slow and exact: meant for short programs and `micro -q NAME`. The count begins with the image's first
instruction, or when --from is reached, and ends with the program, or when --to is reached.
"""

import argparse
import bisect
import os
import re
import shlex
import shutil
import sys
from collections import Counter

import context as bench
import elf
import qemu

TRACE = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)
BLOCK_BYTES = 1 << 24
PVH_NOTE = 18  # XEN_ELFNOTE_PHYS32_ENTRY
KERNEL_ADDRESS = 0xFFFFFFFF80000000

WRAPPER = """#!/bin/sh
exec {qemu} "$@" -singlestep -d exec,nochain -D {log}
"""


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
    parser.add_argument("--machine", default="microvm", choices=qemu.MACHINES)
    parser.add_argument("--from", dest="first", help="function that begins the count")
    parser.add_argument("--to", dest="last", help="function that ends the count (such as main)")
    parser.add_argument("--top", type=int, default=40, help="lines to print")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def symbol_address(symbols, name):
    for symbol in symbols:
        if symbol.name == name:
            return symbol.address
    raise qemu.BenchError(f"the image has no function {name}")


def pvh_entry(image):
    """The image's first address, from the note that QEMU looks for."""
    for owner, kind, description in image.notes():
        if (owner, kind) == (b"Xen", PVH_NOTE):
            return int.from_bytes(description, "little")
    raise qemu.BenchError("the image has no PVH note")


def addresses(path):
    with open(path, "rb") as file:
        rest = b""
        while block := file.read(BLOCK_BYTES):
            block = rest + block
            cut = block.rfind(b"\n") + 1
            block, rest = block[:cut], block[cut:]
            for match in TRACE.finditer(block):
                yield int(match.group(1), 16)


def measure(options):
    build = os.path.abspath(options.build)
    work = os.path.join(build, "bench")
    binary = shutil.which("qemu-system-x86_64") or "qemu-system-x86_64"
    context = bench.Context(
        build, os.path.join(build, "bin/proxy"), os.path.join(build, "bin"), work, binary, "max", bench.QUICK
    )
    image = elf.ElfFile(context.program(options.program))
    symbols = image.functions()
    first = symbol_address(symbols, options.first) if options.first else pvh_entry(image)
    last = symbol_address(symbols, options.last) if options.last else None
    log, script = os.path.join(work, "trace.log"), os.path.join(work, "qemu-tracer")
    with open(script, "w", encoding="utf-8") as file:
        file.write(WRAPPER.format(qemu=shlex.quote(binary), log=shlex.quote(log)))
    os.chmod(script, 0o755)
    result = context.hermit.run(
        options.program, options.arguments, machine=options.machine, qemu=script, timeout=900
    )
    print(result.stdout + result.stderr, end="", file=sys.stderr)
    attribution = Attribution(symbols, first, last)
    for address in addresses(log):
        attribution.add(address)
    os.unlink(log)
    return attribution


def main():
    options = parse_arguments()
    attribution = measure(options)
    total = sum(attribution.instructions.values())
    print(f"{total:,} instructions")
    for name, count in attribution.instructions.most_common(options.top):
        print(f"{count:12,} {100 * count / total:5.1f} %  {attribution.calls[name]:9,} calls  {name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except qemu.BenchError as error:
        sys.exit(f"attribute.py: {error}")
