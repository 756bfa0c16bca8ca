#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is isle uhyve's own of the network: the host's vhost-net, the process beside the proxy, refusals."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase



def processes(word):
    """Those of this machine whose name begins with WORD, without those that have ended."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            name, rest = Path("/proc", entry, "stat").read_text(encoding="utf-8").split("(", 1)[1].rsplit(") ", 1)
        except (OSError, IndexError):
            continue
        if entry.isdigit() and name.startswith(word) and rest[0] != "Z":
            found.append(int(entry))
    return found


class NetTest(testcase.IsleTest):
    def server(self, *options, program=None, **more):
        """An application that listens at port 7000."""
        command = [program or self.isle.proxy, "--isle=uhyve", *options, self.isle.image("netpeer"), "echo", "7000", "1"]
        process = isle.start(command, **more)
        self.addCleanup(self.finish, process)
        self.assertEqual(process.stdout.readline(), b"listening\n")
        return process

    def use(self, process, address, port):
        """One connection; the application ends after it."""
        with socket.create_connection((address, port), timeout=60) as connection:
            connection.sendall(b"text")
            self.assertEqual(connection.recv(4), b"text")
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (0, b"served 1\n", b""))

    def refused(self, text, *options):
        result = isle.run([self.isle.proxy, "--isle=uhyve", *options, self.isle.image("hello")])
        self.assertStatus(result, 125)
        self.assertEqual((result.out, len(result.err.splitlines())), (b"", 1), result)
        self.assertIn(text, result.err)


class Tap(NetTest):
    def setUp(self):
        super().setUp()
        testcase.make_tap()
        self.addCleanup(subprocess.run, [testcase.TAP_SCRIPT, "down", "tap0"], check=False, timeout=20)

    def test_vhost(self):
        """The host's kernel moves the frames where it can, and the proxy does where it cannot."""
        process = self.server("--netif=tap0")
        self.assertTrue(processes(f"vhost-{process.pid}"))
        self.use(process, testcase.TAP_ISLE, 7000)
        os.rename("/dev/vhost-net", "/dev/vhost-net.hidden")
        try:
            process = self.server("--netif=tap0")
            self.assertFalse(processes("vhost-"))
            self.use(process, testcase.TAP_ISLE, 7000)
        finally:
            os.rename("/dev/vhost-net.hidden", "/dev/vhost-net")

    def test_descriptor(self):
        """@N: with the header that the card uses, and without."""
        for flags in ("0x5002", "0x1002"):
            opener = (
                "import fcntl, os, sys\n"
                "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
                f"fcntl.ioctl(fd, 0x400454CA, b'tap0'.ljust(16, b'\\0') + ({flags}).to_bytes(24, 'little'))\n"
                "os.dup2(fd, 9)\n"
                "os.execv(sys.argv[1], sys.argv[1:])\n"
            )
            with self.subTest(flags=flags):
                command = [sys.executable, "-c", opener, self.isle.proxy, "--isle=uhyve", "--netif=@9"]
                process = isle.start([*command, self.isle.image("netpeer"), "echo", "7000", "1"])
                self.addCleanup(self.finish, process)
                self.assertEqual(process.stdout.readline(), b"listening\n")
                self.use(process, testcase.TAP_ISLE, 7000)

    def test_in_use(self):
        self.server("--netif=tap0")
        self.refused(b"tap0 is in use by another program", "--netif=tap0")


class UserNetwork(NetTest):
    def test_confined(self):
        port = testcase.free_port()
        process = self.server(f"--publish={port}:7000")
        (helper,) = processes("proxy-net")
        status = Path(f"/proc/{helper}/status").read_text(encoding="ascii")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual((fields["Seccomp"].strip(), fields["NoNewPrivs"].strip(), int(fields["CapPrm"], 16)), ("2", "1", 0))
        targets = [os.readlink(f"/proc/{helper}/fd/{fd}") for fd in os.listdir(f"/proc/{helper}/fd")]
        self.assertFalse([target for target in targets if not target.startswith("socket:") and target != "/dev/null"], targets)
        self.use(process, "127.0.0.1", port)
        self.assertFalse(processes("proxy-net"))
        with socket.create_server(("127.0.0.1", port)):  # it is free again
            pass

    def test_killed_proxy(self):
        process = self.server(f"--publish={testcase.free_port()}:7000")
        self.assertTrue(processes("proxy-net"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.wait_for("end of proxy-net", lambda: not processes("proxy-net"))

    def test_killed_helper(self):
        """The cable is out: the application goes on."""
        process = self.server(f"--publish={testcase.free_port()}:7000")
        for helper in processes("proxy-net"):
            os.kill(helper, signal.SIGKILL)
        self.wait_for("end of proxy-net", lambda: not processes("proxy-net"))
        self.assertIsNone(process.poll())

    def test_not_used(self):
        """A program without sockets costs no process that loads libraries."""
        command = [self.isle.proxy, "--isle=uhyve", self.isle.image("cat")]
        process = isle.start(command, stdin=subprocess.PIPE)
        self.addCleanup(self.finish, process)
        process.stdin.write(b"x\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"x\n")
        self.assertFalse(processes("proxy-net"))
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_without_program(self):
        """proxy-net is not there: a message when it is needed."""
        with tempfile.TemporaryDirectory() as folder:
            proxy = shutil.copy(self.isle.proxy, folder)
            result = isle.run([proxy, "--isle=uhyve", self.isle.image("hello")])
            self.assertStatus(result, 0)
            result = isle.run([proxy, "--isle=uhyve", f"--publish={testcase.free_port()}:7000", self.isle.image("hello")])
            self.assertStatus(result, 125)
            self.assertEqual(len(result.err.splitlines()), 1, result)
            self.assertIn(b"proxy-net: No such file", result.err)


class Refusals(NetTest):
    def test_no_tap(self):
        self.refused(b"there is no device tap9; as root: tools/tap.sh up tap9", "--netif=tap9")

    def test_no_descriptor(self):
        self.refused(b"descriptor 17 is not an open tap device", "--netif=@17")

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.refused(b"port %d for the application: Address already in use" % port, f"--publish={port}:80")

    def test_capture(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "qemu-vlan0.pcap"))
            result = isle.run([self.isle.proxy, "--isle=uhyve", "--capture-net", self.isle.image("hello")], cwd=folder)
            self.assertStatus(result, 125)
            self.assertIn(b"qemu-vlan0.pcap: Is a directory", result.err)

    def test_other_card(self):
        self.refused(b"needs isle 'qemu'", "--nic=e1000")


if __name__ == "__main__":
    testcase.main()
