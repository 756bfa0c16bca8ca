# SPDX-License-Identifier: BSD-3-Clause
"""Machine types, sizes of memory, several machines at once, the kernel log, starting without a proxy."""

import os
import re
import subprocess
import threading
import time

import isle
import testcase


class MachineTest(testcase.IsleTest):
    def test_machines(self):
        linux = self.isle.run_linux("hello++")
        for machine in ("microvm", "pc", "q35"):
            for how in ({"options": ["--machine=" + machine]}, {"env": {"HERMIT_MACHINE": machine}}):
                with self.subTest(f"{machine} {how}"):
                    self.assertSame(linux, self.isle.run("hello++", **how), stderr=True)

    def test_memory_sizes(self):
        """The smallest that must do, and both sides of the hole below 4 GiB."""
        for machine in ("microvm", "pc", "q35"):
            for size in ("6M", "64M", "1G", "3G", "4G", "5G", "20G"):
                with self.subTest(f"{machine} {size}"):
                    result = self.isle.run("thr_hello", options=["--machine=" + machine, "--mem=" + size])
                    self.assertStatus(result, 0)

    def test_memory_is_found(self):
        """MemTotal is what was asked for, less what the kernel takes."""
        for size in (16, 512, 4096):
            with self.subTest(size):
                result = self.isle.run("cat", ["/proc/meminfo"], options=[f"--mem={size}M"])
                self.assertStatus(result, 0)
                total = int(re.search(rb"MemTotal: *(\d+) kB", result.out)[1])
                self.assertLess(total, size * 1024)
                self.assertGreater(total, size * 1024 * 0.95 - 4096)

    def test_too_little_memory(self):
        """The proxy says how much is needed, and that much is enough to start."""
        for options in ([], ["--cpus=8"], ["--machine=q35"]):
            result = self.isle.run("cat", ["/proc/self/comm"], options=["--mem=2M", *options], timeout=30)
            self.assertStatus(result, 126)
            self.assertEqual(result.out, b"")
            self.assertEqual(len(result.err.splitlines()), 1, str(result))
            needed = int(re.search(rb"needs at least (\d+) KiB", result.err)[1])
            result = self.isle.run("cat", ["/proc/self/comm"], options=[f"--mem={needed - 8}K", *options])
            self.assertStatus(result, 126)
            result = self.isle.run("cat", ["/proc/self/comm"], options=[f"--mem={needed}K", *options], timeout=30)
            self.assertSame(isle.Result(0, b"cat\n", b""), result)

    def test_too_little_memory_for_data(self):
        """300 MiB of .bss in a smaller machine."""
        result = self.isle.run("memory", options=["--mem=128M"], timeout=30)
        self.assertStatus(result, 126)
        self.assertEqual(result.out, b"")
        self.assertEqual(len(result.err.splitlines()), 1, str(result))
        self.assertIn(b"memory", result.err)

    def test_out_of_memory(self):
        """The program is told, and goes on; the machine is small and Linux has a limit instead."""
        linux = self.isle.run_linux("memlimit")
        for size in ("32M", "128M"):
            with self.subTest(size):
                self.assertSame(linux, self.isle.run("memlimit", options=["--mem=" + size]))

    def test_two_at_once(self):
        with isle.WorkDirectory() as one, isle.WorkDirectory() as two:
            first = self.start("cat", stdin=subprocess.PIPE, cwd=one)
            second = self.start("cat", stdin=subprocess.PIPE, cwd=two)
            for process, text in ((first, b"first\n"), (second, b"second\n"), (first, b"again\n")):
                process.stdin.write(text)
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), text)
            first.stdin.close()
            self.assertEqual(first.wait(20), 0)
            second.stdin.write(b"still here\n")
            second.stdin.flush()
            self.assertEqual(second.stdout.readline(), b"still here\n")
            second.stdin.close()
            self.assertEqual(second.wait(20), 0)

    def test_verbose(self):
        for how in ({"env": {"HERMIT_VERBOSE": "1"}}, {"options": ["--verbose"]}):
            with self.subTest(str(how)):
                quiet = self.isle.run("thr_hello")
                loud = self.isle.run("thr_hello", **how)
                self.assertStatus(loud, 0)
                self.assertEqual(loud.out, quiet.out)
                self.assertEqual(quiet.err, b"")
                self.assertGreater(len(loud.err.splitlines()), 3, str(loud))

    def test_direct_start_on_linux(self):
        for name in ("hello", "hello++", "pi", "hellof"):
            with self.subTest(name):
                result = isle.run([self.isle.image(name)])
                self.assertStatus(result, 1)
                text = result.out + result.err
                self.assertIn(b"HermitCore", text)
                self.assertIn(b"proxy", text)

    def test_no_proxy(self):
        """An image boots without a proxy as well: its output goes to the serial console."""
        command = ["qemu-system-x86_64", "-M", "microvm", "-accel", "tcg", "-m", "64M", "-nodefaults"]
        command += ["-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel"]
        process = isle.start([*command, self.isle.image("thr_hello")], stdin=subprocess.DEVNULL)
        self.addCleanup(self.finish, process)
        guard = threading.Timer(30, process.kill)
        guard.start()
        self.addCleanup(guard.cancel)
        seen = b""
        while b"all 9 checks hold" not in seen:
            line = process.stdout.readline()
            self.assertTrue(line, seen.decode(errors="replace"))
            seen += line

    def test_real_time(self):
        result = self.isle.run("timers", ["now"])
        self.assertStatus(result, 0)
        self.assertLess(abs(int(result.out) - time.time()), 5)

    def test_real_time_set(self):
        """Linux is no oracle here: its clock would be set."""
        result = self.isle.run("clockset", ["isle"])
        self.assertStatus(result, 0)
        self.assertIn(b"all 22 checks hold", result.out)

    def test_own_memory_files(self):
        """/tmp in the isle is its own, unless a host directory is mounted there."""
        before = os.path.exists("/tmp/test.txt")
        result = self.isle.run("hello")
        self.assertStatus(result, 0)
        self.assertEqual(os.path.exists("/tmp/test.txt"), before)
        with isle.WorkDirectory() as folder:
            result = self.isle.run("hello", options=[f"--mount={folder}:/tmp"])
            self.assertStatus(result, 0)
            with open(os.path.join(folder, "test.txt"), encoding="ascii") as file:
                self.assertEqual(file.read(), "Hello World from a file\n")


if __name__ == "__main__":
    testcase.main()
