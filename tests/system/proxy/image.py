# SPDX-License-Identifier: BSD-3-Clause
"""Writes image files: headers and notes of a HermitCore image, and no code."""

import struct


def note(name, kind, content):
    name = name.encode() + b"\0"
    pad = lambda data: data + b"\0" * (-len(data) % 4)
    return struct.pack("<III", len(name), len(content), kind) + pad(name) + pad(content)


def image(abi=1, hc=1, end=0x102000, osabi=0x42):
    notes = note("Xen", 18, struct.pack("<I", 0x100004))
    notes += note("HermitCore", 1, struct.pack("<IIQQQ", abi, hc, 0x100008, 0x100000, end))
    header = b"\x7fELF\x02\x01\x01" + bytes([osabi]) + b"\0" * 8
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x100008, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x100000, 0x100000, 4096, 4096, 4096)
    notes_header = struct.pack("<IIQQQQQQ", 4, 4, 512, 0, 0, len(notes), len(notes), 4)
    data = header + load + notes_header
    return (data.ljust(512, b"\0") + notes).ljust(4096, b"\0")
