# SPDX-License-Identifier: BSD-3-Clause
"""Real servers and their own clients, over a tap device: redis-benchmark, wrk, iperf3."""

import json
import os

import programs
import qemu
from context import attempt
from figures import Figure, Goal, Group
from load import REDIS_COMMANDS, REDIS_CONNECTIONS, redis, wrk
from net_sides import GUEST, HOST, PORT, in_namespace, measure_rounds, note, wait_for_port

REDIS_PORT = 6379
REDIS_SERVER = ["--port", str(REDIS_PORT), "--save", "", "--appendonly", "no", "--protected-mode", "no"]
PIPELINES = (1, 16)
PAGE, PAGE_BYTES = "10k", 10240
KEPT_ALIVE = 100
LIGHTTPD_CONFIGURATION = f"""
server.document-root = var.CWD + "/www"
server.port = {PORT}
server.compat-module-load = "disable"
server.modules = ("mod_staticfile")
server.max-fds = 1024
server.max-keep-alive-requests = 1000000000
"""
IPERF_OMIT = "1"  # seconds of slow start that do not count


def _redis_side(image):
    def measure(context, figures, side):
        def rates():
            with side.guest.background(image, REDIS_SERVER, **side.tap):
                wait_for_port(GUEST, REDIS_PORT)
                for pipeline in PIPELINES:
                    requests = context.effort.redis_requests * (1 if pipeline == 1 else 4)
                    for command, rate in redis(GUEST, REDIS_PORT, requests, pipeline).items():
                        note(figures[f"redis_{command.lower()}_{pipeline}"], side, rate)

        attempt(list(figures.values()), rates)

    return measure


def _lighttpd_side(image):
    def measure(context, figures, side):
        figure = figures["http_file"]
        folder = os.path.join(context.work, "lighttpd")
        os.makedirs(os.path.join(folder, "www"), exist_ok=True)
        for name, data in (("lighttpd.conf", LIGHTTPD_CONFIGURATION), (f"www/{PAGE}", "x" * PAGE_BYTES)):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(data)
        files = {f"/{name}": os.path.join(folder, name) for name in ("lighttpd.conf", f"www/{PAGE}")}
        place = {"share": folder} if side.name == "hermit" else {"files": files}

        def rate():
            arguments = ["-D", "-f", "lighttpd.conf"]
            with side.guest.background(image, arguments, **place, **side.tap):
                wait_for_port(GUEST, PORT)
                return wrk(GUEST, PORT, PAGE, KEPT_ALIVE, context.effort.http_seconds)

        note(figure, side, attempt([figure], rate))

    return measure


def _iperf_rate(text):
    """MB/s that arrived, from iperf3's report."""
    try:
        report = json.loads(text)
        return report["end"]["sum_received"]["bits_per_second"] / 8e6
    except (KeyError, ValueError) as error:
        raise qemu.BenchError(f"iperf3 made no report: {text.strip()[:200]}") from error


def _iperf_side(image):
    def measure(context, figures, side):
        def rate(reverse):
            arguments = ["-J", "-c", HOST, "-t", str(context.effort.iperf_seconds), "-O", IPERF_OMIT]
            with qemu.background(["iperf3", "-s"]):
                result = side.guest.run_checked(image, arguments + reverse, timeout=60, **side.tap)
            return _iperf_rate(result.stdout)

        for key, reverse in (("iperf3_send", []), ("iperf3_receive", ["-R"])):
            note(figures[key], side, attempt([figures[key]], rate, reverse))

    return measure


def _with_program(name, one_side):
    """A measurement in a namespace, in which nothing can be fetched: the program is built before."""

    def measure(context, figures):
        image = programs.built(context, name)
        in_namespace(lambda c, f: measure_rounds(c, f, one_side(image)))(context, figures)

    return measure


def _redis_figures():
    for pipeline in PIPELINES:
        for command in REDIS_COMMANDS:
            yield Figure(
                f"redis_{command.lower()}_{pipeline}",
                f"redis {command}, {REDIS_CONNECTIONS} connections, pipeline {pipeline}, tap",
                "requests/s",
                Goal(1.5, "linux", at_least=True),
            )


GROUPS = [
    Group("redis", list(_redis_figures()), _with_program("redis", _redis_side)),
    Group(
        "web",
        [
            Figure(
                "http_file",
                "lighttpd, 10 KiB file, 100 connections, tap",
                "requests/s",
                Goal(1.8, "linux", at_least=True),
            )
        ],
        _with_program("lighttpd", _lighttpd_side),
    ),
    Group(
        "iperf3",
        [
            Figure(key, f"iperf3 TCP, one stream, {way}, tap", "MB/s", Goal(1.3, "linux", at_least=True))
            for key, way in (("iperf3_send", "guest to host"), ("iperf3_receive", "host to guest"))
        ],
        _with_program("iperf3", _iperf_side),
    ),
]
