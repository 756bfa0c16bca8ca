# SPDX-License-Identifier: BSD-3-Clause
"""Writes initial RAM disks in the "newc" cpio format (Linux: Documentation/driver-api/early-userspace)."""

import os
import stat

_TRAILER = "TRAILER!!!"


class Archive:
    """An initial RAM disk in the making. Parent folders are added as needed."""

    def __init__(self):
        self._parts = []
        self._size = 0
        self._inode = 0
        self._folders = set()

    def add_folder(self, path):
        path = path.strip("/")
        if not path or path in self._folders:
            return
        self.add_folder(os.path.dirname(path))
        self._folders.add(path)
        self._entry(path, stat.S_IFDIR | 0o755, b"")

    def add_file(self, path, data, mode=0o644):
        path = path.strip("/")
        self.add_folder(os.path.dirname(path))
        self._entry(path, stat.S_IFREG | mode, data)

    def add_host_file(self, path, host_path, mode=0o755):
        with open(host_path, "rb") as file:
            self.add_file(path, file.read(), mode)

    def add_character_device(self, path, major, minor):
        path = path.strip("/")
        self.add_folder(os.path.dirname(path))
        self._entry(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def write(self, host_path):
        with open(host_path, "wb") as file:
            self.write_to(file)

    def write_to(self, file):
        """Ends the archive. Several may follow each other in one file: the kernel unpacks them all."""
        self._entry(_TRAILER, 0, b"")
        file.writelines(self._parts)

    def _append(self, data):
        self._parts.append(data)
        self._size += len(data)
        padding = -self._size % 4
        self._parts.append(b"\0" * padding)
        self._size += padding

    def _entry(self, path, mode, data, device=(0, 0)):
        name = path.encode() + b"\0"
        self._inode += 1
        fields = (
            self._inode, mode, 0, 0,  # inode, mode, owner, group
            1, 0, len(data), 0, 0,  # links, time, size, device of the file system
            *device, len(name), 0,  # device number, name length, checksum (unused)
        )
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._append(header + name)
        self._append(data)
