# SPDX-License-Identifier: BSD-3-Clause
"""lighttpd in an isle serves files of this host to curl, ab and wrk."""

import random
import re
import signal
import unittest

import clients
import isle
import program
import testcase

IMAGE = "lighttpd/out/build/lighttpd"
CONFIGURATION = """
server.document-root = var.CWD + "/www"
server.port = 8080
server.compat-module-load = "disable"
server.modules = ("mod_indexfile", "mod_dirlisting", "mod_staticfile")
index-file.names = ("index.html")
dir-listing.activate = "enable"
mimetype.assign = (".html" => "text/html", "" => "application/octet-stream")
server.max-fds = 1024
"""


class Lighttpd(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.big = random.Random(1).randbytes(3_000_000)
        www = self.folder / "www"
        (www / "list").mkdir(parents=True)
        (www / "index.html").write_text("<h1>hello</h1>\n")
        (www / "10k").write_bytes(self.big[:10240])
        (www / "big").write_bytes(self.big)
        (www / "list" / "one file").write_text("1")
        (self.folder / "lighttpd.conf").write_text(CONFIGURATION)

    def serve(self, host, port, options):
        self.process = self.program(IMAGE, ["-D", "-f", "lighttpd.conf"], options)
        self.url = f"http://{host}:{port}/"
        self.wait_for("answer", lambda: isle.run(["curl", "-s", "-m", "5", self.url]).status == 0, 60)

    def curl(self, *words):
        return self.client("curl", "-s", "-S", "-m", "30", *words)

    def code(self, path, *words):
        return self.curl("--path-as-is", "-o", "code.out", "-w", "%{http_code}", *words, self.url + path)

    def load(self, connections, requests, *options):
        clients.ab(self, self.url + "10k", connections, requests, *options, size=10240)

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # it ends when its connections have
        self.wait_end(self.process)
        self.assertIn("server stopped", self.output())


class Published(Lighttpd):
    def test_files(self):
        port = testcase.free_port()
        self.serve("127.0.0.1", port, [f"--publish={port}:8080"])
        self.assertEqual(self.curl(self.url), "<h1>hello</h1>\n")
        for name, part in (("big", []), ("big", ["-r", "1000-1999999"]), ("10k", [])):
            wanted = (self.folder / "www" / name).read_bytes()
            wanted = wanted[1000:2000000] if part else wanted
            got = isle.run(["curl", "-s", "-m", "30", *part, self.url + name])
            self.assertEqual((got.status, got.out == wanted), (0, True), name)
        self.assertIn("one%20file", self.curl(self.url + "list/"))
        self.assertEqual(self.curl(self.url + "list/one%20file"), "1")
        self.assertEqual(self.code("none"), "404")
        self.assertNotEqual(self.code("../lighttpd.conf"), "200")
        self.assertNotEqual(self.code("%2e%2e/lighttpd.conf"), "200")
        head = self.curl("-I", self.url + "10k")
        self.assertIn("Content-Length: 10240", head)
        tag = re.search(r"ETag: (\S+)", head)[1]
        self.assertEqual(self.code("10k", "-H", f"If-None-Match: {tag}"), "304")
        # Two requests in one connection; QEMU's network takes few connections at once.
        text = self.curl("-v", "--stderr", "-", "-o", "a", self.url, "-o", "b", self.url + "10k")
        self.assertIn("Re-using existing connection", text)
        self.load(2, 400, "-k")
        self.load(1, 50)
        self.stop()


class Tap(unittest.TestCase):
    def test_load(self):
        testcase.run_in_namespace(self, __file__, "crowd")


class Inside(Lighttpd):
    def crowd(self):
        testcase.make_tap()
        self.serve(testcase.TAP_ISLE, 8080, ["--netif=tap0"])
        self.load(100, 3000, "-k")
        self.load(50, 1000)
        clients.wrk(self, self.url + "10k", 50, 2, 100)
        self.stop()


if __name__ == "__main__":
    testcase.main()
