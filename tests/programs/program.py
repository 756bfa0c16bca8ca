# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of real programs share: an image of the build folder's programs/, tap devices, clients."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import isle
import testcase

TOOLS = Path(__file__).resolve().parents[2] / "tools"
TAP_HOST = "10.0.5.1"
TAP_ISLE = "10.0.5.2"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class ProgramTest(testcase.IsleTest):
    def setUp(self):
        super().setUp()
        self.programs = self.isle.build / "programs"
        # Not in /tmp: isles have a /tmp of their own.
        self.folder = Path(tempfile.mkdtemp(prefix="program-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def program(self, image, args, options=()):
        """Starts an image in the test's folder; its output goes to files there."""
        with open(self.folder / "out", "wb") as out, open(self.folder / "err", "wb") as err:
            return self.start(self.programs / image, args, options, cwd=self.folder, stdout=out, stderr=err)

    def output(self):
        return (self.folder / "out").read_text() + (self.folder / "err").read_text()

    def client(self, *command, timeout=60, **more):
        """A client of this host: what it prints; it has to succeed."""
        result = isle.run(command, timeout=timeout, **more)
        self.assertEqual(result.status, 0, f"\n{command}\n{result}\n--- server\n{self.output()}")
        return result.out.decode()

    def wait_end(self, process, status=0):
        self.assertEqual(process.wait(60), status, self.output())

    def make_tap(self):
        """A tap device in the namespace of this test."""
        for command in (
            ["ip", "link", "set", "lo", "up"],
            [TOOLS / "tap.sh", "up", "tap0", str(os.getuid()), TAP_HOST + "/24"],
        ):
            subprocess.run(command, check=True, timeout=20)
