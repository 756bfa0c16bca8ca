# SPDX-License-Identifier: BSD-3-Clause
"""Reads what the benchmarks need from ELF64 files: segments, sections, module information, symbols."""

import struct
from dataclasses import dataclass

PT_LOAD = 1
SHT_SYMTAB = 2
SHT_NOTE = 7
SHT_NOBITS = 8
STT_FUNC = 2


@dataclass
class Segment:
    kind: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    file_size: int
    memory_size: int


@dataclass
class Section:
    name: str
    kind: int
    address: int
    offset: int
    size: int
    link: int
    entry_size: int


@dataclass
class Symbol:
    name: str
    address: int
    size: int


class ElfFile:
    """A little-endian ELF64 file, read as a whole. Raises ValueError for anything else."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is not a little-endian ELF64 file")
        fields = struct.unpack_from("<16sHHIQQQIHHHHHH", self.data)
        self.entry = fields[4]
        self._ph_offset, self._sh_offset = fields[5], fields[6]
        self._ph_size, self._ph_count, self._sh_size, self._sh_count, self._sh_names = fields[9:14]

    def segments(self):
        for i in range(self._ph_count):
            kind, flags, offset, vaddr, paddr, file_size, memory_size, _ = struct.unpack_from(
                "<IIQQQQQQ", self.data, self._ph_offset + i * self._ph_size
            )
            yield Segment(kind, flags, offset, vaddr, paddr, file_size, memory_size)

    def sections(self):
        headers = [
            struct.unpack_from("<IIQQQQIIQQ", self.data, self._sh_offset + i * self._sh_size)
            for i in range(self._sh_count)
        ]
        if not headers:
            return []
        names = headers[self._sh_names][4]
        return [
            Section(self._string(names + h[0]), h[1], h[3], h[4], h[5], h[6], h[9]) for h in headers
        ]

    def section_data(self, name):
        for section in self.sections():
            if section.name == name and section.kind != SHT_NOBITS:
                return self.data[section.offset : section.offset + section.size]
        return b""

    def notes(self):
        """All notes as (owner, type, description)."""
        for section in self.sections():
            at, end = section.offset, section.offset + section.size
            while section.kind == SHT_NOTE and at + 12 <= end:
                name, size, kind = struct.unpack_from("<III", self.data, at)
                start = at + 12 + (name + 3 & ~3)
                yield self.data[at + 12 : at + 11 + name], kind, self.data[start : start + size]
                at = start + (size + 3 & ~3)

    def functions(self):
        """All function symbols, sorted by address."""
        sections = self.sections()
        found = []
        for table in sections:
            if table.kind != SHT_SYMTAB:
                continue
            strings = sections[table.link].offset
            for at in range(table.offset, table.offset + table.size, table.entry_size):
                name, info, _, _, address, size = struct.unpack_from("<IBBHQQ", self.data, at)
                if info & 0xF == STT_FUNC and address:
                    found.append(Symbol(self._string(strings + name), address, size))
        return sorted(found, key=lambda symbol: symbol.address)

    def _string(self, offset):
        return self.data[offset : self.data.index(b"\0", offset)].decode("latin-1")


def module_dependencies(data):
    """Names of the modules that a Linux module (its .modinfo section) depends on."""
    for item in data.split(b"\0"):
        if item.startswith(b"depends="):
            return [name for name in item[8:].decode().split(",") if name]
    return []
