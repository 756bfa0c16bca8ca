# SPDX-License-Identifier: BSD-3-Clause
"""Clients of this host that load a web server, all of whose requests have to succeed."""

import re

import isle

PATIENCE = "30s"  # for one reply: a busy host is no error


def ab(test, url, connections, requests, *options, size=None):
    """REQUESTS requests over CONNECTIONS connections at once; the replies' bodies have SIZE bytes."""
    command = ["ab", "-q", *options, "-c", str(connections), "-n", str(requests), url]
    result = isle.run(command, timeout=90)
    test.assertStatus(result, 0)
    text = result.out.decode()
    test.assertRegex(text, rf"Complete requests: +{requests}\n")
    test.assertRegex(text, r"Failed requests: +0\n")
    if size is not None:
        test.assertRegex(text, rf"HTML transferred: +{requests * size} bytes")


def wrk(test, url, connections, seconds, least):
    """As many requests as there can be, at least LEAST."""
    command = ["wrk", "-d", str(seconds), "-c", str(connections), "-t", "1", "--timeout", PATIENCE, url]
    result = isle.run(command)
    test.assertStatus(result, 0)
    text = result.out.decode()
    test.assertNotRegex(text, r"Non-2xx|Socket errors")
    test.assertGreater(int(re.search(r"(\d+) requests in", text)[1]), least)
