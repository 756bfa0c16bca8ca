# SPDX-License-Identifier: BSD-3-Clause
"""Tap devices with every card, DHCP, the capture file, the cable: netpeer in an isle and a peer here.

What needs a tap device runs in a network namespace that the test makes (this file again, with --inside).
"""

import contextlib
import fcntl
import json
import os
import random
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import isle
import testcase

SIZE = 300_000
CARDS = (
    ("virtio", "microvm"),
    ("virtio", "pc"),
    ("virtio", "q35"),
    ("e1000", "pc"),
    ("e1000", "q35"),
    ("rtl8139", "pc"),
    ("rtl8139", "q35"),
)
if isle.UHYVE:
    CARDS = (("virtio", "microvm"),)


class Echo:
    """A TCP server on a free port of ADDRESS that sends back what comes."""

    def __init__(self, address="127.0.0.1", family=socket.AF_INET):
        self.server = socket.create_server((address, 0), family=family)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    @staticmethod
    def serve(peer):
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)

    def close(self):
        self.server.close()


def frames(path):
    """The frames in a capture file."""
    data = path.read_bytes()
    assert struct.unpack_from("<I", data)[0] == 0xA1B2C3D4
    at = 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + size]
        at += 16 + size


class BadCable(threading.Thread):
    """Between the guest's tap0 and a tap device "far" of this host: loses frames and changes their order."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.far = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.far, 0x400454CA, struct.pack("16sH22x", b"far", 0x1002))  # TUNSETIFF: IFF_TAP, IFF_NO_PI
        self.near = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        self.near.bind(("tap0", 0))
        self.lost = self.late = 0

    def run(self):
        held = {}
        while True:
            for source in select.select([self.near, self.far], [], [])[0]:
                if source == self.far:
                    frame, send = os.read(self.far, 65536), self.near.send
                else:
                    frame, address = self.near.recvfrom(65536)
                    if address[2] == socket.PACKET_OUTGOING:
                        continue
                    send = self.write_far
                self.forward(frame, send, held)

    def write_far(self, frame):
        os.write(self.far, frame)

    def forward(self, frame, send, held):
        chance = self.random.random()
        if chance < 0.05:
            self.lost += 1
            return
        if chance < 0.10 and send not in held:
            self.late += 1
            held[send] = frame
            return
        send(frame)
        if send in held:
            send(held.pop(send))


class NetworkTest(testcase.IsleTest):
    def peer(self, *args, options=(), **more):
        return self.start("netpeer", [str(arg) for arg in args], ["--mem=256M", *options], **more)

    def finish_peer(self, process, text, seconds=60):
        out, err = process.communicate(timeout=seconds)
        self.assertEqual((process.returncode, out.decode(), err), (0, text, b""))

    def echo(self, address="127.0.0.1"):
        server = Echo(address)
        self.addCleanup(server.close)
        return server

    def check_capture(self, host, server, *options):
        """The frames of a transfer are in the file, as they were sent."""
        options = ["--capture-net", "--netif-mac=52:54:00:aa:bb:cc", *options]
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            process = self.peer("send", host, server.port, 1000, options=options, cwd=folder)
            self.finish_peer(process, "received 1000, wrong 0\n")
            found = list(frames(Path(folder) / "qemu-vlan0.pcap"))
        # TCP over IPv4 to the server, among it the connection's first packet.
        head, port = b"\x08\0", struct.pack(">H", server.port)
        to_server = [frame for frame in found if (frame[12:14], frame[23], frame[36:38]) == (head, 6, port)]
        self.assertTrue(any(frame[47] == 2 for frame in to_server), "no SYN")
        self.assertTrue(all(frame[6:12] == bytes.fromhex("525400aabbcc") for frame in to_server))

    def check_transfer(self, host, port, size=SIZE, options=()):
        self.finish_peer(self.peer("send", host, port, size, options=options), f"received {size}, wrong 0\n")


class OneCable(NetworkTest):
    def connect(self, port):
        end = time.monotonic() + 20
        while True:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            # QEMU accepts before the application listens, and closes when nobody does.
            connection.sendall(b"x")
            try:
                if connection.recv(1) == b"x":
                    return connection
            except ConnectionResetError:
                pass
            connection.close()
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_capture(self):
        self.check_capture("10.0.2.2", self.echo())

    def test_window(self):
        """A peer without window scaling is told that the window is open again, and need not ask."""
        server = self.echo()
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            process = self.peer("send", "10.0.2.2", server.port, 3_000_000, options=["--capture-net"], cwd=folder)
            self.finish_peer(process, "received 3000000, wrong 0\n")
            found = list(frames(Path(folder) / "qemu-vlan0.pcap"))
        head, port = b"\x08\0", struct.pack(">H", server.port)
        from_server = [frame for frame in found if (frame[12:14], frame[23], frame[34:36]) == (head, 6, port)]
        lengths = [struct.unpack_from(">H", frame, 16)[0] - 20 - (frame[46] >> 4) * 4 for frame in from_server]
        self.assertNotIn(1, lengths, "a probe of the closed window")

    def test_link(self):
        """The application's traffic stops while the cable is out, and goes on afterwards."""
        for card, machine in (("virtio", "microvm"), ("virtio", "q35"), ("e1000", "q35"), ("rtl8139", "q35")):
            with self.subTest(card=card, machine=machine):
                self.check_link(card, machine)

    def check_link(self, card, machine):
        port, channel = testcase.free_port(), testcase.free_port_pair()
        monitor = channel + 1
        options = [f"--nic={card}", f"--machine={machine}", f"--publish={port}:7000", "--monitor"]
        options.append(f"--port={channel}")
        process = self.peer("echo", 7000, 1, options=options)
        line = process.stdout.readline()
        self.assertEqual(line, b"listening\n", "" if line else process.stderr.read())
        with self.connect(port) as connection, socket.create_connection(("127.0.0.1", monitor)) as telnet:
            telnet.settimeout(10)
            for state in (b"off", b"on"):
                telnet.sendall(b"set_link net " + state + b"\n")
                if state == b"off":
                    time.sleep(0.3)
                    connection.sendall(b"y")
                    connection.settimeout(0.5)
                    with self.assertRaises(TimeoutError):
                        connection.recv(1)
            connection.settimeout(20)
            self.assertEqual(connection.recv(1), b"y")
        self.finish_peer(process, "served 1\n")


