# SPDX-License-Identifier: BSD-3-Clause
"""redis-server in an isle: its command line client, its benchmark, its own tests."""

import re
import unittest

import isle
import program
import testcase

SERVER = "redis/src/redis-server"
# What needs no fork and no second server.
UNITS = ("type/incr", "type/string", "keyspace", "multi", "pubsub", "bitops")
# Compares the clock of this host with the isle's to the millisecond; waits for chance, for 20 s.
SKIPPED = ("GETEX PXAT option", "SETNX against expired volatile key")


class Redis(program.ProgramTest):
    def serve(self, host, port, arguments=(), options=()):
        self.address = ["-h", host, "-p", str(port)]
        self.process = self.program(SERVER, ["--port", "6379", "--protected-mode", "no", *arguments], options)
        ping = ["redis-cli", *self.address, "ping"]
        self.wait_for("answer", lambda: isle.run(ping).out == b"PONG\n", 60)

    def publish(self, *arguments):
        port = testcase.free_port()
        self.serve("127.0.0.1", port, arguments, [f"--publish={port}:6379"])

    def cli(self, *words):
        return self.client("redis-cli", *self.address, *words).strip()

    def shutdown(self):
        client = isle.start(["redis-cli", *self.address, "shutdown", "nosave"])
        self.addCleanup(self.finish, client)  # the machine may be gone before the connection is
        self.wait_end(self.process)


class Published(Redis):
    def test_data_on_disk(self):
        """What SAVE writes into the folder of the host is there again after a new start."""
        self.publish("--save", "")
        for number in range(20):
            self.assertEqual(self.cli("set", f"key{number}", "v" * number * 100), "OK")
        self.assertEqual(self.cli("save"), "OK")
        self.shutdown()
        self.assertTrue((self.folder / "dump.rdb").read_bytes().startswith(b"REDIS"))
        self.publish("--save", "")
        self.assertEqual(self.cli("dbsize"), "20")
        self.assertEqual(self.cli("get", "key19"), "v" * 1900)
        self.shutdown()

    def test_append_only_file(self):
        """Without the fork that makes a first base file it refuses; the server goes on."""
        self.publish("--save", "")
        self.assertIn("Unable to turn on AOF", self.client("redis-cli", *self.address, "config", "set", "appendonly", "yes"))
        self.assertEqual(self.cli("ping"), "PONG")
        self.shutdown()

    def test_no_fork(self):
        self.publish("--save", "")
        self.assertEqual(self.cli("set", "a", "b"), "OK")
        self.assertIn("ERR", self.client("redis-cli", *self.address, "bgsave"))
        self.assertIn("fork: Function not implemented", self.output())
        self.assertEqual(self.cli("get", "a"), "b")
        self.shutdown()

    def test_benchmark(self):
        self.publish("--save", "")
        for pipeline in ("1", "16"):
            text = self.client("redis-benchmark", *self.address, "-n", "3000", "-c", "10", "-P", pipeline, "-q",
                               "-t", "set,get,incr,lpush,lrange_100,mset")
            rates = re.findall(r"([0-9.]+) requests per second", text)
            self.assertEqual(len(rates), 7, text)
            self.assertGreater(min(float(rate) for rate in rates), 0)
        self.assertNotEqual(self.cli("dbsize"), "0")
        self.shutdown()


class Tap(unittest.TestCase):
    def test_units(self):
        testcase.run_in_namespace(self, __file__, "units")


class Inside(Redis):
    def units(self):
        """Over a tap device, as these tests rely on the order of requests over several connections."""
        testcase.make_tap()
        self.serve(testcase.TAP_ISLE, 6379, ["--save", "", "--enable-debug-command", "yes"], ["--netif=tap0"])
        command = ["./runtest", "--host", testcase.TAP_ISLE, "--port", "6379"]
        for test in SKIPPED:
            command += ["--skiptest", test]
        command += ["--tags", "-needs:repl -needs:save -slow -large-memory"]
        for unit in UNITS:
            command += ["--single", f"unit/{unit}"]
        text = self.client(*command, timeout=150, cwd=self.programs / "redis")
        self.assertIn("All tests passed without errors!", text)
        self.assertGreater(text.count("[ok"), 200)
        self.shutdown()


if __name__ == "__main__":
    testcase.main()
