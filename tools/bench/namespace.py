# SPDX-License-Identifier: BSD-3-Clause
"""A network namespace with a tap device, in which a function runs: no network of this host is touched."""

import ctypes
import os
import pickle
import subprocess

import qemu

CLONE_NEWUSER = 0x10000000  # <linux/sched.h>
CLONE_NEWNET = 0x40000000
TAP = "tap0"
TAP_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tap.sh")


def call(function, *arguments):
    """
    Calls the function in a child process, in a namespace of its own in which `lo` and TAP are up, and
    returns what it returns (something that can be pickled). Raises BenchError where it does.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(writer, function, arguments)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        raise qemu.BenchError("the process in the network namespace ended early")
    error, value = pickle.loads(data)
    if error is not None:
        raise qemu.BenchError(error)
    return value


def _child(writer, function, arguments):
    """Ends the child, whatever happens: what the parent would do next is not to be done twice."""
    try:
        try:
            _enter()
            answer = (None, function(*arguments))
        except qemu.BenchError as error:
            answer = (str(error), None)
        except Exception as error:  # pylint: disable=broad-except
            answer = (f"{type(error).__name__}: {error}", None)
        data = pickle.dumps(answer)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
    finally:
        os._exit(0)


def _enter():
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if user else 0)) != 0:
        raise qemu.BenchError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1")
        _write("/proc/self/gid_map", f"0 {group} 1")
    for command in (["ip", "link", "set", "lo", "up"], [TAP_SCRIPT, "up", TAP, "0"]):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
        except FileNotFoundError as error:
            raise qemu.BenchError(f"{command[0]} is missing") from error
        except subprocess.CalledProcessError as error:
            raise qemu.BenchError(f"{' '.join(command)}: {error.stderr.strip()}") from error


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
