# SPDX-License-Identifier: BSD-3-Clause
"""Signals that the user sends to the proxy."""

import signal
import subprocess
import time

import testcase


class SignalTest(testcase.IsleTest):
    def launch(self, *args):
        process = self.start("signalled", args, stdin=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_handlers(self):
        for mode in ("", "busy"):
            with self.subTest(mode):
                process = self.launch(mode)
                for name in ("SIGINT", "SIGHUP"):
                    process.send_signal(signal.Signals[name])
                    self.assertEqual(process.stdout.readline().decode(), name + "\n")
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.stdout.readline(), b"SIGTERM\n")
                self.assertEqual(process.wait(20), 7)

    def test_default_actions(self):
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            with self.subTest(name):
                process = self.launch("default")
                number = signal.Signals[name]
                process.send_signal(number)
                self.assertEqual(process.wait(20) % 256, 128 + number)

    def test_second_interrupt_ends(self):
        """A program that ignores SIGINT is ended by the second one."""
        process = self.launch("ignore")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "the first SIGINT ended it")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20) % 256, 128 + signal.SIGINT)

    def test_killed_proxy_leaves_nothing(self):
        """No QEMU survives a proxy that is killed."""
        process = self.launch()
        group = process.pid
        process.kill()
        process.wait()
        self.wait_for("end of QEMU", lambda: not members(group))


def members(group):
    """Processes (not zombies) of a process group."""
    listing = subprocess.run(["ps", "-e", "-o", "pgid=,stat=,comm="], capture_output=True, text=True, check=True)
    lines = [line.split() for line in listing.stdout.splitlines()]
    return [words[2] for words in lines if int(words[0]) == group and not words[1].startswith("Z")]


if __name__ == "__main__":
    testcase.main()
