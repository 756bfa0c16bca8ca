# SPDX-License-Identifier: BSD-3-Clause
"""
One run of the test machine: what QEMU is told, what comes out of it, and how it ends.

The host's root is a 9p share that the machine only reads, below an overlay in its memory. The command's
standard output, standard error and status leave through three virtio ports, each a pipe to this program
and each with a mark at its end; the serial console, which is the kernel's, goes to a file that is shown when something goes wrong. Files
that are to be brought out are copied to a share of their own, in a temporary folder.
"""

import os
import secrets
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

import cpio
import tsc
import vm_files
from kernel import VmError

HOST = "/host"  # in the initial RAM disk: the share, what is written above it, and both together
ABOVE = "/above"
ROOT = "/root"
RESULTS = "/run/results"  # in the machine's root
PORTS = ("stdout", "stderr", "status")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C",
}
# The machine knows its clock and the end of its memory, has no timer to check and no attacker inside.
COMMAND_LINE = (
    "console=ttyS0 panic=-1 reboot=t nokaslr mitigations=off tsc=reliable no_timer_check "
    "cryptomgr.notests random.trust_cpu=on 8250.nr_uarts=1"
)
CONSOLE_LINES = 60


class TimeLimit(Exception):
    """The command took too long."""


class Machine:
    def __init__(self, arguments, images):
        self._arguments = arguments
        self._images = images
        self._work = None
        self._shares = []
        self._mark = f"\nend {secrets.token_hex(16)}\n".encode()

    def __enter__(self):
        self._work = tempfile.TemporaryDirectory(prefix="testvm-")
        return self

    def __exit__(self, *_):
        self._work.cleanup()

    def run(self):
        """Runs the command and returns its status; its output goes to this program's."""
        os.mkdir(self._path("results"))
        disk = self._disk()
        pipes = {name: os.pipe() for name in PORTS}
        command = self._command(disk, {name: write for name, (_, write) in pipes.items()})
        with open(self._path("qemu"), "wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=[write for _, write in pipes.values()],
            )
        for _, write in pipes.values():
            os.close(write)
        try:
            report = self._relay({read: name for name, (read, _) in pipes.items()})
        finally:
            process.kill()
            process.wait()
            for read, _ in pipes.values():
                os.close(read)
            if self._arguments.verbose:
                self._show_console()
        return self._status(report)

    def _path(self, name):
        return os.path.join(self._work.name, name)

    def _disk(self):
        """The kept disk, and one of this run's own behind it."""
        arguments = self._arguments
        modules = list(arguments.module)
        if not arguments.no_kvm:
            modules.insert(0, "kvm-amd")
        archive = cpio.Archive()
        archive.add_file("/vm/argv", vm_files.strings(arguments.command))
        archive.add_file("/vm/env", vm_files.strings(self._environment()))
        archive.add_file("/vm/cwd", os.getcwd().encode())
        archive.add_file("/vm/root", ROOT.encode())
        archive.add_file("/vm/mounts", "\n".join(self._mounts()).encode())
        ports = "".join(f"/dev/vport0p{number}\n" for number in range(1, len(PORTS) + 1))
        archive.add_file("/vm/ports", ports.encode())
        archive.add_file("/vm/mark", self._mark)
        if arguments.stdin:
            archive.add_host_file("/vm/stdin", arguments.stdin, 0o600)
        for text in arguments.copy:
            path, _, target = text.partition(":")
            mode = os.stat(path).st_mode & 0o777
            target = os.path.join(os.getcwd(), target or path)
            archive.add_host_file(f"{ABOVE}/files/{target}", path, mode)
        results = [text.rpartition(":")[0] for text in arguments.out]
        lines = [f"{path} {RESULTS}/{number}\n" for number, path in enumerate(results)]
        archive.add_file("/vm/results", "".join(lines).encode())
        with open(self._path("disk"), "wb") as file:
            with open(self._images.disk(modules), "rb") as base:
                shutil.copyfileobj(base, file)
            archive.write_to(file)
        return file.name

    def _environment(self):
        variables = dict(ENVIRONMENT)
        variables.update(text.split("=", 1) for text in self._arguments.env)
        return [f"{name}={value}" for name, value in variables.items()]

    def _mounts(self):
        """The mounts of init, and in self._shares the folders that QEMU has to offer for them."""
        self._shares = [("/", True), (self._path("results"), False)]
        self._shares += [(os.path.abspath(path), False) for path in self._arguments.share]
        yield "devtmpfs devtmpfs /dev -"
        yield f"9p share0 {HOST} ro,{vm_files.SHARE_OPTIONS},cache=loose"
        yield f"overlay overlay {ROOT} lowerdir={HOST},upperdir={ABOVE}/files,workdir={ABOVE}/work"
        yield f"proc proc {ROOT}/proc -"
        yield f"sysfs sysfs {ROOT}/sys -"
        yield f"cgroup2 cgroup2 {ROOT}/sys/fs/cgroup -"
        yield f"devtmpfs devtmpfs {ROOT}/dev -"
        yield f"devpts devpts {ROOT}/dev/pts ptmxmode=666"
        for folder, mode in (("/dev/shm", 1777), ("/run", 755), ("/tmp", 1777)):
            yield f"tmpfs tmpfs {ROOT}{folder} mode={mode}"
        yield f"9p share1 {ROOT}{RESULTS} {vm_files.SHARE_OPTIONS}"
        for number, (path, _) in enumerate(self._shares[2:], 2):
            yield f"9p share{number} {ROOT}{path} {vm_files.SHARE_OPTIONS}"

    def _command(self, disk, pipes):
        arguments = self._arguments
        command = [arguments.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        command += ["-M", "q35", "-accel", "tcg", "-cpu", arguments.cpu]
        command += ["-smp", str(arguments.cpus), "-m", f"{arguments.mem}B", *self._nodes()]
        command += ["-kernel", self._images.kernel(), "-initrd", disk]
        level = "" if arguments.verbose else "quiet"
        command += ["-append", f"{COMMAND_LINE} {level} tsc_early_khz={tsc.khz()} {arguments.append}"]
        command += ["-device", "isa-debug-exit,iobase=0xf4"]  # init, where it fails
        command += ["-serial", f"file:{self._path('console')}"]
        command += ["-device", "virtio-serial-pci"]
        for number, name in enumerate(PORTS, 1):
            command += ["-add-fd", f"fd={pipes[name]},set={number}"]
            command += ["-chardev", f"file,id={name},path=/dev/fdset/{number},append=on"]
            command += ["-device", f"virtserialport,chardev={name},name={name},nr={number}"]
        for number, (path, is_read_only) in enumerate(self._shares):
            mode = ",readonly=on" if is_read_only else ""
            command += ["-fsdev", f"local,id=share{number},path={path.replace(',', ',,')},"
                        f"security_model=none,multidevs=remap{mode}"]
            command += ["-device", f"virtio-9p-pci,fsdev=share{number},mount_tag=share{number}"]
        return command

    def _nodes(self):
        """CPUs and memory in equal parts, the rest to the last node."""
        arguments = self._arguments
        if arguments.numa == 1:
            return []
        if arguments.cpus < arguments.numa:
            raise VmError(f"{arguments.numa} nodes need as many CPUs")
        options = []
        cpus = arguments.cpus // arguments.numa
        memory = arguments.mem // arguments.numa >> 20 << 20
        for node in range(arguments.numa):
            is_last = node == arguments.numa - 1
            last_cpu = (arguments.cpus if is_last else (node + 1) * cpus) - 1
            bytes_here = arguments.mem - node * memory if is_last else memory
            options += ["-object", f"memory-backend-ram,id=node{node},size={bytes_here}B"]
            options += ["-numa", f"node,nodeid={node},cpus={node * cpus}-{last_cpu},memdev=node{node}"]
        return options

    def _relay(self, pipes):
        """Passes output on until all pipes have ended; returns what came through the status port."""
        report = bytearray()
        sinks = {"stdout": Sink(1), "stderr": Sink(2), "status": report}
        streams = {name: Stream(self._mark) for name in PORTS}
        end = time.monotonic() + self._arguments.timeout
        with selectors.DefaultSelector() as selector:
            for pipe, name in pipes.items():
                selector.register(pipe, selectors.EVENT_READ, name)
            while selector.get_map():
                left = end - time.monotonic()
                if left <= 0:
                    self._show_console()
                    command = self._arguments.command[0]
                    raise TimeLimit(f"no end within {self._arguments.timeout:g} s: {command}")
                for key, _ in selector.select(left):
                    stream = streams[key.data]
                    sinks[key.data].extend(stream.feed(os.read(key.fd, 1 << 16)))
                    if stream.has_ended:
                        selector.unregister(key.fd)
        return report.decode()

    def _status(self, report):
        words = report.split()
        if len(words) != 2:
            self._show_console()
            raise VmError("the machine ended before the command did")
        state, status = words
        for number, text in enumerate(self._arguments.out):
            source, _, target = text.rpartition(":")
            made = os.path.join(self._path("results"), str(number))
            if not os.path.lexists(made):
                raise VmError(f"{source}: the command has not made it (its status: {status})")
            shutil.move(made, target)
        if state != "done":
            raise VmError(f"not everything could be brought out (the command's status: {status})")
        return int(status)

    def _show_console(self):
        for name in ("qemu", "console"):
            path = self._path(name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines = [line for line in file.read().splitlines() if "TCG doesn't support" not in line]
                shown = lines if self._arguments.verbose else lines[-CONSOLE_LINES:]
                print("".join(f"{name}: {line}\n" for line in shown), end="", file=sys.stderr)


class Stream:
    """Bytes up to a mark, or to their end."""

    def __init__(self, mark):
        self._mark = mark
        self._held = b""  # it may be the beginning of the mark
        self.has_ended = False

    def feed(self, data):
        """Takes what has been read, b"" at the end; returns what is certain not to be the mark."""
        text = self._held + data
        self._held = b""
        at = text.find(self._mark)
        if at >= 0 or not data:
            self.has_ended = True
            return text[:at] if at >= 0 else text
        for length in range(min(len(self._mark) - 1, len(text)), 0, -1):
            if self._mark.startswith(text[-length:]):
                self._held = text[-length:]
                return text[:-length]
        return text


class Sink:
    """One of this program's own output streams."""

    def __init__(self, fd):
        self._fd = fd

    def extend(self, data):
        while data:
            data = data[os.write(self._fd, data) :]
