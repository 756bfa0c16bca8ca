# SPDX-License-Identifier: BSD-3-Clause
"""Base class of the system tests that are more than a comparison; run with HERMIT_BUILD set."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import isle

TAP_SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "tap.sh"
TAP_HOST, TAP_ISLE = "10.0.5.1", "10.0.5.2"  # addresses at both ends of a tap device


class IsleTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.isle = isle.Isle(os.environ["HERMIT_BUILD"])

    def start(self, name, args=(), options=(), **more):
        """Starts a program in an isle and makes sure that it is gone after the test."""
        process = isle.start(self.isle.command(name, args, options), **more)
        self.addCleanup(self.finish, process)
        return process

    def make_folder(self):
        """A folder that the test has for itself; not in /tmp, as isles have a /tmp of their own."""
        folder = Path(tempfile.mkdtemp(prefix="test-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

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


def free_port(kind=socket.SOCK_STREAM):
    """A port of the loopback interface that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_port_pair():
    """The lower one of two neighbours as free_port gives them."""
    while True:
        with socket.socket() as lower, socket.socket() as upper:
            lower.bind(("127.0.0.1", 0))
            port = lower.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                upper.bind(("127.0.0.1", port + 1))
                return port


def make_tap(address=TAP_HOST + "/24"):
    """tap0 and the loopback interface, in this process's network namespace."""
    for command in (["ip", "link", "set", "lo", "up"], [TAP_SCRIPT, "up", "tap0", str(os.getuid()), address]):
        subprocess.run(command, check=True, timeout=20)


def run_in_namespace(test, script, name):
    """Runs SCRIPT's test Inside.NAME in a network namespace of its own; TEST fails with it."""
    namespace = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    command = [*namespace, sys.executable, "-B", script, "--inside", f"Inside.{name}"]
    result = subprocess.run(command, capture_output=True, timeout=170, text=True)
    test.assertEqual(result.returncode, 0, result.stderr)


def main():
    if "--inside" in sys.argv:  # run_in_namespace
        sys.argv.remove("--inside")
    unittest.main(verbosity=2)
