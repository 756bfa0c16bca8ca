# SPDX-License-Identifier: BSD-3-Clause
"""Base class of the system tests that are more than a comparison; run with HERMIT_BUILD set."""

import os
import subprocess
import sys
import time
import unittest

import isle


class IsleTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.isle = isle.Isle(os.environ["HERMIT_BUILD"])

    def start(self, name, args=(), options=(), **more):
        """Starts a program in an isle and makes sure that it is gone after the test."""
        process = isle.start(self.isle.command(name, args, options), **more)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def assertSame(self, linux, inside, stderr=False):
        lines = isle.differences(linux, inside, stderr)
        if lines:
            self.fail("\n" + "\n".join(lines))

    def assertStatus(self, result, status):
        self.assertEqual(result.status, status, f"\n{result}")

    def wait_for(self, what, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"no {what} within {seconds} s")
            time.sleep(0.02)


def run_in_namespace(test, script, name):
    """Runs SCRIPT's test Inside.NAME in a network namespace of its own; TEST fails with it."""
    namespace = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    command = [*namespace, sys.executable, "-B", script, "--inside", f"Inside.{name}"]
    result = subprocess.run(command, capture_output=True, timeout=170, text=True)
    test.assertEqual(result.returncode, 0, result.stderr)


def main():
    unittest.main(verbosity=2)
