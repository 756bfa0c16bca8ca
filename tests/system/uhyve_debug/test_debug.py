#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Isle uhyve's GDB server: driven by GDB, and by a client that says what GDB would not."""

import os
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase

PORT = 4321
REGISTER_RIP = 16


class Client:
    """GDB's side of the protocol."""

    def __init__(self, port=PORT, seconds=30):
        end = time.monotonic() + 20
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.held = b""

    def close(self):
        self.socket.close()

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xFF))

    def reply(self):
        while not (found := re.search(rb"\$([^#]*)#..", self.held)):
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the connection has ended")
            self.held += data
        self.held = self.held[found.end() :]
        return found[1].decode()

    def ask(self, text):
        self.send(text)
        return self.reply()

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


class Debug(testcase.IsleTest):
    def debug(self, name, *options, args=(), **more):
        """Starts a program under the GDB server."""
        command = [self.isle.proxy, "--isle=uhyve", *options, self.isle.image(name), *args]
        process = isle.start(command, **more)
        self.addCleanup(self.finish, process)
        return process

    def connect(self):
        client = Client()
        self.addCleanup(client.close)
        return client

    def wait_for_port(self):
        """The server listens; GDB itself gives up too early where everything is slow."""

        def listens():
            with open("/proc/net/tcp", encoding="ascii") as table:
                return f":{PORT:04X} 00000000:0000 0A" in table.read()

        self.wait_for("server", listens, 60)

    def gdb(self, name, commands):
        self.wait_for_port()
        words = [self.isle.build / "bin" / "x86_64-hermit-gdb", "-q", "-batch", "-nx", self.isle.image(name)]
        for command in ["set pagination off", f"target remote :{PORT}", *commands]:
            words += ["-ex", command]
        return isle.run(words, timeout=120)

    def assertEnds(self, process, status=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, err)
        return out

    def test_application(self):
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        result = self.gdb("hello", [
            "hbreak main", "continue", "backtrace", "info locals", "delete",
            "break raise_signal", "continue", "backtrace", "delete",
            "stepi", "set $old = $rip", "stepi", "print $rip != $old",
            "print $ymm0.v8_int32[7]", "print $cr0 & 1", "finish",
            "set var failed = 3", "print failed", "detach",
        ])  # fmt: skip
        text = result.out.decode(errors="replace")
        self.assertRegex(text, r"Breakpoint 1, main \(argc=1, .*hello\.c:\d+", str(result))
        self.assertRegex(text, r"#0 +raise_signal \(\) at .*hello\.c:\d+\s+#1 .*main \(argc=1", str(result))
        self.assertRegex(text, r"\$1 = 1\n\$2 = -?\d+\n\$3 = 1\n", str(result))
        self.assertRegex(text, r"\$4 = 3\n", str(result))
        out = self.assertEnds(process, 3)  # as the variable says
        self.assertIn(b"Hello World", out)

    def test_kernel(self):
        """A software breakpoint in the kernel, set before the kernel has made its page tables."""
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        result = self.gdb("hello", ["break sys_rt_sigaction", "continue", "backtrace 2", "delete", "continue"])
        text = result.out.decode(errors="replace")
        self.assertRegex(text, r"#0 +sys_rt_sigaction \(.*\) at .*signal\.c:\d+\s+#1 .*syscall_entry", str(result))
        self.assertIn("exited normally", text)
        self.assertEnds(process)

    def test_many_hits(self):
        """A breakpoint that is met again and again, with conditions, in a program of several threads."""
        process = self.debug("thr_hello", "--cpus=2", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        result = self.gdb("thr_hello", [
            "hbreak main", "continue", "delete", "break *printf",
            "ignore 2 2", "continue", "info breakpoints", "info threads", "delete", "continue",
        ])  # fmt: skip
        text = result.out.decode(errors="replace")
        self.assertIn("already hit 3 times", text, str(result))
        self.assertRegex(text, r"Thread 1 \(CPU 0\)(.|\n)*Thread 2 \(CPU 1\)", str(result))
        self.assertIn("exited normally", text, str(result))
        self.assertEnds(process)

    def test_interrupt_and_detach(self):
        process = self.debug("cat", f"--debug={PORT}", stdin=subprocess.PIPE)
        process.stdin.write(b"before\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"before\n")
        client = self.connect()  # which stops it
        self.assertTrue(client.ask("?").startswith("T05thread:1"))
        process.stdin.write(b"behind\n")
        process.stdin.flush()
        client.send("vCont;c")
        self.assertEqual(process.stdout.readline(), b"behind\n")
        client.socket.sendall(b"\x03")
        self.assertTrue(client.reply().startswith("T02thread:1"))
        self.assertEqual(client.ask("D"), "OK")
        process.stdin.write(b"after\n")
        self.assertEqual(self.assertEnds(process), b"after\n")

    def test_connection_breaks(self):
        """Breakpoints go with the connection, and the next one may come."""
        process = self.debug("cat", f"--debug=wait:{PORT}", stdin=subprocess.PIPE)
        first = self.connect()
        self.assertTrue(first.ask("?").startswith("T05"))
        entry = first.register(REGISTER_RIP)
        code = first.ask(f"m{entry:x},10")
        self.assertEqual(first.ask(f"Z0,{entry + 4:x},1"), "OK")
        self.assertEqual(first.ask(f"m{entry:x},10"), code)  # a breakpoint does not show
        first.close()
        process.stdin.write(b"one\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"one\n")
        second = self.connect()
        self.assertTrue(second.ask("?").startswith("T05"))
        second.send("vCont;c")
        second.close()  # while it runs
        process.stdin.write(b"two\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"two\n")
        third = self.connect()
        self.assertTrue(third.ask("?").startswith("T05"))
        self.assertEqual(third.ask("D"), "OK")
        self.assertEqual(self.assertEnds(process), b"")

    def test_step(self):
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        client = self.connect()
        self.assertTrue(client.ask("?").startswith("T05"))
        before = [client.register(REGISTER_RIP)]
        for _ in range(20):
            self.assertTrue(client.ask("vCont;s:1").startswith("T05thread:1"))
            before.append(client.register(REGISTER_RIP))
        self.assertGreater(len(set(before)), 5, before)
        client.send("vCont;c")
        self.assertEqual(client.reply(), "W00")
        self.assertIn(b"Hello World", self.assertEnds(process))

    def test_registers_and_memory(self):
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        client = self.connect()
        self.assertTrue(client.ask("?").startswith("T05"))
        description = client.ask("qXfer:features:read:target.xml:0,1fff")
        count = description.count("<reg ")
        sizes = [int(bits) // 8 for bits in re.findall(r"<reg [^>]*bitsize='(\d+)'", description)]
        before = client.ask("g")
        self.assertEqual(len(before), 2 * sum(sizes))
        names = re.findall(r"<reg name='(\w+)'", description)
        for name in ("rbx", "r15", "st3", "xmm5", "ymm7h", "fs_base"):
            number = names.index(name)
            old = client.ask(f"p{number:x}")
            new = "5500" * (sizes[number] // 2)
            self.assertEqual(client.ask(f"P{number:x}={new}"), "OK", name)
            self.assertEqual(client.ask(f"p{number:x}"), new, name)
            self.assertEqual(client.ask(f"P{number:x}={old}"), "OK", name)
        self.assertEqual(client.ask("g"), before)
        self.assertEqual(client.ask(f"P{names.index('cr3'):x}=" + "00" * 8), "E01")
        self.assertEqual(client.ask(f"p{count:x}"), "E16")
        stack = 0x9000
        self.assertEqual(client.ask(f"M{stack:x},4:01020304"), "OK")
        self.assertEqual(client.ask(f"X{stack + 1:x},1:z"), "OK")
        self.assertEqual(client.ask(f"m{stack:x},4"), "017a0304")
        self.assertEqual(client.ask("m7fffffffffff0000,4"), "E0e")
        self.assertEqual(client.ask("Z0,7fffffffffff0000,1"), "E0e")
        client.send("k")
        self.assertEnds(process, 255)

    def test_nonsense(self):
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        client = self.connect()
        client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n$vCont;c#00$" + bytes(range(256)) * 100 + b"#")
        client.close()  # it runs on
        self.assertIn(b"Hello World", self.assertEnds(process))

    def test_signal_while_stopped(self):
        process = self.debug("hello", f"--debug=wait:{PORT}", stdin=subprocess.DEVNULL)
        client = self.connect()
        self.assertTrue(client.ask("?").startswith("T05"))
        process.terminate()
        self.assertEnds(process, 128 + 15)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", PORT)):
            process = self.debug("hello", f"--debug={PORT}", stdin=subprocess.DEVNULL)
            _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 125, err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn(str(PORT).encode(), err)


if __name__ == "__main__":
    testcase.main()