class TapNetwork(unittest.TestCase):
    """Starts the tests of Inside, each in a network namespace of its own."""

    def inside(self, name):
        testcase.run_in_namespace(self, __file__, name)

    def test_transfer(self):
        self.inside("transfer")

    def test_dhcp(self):
        self.inside("dhcp")

    def test_leave(self):
        self.inside("leave")

    def test_lease(self):
        self.inside("lease")

    def test_loss(self):
        self.inside("loss")

    def test_ipv6(self):
        self.inside("ipv6")

    def test_link_local(self):
        self.inside("link_local")

    def test_router(self):
        self.inside("router")

    def test_segmentation(self):
        self.inside("segmentation")

    def test_capture(self):
        self.inside("capture")

    def test_addresses(self):
        self.inside("addresses")


class Inside(NetworkTest):
    def setUp(self):
        super().setUp()
        self.call("ip", "link", "set", "lo", "up")

    def call(self, *command):
        subprocess.run([str(word) for word in command], check=True, timeout=20)

    def tap(self, address=testcase.TAP_HOST + "/24"):
        testcase.make_tap(address)

    @contextlib.contextmanager
    def dnsmasq(self, *options):
        """Serves tap0; the folder with its leases."""
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            server = subprocess.Popen(
                ["dnsmasq", "--no-daemon", "--no-ping", "--conf-file=/dev/null", "--user=root", "--port=0"]
                + ["--interface=tap0", "--bind-interfaces", f"--dhcp-leasefile={folder}/leases", *options],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                yield folder
            finally:
                server.kill()
                server.wait()

    def transfer(self):
        """With the offloads of a real network, in both directions at once."""
        self.tap()
        server = self.echo(testcase.TAP_HOST)
        for card, machine in CARDS:
            with self.subTest(card=card, machine=machine):
                options = ["--netif=tap0", f"--nic={card}", f"--machine={machine}"]
                size = 10 * SIZE if card == "virtio" else SIZE
                self.check_transfer(testcase.TAP_HOST, server.port, size, options)

    def segmentation(self):
        """The card cuts what TCP sends: the host gets frames that are larger than the cable's."""
        self.tap()
        server = self.echo(testcase.TAP_HOST)
        self.check_transfer(testcase.TAP_HOST, server.port, 10 * SIZE, ["--netif=tap0"])
        links = subprocess.run(["ip", "-j", "-s", "link", "show", "dev", "tap0"], capture_output=True, timeout=20)
        received = json.loads(links.stdout)[0]["stats64"]["rx"]
        self.assertGreater(received["bytes"] / received["packets"], 2000)

    def loss(self):
        """One frame in twenty is lost, and one in twenty comes behind its successor, in each direction."""
        self.tap("192.0.2.1/32")
        Path("/proc/sys/net/ipv4/conf/tap0/arp_ignore").write_text("8")
        cable = BadCable(4)
        self.call("ip", "address", "add", testcase.TAP_HOST + "/24", "dev", "far")
        self.call("ip", "link", "set", "far", "up")
        cable.start()
        server = self.echo(testcase.TAP_HOST)
        # Captured, because without offloads: no large frames, and all checksums there.
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            options = ["--netif=tap0", "--capture-net"]
            process = self.peer("send", testcase.TAP_HOST, server.port, SIZE, options=options, cwd=folder)
            self.finish_peer(process, f"received {SIZE}, wrong 0\n", 120)
        self.assertGreater(min(cable.lost, cable.late), 5)

    def ipv6(self):
        """By addresses of the link; the application is the server."""
        self.tap()
        process = self.peer("echo", 7000, 1, options=["--netif=tap0", "--netif-mac=52:54:00:aa:bb:cc"])
        self.assertEqual(process.stdout.readline(), b"listening\n")
        end = time.monotonic() + 20
        while True:
            try:  # the addresses of both sides take a second to be ready
                connection = socket.create_connection(("fe80::5054:ff:feaa:bbcc%tap0", 7000), timeout=20)
                break
            except OSError:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
        data = os.urandom(SIZE)
        with connection:
            sender = threading.Thread(target=connection.sendall, args=(data,))
            sender.start()
            got = b""
            while len(got) < len(data) and (part := connection.recv(65536)):
                got += part
            sender.join()
        self.assertEqual(got, data)
        self.finish_peer(process, "served 1\n")

    def link_local(self):
        """The application is the client, and the server's address has a scope."""
        self.tap()
        self.call("ip", "address", "add", "fe80::7/64", "dev", "tap0", "nodad")
        server = Echo("::", socket.AF_INET6)
        self.addCleanup(server.close)
        self.check_transfer("fe80::7%eth0", server.port, options=["--netif=tap0"])

    def router(self):
        """A router advertises a prefix and itself; IPv4's address is fixed."""
        self.tap()
        self.call("ip", "address", "add", "fd00:77::1/64", "dev", "tap0", "nodad")
        server = Echo("fd00:77::1", socket.AF_INET6)
        self.addCleanup(server.close)
        with self.dnsmasq("--enable-ra", "--dhcp-range=fd00:77::,ra-only,64"):
            self.check_transfer("fd00:77::1", server.port, options=["--netif=tap0"])
            options = ["--netif=tap0", "--netif-mac=52:54:00:aa:bb:cc"]
            text = self.isle.run("interfaces", ["list", "fd00:77::1"], options).out.decode()
        self.assertIn(f"eth0 address {testcase.TAP_ISLE} mask 255.255.255.0\n", text)
        self.assertIn("eth0 address fd00:77::5054:ff:feaa:bbcc mask ffff:ffff:ffff:ffff::\n", text)
        self.assertIn("route to 10.0.5.0/24 dev eth0\n", text)
        self.assertIn(f"route via {testcase.TAP_HOST} dev eth0\n", text)
        self.assertIn("route to fd00:77::/64 dev eth0\n", text)
        self.assertRegex(text, "route via fe80::.* dev eth0\n")

    def capture(self):
        self.tap()
        self.check_capture(testcase.TAP_HOST, self.echo(testcase.TAP_HOST), "--netif=tap0")

    def dhcp(self):
        self.tap("192.168.77.1/24")
        server = self.echo("192.168.77.1")
        with self.dnsmasq("--dhcp-range=192.168.77.40,192.168.77.40") as folder:
            options = ["--netif=tap0", "--ip=dhcp", "--netif-mac=52:54:00:aa:bb:cc"]
            self.check_transfer("192.168.77.1", server.port, options=options)
            lease = Path(folder, "leases").read_text().split()
        self.assertEqual(lease[1:3], ["52:54:00:aa:bb:cc", "192.168.77.40"])

    def leave(self):
        """The end of the process ends its connections: what was sent arrives, what was not read resets."""
        self.tap()
        with socket.create_server((testcase.TAP_HOST, 0)) as listener:
            listener.settimeout(20)
            port = listener.getsockname()[1]
            sent = self.peer("leave", testcase.TAP_HOST, port, 3000000, options=["--netif=tap0"])
            connection = listener.accept()[0]
            with connection:
                connection.settimeout(20)
                time.sleep(1)  # most of it waits in both machines
                size = sum(len(part) for part in iter(lambda: connection.recv(1 << 16), b""))
            self.finish_peer(sent, "")
            self.assertEqual(size, 3000000)
            unread = self.peer("leave", testcase.TAP_HOST, port, 0, options=["--netif=tap0"])
            with listener.accept()[0] as connection:
                connection.settimeout(20)
                connection.sendall(b"more than it reads")
                self.assertRaises(ConnectionResetError, connection.recv, 1)
            self.finish_peer(unread, "")

    def lease(self):
        """Is renewed at its half, a minute, by an application that is silent."""
        self.tap("192.168.77.1/24")
        with self.dnsmasq("--dhcp-range=192.168.77.40,192.168.77.40,2m") as folder:
            process = self.peer("echo", 7000, 1, options=["--netif=tap0", "--ip=dhcp"])
            self.assertEqual(process.stdout.readline(), b"listening\n")
            leases = Path(folder, "leases")
            self.wait_for("lease", lambda: len(leases.read_text().split()) > 2)  # listening waits for none
            given = leases.read_text().split()
            end = time.monotonic() + 100
            while leases.read_text().split() == given and time.monotonic() < end:
                time.sleep(0.5)
            renewed = leases.read_text().split()
            with socket.create_connection(("192.168.77.40", 7000), timeout=20) as connection:
                connection.sendall(b"z")
                self.assertEqual(connection.recv(1), b"z")
        self.finish_peer(process, "served 1\n")
        self.assertEqual(renewed[1:3], given[1:3])
        self.assertGreater(int(renewed[0]), int(given[0]))

    def addresses(self):
        """The application is where HERMIT_IP says."""
        self.tap("172.16.3.1/29")
        options = ["--netif=tap0", "--ip=172.16.3.4", "--gateway=172.16.3.1", "--mask=255.255.255.248"]
        process = self.peer("echo", 7000, 1, options=options)
        self.assertEqual(process.stdout.readline(), b"listening\n")
        with socket.create_connection(("172.16.3.4", 7000), timeout=20) as connection:
            connection.sendall(b"z")
            self.assertEqual(connection.recv(1), b"z")
        self.finish_peer(process, "served 1\n")


if __name__ == "__main__":
    testcase.main()
