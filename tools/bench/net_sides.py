# SPDX-License-Identifier: BSD-3-Clause
"""
What the measurements of the network share: both guests with a card, rounds, a namespace around them.

On the tap device the guest has an address of its own; with the user-mode network QEMU forwards a port of
this host's loopback interface.
"""

import contextlib
import socket
import time

import linux_guest
import namespace
import qemu
from context import attempt
from figures import median

MAC = "52:54:00:00:05:02"
HOST, GUEST, MASK = "10.0.5.1", "10.0.5.2", "255.255.255.0"
USER_GUEST, USER_HOST = "10.0.2.15", "10.0.2.2"
PORT = 8000
FIRST_REPLY_SECONDS = 60
RETRY_SECONDS = 0.002

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


def sides(context, figures):
    both = [
        Side("hermit", context.hermit, {"environment": TAP_ENVIRONMENT}, {"environment": USER_ENVIRONMENT})
    ]
    linux = attempt(figures, lambda: context.linux)
    if linux:
        both.append(Side("linux", linux, {"network": TAP_NETWORK}, {"network": USER_NETWORK}))
    return both


def note(figure, side, value):
    if value is not None:
        figure.raw.setdefault(side.name, []).append(value)


def finish(figures):
    for figure in figures.values():
        for side in ("hermit", "linux"):
            values = figure.raw.get(side)
            if values:
                setattr(figure, side, median(values))
    return figures


def in_namespace(measure):
    """A group's measure function: `measure(context, figures)` in a namespace, figures brought back."""

    def run(context, figures):
        context.tsc_khz()  # once for all namespaces
        for key, figure in namespace.call(measure, context, figures).items():
            figures[key].__dict__.update(figure.__dict__)

    return run


def measure_rounds(context, figures, one_side):
    """`one_side(context, figures, side)` for each side in every round; the medians count."""
    guests = sides(context, list(figures.values()))
    for _ in range(context.effort.net_rounds):
        for side in guests:
            one_side(context, figures, side)
    return finish(figures)


def wait_for_port(address, port):
    deadline = time.perf_counter() + FIRST_REPLY_SECONDS
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        time.sleep(RETRY_SECONDS)
    raise qemu.BenchError(f"{address}:{port} does not answer")
