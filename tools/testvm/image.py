# SPDX-License-Identifier: BSD-3-Clause
"""What the test machine boots: an unpacked kernel and initial RAM disks, kept in the build folder."""

import hashlib
import os
import subprocess
import tempfile

import cpio
import kernel
from kernel import VmError

# In each machine: its devices, the host's files, and the folders above them that can be written to.
BASE_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")


class Images:
    """The kernel and the disks in `build`/testvm. A disk is named by its contents and made once."""

    def __init__(self, build):
        self._build = os.path.abspath(build)
        self._folder = os.path.join(self._build, "testvm")
        self._linux = None

    @property
    def linux(self):
        if self._linux is None:
            self._linux = kernel.kernel_with_9p(os.path.join(self._build, "linuxvm/kernel"))
        return self._linux

    def kernel(self):
        """The file of the unpacked kernel."""
        path = os.path.join(self._folder, "vmlinux-" + self.linux.release)
        if not os.path.exists(path):
            self._keep(path, lambda file: file.write(kernel.uncompressed(self.linux.image)))
        return path

    def disk(self, modules):
        """
        The disk that holds init and kernel modules, in the order in which they are loaded. A module
        is the name of one of the kernel's or a file.
        """
        init = os.path.join(self._build, "tools/linuxvm/linux-init")
        if not os.path.exists(init):
            raise VmError(f"{init} is missing: make -C {self._build} linux-init")
        named = [*BASE_MODULES, *(name for name in modules if not name.endswith(".ko"))]
        files = [name for name in modules if name.endswith(".ko")]
        stamps = [(path, os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in (init, *files)]
        key = repr((self.linux.release, named, stamps)).encode()
        path = os.path.join(self._folder, f"disk-{hashlib.sha256(key).hexdigest()[:16]}.cpio")
        if not os.path.exists(path):
            archive = self._archive(init, named, files)
            self._keep(path, archive.write_to)
        return path

    def _archive(self, init, named, files):
        archive = cpio.Archive()
        for folder in ("/dev", "/proc", "/sys", "/host", "/root", "/above/files", "/above/work"):
            archive.add_folder(folder)
        archive.add_character_device("/dev/console", 5, 1)
        archive.add_character_device("/dev/null", 1, 3)
        archive.add_host_file("/init", init)
        needed = [name for file in files for name in kernel.module_needs(_contents(file))]
        order = self.linux.modules_in_order([*named, *needed])
        order += [(os.path.basename(file)[:-3], _contents(file)) for file in files]
        for name, data in order:
            archive.add_file(f"/modules/{name}.ko", _stripped(data))
        archive.add_file("/vm/modules", "".join(f"/modules/{n}.ko\n" for n, _ in order).encode())
        return archive

    def _keep(self, path, write):
        """Makes a file that is either there as a whole or not at all: others may look for it now."""
        os.makedirs(self._folder, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            write(file)
        os.replace(file.name, path)


def _contents(path):
    with open(path, "rb") as file:
        return file.read()


def _stripped(data):
    """
    A module without debug information and without its signature, whose check takes the machine half a
    second for kvm.ko.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            subprocess.run(
                ["strip", "--strip-debug", file.name], check=True, capture_output=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise VmError(f"strip: {error}") from error
        return _contents(file.name)
