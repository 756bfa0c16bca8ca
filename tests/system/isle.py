# SPDX-License-Identifier: BSD-3-Clause
"""What the system tests share: how to run a program on Linux and in an isle, and how to compare.

Every program runs in a new directory with a small environment of its own, with a time limit, in a process
group of its own that is killed as a whole.
"""

import difflib
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

# Where the machines run: translated by QEMU, the same everywhere, unless the environment names another
# isle with its options ("--isle=uhyve --cpus=2").
PLACE = os.environ.get("HERMIT_TEST_ISLE", "--kvm=0").split()
UHYVE = "--isle=uhyve" in PLACE
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "LANG": "C"}
TIMEOUT = 60  # seconds for one run


class Result:
    """What a run left: output, exit status (128 + signal where a signal ended it) and files."""

    def __init__(self, status, out, err, files=None):
        self.status = 128 - status if status < 0 else status
        self.out = out
        self.err = err
        self.files = files or {}

    def __str__(self):
        return (
            f"status {self.status}\n--- stdout\n{self.out.decode(errors='replace')}"
            f"--- stderr\n{self.err.decode(errors='replace')}"
        )


class Isle:
    """The programs of one build folder."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        self.proxy = self.build / "bin" / "proxy"
        self.programs = self.build / "usr" / "tests"

    def image(self, name):
        path = self.programs / name
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not built")
        return path

    def command(self, name, args=(), options=()):
        if not self.proxy.is_file():
            raise FileNotFoundError(f"{self.proxy}: not built")
        return [self.proxy, *PLACE, *options, self.image(name), *args]

    def linux_command(self, name, args=()):
        return [self.image(name + ".linux"), *args]

    def run(self, name, args=(), options=(), **more):
        return run(self.command(name, args, options), **more)

    def run_linux(self, name, args=(), **more):
        return run(self.linux_command(name, args), **more)


def run(command, stdin=b"", env=None, timeout=TIMEOUT, cwd=None, **more):
    """Runs a command in its own directory (or cwd) and process group; returns a Result."""
    with WorkDirectory(cwd) as directory:
        process = start(command, env=env, cwd=directory, stdin=subprocess.PIPE, **more)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\n[no end within {timeout} s: killed]\n".encode()
        return Result(process.returncode, out or b"", err or b"", tree(directory))


def start(command, env=None, cwd=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more):
    """A process whose group can be killed with it."""
    return subprocess.Popen(
        [os.fspath(word) for word in command],
        env={**ENVIRONMENT, **(env or {})},
        cwd=cwd,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        **more,
    )


class WorkDirectory:
    """A new directory, removed afterwards; or one that the caller owns."""

    def __init__(self, path=None):
        self.given = path
        self.path = path

    def __enter__(self):
        if self.given is None:
            self.path = tempfile.mkdtemp(prefix="work-", dir=os.getcwd())
        return self.path

    def __exit__(self, *_):
        if self.given is None:
            shutil.rmtree(self.path, ignore_errors=True)


def tree(top):
    """All files below a directory: type, permissions, and size with checksum, or target of a link."""
    found = {}
    for folder, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                what = "-> " + os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                what = f"{info.st_size} bytes, {info.st_nlink} links, {checksum(path)}"
            else:
                what = stat.filemode(info.st_mode)[0]
            found[os.path.relpath(path, top)] = f"{stat.S_IMODE(info.st_mode):04o} {what}"
    return found


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def differences(linux, isle, stderr=False):
    """What is different, as lines of text; nothing when the two runs agree."""
    lines = []
    if linux.status != isle.status:
        lines.append(f"exit status: Linux {linux.status}, isle {isle.status}")
    lines += text_difference("stdout", linux.out, isle.out)
    if stderr:
        lines += text_difference("stderr", linux.err, isle.err)
    for name in sorted(linux.files.keys() | isle.files.keys()):
        here, there = linux.files.get(name), isle.files.get(name)
        if here != there:
            lines.append(f"file {name}: Linux {here}, isle {there}")
    if lines and not stderr and isle.err:
        lines.append("--- the isle's stderr")
        lines += isle.err.decode(errors="replace").splitlines()[:40]
    return lines


def text_difference(name, linux, isle, limit=60):
    if linux == isle:
        return []
    lines = list(
        difflib.unified_diff(
            linux.decode(errors="backslashreplace").splitlines(),
            isle.decode(errors="backslashreplace").splitlines(),
            f"{name} on Linux",
            f"{name} in the isle",
            lineterm="",
            n=1,
        )
    )
    if not lines:  # they differ in line ends only
        lines = [f"{name}: {len(linux)} bytes on Linux, {len(isle)} bytes in the isle"]
    if len(lines) > limit:
        lines = lines[:limit] + [f"... {len(lines) - limit} more lines"]
    return lines
