# SPDX-License-Identifier: BSD-3-Clause
"""The network: a guest with one processor and a virtio card, its peer on this host."""

import contextlib
import json
import os
import shlex
import shutil
import socket
import time

import namespace
import qemu
from context import attempt
from figures import Figure, Goal, Group, parse_fields
from load import wrk
from net_sides import (
    FIRST_REPLY_SECONDS,
    GUEST,
    HOST,
    MAC,
    PORT,
    RETRY_SECONDS,
    finish,
    in_namespace,
    measure_rounds,
    note,
    sides,
    wait_for_port,
)

BLOCK = 32768
LATENCY_BYTES = 64
ANSWER_SECONDS = 1.0
CONNECT_SECONDS = 0.02
# The difference of two runs counts: connections and the start of programs are in both.
ROUND_TRIPS = (200, 1200)
WARM_UP_PART = 10  # netlat's own

# Stands between the proxy and QEMU: opens a monitor, and lets time pass while the guest waits.
MONITOR_SCRIPT = """#!/bin/bash
arguments=()
for argument; do
	arguments+=("${{argument/,sleep=off/,sleep=on}}")
done
exec {qemu} "${{arguments[@]}}" -qmp unix:{path},server=on,wait=off
"""


def _fields(result):
    return [parse_fields(line) for line in result.stdout.splitlines() if "=" in line]


def _throughput(context, figures, side):
    milliseconds = str(context.effort.net_ms)
    arguments = ["-t", milliseconds, "-b", str(BLOCK), HOST]
    pair = [figures["net_send"], figures["net_receive"]]
    with qemu.background([context.linux_program("netio"), "-s"]):
        result = attempt(pair, side.guest.run_checked, "netio", arguments, timeout=120, **side.tap)
    for fields in _fields(result) if result else []:
        note(figures[f"net_{fields['direction']}"], side, float(fields["MB/s"]))


def _latency(context, figures, side):
    pair = [figures["net_latency"], figures["net_latency_p99"]]
    arguments = ["-n", str(context.effort.net_round_trips), "-b", str(LATENCY_BYTES), "tcp", HOST]
    with qemu.background([context.linux_program("netlat"), "-s"]):
        result = attempt(pair, side.guest.run_checked, "netlat", arguments, timeout=120, **side.tap)
    for fields in _fields(result) if result else []:
        note(pair[0], side, float(fields["median"]))
        note(pair[1], side, float(fields["p99"]))


def _ask(address, port, deadline):
    """Asks for a page until it comes, over one connection after the other."""
    request = b"GET / HTTP/1.1\r\nHost: guest\r\n\r\n"
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError):
            with socket.create_connection((address, port), timeout=CONNECT_SECONDS) as peer:
                peer.settimeout(ANSWER_SECONDS)
                peer.sendall(request)
                if peer.recv(4096).startswith(b"HTTP/1.1 200"):
                    return
        time.sleep(RETRY_SECONDS)
    raise qemu.BenchError(f"no reply from {address}:{port}")


def _first_request(_context, figures, side):
    figure = figures["net_first_request"]

    def seconds():
        begin = time.perf_counter()
        with side.guest.background("httpd", ["-p", str(PORT)], **side.tap):
            _ask(GUEST, PORT, begin + FIRST_REPLY_SECONDS)
            return time.perf_counter() - begin

    value = attempt([figure], seconds)
    note(figure, side, None if value is None else value * 1e3)


def _tap_side(context, figures, side):
    # Else the first answer from a guest waits for this host to ask for its address again, after 1 s.
    command = ["ip", "neigh", "replace", GUEST, "lladdr", MAC, "dev", namespace.TAP, "nud", "permanent"]
    qemu.run(command, timeout=20)
    _throughput(context, figures, side)
    _latency(context, figures, side)
    _first_request(context, figures, side)


def measure_net(context, figures):
    return measure_rounds(context, figures, _tap_side)


