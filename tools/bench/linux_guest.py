# SPDX-License-Identifier: BSD-3-Clause
"""Debian's kernel in QEMU, with one static program as what its init runs."""

import hashlib
import os
from dataclasses import dataclass

import cpio
import qemu
import vm_files

BEGIN, END = "vm-begin\n", "\nvm-end\n"
# Linux's start may hang on a busy host, where it waits for timers of the PC. That is not what is measured.
BOOT_ATTEMPTS = 3
BOOT_SECONDS = 20
ICOUNT_TSC_KHZ = 1000000  # -icount shift=0: an instruction takes a nanosecond
SHARE_TAG = "bench"
SHARE_POINT = "/share"


@dataclass(frozen=True)
class Network:
    """A card: QEMU's -netdev without its name, and the IPv4 addresses behind it."""

    backend: str
    mac: str
    address: str
    mask: str
    gateway: str

    def init_line(self):
        return f"eth0 {self.address} {self.mask} {self.gateway}\n"


def _content(path):
    with open(path, "rb") as file:
        return file.read()


class LinuxGuest:
    """Runs static programs under one Debian kernel. Initial RAM disks are cached by content."""

    name = "linux"

    def __init__(self, kernel, init, find_program, work_folder, machine, tsc_khz):
        self.kernel = kernel
        self._init = init
        self._find_program = find_program
        self._work = work_folder
        self._machine = machine
        self._tsc_khz = tsc_khz
        self.failed_boots = 0

    def run(self, program, arguments=(), *, timeout=120, **options):
        """
        Boots, runs `program` and returns a qemu.Result whose output and status are the program's.
        `options`: machine, memory, cpus, icount, environment, proc (needs /proc), share (a host folder
        that the program finds at SHARE_POINT), network (a Network), files (host files by their path in the
        guest; they are in memory there), qemu_options.
        """
        command = self._command(program, arguments, options)
        for _ in range(BOOT_ATTEMPTS - 1):
            try:
                result = qemu.run(command, timeout=timeout, begin=(BEGIN.strip(), BOOT_SECONDS))
                return self._program_result(result, program)
            except qemu.NotBegun:
                self.failed_boots += 1
        return self._program_result(qemu.run(command, timeout=timeout), program)

    def background(self, program, arguments=(), **options):
        """A context manager: the program runs as long as the block does."""
        return qemu.background(self._command(program, arguments, options))

    def _command(self, program, arguments, options):
        machine, share = options.get("machine", "microvm"), options.get("share")
        network, icount = options.get("network"), options.get("icount", False)
        disk = self._initrd(program, arguments, options, self._modules(machine, share, network))
        command = self._machine.command(
            machine, memory=options.get("memory", "2G"), cpus=options.get("cpus", 1), icount=icount
        )
        command += qemu.DEBUG_EXIT + ["-serial", "stdio", "-kernel", self.kernel.image]
        command += ["-initrd", disk, "-append", self._command_line(icount)]
        if share:
            device = "virtio-9p-device" if machine == "microvm" else "virtio-9p-pci"
            command += ["-fsdev", f"local,id=share,path={share},security_model=none"]
            command += ["-device", f"{device},fsdev=share,mount_tag={SHARE_TAG}"]
        if network:
            device = "virtio-net-device" if machine == "microvm" else "virtio-net-pci"
            command += ["-netdev", f"{network.backend},id=net"]
            command += ["-device", f"{device},netdev=net,mac={network.mac}"]
        return command + options.get("qemu_options", [])

    def run_checked(self, program, arguments=(), **options):
        """As run(), but a status other than 0 is an error."""
        result = self.run(program, arguments, **options)
        if result.status != 0:
            tail = " / ".join(result.stdout.strip().splitlines()[-3:])
            raise qemu.BenchError(f"{program} on Linux: status {result.status}: {tail}")
        return result

    def _command_line(self, icount):
        """
        Tells Linux the rate of its clock, as the proxy tells HermitCore. On microvm it has only the
        timer of the PC to find out, fails when the host is busy, and falls back to a clock of 4 ms.
        """
        khz = ICOUNT_TSC_KHZ if icount else self._tsc_khz()
        return f"console=ttyS0 quiet panic=-1 reboot=t tsc=reliable tsc_early_khz={khz}"

    def _program_result(self, result, program):
        """Cuts the program's output out of the console's, and its status out of QEMU's."""
        text = result.stdout.replace("\r\n", "\n")
        begin, end = text.find(BEGIN), text.rfind(END)
        if begin < 0 or end < 0 or result.status % 2 == 0:
            tail = " / ".join(text.strip().splitlines()[-3:])
            raise qemu.BenchError(f"Linux did not run {program} to its end: {tail}")
        result.stdout = text[begin + len(BEGIN) : end]
        result.status >>= 1
        return result

    def _modules(self, machine, share, network):
        names = ["virtio_mmio" if machine == "microvm" else "virtio_pci"] if share or network else []
        names += ["9pnet_virtio", "9p"] if share else []
        names += ["virtio_net"] if network else []
        return self.kernel.modules_in_order(names)

    def _initrd(self, program, arguments, options, modules):
        name = os.path.basename(program)
        argv = ["/bin/" + name, *arguments]
        environment = options.get("environment", {})
        mounts = self._mounts(bool(options.get("share")), options.get("proc", False))
        network = options["network"].init_line() if options.get("network") else ""
        key = repr((argv, sorted(environment.items()), [name for name, _ in modules], mounts, network))
        files = {inside: _content(source) for inside, source in options.get("files", {}).items()}
        stamps = [sorted(files.items()), *(os.stat(it).st_mtime_ns for it in (self._init, self._find_program(program)))]
        digest = hashlib.sha256((key + repr(stamps) + self.kernel.release).encode()).hexdigest()
        path = os.path.join(self._work, f"initrd-{name}-{digest[:12]}.cpio")
        if os.path.exists(path):
            return path
        disk = cpio.Archive()
        for folder in ("/dev", "/tmp", "/proc", "/sys", "/etc"):
            disk.add_folder(folder)
        disk.add_character_device("/dev/console", 5, 1)
        disk.add_character_device("/dev/null", 1, 3)
        disk.add_character_device("/dev/urandom", 1, 9)
        disk.add_file("/etc/hostname", b"linux\n")
        disk.add_host_file("/init", self._init)
        disk.add_host_file("/bin/" + name, self._find_program(program))
        for inside, data in files.items():
            disk.add_file(inside, data)
        disk.add_file("/vm/argv", vm_files.strings(argv))
        disk.add_file("/vm/env", vm_files.strings(f"{k}={v}" for k, v in environment.items()))
        for name, data in modules:
            disk.add_file(f"/modules/{name}.ko", data)
        disk.add_file("/vm/modules", "".join(f"/modules/{n}.ko\n" for n, _ in modules).encode())
        disk.add_file("/vm/mounts", mounts.encode())
        disk.add_file("/vm/net", network.encode())
        disk.write(path)
        return path

    @staticmethod
    def _mounts(share, proc):
        mounts = f"9p {SHARE_TAG} {SHARE_POINT} {vm_files.SHARE_OPTIONS}\n" if share else ""
        return mounts + ("proc proc /proc -\n" if proc else "")
