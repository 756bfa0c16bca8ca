# SPDX-License-Identifier: BSD-3-Clause
"""Machines with several CPUs: bad numbers, CPUs that do not start, the end while all compute, quiet CPUs."""

import os
import re
import time

import isle
import testcase

# Stands between the proxy and QEMU: changes the word behind an option.
WRAPPER = """#!/bin/sh
for word do
	shift
	[ "$last" = {option} ] && word="{word}"
	set -- "$@" "$word"
	last=$word
done
exec qemu-system-x86_64 "$@"
"""


class CpusTest(testcase.IsleTest):
    def test_bad_numbers(self):
        for value in ("0", "-1", "-2147483648", "many", "1.5", "2x", "256", "99999999999999999999"):
            with self.subTest(value):
                result = self.isle.run("hello", env={"HERMIT_CPUS": value})
                self.assertStatus(result, 125)
                self.assertEqual(result.out, b"")
                self.assertRegex(result.err, rb"\Aproxy: HERMIT_CPUS: .*\n\Z")

    def run_changed(self, option, word, name, args, options):
        """Runs a program in a machine for which QEMU's OPTION is WORD."""
        with isle.WorkDirectory() as folder:
            qemu = os.path.abspath(os.path.join(folder, "qemu"))
            with open(qemu, "w", encoding="ascii") as file:
                file.write(WRAPPER.format(option=option, word=word))
            os.chmod(qemu, 0o755)
            return self.isle.run(name, args, [f"--qemu={qemu}", *options])

    def test_missing_cpus(self):
        """CPUs that do not start are named, and the program runs on the others."""
        for machine, line in (
            ("microvm", rb"smp: the CPU with APIC id 3 does not start"),
            ("q35", rb"smp: the machine has 2 CPUs, not 4"),
        ):
            with self.subTest(machine):
                options = ["--cpus=4", f"--machine={machine}", "--verbose"]
                result = self.run_changed("-smp", "2", "cpus", ["2"], options)
                self.assertStatus(result, 0)
                self.assertRegex(result.err, line)

    def test_missing_soon(self):
        """A CPU that does not come up costs a second, not more: the machine's clock tells."""
        for machine in ("microvm", "q35"):
            with self.subTest(machine):
                options = ["--cpus=4", f"--machine={machine}", "--icount", "--verbose"]
                result = self.run_changed("-append", "$word hermit.cpus=5", "hello", [], options)
                self.assertStatus(result, 0)
                if machine == "microvm":
                    self.assertRegex(result.err, rb"smp: the CPU with APIC id 4 does not start")
                seconds = float(re.search(rb"\[(\d+\.\d+)\]\S* smp: 4 CPUs", result.err).group(1))
                self.assertLess(seconds, 1.5)

    def test_start_without_jumps(self):
        """Where instructions are counted, eight CPUs start in as many as they need."""
        result = self.isle.run("hello", options=["--cpus=8", "--icount", "--verbose"])
        seconds = float(re.search(rb"\[(\d+\.\d+)\]\S* smp: 8 CPUs", result.err).group(1))
        self.assertLess(seconds, 0.02)

    def test_idle(self):
        """Both ways to wait; QEMU's own MWAIT returns at once, which is allowed."""
        for how in ("mwait", "hlt"):
            for cpus in (1, 2):
                with self.subTest(f"{how}, {cpus} CPUs"):
                    options = [f"--cpus={cpus}", "--verbose"]
                    result = self.run_changed("-append", f"$word hermit.idle={how}", "wakeups", ["1", "50"], options)
                    self.assertStatus(result, 0)
                    self.assertIn(f"hermit.idle={how}".encode(), result.err)
                    self.assertNotIn(b"no MWAIT", result.err)

    def test_end_while_all_compute(self):
        """The first thread's end stops the others at once: no CPU is waited for."""
        for mode, status in (("exit", 7), ("crash", 139)):
            for cpus in (2, 8):
                with self.subTest(f"{mode}, {cpus} CPUs"):
                    start = time.monotonic()
                    result = self.isle.run("cpus", [mode], options=[f"--cpus={cpus}"])
                    self.assertStatus(result, status)
                    self.assertEqual(result.out, b"the threads run\n")
                    self.assertNotIn(b"do not end", result.err)
                    self.assertLess(time.monotonic() - start, 30)

    def test_quiet_cpus(self):
        """A CPU with one runnable thread gets no timer interrupt; a time slice may end while they start."""
        result = self.isle.run("cpus", ["spin", "3"], options=["--cpus=2", "--verbose"])
        self.assertStatus(result, 0)
        lines = re.findall(rb"CPU (\d+): interrupts (\d+), of the timer (\d+)", result.err)
        self.assertEqual([int(line[0]) for line in lines], [0, 1], f"\n{result}")
        self.assertLessEqual(sum(int(line[2]) for line in lines), 2, f"\n{result}")


if __name__ == "__main__":
    testcase.main()
