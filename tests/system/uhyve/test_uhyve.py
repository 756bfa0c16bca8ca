#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is isle uhyve's own: memory of all sizes, processors, refusals, the line of figures."""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase


class Uhyve(testcase.IsleTest):
    def proxy(self, name, *options, env=None, args=()):
        command = [self.isle.proxy, "--isle=uhyve", *options, self.isle.image(name), *args]
        return isle.run(command, env=env)

    def figures(self, name, *options, args=()):
        """The numbers of the last line of --verbose, by the words behind them."""
        result = self.proxy(name, "--verbose", *options, args=args)
        self.assertStatus(result, 0)
        line = result.err.decode().strip().splitlines()[-1]
        self.assertTrue(line.startswith("uhyve: "), line)
        return {what: int(number) for number, what in re.findall(r"(\d+) ([a-zA-Z ]+)", line)}


class Memory(Uhyve):
    def test_sizes(self):
        """The hole below 4 GiB, and sizes that are no multiple of anything."""
        for size in ("6M", "6148K", "33333K", "3G", "3145732K", "3500M", "4G", "5G"):
            with self.subTest(size=size):
                self.assertStatus(self.proxy("hello", f"--mem={size}"), 0)

    def test_wishes(self):
        for option in ("--hugepage=0", "--hugepage", "--mergeable"):
            with self.subTest(option=option):
                self.assertStatus(self.proxy("hello", option), 0)

    def test_too_little(self):
        result = self.proxy("hello", "--mem=2M")
        self.assertStatus(result, 126)
        self.assertEqual(len(result.err.splitlines()), 1, result)

    def test_touched(self):
        """From the host's point of view: a page is taken when the guest touches it."""
        self.assertLessEqual(self.figures("hello", "--mem=3G")["KiB of memory touched"], 3072)


class Output(Uhyve):
    def lines(self, count):
        result = self.proxy("lines", "--verbose", args=[str(count)])
        self.assertStatus(result, 0)
        self.assertEqual(result.out, b"".join(b"line %d\n" % i for i in range(count)))
        exits, hosts = re.search(rb"(\d+) exits.* (\d+) for the host's interrupts", result.err).groups()
        return int(exits) - int(hosts)

    def test_exits(self):
        """Small writes to a pipe: few exits, nothing lost, in order. `make bench` counts on a quiet machine."""
        few = self.lines(0)
        self.assertLessEqual(self.lines(1000) - few, 250)

    def test_slow_reader(self):
        """A full pipe, and a program that ends before all of it is read."""
        command = [self.isle.proxy, "--isle=uhyve", self.isle.image("lines"), "20000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=isle.ENVIRONMENT) as process:
            time.sleep(1)
            out = process.stdout.read()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(out, b"".join(b"line %d\n" % i for i in range(20000)))

    def test_nobody_reads(self):
        command = ["sh", "-c", '"$@" | head -1; exit 0', "sh", self.isle.proxy, "--isle=uhyve", self.isle.image("lines"),
                   "100000000"]
        result = isle.run(command)
        self.assertEqual(result.out, b"line 0\n")

    def test_full_device(self):
        command = ["sh", "-c", '"$@" >/dev/full', "sh", self.isle.proxy, "--isle=uhyve", self.isle.image("lines")]
        self.assertStatus(isle.run(command), 1)


class Processors(Uhyve):
    def test_affinity(self):
        self.assertStatus(self.proxy("hello", "--affinity=0"), 0)
        self.assertStatus(self.proxy("hello", "--cpus=2", "--affinity=0,0-0"), 0)

    def test_impossible_affinity(self):
        result = self.proxy("hello", "--affinity=1000")
        self.assertStatus(result, 125)
        self.assertIn(b"HERMIT_AFFINITY", result.err)

    def test_wrong_lists(self):
        for text in ("", "x", "1-", "3-1", "1,,2", "1,", "-1", "99999999999999999999"):
            with self.subTest(list=text):
                self.assertStatus(self.proxy("hello", f"--affinity={text}"), 125)


class Clock(Uhyve):
    def test_rate_is_known(self):
        """The kernel's time goes on from its first instruction with one rate: nothing is measured or guessed."""
        result = self.proxy("hello", "--verbose")
        times = [float(time) for time in re.findall(rb"^\[(\d+\.\d+)\]", result.err, re.M)]
        self.assertGreater(len(times), 4)
        self.assertEqual(times, sorted(times))


class Default(Uhyve):
    def run_default(self, *options):
        """Only isle uhyve ends its log with a line of its own."""
        result = isle.run([self.isle.proxy, "--verbose", *options, self.isle.image("hello")])
        self.assertStatus(result, 0)
        return b"\nuhyve: set up" in result.err

    def test_default(self):
        """KVM is fit here, so no isle needs to be named."""
        self.assertTrue(self.run_default())
        self.assertTrue(self.run_default("--kvm=1"))
        self.assertFalse(self.run_default("--kvm=0"))


class Refusals(Uhyve):
    def refused(self, result, text, status=125):
        self.assertStatus(result, status)
        self.assertEqual((result.out, len(result.err.splitlines())), (b"", 1), result)
        self.assertIn(text, result.err)

    def test_no_kvm(self):
        os.rename("/dev/kvm", "/dev/kvm.hidden")
        try:
            self.refused(self.proxy("hello"), b"there is no /dev/kvm")
        finally:
            os.rename("/dev/kvm.hidden", "/dev/kvm")

    def test_no_permission(self):
        """As a user who is not in the group."""
        mode = os.stat("/dev/kvm").st_mode
        os.chmod("/dev/kvm", 0o600)
        try:
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o755)
                command = [self.isle.proxy, "--isle=uhyve", self.isle.image("hello")]
                result = subprocess.run(command, capture_output=True, user=65534, group=65534,
                                        extra_groups=[], cwd=folder, env=isle.ENVIRONMENT)
                self.refused(isle.Result(result.returncode, result.stdout, result.stderr),
                             b"/dev/kvm: no permission")
        finally:
            os.chmod("/dev/kvm", mode)

    def test_not_without_kvm(self):
        self.refused(self.proxy("hello", "--kvm=0"), b"--kvm=0")

    def test_too_many_descriptors(self):
        command = ["sh", "-c", 'ulimit -n 12; exec "$@"', "sh", self.isle.proxy, "--isle=uhyve", "--cpus=64",
                   self.isle.image("hello")]
        self.assertStatus(isle.run(command), 125)


if __name__ == "__main__":
    testcase.main()
