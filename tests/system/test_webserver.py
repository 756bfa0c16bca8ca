# SPDX-License-Identifier: BSD-3-Clause
"""The web servers of usr/tests, in an isle and on Linux, asked by curl, ab, raw sockets; tshark on the wire.

What needs many connections at once runs over a tap device in a network namespace (this file, with --inside).
"""

import random
import signal
import socket
import unittest

import clients
import isle
import testcase

BIG = 3_000_000
MODES = ("threads", "epoll")


class WebTest(testcase.IsleTest):
    def setUp(self):
        super().setUp()
        self.folder = self.make_folder()
        www = self.folder / "www"
        (www / "sub").mkdir(parents=True)
        (www / "index.html").write_text("<h1>hello</h1>\n")
        (www / "sub" / "index.html").write_text("below\n")
        (www / "a file.txt").write_text("with a space\n")
        (www / "empty").write_text("")
        self.big = random.Random(1).randbytes(BIG)
        (www / "big").write_bytes(self.big)
        (www / "10k").write_bytes(self.big[:10240])
        (self.folder / "secret").write_text("secret\n")
        (www / "out").symlink_to("../secret")
        (www / "in").symlink_to("a file.txt")

    def serve(self, mode, host, options=(), port=None):
        """The server in an isle, or on Linux."""
        self.host, self.port = host, port or testcase.free_port()
        if options is None:
            command = self.isle.linux_command("webserver", [mode, str(self.port), "www"])
            process = isle.start(command, cwd=self.folder)
            self.addCleanup(self.finish, process)
        else:
            process = self.start("webserver", [mode, "8080", "www"], options, cwd=self.folder)
        self.url = f"http://{host}:{self.port}/"
        self.process = process
        self.assertEqual(process.stdout.readline(), b"listening\n")
        self.wait_for("answer", lambda: isle.run(["curl", "-s", "-m", "5", self.url]).status == 0, 60)

    def publish(self, mode, *options):
        port = testcase.free_port()
        self.serve(mode, "127.0.0.1", [f"--publish={port}:8080", *options], port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        self.assertEqual((self.process.returncode, out, err), (0, b"stopped\n", b""))

    def curl(self, *words):
        result = isle.run(["curl", "-s", "-S", "-m", "30", "--path-as-is", *words])
        self.assertStatus(result, 0)
        return result.out

    def code(self, path, *words):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *words, self.url + path).decode()

    def raw(self, data):
        """What the server answers to DATA until it closes."""
        with socket.create_connection((self.host, self.port), 30) as connection:
            connection.sendall(data)
            got = b""
            while part := connection.recv(65536):
                got += part
        return got

    def load(self, connections, requests, *options):
        clients.ab(self, self.url + "10k", connections, requests, *options, size=10240)

    def check_files(self):
        self.assertEqual(self.curl(self.url), b"<h1>hello</h1>\n")
        self.assertEqual(self.curl(self.url + "sub"), b"below\n")
        self.assertEqual(self.curl(self.url + "a%20file.txt?query"), b"with a space\n")
        self.assertEqual(self.curl(self.url + "in"), b"with a space\n")
        self.assertEqual(self.curl(self.url + "empty"), b"")
        self.assertTrue(self.curl(self.url + "big") == self.big)
        head = self.curl("-I", self.url + "index.html").decode()
        self.assertIn("Content-Type: text/html\r\n", head)
        self.assertIn("Content-Length: 15\r\n", head)

    def check_refusals(self):
        for path in ("../secret", "%2e%2e/secret", "sub/../../secret", "sub/%2E./..%2fsecret", "..", "out"):
            self.assertEqual(self.code(path), "403", path)
        for path, code in (("none", "404"), ("sub/none/none", "404"), ("%zz", "400"), ("a%00b", "400"), ("%4", "400")):
            self.assertEqual(self.code(path), code, path)
        self.assertEqual(self.code("", "-d", "body"), "405")
        self.assertIn(b" 400 ", self.raw(b"GET nonsense\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(b"\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(b"GET / HTTP/9.9\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\n\r\n"))
        # Exactly what the server takes, so that nothing is unread when it closes.
        self.assertIn(b" 431 ", self.raw(b"GET / HTTP/1.1\r\nX: ".ljust(8192, b"x")))

    def check_connections(self):
        text = self.curl("-v", "--stderr", "-", "-o", "/dev/null", self.url, "-o", "/dev/null", self.url + "10k")
        self.assertIn(b"Re-using existing connection", text)
        # Several requests at once, the last one in pieces; then the end.
        one = b"GET /index.html HTTP/1.1\r\n\r\n"
        got = self.raw(one * 3 + b"GET /10k HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertEqual(got.count(b" 200 OK\r\n"), 4)
        self.assertTrue(got.endswith(self.big[:10240]))
        self.assertIn(b"Connection: close", self.raw(b"GET / HTTP/1.0\r\n\r\n"))

    def check_interrupted(self):
        """Clients that leave in the middle of a reply; the server goes on."""
        for _ in range(5):
            with socket.create_connection((self.host, self.port), 30) as connection:
                connection.sendall(b"GET /big HTTP/1.1\r\n\r\n")
                self.assertTrue(connection.recv(1000))
        self.assertTrue(self.curl(self.url + "big") == self.big)

    def check_all(self):
        self.check_files()
        self.check_refusals()
        self.check_connections()
        self.check_interrupted()


class Published(WebTest):
    def test_isle(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                self.publish(mode)
                self.check_all()
                # QEMU's network takes few connections at once.
                self.load(2, 200, "-k")
                self.load(1, 50)
                self.stop()

    def test_linux(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                self.serve(mode, "127.0.0.1", None)
                self.check_all()
                self.load(50, 2000, "-k")
                self.stop()

    def test_capture(self):
        """tshark understands every frame, finds the requests and the replies, and nothing wrong in TCP."""
        self.publish("epoll", "--capture-net")
        self.check_files()
        self.stop()
        capture = self.folder / "qemu-vlan0.pcap"
        requests = self.tshark(capture, "http.request", "http.request.method", "http.request.uri").splitlines()
        self.assertIn("GET\t/big", requests)
        self.assertIn("HEAD\t/index.html", requests)
        codes = self.tshark(capture, "http.response", "http.response.code").split()
        self.assertEqual(len(codes), len(requests))
        self.assertEqual(set(codes), {"200"})
        bad = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0"
        checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
        self.assertEqual(self.tshark(capture, bad, "frame.number", checks), "")

    def tshark(self, capture, condition, *fields):
        options = fields[-1] if isinstance(fields[-1], list) else []
        words = [word for field in fields if isinstance(field, str) for word in ("-e", field)]
        command = ["tshark", "-r", str(capture), *options, "-Y", condition, "-T", "fields", *words]
        result = isle.run(command)
        self.assertStatus(result, 0)
        return result.out.decode()


class GoServer(WebTest):
    def check(self, requests, address):
        """Go's net/http tells what curl asked: REQUESTS of (arguments, path, lines of the answer)."""
        for words, path, lines in requests:
            got = self.curl(*words, address + path).decode().splitlines()
            for line in lines:
                self.assertIn(line, got)

    def test_curl(self):
        port = testcase.free_port()
        requests = [
            ([], "/a/b?x=1&y=2", ["method GET", "url /a/b?x=1&y=2", "protocol HTTP/1.1", 'form x ["1"]', 'form y ["2"]']),
            (["--http1.0"], "/", ["protocol HTTP/1.0"]),
            (["-X", "DELETE"], "/gone", ["method DELETE", "url /gone"]),
            (["-T", str(self.folder / "www" / "10k")], "/put", ["method PUT", 'header Content-Length ["10240"]']),
            (["-H", "X-Many: 1", "-H", "X-Many: 2", "-A", "agent"], "/", ['header X-Many ["1" "2"]', 'header User-Agent ["agent"]']),
            (["-d", "name=value", "--data-urlencode", "text=a b&c"], "/f?q=1",
             ["method POST", 'form name ["value"]', 'form text ["a b&c"]', 'form q ["1"]']),
            (["-H", "Transfer-Encoding: chunked", "-d", "in=pieces"], "/", ['form in ["pieces"]']),
        ]
        loads = ((["-k"], 2, 200), ([], 1, 30))
        total = len(requests) + 2 + sum(count for _, _, count in loads)
        process = self.start("server", [str(total)], [f"--publish={port}:8000"])
        self.assertEqual(process.stdout.readline(), b"listening\n")
        address = f"http://127.0.0.1:{port}"
        self.check(requests, address)
        text = self.curl("-v", "--stderr", "-", "-o", "/dev/null", address + "/1", "-o", "/dev/null", address + "/2")
        self.assertIn(b"Re-using existing connection", text)
        for options, connections, count in loads:
            clients.ab(self, address + "/", connections, count, *options)
        self.assertEqual(process.communicate(timeout=60), (b"served %d\n" % total, b""))


class Tap(unittest.TestCase):
    def test_crowd(self):
        testcase.run_in_namespace(self, __file__, "crowd")


class Inside(WebTest):
    def crowd(self):
        testcase.make_tap()
        for mode in MODES:
            for cpus in ("1", "2"):
                with self.subTest(mode=mode, cpus=cpus):
                    self.serve(mode, testcase.TAP_ISLE, ["--netif=tap0", f"--cpus={cpus}"], 8080)
                    self.load(100, 2000, "-k")
                    self.load(50, 500)
                    clients.wrk(self, self.url + "10k", 30, 1, 20)
                    self.stop()


if __name__ == "__main__":
    testcase.main()
