#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""In QEMU's place: speaks the host channel like a guest, or misbehaves, as FAKE_QEMU says.

The proxy's end of the channel is descriptor 3, the serial port is descriptor 4 (qemu_command.h).
"""

import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import sys
import time

HELLO, EXIT, CANCEL, OPEN, CLOSE, READ, WRITE = range(1, 8)
FSTAT, IOCTL, REPORT, STRINGS = 11, 34, 36, 38
MAGIC, TAG_EVENT = 0x4D524548, 0xFFFFFFFF


class Guest:
    def __init__(self):
        self.token = b""
        if os.environ["FAKE_QEMU"].startswith("tcp_"):
            port, token = (re.search(word, " ".join(sys.argv)) for word in (r",port=(\d+)", r"hermit\.token=(\w+)"))
            self.channel = socket.create_connection(("127.0.0.1", int(port[1])))
            self.token = token[1].encode()
        else:
            self.channel = socket.socket(fileno=3)
        self.control = socket.socket(fileno=5)  # QMP
        self.tag = 0

    def send(self, op, handle=0, args=(), payload=b"", flags=0):
        words = [word & (1 << 64) - 1 for word in [*args, 0, 0, 0, 0][:4]]
        self.tag += 1
        head = struct.pack("<IHHII4Q", 48 + len(payload), op, flags, self.tag, handle, *words)
        self.channel.sendall(head + payload)
        return self.tag

    def bytes(self, size):
        data = b""
        while len(data) < size:
            part = self.channel.recv(size - len(data))
            if not part:
                sys.exit(3)
            data += part
        return data

    def reply(self):
        length, _, _, tag, _, result, val0, _ = struct.unpack("<IHHIIqQQ", self.bytes(40))
        return tag, result, val0, self.bytes(length - 40)

    def call(self, op, handle=0, args=(), payload=b""):
        self.send(op, handle, args, payload)
        return self.reply()

    def hello(self):
        self.control.close()  # no answer: all data goes through the channel
        return self.call(HELLO, args=(MAGIC, 1, 1, 0), payload=self.token)

    def exit(self, status=0, signo=0, why=0):
        self.send(EXIT, args=(status, signo, why))
        time.sleep(60)  # the proxy ends us


def dies_at_once(guest):
    print("qemu-system-x86_64: something is wrong\nand more of it", file=sys.stderr)
    sys.exit(1)


def is_killed(guest):
    os.kill(os.getpid(), signal.SIGKILL)


def resets(guest):
    os.write(4, b"early panic\n")
    sys.exit(0)


def resets_later(guest):
    guest.hello()
    sys.exit(0)


def closes_channel(guest):
    guest.channel.close()
    os.close(3) if guest.channel.fileno() == 3 else None
    time.sleep(60)


def exits(guest):
    guest.hello()
    guest.exit(int(os.environ["FAKE_ARGUMENT"]))


def crashes(guest):
    guest.hello()
    guest.call(REPORT, payload=b"crash report\n")
    guest.exit(0, 11, 1)


def panics(guest):
    guest.hello()
    os.write(4, b"panic: what happened\n")
    guest.exit(0, 0, 2)


def listens_no_more(guest):
    guest.hello()
    guest.channel.shutdown(socket.SHUT_RD)
    guest.send(WRITE, 1, payload=b"last ")
    time.sleep(0.2)
    guest.send(WRITE, 1, payload=b"words\n")
    guest.send(EXIT, args=(7, 0, 0))
    sys.exit(0)


def writes(guest):
    guest.hello()
    guest.call(WRITE, 1, payload=b"to stdout\n")
    guest.call(WRITE, 2, payload=b"to stderr\n")
    guest.exit(0)


def sends_garbage(guest):
    guest.channel.sendall(b"\xff" * 4096)
    time.sleep(60)


def sends_garbage_later(guest):
    guest.hello()
    guest.channel.sendall(b"\x00" * 64)
    time.sleep(60)


def sends_too_long(guest):
    guest.hello()
    guest.channel.sendall(struct.pack("<I", (1 << 20) + 1))
    time.sleep(60)


def wrong_version(guest):
    guest.send(HELLO, args=(MAGIC, 2, 0, 0))
    time.sleep(60)


def no_hello(guest):
    guest.send(WRITE, 1, payload=b"out of turn\n")
    time.sleep(60)


def half_a_frame(guest):
    guest.hello()
    guest.channel.sendall(struct.pack("<IHH", 100, WRITE, 0))
    time.sleep(60)


def floods(guest):
    """Many requests, no reply taken: the proxy stops reading, and goes on when replies are taken."""
    guest.hello()
    guest.channel.setblocking(False)
    frame = struct.pack("<IHHII4Q", 48, 0x7777, 0, 9, 0, 0, 0, 0, 0)
    sent = 0
    try:
        while sent < 64 << 20:
            sent += guest.channel.send(frame * 1000)
    except BlockingIOError:
        pass
    assert sent < 64 << 20, "the proxy takes requests without end"
    guest.channel.setblocking(True)
    guest.channel.settimeout(5)
    whole, rest = divmod(sent, 48)
    for _ in range(whole):
        assert guest.reply()[1] == -74
    guest.channel.sendall(frame[rest:] if rest else b"")
    if rest:
        guest.reply()
    guest.tag = 100
    guest.call(WRITE, 1, payload=b"still served\n")
    guest.exit(0)


def waits_for_signals(guest):
    guest.hello()
    guest.call(WRITE, 1, payload=b"ready\n")
    while True:
        tag, _, value, _ = guest.reply()
        assert tag == TAG_EVENT
        guest.tag = 0
        guest.call(WRITE, 1, payload=b"signal %d\n" % value)
        if value == signal.SIGTERM:
            guest.exit(0, value, 1)


def reads_and_writes(guest):
    """Copies standard input to standard output; a read that waits does not hold up a write."""
    guest.hello()
    pending = guest.send(READ, 0, (1000,))
    tag, result, _, _ = guest.call(WRITE, 1, payload=b"ready\n")
    assert (tag, result) == (guest.tag, 6)
    while True:
        tag, result, _, data = guest.reply()
        assert tag == pending and result >= 0, (tag, result)
        if result == 0:
            guest.exit(0)
        guest.call(WRITE, 1, payload=data)
        pending = guest.send(READ, 0, (1000,))


def tells_pid(guest):
    guest.hello()
    guest.call(WRITE, 1, payload=b"%d\n" % os.getpid())
    time.sleep(60)


def lists_closed(guest):
    _, _, _, data = guest.hello()
    for handle, kind in enumerate(struct.unpack_from("<3I", data, 36)):
        result = guest.call(FSTAT, handle)[1]
        assert (result == 0) == (kind != 0), (handle, kind, result)
        if kind == 0:
            guest.call(WRITE, 1, payload=b"%d %d\n" % (handle, result))
    guest.exit(0)


def shares_memory(guest):
    """Data by reference: the proxy reaches into this process, as into QEMU."""
    memory = ctypes.create_string_buffer(4 << 20)
    address = (ctypes.addressof(memory) + 0x200000) & ~0xFFFFF  # of guest-physical 1 MiB
    skip = address - ctypes.addressof(memory)
    asked = guest.control.recv(4096).decode()
    assert '"qmp_capabilities"' in asked and "gpa2hva 0x100000" in asked, asked
    text = f"Host virtual address for 0x100000 (some.ram) is {address:#x}\\r\\n"
    for part in ('{"QMP": {}}\r\n{"return": {}}\r\n{"ret', 'urn": "' + text + '"}\r\n'):
        guest.control.sendall(part.encode())
    features = struct.unpack_from("<I", guest.call(HELLO, args=(MAGIC, 1, 1, 0))[3], 4)[0]
    assert features == 1, features
    memory[skip : skip + 5] = b"hello"
    memory[skip + 4096 : skip + 4103] = b" world\n"
    segments = struct.pack("<4Q", 0x100000, 5, 0x101000, 7)
    guest.send(WRITE, 1, payload=segments, flags=1)
    assert guest.reply()[1] == 12
    guest.send(READ, 0, payload=segments, flags=1)
    assert guest.reply()[1] == 7
    assert memory[skip : skip + 5] + memory[skip + 4096 : skip + 4098] == b"input\n!"
    guest.send(WRITE, 1, payload=struct.pack("<2Q", 1 << 50, 5), flags=1)
    assert guest.reply()[1] == -14
    guest.exit(0)


def answers_nonsense(guest):
    guest.control.sendall(b'{"return": "Host virtual address for 0x100000 (x) is 0x123456\\r\\n"}\r\n')
    features = struct.unpack_from("<I", guest.call(HELLO, args=(MAGIC, 1, 1, 0))[3], 4)[0]
    guest.exit(features)


def describes_tap(guest):
    """Prints the name of the tap device that it has inherited, and whether it may send a frame."""
    guest.hello()
    name = fcntl.ioctl(6, 0x800454D2, bytes(40))[:16].rstrip(b"\0")  # TUNGETIFF
    guest.call(WRITE, 1, payload=b"%s %d\n" % (name, os.write(6, bytes(10) + bytes(60))))
    guest.exit(0)


def tcp_greets(guest):
    guest.hello()
    guest.call(WRITE, 1, payload=b"by TCP\n")
    guest.exit(0)


def tcp_dies(guest):
    dies_at_once(guest)


def tcp_after_strangers(guest):
    """Others come first: without the token, with a wrong one, with garbage, and one that just leaves."""
    port = guest.channel.getpeername()[1]
    guest.channel.close()
    hellos = [struct.pack("<IHHII4Q", 48 + len(token), HELLO, 0, 1, 0, MAGIC, 1, 0, 0) + token for token in (b"", b"0" * 32)]
    for data in (*hellos, b"\xff" * 100, b""):
        stranger = socket.create_connection(("127.0.0.1", port))
        stranger.sendall(data)
        if data:
            try:
                assert stranger.recv(1) == b""
            except ConnectionResetError:
                pass
        stranger.close()
    guest.channel = socket.create_connection(("127.0.0.1", port))
    tcp_greets(guest)


def is_slow(guest):
    time.sleep(60)


def changes_terminal(guest):
    """Switches echo off and leaves it so."""
    guest.hello()
    _, result, _, modes = guest.call(IOCTL, 0, (0x5401,))
    assert result == 0 and len(modes) == 36
    local = struct.unpack_from("<I", modes, 12)[0] & ~0o10
    _, result, _, _ = guest.call(IOCTL, 0, (0x5402,), modes[:12] + struct.pack("<I", local) + modes[16:])
    assert result == 0
    guest.call(WRITE, 1, payload=b"changed\n")
    guest.call(READ, 0, (1,))
    guest.exit(0)


def describes_hello(guest):
    """Prints all strings of the greeting, one a line."""
    _, _, _, data = guest.hello()
    size = struct.unpack_from("<I", data, 164)[0]
    block = data[168:]
    while len(block) < size:
        block += guest.call(STRINGS, args=(len(block),))[3]
    for at in range(0, size, 1 << 18):
        guest.call(WRITE, 1, payload=block[at : min(at + (1 << 18), size)].replace(b"\0", b"\n"))
    guest.exit(0)


if __name__ == "__main__":
    globals()[os.environ["FAKE_QEMU"]](Guest())
