# SPDX-License-Identifier: BSD-3-Clause
"""A network that loses, repeats, changes the order of and damages frames: transfers complete, and match.

In a network namespace (this file again, with --inside) the frames between the isle's tap device and the one
that has this host's address go through a relay, which does the damage. The random numbers have a fixed seed.
"""

import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import threading
import unittest

import testcase

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
ETH_P_ALL = 0x0003
HOST = "10.0.5.1"
SIZE = 400_000


def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=20)


class Relay:
    """Moves frames between "tap0", the isle's, and "tap1", which has the host's address."""

    def __init__(self, loss, reorder=0.0, repeat=0.0, damage=0.0):
        self.rates = (loss, reorder, repeat, damage)
        self.random = random.Random(5)
        self.lost = self.moved = 0
        ip("tuntap", "add", "dev", "tap0", "mode", "tap")
        self.tap1 = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tap1, TUNSETIFF, struct.pack("16sH22x", b"tap1", IFF_TAP | IFF_NO_PI))
        ip("addr", "add", HOST + "/24", "dev", "tap1")
        for device in ("lo", "tap0", "tap1"):
            ip("link", "set", device, "up")
        self.tap0 = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.tap0.bind(("tap0", 0))
        threading.Thread(target=self.run, daemon=True).start()

    def damaged(self, frame):
        """The frames that come out of FRAME going in."""
        loss, _, repeat, damage = self.rates
        if self.random.random() < loss:
            self.lost += 1
            return []
        if self.random.random() < damage and len(frame) > 60:
            at = self.random.randrange(14, len(frame))
            frame = frame[:at] + bytes([frame[at] ^ 1 << self.random.randrange(8)]) + frame[at + 1 :]
        return [frame] * (2 if self.random.random() < repeat else 1)

    def forward(self, frame, held, send):
        """Sends what comes out, after it the frame that is HELD; the one that is to be held, or None."""
        for out in self.damaged(frame):
            if held is None and self.random.random() < self.rates[1]:
                held = out
                continue
            self.send(send, out)
            self.moved += 1
        if held is not None and held is not frame:
            self.send(send, held)
            held = None
        return held

    @staticmethod
    def send(function, frame):
        try:
            function(frame)
        except OSError:
            pass  # the isle has gone

    def run(self):
        held = {0: None, 1: None}
        while True:
            ready, _, _ = select.select([self.tap0, self.tap1], [], [])
            if self.tap0 in ready:
                frame, source = self.tap0.recvfrom(1 << 16)
                if source[2] != socket.PACKET_OUTGOING:
                    held[0] = self.forward(frame, held[0], lambda out: os.write(self.tap1, out))
            if self.tap1 in ready:
                held[1] = self.forward(os.read(self.tap1, 1 << 16), held[1], self.tap0.send)


class Loss(unittest.TestCase):
    def inside(self, name):
        testcase.run_in_namespace(self, __file__, name)

    def test_clean(self):
        self.inside("clean")

    def test_loss(self):
        self.inside("loss")

    def test_order(self):
        self.inside("order")

    def test_damage(self):
        self.inside("damage")


class Inside(testcase.IsleTest):
    def transfer(self, size, **rates):
        relay = Relay(**rates)
        server = socket.create_server((HOST, 0))
        threading.Thread(target=self.mirror, args=(server,), daemon=True).start()
        # A card without offloads: the frames on the wire are those of the protocol.
        options = ["--nic=e1000", "--machine=pc", "--netif=tap0", "--mem=128M"]
        arguments = ["send", HOST, str(server.getsockname()[1]), str(size)]
        result = self.isle.run("netpeer", arguments, options, timeout=150)
        self.assertEqual(result.out, b"received %d, wrong 0\n" % size, f"\n{result}")
        return relay

    @staticmethod
    def mirror(server):
        peer, _ = server.accept()
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)

    def clean(self):
        self.transfer(4 * SIZE, loss=0.0)

    def loss(self):
        self.assertGreater(self.transfer(SIZE, loss=0.05).lost, 10)

    def order(self):
        self.transfer(SIZE, loss=0.01, reorder=0.2, repeat=0.05)

    def damage(self):
        self.transfer(SIZE, loss=0.0, damage=0.03)


if __name__ == "__main__":
    testcase.main()
