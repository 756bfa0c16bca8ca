# SPDX-License-Identifier: BSD-3-Clause
"""
The floor: a virtual machine with an image that ends at its first instruction.

Either the plain machine (its type, processor and memory, no devices, QEMU's own firmware), or the
proxy's: its command line with the kernel replaced, connections to the proxy leading nowhere, and memory
that the proxy shares allocated by QEMU in the same way.
"""

import os
import re
import struct

import qemu

# Options (with their value) that only make sense with the proxy on the other side.
_PROXY_OPTIONS = ("-add-fd", "-qmp", "-mon", "-monitor", "-gdb", "-pidfile")


class FloorGuest:
    """`images` is the folder of the floor images, `binary` the QEMU program."""

    def __init__(self, images, binary, work_folder):
        self._images = images
        self._binary = binary
        self._work = work_folder

    def commands(self, machine_command):
        """The two ways to end at once, as name -> command line."""
        return {
            name: self._command(machine_command, "floor-" + name) for name in ("debug-exit", "fault")
        }

    def run(self, command):
        """Runs one of commands(). Each of them has its own expected status."""
        result = qemu.run(command, timeout=30)
        is_debug_exit = command[command.index("-kernel") + 1].endswith("debug-exit")
        if result.status != 0 and not (is_debug_exit and result.status & 1):
            raise qemu.BenchError(f"floor: status {result.status}: {result.stderr.strip()[-200:]}")
        return result

    def entry_ticks(self, machine_command):
        """The time stamp counter at the first instruction of an image, in the given machine."""
        output = os.path.join(self._work, "floor-tsc.output")
        command = with_kernel(machine_command, self._image("floor-tsc")) + qemu.DEBUG_EXIT
        command += ["-chardev", f"file,id=floor,path={output}"]
        command += ["-device", "isa-debugcon,iobase=0xe9,chardev=floor"]
        qemu.run(command, timeout=60)
        with open(output, "rb") as file:
            data = file.read()
        if len(data) != 8:
            raise qemu.BenchError("the floor image did not print its time stamp counter")
        return struct.unpack("<Q", data)[0]

    def machine_of(self, proxy_arguments):
        """The proxy's machine as a command line of its own, without a kernel."""
        return [self._binary, *independent(proxy_arguments)]

    def _command(self, machine_command, image):
        command = with_kernel(machine_command, self._image(image))
        if not any(word.startswith("isa-debug-exit") for word in command):
            command += qemu.DEBUG_EXIT
        return command if "-no-reboot" in command else command + ["-no-reboot"]

    def _image(self, name):
        path = os.path.join(self._images, name)
        if not os.path.exists(path):
            raise qemu.BenchError(f"{path} has not been built")
        return path


def with_kernel(command, image):
    command = list(command)
    if "-kernel" in command:
        command[command.index("-kernel") + 1] = image
        return command
    return command + ["-kernel", image]


def independent(arguments):
    """The proxy's QEMU arguments without what needs the proxy."""
    result = []
    words = iter(arguments)
    for word in words:
        if word in _PROXY_OPTIONS:
            next(words, None)
        elif word == "-chardev":
            result += [word, _null_chardev(next(words, ""))]
        elif word == "-object":
            result += [word, _own_memory(next(words, ""))]
        else:
            result.append(word)
    return result


def _null_chardev(value):
    identifier = re.search(r"\bid=([^,]+)", value)
    return f"null,id={identifier.group(1)}" if identifier else value


def _own_memory(value):
    if not value.startswith("memory-backend-"):
        return value
    fields = dict(re.findall(r"(\w+)=([^,]+)", value))
    return f"memory-backend-memfd,id={fields.get('id')},size={fields.get('size')},share=on"
