# SPDX-License-Identifier: BSD-3-Clause
"""
The guest's instructions one by one.

QEMU executes one instruction at a time and logs each address (-singlestep -d exec,nochain). That is slow
and exact, and time in which the processor waits for the host does not count, as it would in the time
stamp counter. Every iteration of a repeated string instruction counts.

What a short program costs with TCG is another figure: how many blocks of code QEMU translates, each once,
some 5 us each. That is counted as well (-d in_asm).
"""

import os
import re
import shlex
import shutil

import elf
import qemu

PVH_NOTE = 18  # XEN_ELFNOTE_PHYS32_ENTRY
_TRACE = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)
_BLOCK_BYTES = 1 << 24
_WRAPPER = """#!/bin/sh
exec {qemu} "$@" {trace} -D {log}
"""
_STEPS = "-singlestep -d exec,nochain"
_BLOCKS = "-d in_asm"


def entry_address(image):
    """The image's first address, from the note that QEMU looks for."""
    for owner, kind, description in image.notes():
        if (owner, kind) == (b"Xen", PVH_NOTE):
            return int.from_bytes(description, "little")
    raise qemu.BenchError("the image has no PVH note")


def symbol_address(symbols, name):
    for symbol in symbols:
        if symbol.name == name:
            return symbol.address
    raise qemu.BenchError(f"the image has no function {name}")


def run(context, program, arguments=(), trace=_STEPS, **options):
    """Runs an image and returns its Result and the name of the log, which the caller removes."""
    log = os.path.join(context.work, "trace.log")
    script = os.path.join(context.work, "qemu-tracer")
    binary = shutil.which(context.machine.binary) or context.machine.binary
    with open(script, "w", encoding="utf-8") as file:
        quoted = {"qemu": shlex.quote(binary), "log": shlex.quote(log)}
        file.write(_WRAPPER.format(trace=trace, **quoted))
    os.chmod(script, 0o755)
    return context.hermit.run(program, arguments, qemu=script, **options), log


def addresses(log):
    """The addresses in a log, in order."""
    with open(log, "rb") as file:
        rest = b""
        while block := file.read(_BLOCK_BYTES):
            block = rest + block
            cut = block.rfind(b"\n") + 1
            block, rest = block[:cut], block[cut:]
            for match in _TRACE.finditer(block):
                yield int(match.group(1), 16)


def count_to(context, program, function):
    """Instructions from the first of the image to the first of `function`, which is not counted."""
    image = elf.ElfFile(context.program(program))
    first, last = entry_address(image), symbol_address(image.functions(), function)
    _, log = run(context, program, timeout=120)
    count = None
    try:
        for address in addresses(log):
            if count is None and address == first:
                count = 0
            if address == last and count is not None:
                return count
            if count is not None:
                count += 1
    finally:
        os.unlink(log)
    raise qemu.BenchError(f"{program} did not reach {function}()")


def count_blocks(context, program, **options):
    """Blocks that QEMU translates from the start to the end of a run, the firmware's included."""
    result, log = run(context, program, trace=_BLOCKS, timeout=60, **options)
    try:
        with open(log, "rb") as file:
            count = sum(line.startswith(b"IN:") for line in file)
    finally:
        os.unlink(log)
    if result.status != 0:
        raise qemu.BenchError(f"{program} ended with status {result.status}: {result.stderr.strip()}")
    return count
