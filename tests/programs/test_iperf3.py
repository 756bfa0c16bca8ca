# SPDX-License-Identifier: BSD-3-Clause
"""iperf3 in an isle against the distribution's, as server and as client, each way, TCP and UDP."""

import json
import unittest

import isle
import program
import testcase

IMAGE = "iperf3/iperf3"
SIZE = 32 << 20  # more than all buffers on the way
TCP = (["-n", str(SIZE)], ["-n", str(SIZE), "-R"], ["-n", str(SIZE), "-P", "2"])
UDP = (["-u", "-b", "4M", "-n", "1M", "-l", "1400"], ["-u", "-b", "4M", "-n", "1M", "-l", "1400", "-R"])


class Iperf(program.ProgramTest):
    def check(self, text, options):
        report = json.loads(text)
        self.assertNotIn("error", report)
        end = report["end"]
        if "-u" in options:
            self.assertGreater(end["sum"]["packets"], 700)
            self.assertLess(end["sum"]["lost_percent"], 20)
        else:
            # The sender's count. The receiver stops at the sender's word and may leave data unread.
            self.assertGreaterEqual(end["sum_sent"]["bytes"], SIZE)
            self.assertGreater(end["sum_received"]["bytes"], 0)

    def serve_in_isle(self, host, port, options, runs):
        """A server in the isle that serves all of RUNS."""
        process = self.program(IMAGE, ["-s"], options)
        command = ["iperf3", "-J", "-c", host, "-p", str(port)]
        for run in runs:
            self.check(self.ask(command + run), run)
        self.finish(process)

    def ask(self, command):
        """The report of a test. The server listens anew for each test, so the first try may be too early."""
        reports = []

        def answered():
            reports.append(self.client(*command))
            return "error" not in json.loads(reports[-1])

        self.wait_for("answer", answered, 60)
        return reports[-1]

    def serve_here(self, host, options, runs):
        """A client in the isle to a server of this host."""
        for run in runs:
            port = testcase.free_port()
            server = isle.start(["iperf3", "-s", "-1", "--forceflush", "-p", str(port)])
            self.addCleanup(self.finish, server)
            self.assertIn(b"-----", server.stdout.readline())
            process = self.program(IMAGE, ["-J", "-c", host, "-p", str(port), *run], options)
            self.wait_end(process)
            self.check((self.folder / "out").read_text(), run)


class Published(Iperf):
    def test_server(self):
        port = testcase.free_port()
        self.serve_in_isle("127.0.0.1", port, [f"--publish={port}:5201"], TCP)

    def test_client(self):
        self.serve_here("10.0.2.2", [], (*TCP, *UDP))


class Tap(unittest.TestCase):
    def test_both(self):
        testcase.run_in_namespace(self, __file__, "both")


class Inside(Iperf):
    def both(self):
        testcase.make_tap()
        self.serve_in_isle(testcase.TAP_ISLE, 5201, ["--netif=tap0"], (*TCP, *UDP))
        self.serve_here(testcase.TAP_HOST, ["--netif=tap0"], (*TCP, *UDP))


if __name__ == "__main__":
    testcase.main()
