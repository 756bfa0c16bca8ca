# SPDX-License-Identifier: BSD-3-Clause
"""
The network: a guest with one processor and a virtio card, its peer on this host.

Everything runs in a network namespace that is made for it. On the tap device the guest has an address of
its own; with the user-mode network QEMU forwards a port of this host's loopback interface.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import time

import linux_guest
import namespace
import qemu
from context import attempt
from figures import Figure, Goal, Group, median, parse_fields

MAC = "52:54:00:00:05:02"
HOST, GUEST, MASK = "10.0.5.1", "10.0.5.2", "255.255.255.0"
USER_GUEST, USER_HOST = "10.0.2.15", "10.0.2.2"
PORT = 8000
BLOCK = 32768
LATENCY_BYTES = 64
FIRST_REPLY_SECONDS = 60
RETRY_SECONDS = 0.002
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

TAP_ENVIRONMENT = {
    "HERMIT_NETIF": namespace.TAP,
    "HERMIT_IP": GUEST,
    "HERMIT_GATEWAY": HOST,
    "HERMIT_MASK": MASK,
    "HERMIT_NETIF_MAC": MAC,
}
TAP_NETWORK = linux_guest.Network(
    f"tap,ifname={namespace.TAP},script=no,downscript=no", MAC, GUEST, MASK, HOST
)
USER_ENVIRONMENT = {"HERMIT_APP_PORT": str(PORT)}
USER_NETWORK = linux_guest.Network(
    f"user,hostfwd=tcp:127.0.0.1:{PORT}-:{PORT}", MAC, USER_GUEST, MASK, USER_HOST
)


class Side:
    """A guest on the tap device or the user-mode network, whichever of the two systems it is."""

    def __init__(self, name, guest, tap_options, user_options):
        self.name = name
        self.guest = guest
        self.tap = tap_options
        self.user = user_options


def _sides(context, figures):
    sides = [
        Side("hermit", context.hermit, {"environment": TAP_ENVIRONMENT}, {"environment": USER_ENVIRONMENT})
    ]
    linux = attempt(figures, lambda: context.linux)
    if linux:
        sides.append(Side("linux", linux, {"network": TAP_NETWORK}, {"network": USER_NETWORK}))
    return sides


def _note(figure, side, value):
    if value is not None:
        figure.raw.setdefault(side.name, []).append(value)


def _finish(figures):
    for figure in figures.values():
        for side in ("hermit", "linux"):
            values = figure.raw.get(side)
            if values:
                setattr(figure, side, median(values))
    return figures


def _in_namespace(measure):
    """A group's measure function: `measure(context, figures)` in a namespace, figures brought back."""

    def run(context, figures):
        context.tsc_khz()  # once for all namespaces
        for key, figure in namespace.call(measure, context, figures).items():
            figures[key].__dict__.update(figure.__dict__)

    return run


def _measure_rounds(context, figures, one_side):
    """`one_side(context, figures, side)` for each side in every round; the medians count."""
    sides = _sides(context, list(figures.values()))
    for _ in range(context.effort.net_rounds):
        for side in sides:
            one_side(context, figures, side)
    return _finish(figures)


def _fields(result):
    return [parse_fields(line) for line in result.stdout.splitlines() if "=" in line]


def _throughput(context, figures, side):
    milliseconds = str(context.effort.net_ms)
    arguments = ["-t", milliseconds, "-b", str(BLOCK), HOST]
    pair = [figures["net_send"], figures["net_receive"]]
    with qemu.background([context.linux_program("netio"), "-s"]):
        result = attempt(pair, side.guest.run_checked, "netio", arguments, timeout=120, **side.tap)
    for fields in _fields(result) if result else []:
        _note(figures[f"net_{fields['direction']}"], side, float(fields["MB/s"]))


def _latency(context, figures, side):
    pair = [figures["net_latency"], figures["net_latency_p99"]]
    arguments = ["-n", str(context.effort.net_round_trips), "-b", str(LATENCY_BYTES), "tcp", HOST]
    with qemu.background([context.linux_program("netlat"), "-s"]):
        result = attempt(pair, side.guest.run_checked, "netlat", arguments, timeout=120, **side.tap)
    for fields in _fields(result) if result else []:
        _note(pair[0], side, float(fields["median"]))
        _note(pair[1], side, float(fields["p99"]))


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
    _note(figure, side, None if value is None else value * 1e3)


def _tap_side(context, figures, side):
    # Else the first answer from a guest waits for this host to ask for its address again, after 1 s.
    command = ["ip", "neigh", "replace", GUEST, "lladdr", MAC, "dev", namespace.TAP, "nud", "permanent"]
    qemu.run(command, timeout=20)
    _throughput(context, figures, side)
    _latency(context, figures, side)
    _first_request(context, figures, side)


def measure_net(context, figures):
    return _measure_rounds(context, figures, _tap_side)


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


def _wait_for_port(address, port):
    deadline = time.perf_counter() + FIRST_REPLY_SECONDS
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        time.sleep(RETRY_SECONDS)
    raise qemu.BenchError(f"{address}:{port} does not answer")


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
            _wait_for_port(GUEST, PORT)
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

    _note(figure, side, attempt([figure], count))


def measure_net_instructions(context, figures):
    for side in _sides(context, list(figures.values())):
        _instructions(context, figures, side)
    return _finish(figures)


def _wrk(address, connections, seconds):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://{address}:{PORT}/"]
    result = qemu.run(command, timeout=seconds + 60)
    return _wrk_rate(result.stdout + result.stderr)


def _wrk_rate(text):
    """Requests in a second, from what wrk prints. Errors of sockets and replies are errors here."""
    found = re.search(r"Requests/sec:\s+([0-9.]+)", text)
    if not found or "Socket errors" in text or "Non-2xx" in text:
        raise qemu.BenchError("wrk: " + text.strip().replace("\n", " / "))
    return float(found.group(1))


def _http_side(context, figures, side):
    figure = figures["http_small"]

    def rate():
        with side.guest.background("httpd", ["-p", str(PORT)], **side.user):
            _ask("127.0.0.1", PORT, time.perf_counter() + FIRST_REPLY_SECONDS)
            return _wrk("127.0.0.1", 16, context.effort.http_seconds)

    _note(figure, side, attempt([figure], rate))


def measure_http(context, figures):
    return _measure_rounds(context, figures, _http_side)


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
        _in_namespace(measure_net),
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
        _in_namespace(measure_net_instructions),
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
        _in_namespace(measure_http),
    ),
]
