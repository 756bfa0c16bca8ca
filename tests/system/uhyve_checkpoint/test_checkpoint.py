#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints: what goes on after a restore, what a kill leaves, what is refused."""

import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase

CPUS = os.environ.get("CHECKPOINT_CPUS", "1")
STEPS = 800
VERSION_OFFSET = 8  # of the header of the state file
STATE_HEADER = "<QIIQQ"


class Checkpoint(testcase.IsleTest):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="checkpoint-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.dir = self.folder / "saved"
        (self.folder / "input").write_text("0123456789")

    def command(self, *options, args=()):
        return [self.isle.proxy, "--isle=uhyve", f"--cpus={CPUS}", *options, self.isle.image("checkpoint"), *args]

    def machine(self, *options, args=()):
        return isle.run(self.command(f"--checkpoint-dir={self.dir}", *options, args=args), cwd=self.folder)

    def restore(self, *options, **more):
        return isle.run([self.isle.proxy, f"--restore={self.dir}", *options], cwd=self.folder, **more)

    def saved(self, *args):
        """A checkpoint of a machine that has ended with it."""
        result = self.machine("--checkpoint-exit", args=args)
        self.assertStatus(result, 0)
        self.assertEqual(result.err, b"")
        return result

    def refused(self, result, *texts, status=126):
        self.assertStatus(result, status)
        self.assertEqual((result.out, len(result.err.splitlines())), (b"", 1), result)
        for text in texts:
            self.assertIn(text, result.err)


class Restore(Checkpoint):
    ONCE = ("once", "input", "output")

    def check_once(self, result, number, passed):
        self.assertStatus(result, 0)
        self.assertEqual(result.out.decode(), f"checkpoint: {number}\ntime: {passed}\ndone\n", result)
        self.assertEqual((self.folder / "output").read_text(), "first second\n")

    def test_goes_on(self):
        """The machine that is saved, and those that come of it: files, threads, timers, registers."""
        self.check_once(self.machine(args=self.ONCE), 0, "continuous")
        for _ in range(3):
            self.check_once(self.restore(), 1, "continuous")

    def test_clock(self):
        self.saved(*self.ONCE)
        self.later(1000)
        self.addCleanup(self.later, -1000)
        self.check_once(self.restore("--restore-time=advanced"), 1, "advanced")
        self.check_once(self.restore("--restore-time=continuous"), 1, "continuous")

    @staticmethod
    def later(seconds):
        """Moves the test machine's clock, which makes a long time of a short one."""
        time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)

    def test_read_on_touch(self):
        self.saved(*self.ONCE)
        self.check_once(self.restore("--no-verify"), 1, "continuous")

    def test_exit(self):
        """The image for warm starts: the program's answer comes only after the restore."""
        self.assertEqual(self.saved("initialise", "3").out, b"")
        answers = {self.restore().out for _ in range(2)}
        self.assertEqual(len(answers), 1)
        self.assertRegex(answers.pop(), rb"^1 [0-9a-f]{16}\n$")

    def test_side_by_side(self):
        """Several machines of one checkpoint at once."""
        self.saved("initialise", "3")
        command = [os.fspath(self.isle.proxy), f"--restore={self.dir}"]
        machines = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self.folder, env=isle.ENVIRONMENT)
                    for _ in range(3)]
        answers = [machine.communicate(timeout=120)[0] for machine in machines]
        self.assertEqual([machine.returncode for machine in machines], [0, 0, 0])
        self.assertEqual(len(set(answers)), 1, answers)

    def test_standard_input(self):
        """A read that waited at the checkpoint reads what the new proxy is given."""
        process = isle.start(self.command(f"--checkpoint-dir={self.dir}", "--checkpoint=1", args=["wait"]),
                             cwd=self.folder, stdin=subprocess.PIPE)
        self.addCleanup(self.finish, process)
        self.assertEqual(process.stdout.readline(), b"0\n")
        first = self.wait_state(None)
        self.wait_state(first)
        process.kill()
        process.communicate()
        result = self.restore(stdin=b"one\ntwo\n")
        self.assertStatus(result, 0)
        self.assertEqual(result.out, b"got one\ngot two\n")

    def wait_state(self, before):
        """A state file that is not BEFORE: its time and inode."""
        for _ in range(600):
            try:
                info = os.stat(self.dir / "state")
                if (info.st_mtime_ns, info.st_ino) != before:
                    return info.st_mtime_ns, info.st_ino
            except FileNotFoundError:
                pass
            time.sleep(0.1)
        self.fail("no checkpoint within a minute")

    def test_without_permission(self):
        result = isle.run(self.command(args=["initialise", "1"]), cwd=self.folder)
        self.assertStatus(result, 0)
        self.assertTrue(result.out.startswith(b"-1 "), result)


