# SPDX-License-Identifier: BSD-3-Clause
"""The distribution's Linux kernels and modules, installed or unpacked without being installed."""

import fcntl
import glob
import lzma
import os
import re
import struct
import subprocess
import tempfile

import elf

PACKAGE = "linux-image-amd64"
CLOUD_PACKAGE = "linux-image-cloud-amd64"


class VmError(Exception):
    """A virtual machine could not be made or run. The text says what and why, in one line."""


class Kernel:
    """A Debian kernel image and the folder of its modules."""

    def __init__(self, image, modules):
        self.image = image
        self.modules = modules
        self.release = os.path.basename(image).split("-", 1)[1]

    def module_path(self, name):
        """The file of a module, whatever its compression; None when there is none."""
        pattern = re.compile(re.escape(name).replace("_", "[-_]") + r"\.ko(\.xz|\.zst)?$")
        for folder, _, files in os.walk(self.modules):
            for file in files:
                if pattern.match(file):
                    return os.path.join(folder, file)
        return None

    def is_builtin(self, name):
        path = os.path.join(self.modules, "modules.builtin")
        with open(path, encoding="ascii") as file:
            return any(
                os.path.basename(line.strip())[:-3].replace("-", "_") == name.replace("-", "_")
                for line in file
            )

    def modules_in_order(self, names):
        """Pairs of name and contents: the named modules, each after the ones it depends on."""
        order = []
        for name in names:
            self._add_module(name.replace("-", "_"), order)
        return order

    def _add_module(self, name, order):
        if name in [known for known, _ in order] or self.is_builtin(name):
            return
        path = self.module_path(name.replace("-", "_"))
        if path is None:
            raise VmError(f"Linux {self.release} has no module {name}")
        data = _decompress(path)
        for needed in module_needs(data):
            self._add_module(needed.replace("-", "_"), order)
        order.append((name, data))


def module_needs(data):
    """The names of the modules that this one (its file's contents) depends on."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return elf.module_dependencies(elf.ElfFile(file.name).section_data(".modinfo"))


def cloud_kernel(cache_folder):
    """A kernel of Debian's linux-image-cloud-amd64: an installed one, or one unpacked into the folder."""
    return _kernel("vmlinuz-*-cloud-amd64", lambda _: True, CLOUD_PACKAGE, cache_folder)


def kernel_with_9p(cache_folder):
    """
    A Debian kernel that has 9p as a module. The cloud kernel is built without it, so this is another
    flavour of the same source package.
    """
    return _kernel("vmlinuz-*", lambda it: it.module_path("9pnet_virtio"), PACKAGE, cache_folder)


def _kernel(pattern, fits, package, cache_folder):
    """The newest installed kernel that fits, else the newest unpacked into `cache_folder`."""
    os.makedirs(cache_folder, exist_ok=True)
    with open(os.path.join(cache_folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # nobody sees one that another is still unpacking
        return _kernel_locked(pattern, fits, package, cache_folder)


def _kernel_locked(pattern, fits, package, cache_folder):
    for attempt in ("found", "fetched"):
        for root in ("/", cache_folder):
            images = glob.glob(os.path.join(root, "boot", pattern))
            for image in sorted(images, key=_version_key, reverse=True):
                release = os.path.basename(image).split("-", 1)[1]
                kernel = Kernel(image, os.path.join(root, "lib/modules", release))
                if fits(kernel):
                    return kernel
        if attempt == "found":
            _unpack_package(package, cache_folder)
    raise VmError(f"{package} has no kernel that fits")


def uncompressed(image):
    """
    The ELF file inside a kernel image (Linux: Documentation/x86/boot.rst, payload_offset). A virtual
    machine enters it by its PVH note and does not spend its first second on unpacking it.
    """
    with open(image, "rb") as file:
        data = file.read()
    if data[0x202:0x206] != b"HdrS":
        raise VmError(f"{image} is not a Linux kernel image")
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = ((data[0x1F1] or 4) + 1) * 512 + offset
    payload = data[start : start + length]
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        return _output(["zstd", "-dcq"], data=payload)
    raise VmError(f"{image} is packed in a way that is not known here")


def _version_key(path):
    return [int(number) for number in re.findall(r"\d+", os.path.basename(path))]


def _unpack_package(meta_package, folder):
    """Fetches the kernel package behind a meta package and unpacks it, without installing it."""
    text = _output(["apt-cache", "depends", "--important", meta_package]).decode()
    names = re.findall(r"Depends: (linux-image-\d\S+)", text)
    if not names:
        raise VmError(f"apt knows no {meta_package}, and no such kernel is installed")
    with tempfile.TemporaryDirectory(dir=folder) as download:
        os.chmod(download, 0o777)  # apt's own user writes here
        _output(["apt-get", "download", names[0]], cwd=download)
        package = glob.glob(os.path.join(download, "*.deb"))[0]
        _output(["dpkg-deb", "-x", package, folder])


def _output(command, cwd=None, data=None):
    try:
        return subprocess.run(
            command, cwd=cwd, input=data, check=True, capture_output=True, timeout=600
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise VmError(f"{' '.join(command)}: {error}") from error


def _decompress(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return _output(["zstd", "-dcq"], data=data)
    return data
