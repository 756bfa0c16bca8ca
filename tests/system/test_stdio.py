# SPDX-License-Identifier: BSD-3-Clause
"""Standard input, output and error: binary-clean, of any length, separate, and their errors arrive."""

import hashlib
import os
import random
import signal
import subprocess
import threading

import isle
import testcase


def binary(size):
    return random.Random(size).randbytes(size)


class StdioTest(testcase.IsleTest):
    def test_all_byte_values(self):
        data = bytes(range(256)) * 3
        result = self.isle.run("cat", stdin=data)
        self.assertStatus(result, 0)
        self.assertEqual(result.out, data)
        self.assertEqual(result.err, b"")

    def test_empty_input(self):
        result = self.isle.run("cat", stdin=b"")
        self.assertStatus(result, 0)
        self.assertEqual(result.out, b"")

    def test_megabytes(self):
        data = binary(10 << 20)
        result = self.isle.run("cat", stdin=data)
        self.assertStatus(result, 0)
        self.assertEqual(len(result.out), len(data))
        self.assertEqual(hashlib.sha1(result.out).digest(), hashlib.sha1(data).digest())

    def test_megabytes_to_standard_error(self):
        data = binary(3 << 20)
        result = self.isle.run("cat", ["stderr"], stdin=data)
        self.assertStatus(result, 0)
        self.assertEqual(result.out, b"")
        self.assertTrue(result.err == data, f"{len(result.err)} bytes of {len(data)}")

    def test_files(self):
        """As a shell does it: proxy cat < in > out."""
        with isle.WorkDirectory() as folder:
            data = binary(5_000_001)
            source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
            with open(source, "wb") as file:
                file.write(data)
            with open(source, "rb") as stdin, open(target, "wb") as stdout:
                process = self.start("cat", stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
                self.assertEqual(process.wait(60), 0, process.stderr.read())
            with open(target, "rb") as file:
                self.assertTrue(file.read() == data, "the copy differs")

    def test_append(self):
        """proxy cat >> file: what is there stays."""
        with isle.WorkDirectory() as folder:
            target = os.path.join(folder, "out")
            with open(target, "wb") as file:
                file.write(b"before\n")
            with open(target, "ab") as stdout:
                process = self.start("cat", stdin=subprocess.PIPE, stdout=stdout)
                process.communicate(b"after\n", 60)
            with open(target, "rb") as file:
                self.assertEqual(file.read(), b"before\nafter\n")

    def check_dialogue(self, name, count):
        """The program NAME gives each line back before the next one is sent."""
        process = self.start(name, stdin=subprocess.PIPE)
        guard = threading.Timer(60, process.kill)
        guard.start()
        for i in range(count):
            line = f"line {i}\n".encode()
            process.stdin.write(line)
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), line)
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)
        guard.cancel()

    def test_dialogue(self):
        """Each line comes back before the next one is sent: nothing is held back."""
        self.check_dialogue("cat", 20)

    def test_edges(self):
        """Input wakes an edge-triggered epoll set each time, not only the first."""
        self.check_dialogue("edge", 5)

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            process = self.start("cat", stdin=subprocess.PIPE, stdout=full)
            _, err = process.communicate(b"x" * 1000, 60)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(err, b"cat: write: ENOSPC\n")

    def test_broken_pipe(self):
        process = self.start("cat", stdin=subprocess.PIPE)
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(b"x" * 1000, 60)
        self.assertEqual(err, b"cat: write: EPIPE\n")
        self.assertEqual(process.returncode, 1)

    def test_broken_pipe_kills(self):
        """A program with the default action of SIGPIPE dies of it, as on Linux (yes | head)."""
        process = self.start("hello", stdin=subprocess.DEVNULL)
        process.stdout.close()
        process.stdout = None
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGPIPE)

    def test_input_not_read(self):
        """The program ends although there is more input, and takes no more than it read."""
        process = self.start("hello", stdin=subprocess.PIPE)
        self.assertEqual(process.wait(60), 0, process.stderr.read())

    def test_closed_descriptors(self):
        """proxy exits 5 <&- >&-"""
        command = ["sh", "-c", 'exec "$@" <&- >&-', "sh", *self.isle.command("exits", ["5"])]
        result = isle.run(command)
        self.assertStatus(result, 5)

    def test_outputs_are_separate(self):
        linux = self.isle.run_linux("hello++")
        self.assertSame(linux, self.isle.run("hello++"), stderr=True)

    def test_shell_pipeline(self):
        script = '"$0" --kvm=0 "$1" | "$0" --kvm=0 "$1" | wc -c'
        command = ["sh", "-c", script, self.isle.proxy, self.isle.image("cat")]
        data = binary(300_000)
        result = isle.run(command, stdin=data)
        self.assertEqual(result.out.strip(), b"300000", str(result))


if __name__ == "__main__":
    testcase.main()
