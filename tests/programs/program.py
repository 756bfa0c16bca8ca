# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of real programs share: an image of the build folder's programs/, clients."""

import isle
import testcase


class ProgramTest(testcase.IsleTest):
    def setUp(self):
        super().setUp()
        self.programs = self.isle.build / "programs"
        self.folder = self.make_folder()

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
