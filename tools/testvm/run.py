#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Runs a command as root in a small Linux virtual machine that has KVM, whatever the host's is like.

usage: run.py [OPTION]... [--] COMMAND [ARGUMENT]...

The machine runs Debian's kernel under QEMU, without the host's KVM. It sees the host's files as they
are; what it writes stays in its memory and is gone at the end, but for --share and --out. The command
starts in the directory that this one was called from, with a small environment (--env adds to it). Its
standard output and standard error are passed on; its exit status is this program's, but for

    124  it took longer than --timeout
    125  the machine could not be made, or ended on its own: the message says why, with the console's last
         lines, which hold a panic of the kernel
"""

import argparse
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "linuxvm"))

import image  # noqa: E402
import machine  # noqa: E402
from kernel import VmError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STATUS_TIME = 124
STATUS_MACHINE = 125


def parse_arguments():
    default = os.environ.get("HERMIT_BUILD", os.path.join(HERE, "..", "..", "build"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--build", default=default, help="build folder: kernel, init and disks are kept there")
    add("--cpus", type=int, default=1, metavar="N", help="more than 1 need --no-kvm")
    add("--mem", type=size, default=size("1G"), metavar="SIZE", help="memory, such as 2G (default: 1G)")
    add("--numa", type=int, default=1, metavar="N", help="spread CPUs and memory over N nodes")
    add("--cpu", default="EPYC,+svm,+npt", help="QEMU's processor model (default: %(default)s)")
    add("--module", action="append", default=[], help="kernel module to load: name, or file (.ko)")
    add("--no-kvm", action="store_true", help="do not load kvm-amd")
    add("--append", default="", metavar="TEXT", help="more for the kernel's command line")
    add("--copy", action="append", default=[], metavar="FILE[:PATH]", help="put FILE to PATH")
    add("--share", action="append", default=[], metavar="DIR", help="what is written below DIR is kept")
    add("--out", action="append", default=[], metavar="PATH:FILE", help="bring PATH out to FILE")
    add("--env", action="append", default=[], metavar="NAME=VALUE")
    add("--stdin", metavar="FILE", help="standard input (default: empty)")
    add("--timeout", type=float, default=120, metavar="SECONDS", help="default: %(default)s")
    add("--verbose", action="store_true", help="the kernel's messages and times, on standard error")
    add("--qemu", default="qemu-system-x86_64")
    add("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command[:1] == ["--"]:
        del arguments.command[0]
    if not arguments.command:
        parser.error("a command is missing")
    if arguments.cpus > 1 and not arguments.no_kvm:
        parser.error("KVM works with one CPU only (docs/testvm.md): --no-kvm for more")
    return arguments


def size(text):
    """Bytes, from a number with K, M or G after it."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    unit = units.get(text[-1:].upper())
    number = text[:-1] if unit else text
    if not number.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not a size")
    return int(number) * (unit or 1)


def main():
    arguments = parse_arguments()
    try:
        with machine.Machine(arguments, image.Images(arguments.build)) as vm:
            return vm.run()
    except machine.TimeLimit as error:
        print(f"testvm: {error}", file=sys.stderr)
        return STATUS_TIME
    except (VmError, OSError) as error:
        print(f"testvm: {error}", file=sys.stderr)
        return STATUS_MACHINE


if __name__ == "__main__":
    sys.exit(main())
