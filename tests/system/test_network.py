# SPDX-License-Identifier: BSD-3-Clause
"""Programs in isles talk to this host over QEMU's user-mode network: every card, both directions."""

import hashlib
import re
import socket
import threading
import urllib.request

import isle
import testcase

HOST = "10.0.2.2"  # this host, as the user-mode network shows it
HOST6 = "fec0::2"
CARDS = [
    ("virtio", "microvm"),
    ("virtio", "pc"),
    ("virtio", "q35"),
    ("e1000", "pc"),
    ("rtl8139", "pc"),
]
if isle.UHYVE:
    CARDS = [("virtio", "microvm")]


def mirror(connection):
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


class Mirror:
    """A TCP server on the loopback address that sends back what it gets."""

    def __init__(self, connections, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.connections = connections
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        for _ in range(self.connections):
            connection, _ = self.listener.accept()
            connection.settimeout(60)
            mirror(connection)

    def stop(self):
        self.listener.close()
        self.thread.join()


class NetworkTest(testcase.IsleTest):
    def client(self, size, options=()):
        server = Mirror(1)
        self.addCleanup(server.stop)
        result = self.isle.run("netpeer", ["send", HOST, str(server.port), str(size)], options)
        self.assertEqual(result.out, b"received %d, wrong 0\n" % size, f"\n{result}")
        self.assertStatus(result, 0)

    def test_every_card(self):
        for card, machine in CARDS:
            with self.subTest(card=card, machine=machine):
                self.client(1 << 20, [f"--nic={card}", f"--machine={machine}"])

    def test_ipv6(self):
        """The router's advertisement gives the address."""
        server = Mirror(1, "::1")
        self.addCleanup(server.stop)
        result = self.isle.run("netpeer", ["send", HOST6, str(server.port), "300000"])
        self.assertEqual(result.out, b"received 300000, wrong 0\n", f"\n{result}")

    def serve(self, mode, count, kind=""):
        """Starts netpeer as a server whose port is published; the process and the port."""
        port = testcase.free_port(socket.SOCK_DGRAM if kind else socket.SOCK_STREAM)
        options = [f"--publish={port}:7777{kind}"]
        process = self.start("netpeer", [mode, "7777", str(count)], options)
        self.assertEqual(process.stdout.readline(), b"listening\n")
        return process, port

    def test_published_port(self):
        """Connections from outside, all at once: each gets back what it has sent."""
        process, port = self.serve("echo", 20)
        text = bytes(range(256)) * 400
        clients = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(20)]
        for number, client in enumerate(clients):
            threading.Thread(target=client.sendall, args=(text[number:],)).start()
        for number, client in enumerate(clients):
            got = b""
            while len(got) < len(text) - number:
                part = client.recv(1 << 16)
                self.assertTrue(part)
                got += part
            self.assertEqual(hashlib.sha1(got).digest(), hashlib.sha1(text[number:]).digest())
            client.close()
        self.assertEqual(process.communicate(timeout=60)[0], b"served 20\n")

    def test_published_datagrams(self):
        process, port = self.serve("udp", 3, "/udp")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(60)
            for size in (1, 1400, 9000):  # the last one in fragments
                client.sendto(b"d" * size, ("127.0.0.1", port))
                self.assertEqual(len(client.recv(65536)), size)
        self.assertEqual(process.communicate(timeout=60)[0], b"served 3\n")

    def test_http_server(self):
        """Go's net/http: method, URL, headers, form."""
        port = testcase.free_port()
        process = self.start("server", ["2"], [f"--publish={port}:8000"])
        self.assertEqual(process.stdout.readline(), b"listening\n")
        url = f"http://127.0.0.1:{port}/path?b=2&a=1&a=x"
        got = urllib.request.urlopen(urllib.request.Request(url, headers={"X-Test": "yes"}), timeout=60).read()
        for line in (b"method GET", b"url /path?b=2&a=1&a=x", b'header X-Test ["yes"]', b'form a ["1" "x"]', b'form b ["2"]'):
            self.assertIn(line + b"\n", got)
        got = urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=b"name=value", timeout=60).read()
        self.assertIn(b"method POST\n", got)
        self.assertIn(b'form name ["value"]\n', got)
        self.assertEqual(process.communicate(timeout=60)[0], b"served 2\n")

    def connect(self, address, port, options=()):
        result = self.isle.run("netpeer", ["connect", address, str(port)], options)
        self.assertStatus(result, 0)
        return result.out.decode().split(" = ", 1)[1].strip()

    def test_refused(self):
        self.assertEqual(self.connect(HOST, testcase.free_port()), "-1 ECONNREFUSED")

    def test_names(self):
        """Names without a file of the host; the kernel tells the network's name server."""
        for option in ([], ["--nic=none"]):
            result = self.isle.run("netpeer", ["name", "localhost"], ["--isolated", *option])
            self.assertEqual(result.out, b"localhost: 127.0.0.1\n", f"\n{result}")
        result = self.isle.run("cat", ["/etc/resolv.conf"], ["--isolated"])
        self.assertEqual(result.out, b"nameserver 10.0.2.3\n", f"\n{result}")

    def test_idle(self):
        """A connection at rest costs no timer interrupts, but the one a second of the network's own timers."""
        counts = []
        for seconds in (2, 8):
            server = Mirror(1)
            self.addCleanup(server.stop)
            words = ["idle", HOST, str(server.port), str(seconds)]
            result = self.isle.run("netpeer", words, ["--mem=256M", "--verbose"])
            self.assertStatus(result, 0)
            lines = re.findall(rb"CPU \d+: interrupts \d+, of the timer (\d+)", result.err)
            self.assertTrue(lines, f"\n{result}")
            counts.append(sum(int(count) for count in lines))
        self.assertLess(counts[1] - counts[0], 6 * 5)

    def test_no_card(self):
        self.assertEqual(self.connect(HOST, 80, ["--nic=none"]), "-1 ENETUNREACH")
        self.assertEqual(self.connect("::2", 80, ["--nic=none"]), "-1 ENETUNREACH")


if __name__ == "__main__":
    testcase.main()