class Monitor:
    """QEMU's monitor protocol (QMP) at a socket of the file system."""

    def __init__(self, path):
        deadline = time.perf_counter() + FIRST_REPLY_SECONDS
        self._socket = socket.socket(socket.AF_UNIX)
        while self._socket.connect_ex(path) != 0:
            if time.perf_counter() > deadline:
                raise qemu.BenchError("QEMU opens no monitor")
            time.sleep(RETRY_SECONDS)
        self._file = self._socket.makefile("rw", encoding="utf-8")
        self._file.readline()
        self._call("qmp_capabilities")

    def _call(self, command):
        self._file.write(json.dumps({"execute": command}) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise qemu.BenchError(f"{command}: {answer['error']['desc']}")

    def instructions(self):
        """How many the guest has executed, with -icount; time that it waits is not in it."""
        return self._call("query-replay")["icount"]


def _monitored(context, side, path):
    """Options of a guest whose monitor is at `path`, with -icount and time that passes."""
    qemu_program = shlex.quote(shutil.which(context.machine.binary) or context.machine.binary)
    script = os.path.join(context.work, "qemu-monitored")
    with open(script, "w", encoding="utf-8") as file:
        file.write(MONITOR_SCRIPT.format(qemu=qemu_program, path=shlex.quote(path)))
    os.chmod(script, 0o755)
    options = dict(side.tap, icount=True)
    if side.name == "hermit":
        return dict(options, qemu=script)
    monitor = ["-icount", "shift=0,sleep=on", "-qmp", f"unix:{path},server=on,wait=off"]
    return dict(options, qemu_options=monitor)


def _per_trip(trips, counts):
    """Instructions for a round trip, from those of two runs of netlat."""
    few, many = (n + n // WARM_UP_PART for n in trips)
    return (counts[1] - counts[0]) / (many - few)


def _instructions(context, figures, side):
    figure = figures["net_instructions"]
    path = os.path.join(context.work, "qmp.socket")

    def count():
        if os.path.exists(path):
            os.unlink(path)
        with side.guest.background("netlat", ["-s", "-p", str(PORT)], **_monitored(context, side, path)):
            wait_for_port(GUEST, PORT)
            monitor = Monitor(path)
            counts = []
            for trips in ROUND_TRIPS:
                before = monitor.instructions()
                arguments = ["-p", str(PORT), "-n", str(trips), "-b", str(LATENCY_BYTES), "tcp", GUEST]
                client = qemu.run([context.linux_program("netlat"), *arguments], timeout=120)
                if client.status != 0:
                    raise qemu.BenchError(f"netlat: {client.stderr.strip()}")
                counts.append(monitor.instructions() - before)
        return _per_trip(ROUND_TRIPS, counts)

    note(figure, side, attempt([figure], count))


def measure_net_instructions(context, figures):
    for side in sides(context, list(figures.values())):
        _instructions(context, figures, side)
    return finish(figures)


def _http_side(context, figures, side):
    figure = figures["http_small"]

    def rate():
        with side.guest.background("httpd", ["-p", str(PORT)], **side.user):
            _ask("127.0.0.1", PORT, time.perf_counter() + FIRST_REPLY_SECONDS)
            return wrk("127.0.0.1", PORT, "", 16, context.effort.http_seconds)

    note(figure, side, attempt([figure], rate))


def measure_http(context, figures):
    return measure_rounds(context, figures, _http_side)


def _at_least(limit):
    return Goal(limit, "linux", at_least=True)


GROUPS = [
    Group(
        "net",
        [
            Figure("net_send", "TCP, one stream, guest to host, tap", "MB/s", _at_least(1.3)),
            Figure("net_receive", "TCP, one stream, host to guest, tap", "MB/s", _at_least(1.3)),
            Figure("net_latency", "TCP round trip, 64 B, tap, median", "us", Goal(0.5, "linux")),
            Figure("net_latency_p99", "the same, 99th percentile", "us", Goal(0.5, "linux")),
            Figure("net_first_request", "start to the first reply of httpd, tap", "ms", Goal(0.1, "linux")),
        ],
        in_namespace(measure_net),
    ),
    Group(
        "netinstructions",
        [
            Figure(
                "net_instructions",
                "64 B request and reply as TCP server, tap",
                "instructions",
                Goal(0.5, "linux"),
            )
        ],
        in_namespace(measure_net_instructions),
    ),
    Group(
        "http",
        [
            Figure(
                "http_small",
                "httpd, 5 B, 16 connections, user-mode network",
                "requests/s",
                _at_least(1.8),
            )
        ],
        in_namespace(measure_http),
    ),
]
