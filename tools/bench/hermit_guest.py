# SPDX-License-Identifier: BSD-3-Clause
"""HermitCore images, run by the proxy in QEMU with TCG."""

import os
import shlex
import shutil

import qemu

# Stands between the proxy and QEMU once: writes down the command line, one word in each line.
RECORDER = """#!/bin/sh
printf '%s\\n' "$@" > {file}
exec {qemu} "$@"
"""


class HermitGuest:
    name = "hermit"

    def __init__(self, proxy, find_program, work_folder, qemu_binary):
        self.proxy = proxy
        self._find_program = find_program
        self._work = work_folder
        self._qemu = qemu_binary

    def run(self, program, arguments=(), *, share=None, timeout=120, **options):
        """
        Runs `program` through the proxy and returns a qemu.Result. `share`, a host folder, becomes the
        working directory. `options`: machine, memory, cpus, icount, verbose, environment, qemu; proc is always there.
        """
        return qemu.run(
            self._command(program, arguments),
            timeout=timeout,
            environment=self._environment(options),
            cwd=share or self._work,
        )

    def background(self, program, arguments=(), *, share=None, **options):
        """A context manager: the program runs as long as the block does."""
        return qemu.background(
            self._command(program, arguments),
            environment=self._environment(options),
            cwd=share or self._work,
        )

    def _command(self, program, arguments):
        return [self.proxy, self._find_program(program), *arguments]

    def run_checked(self, program, arguments=(), **options):
        """As run(), but a status other than 0 is an error."""
        result = self.run(program, arguments, **options)
        if result.status != 0:
            tail = " / ".join((result.stderr or result.stdout).strip().splitlines()[-3:])
            raise qemu.BenchError(f"proxy {program}: status {result.status}: {tail}")
        return result

    def qemu_command(self, program, **options):
        """The arguments that the proxy gives QEMU to run `program`, as a list."""
        script = os.path.join(self._work, "qemu-recorder")
        record = script + ".arguments"
        real = shutil.which(self._qemu) or self._qemu
        with open(script, "w", encoding="utf-8") as file:
            file.write(RECORDER.format(file=shlex.quote(record), qemu=shlex.quote(real)))
        os.chmod(script, 0o755)
        if os.path.exists(record):
            os.unlink(record)
        self.run_checked(program, qemu=script, **options)
        with open(record, encoding="utf-8") as file:
            return file.read().splitlines()

    def _environment(self, options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HERMIT_")}
        environment.update(
            HERMIT_ISLE="qemu",
            HERMIT_KVM="0",
            HERMIT_QEMU=options.get("qemu", self._qemu),
            HERMIT_MACHINE=options.get("machine", "microvm"),
            HERMIT_MEM=options.get("memory", "2G"),
            HERMIT_CPUS=str(options.get("cpus", 1)),
        )
        if options.get("icount"):
            environment["HERMIT_ICOUNT"] = "1"
        if options.get("verbose"):
            environment["HERMIT_VERBOSE"] = "1"
        environment.update(options.get("environment", {}))
        return environment