class Periodic(Checkpoint):
    def expected(self):
        return isle.run([self.isle.image("checkpoint.linux"), "steps", str(STEPS)]).out.splitlines()

    def run_for(self, command, seconds):
        """Output of a machine that is killed after some time, when there is a checkpoint."""
        process = isle.start(command, cwd=self.folder)
        self.addCleanup(self.finish, process)
        try:
            out, err = process.communicate(timeout=seconds)
            self.assertEqual(process.returncode, 0, err)
        except subprocess.TimeoutExpired:
            self.wait_for("checkpoint", (self.dir / "state").exists, 60)
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
        self.assertEqual(err, b"")
        return out

    def check_rest(self, expected):
        """What is left is the rest of all steps, without a gap, and with the right sum."""
        result = self.restore()
        self.assertStatus(result, 0)
        lines = result.out.splitlines()
        self.assertEqual(lines, expected[-len(lines):], result)
        return lines

    def test_kill(self):
        """Killed at any moment, with checkpoints all the time: the last good one holds."""
        expected = self.expected()
        moments = random.Random(5)
        command = self.command(f"--checkpoint-dir={self.dir}", "--checkpoint=1", args=["steps", str(STEPS)])
        for _ in range(5):
            out = self.run_for(command, 2 + 2 * moments.random())
            lines = self.check_rest(expected)
            printed = out.splitlines()
            if printed:
                self.assertLessEqual(len(expected) - len(lines), expected.index(printed[-1]) + 1, "ahead of its time")
            command = [self.isle.proxy, f"--restore={self.dir}", "--checkpoint=1", f"--checkpoint-dir={self.dir}"]
        self.check_rest(expected)

    def test_kill_while_saving(self):
        """Killed as soon as something is written to the directory."""
        expected = self.expected()
        self.run_for(self.command(f"--checkpoint-dir={self.dir}", "--checkpoint=1", args=["steps", str(STEPS)]), 4)
        command = [self.isle.proxy, f"--restore={self.dir}", "--checkpoint=1", f"--checkpoint-dir={self.dir}"]
        for delay in (0, 0.002, 0.01, 0.03, 0.1):
            before = set(os.listdir(self.dir))
            process = isle.start(command, cwd=self.folder)
            self.addCleanup(self.finish, process)
            limit = time.monotonic() + 30
            while set(os.listdir(self.dir)) <= before and process.poll() is None and time.monotonic() < limit:
                time.sleep(0.001)
            time.sleep(delay)
            process.kill()
            process.communicate()
            self.check_rest(expected)

    def test_full(self):
        """To its end: a machine that is killed may leave a second file, which is not part of a checkpoint yet."""
        expected = self.expected()
        command = self.command(f"--checkpoint-dir={self.dir}", "--checkpoint=1", "--full-checkpoint",
                               args=["steps", str(STEPS)])
        result = isle.run(command, timeout=120, cwd=self.folder)
        self.assertStatus(result, 0)
        self.assertEqual(result.out.splitlines(), expected)
        self.check_rest(expected)
        self.assertEqual(len([name for name in os.listdir(self.dir) if name.startswith("memory-")]), 1)


class Files(Checkpoint):
    def test_changed_input(self):
        self.saved("once", "input", "output")
        os.utime(self.folder / "input", ns=(1, 1))
        self.refused(self.restore(), b"input: it has been changed since the checkpoint")

    def test_missing_input(self):
        self.saved("once", "input", "output")
        os.unlink(self.folder / "input")
        self.refused(self.restore(), b"input: No such file")

    def test_replaced_output(self):
        self.saved("once", "input", "output")
        (self.folder / "other").write_text("something else")
        os.rename(self.folder / "other", self.folder / "output")
        self.refused(self.restore(), b"output: it has been replaced since the checkpoint")

    def test_shorter_output(self):
        self.saved("once", "input", "output")
        os.truncate(self.folder / "output", 2)
        self.refused(self.restore(), b"output: it has become shorter since the checkpoint")

    def test_link_for_a_file(self):
        self.saved("once", "input", "output")
        os.rename(self.folder / "input", self.folder / "elsewhere")
        os.symlink("elsewhere", self.folder / "input")
        self.refused(self.restore(), b"input: ")

    def test_deleted(self):
        result = self.machine(args=["deleted", "gone"])
        self.assertStatus(result, 0)
        self.assertEqual(result.out, b"-1 Stale file handle\n")
        self.assertIn(b"has been deleted or moved", result.err)
        self.assertFalse((self.dir / "state").exists())


