# SPDX-License-Identifier: BSD-3-Clause
"""
The same run again, to the instruction: without a proxy nothing comes from outside, and with -icount
time is the number of instructions. So a deadlock that such a machine shows can be looked at again and
again. What is compared is the kernel's log with its times and its counts of interrupts.
"""

import re

import isle
import testcase

# What the processor's random numbers would bring in is left out.
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
QEMU += ["-M", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max,-rdrand,-rdseed", "-m", "256M"]
QEMU += ["-icount", "shift=0,sleep=off", "-serial", "stdio"]

INTERRUPTS = re.compile(rb"CPU \d+: interrupts \d+, of the timer \d+")


class ReplayTest(testcase.IsleTest):
    def replay(self, name, cpus):
        command = [*QEMU, "-smp", str(cpus), "-kernel", self.isle.image(name)]
        command += ["-append", f"hermit.cpus={cpus} hermit.verbose=1"]
        result = isle.run(command, stdin=None, timeout=120)
        self.assertRegex(result.out, rb"all \d+ checks hold", str(result))
        self.assertRegex(result.out, rb"exit: status 0 signal 0", str(result))
        self.assertEqual(len(INTERRUPTS.findall(result.out)), cpus, str(result))
        return result.out

    def test_replay(self):
        for name in ("wakeups", "sigstress"):
            seen = set()
            for cpus in (1, 2, 4):
                with self.subTest(f"{name} on {cpus} CPUs"):
                    first = self.replay(name, cpus)
                    self.assertEqual(first, self.replay(name, cpus))
                    seen.add(tuple(INTERRUPTS.findall(first)))
            self.assertEqual(len(seen), 3, seen)  # other machines, other runs


if __name__ == "__main__":
    testcase.main()
