# SPDX-License-Identifier: BSD-3-Clause
"""Clients of this host that load a server, and what they print."""

import csv
import re

import qemu

REPLY_SECONDS = 30  # a busy host is no error
REDIS_CONNECTIONS = 50
REDIS_COMMANDS = ("SET", "GET")


def wrk(address, port, path, connections, seconds):
    """Requests in a second."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={REPLY_SECONDS}s"]
    command += [f"http://{address}:{port}/{path}"]
    result = qemu.run(command, timeout=seconds + 60)
    return wrk_rate(result.stdout + result.stderr)


def wrk_rate(text):
    """Requests in a second, from what wrk prints. Errors of sockets and replies are errors here."""
    found = re.search(r"Requests/sec:\s+([0-9.]+)", text)
    if not found or "Socket errors" in text or "Non-2xx" in text:
        raise qemu.BenchError("wrk: " + text.strip().replace("\n", " / "))
    return float(found.group(1))


def redis_rates(text):
    """Requests in a second for each command, from what `redis-benchmark --csv` prints."""
    rows = csv.DictReader(text.splitlines())
    try:
        return {row["test"].upper(): float(row["rps"]) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise qemu.BenchError(f"redis-benchmark printed no table: {text.strip()[:200]}") from error


def redis(address, port, requests, pipeline):
    """Requests in a second for each command."""
    command = ["redis-benchmark", "-h", address, "-p", str(port), "-c", str(REDIS_CONNECTIONS), "--csv"]
    command += ["-P", str(pipeline), "-n", str(requests), "-t", ",".join(REDIS_COMMANDS).lower()]
    result = qemu.run(command, timeout=120)
    if result.status != 0:
        raise qemu.BenchError(f"redis-benchmark: {result.stderr.strip()}")
    return redis_rates(result.stdout)