class Refusals(Checkpoint):
    def setUp(self):
        super().setUp()
        self.saved("initialise", "1")
        self.state = self.dir / "state"
        (self.memory,) = self.dir.glob("memory-*")

    def edit(self, path, offset, data):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def test_truncated_state(self):
        for size in (0, 3, 20, 40, os.path.getsize(self.state) - 1):
            with self.subTest(size=size):
                copy = self.state.read_bytes()
                self.state.write_bytes(copy[:size])
                self.refused(self.restore(), b"the checkpoint is ")
                self.state.write_bytes(copy)

    def test_edited_state(self):
        size = os.path.getsize(self.state)
        for offset in (16, 24, 40, size // 2, size - 1):
            with self.subTest(offset=offset):
                copy = self.state.read_bytes()
                self.edit(self.state, offset, bytes([copy[offset] ^ 1]))
                self.refused(self.restore(), b"the checkpoint ")
                self.state.write_bytes(copy)

    def test_other_version(self):
        self.edit(self.state, VERSION_OFFSET, struct.pack("<I", 77))
        self.refused(self.restore(), b"another version")

    def test_memory(self):
        size = os.path.getsize(self.memory)
        copy = self.memory.read_bytes()
        self.edit(self.memory, size // 2, bytes([copy[size // 2] ^ 1]))
        self.refused(self.restore(), b"has been changed")
        self.memory.write_bytes(copy[:-4096])
        self.refused(self.restore(), b"is cut off")
        self.refused(self.restore("--no-verify"), b"is cut off")
        self.memory.unlink()
        self.refused(self.restore(), b"No such file")

    def test_nothing_there(self):
        self.state.unlink()
        self.refused(self.restore(), b"holds no checkpoint", status=127)
        shutil.rmtree(self.dir)
        self.refused(self.restore(), b"No such file", status=127)

    def test_other_directory(self):
        """Mappings come from the command line, and have to be the same."""
        result = isle.run([self.isle.proxy, f"--restore={self.dir}"])
        self.refused(result, b"restore it there")
        self.refused(self.restore("--isolated"), b"no --mount and --isolated")

    def test_another_image(self):
        shutil.rmtree(self.dir)
        image = self.folder / "program"
        shutil.copy(self.isle.image("checkpoint"), image)
        command = [self.isle.proxy, "--isle=uhyve", f"--checkpoint-dir={self.dir}", "--checkpoint-exit", image,
                   "initialise", "1"]
        self.assertStatus(isle.run(command, cwd=self.folder), 0)
        os.utime(image)
        self.assertStatus(self.restore(), 0)
        shutil.copy(self.isle.image("hello"), image)
        self.refused(self.restore(), b"not the image that the checkpoint was made of")
        image.unlink()
        self.refused(self.restore(), b"No such file", status=127)

    def test_two_writers(self):
        process = isle.start(self.command(f"--checkpoint-dir={self.dir}", args=["wait"]), cwd=self.folder,
                             stdin=subprocess.PIPE)
        self.addCleanup(self.finish, process)
        self.assertEqual(process.stdout.readline(), b"0\n")
        self.refused(self.machine(args=["initialise", "1"]), b"another proxy", status=125)
        self.refused(self.restore(), b"another proxy", status=125)
        process.communicate(b"")

    def test_usage(self):
        image = self.isle.image("checkpoint")
        for options in (["--restore=x", image], ["--isle=qemu", "--checkpoint=1", image],
                        ["--isle=uhyve", "--checkpoint=x", image], ["--restore=x", "--restore-time=never"],
                        ["--isle=uhyve", "--debug", "--checkpoint=1", image]):
            with self.subTest(options=options):
                self.refused(isle.run([self.isle.proxy, *options]), status=125)


if __name__ == "__main__":
    testcase.main()
