# SPDX-License-Identifier: BSD-3-Clause
"""GDB on a running image: symbols and breakpoints of application and kernel. Needs TCP port 1234."""

import subprocess

import isle
import testcase


class GdbTest(testcase.IsleTest):
    def gdb(self, commands, image):
        words = [self.isle.build / "bin" / "x86_64-hermit-gdb", "-q", "-batch", "-nx", self.isle.image(image)]
        for command in ["set pagination off", "target remote :1234", *commands]:
            words += ["-ex", command]
        return isle.run(words, timeout=60)

    def debug(self, name, commands):
        """Starts the machine stopped at its first instruction, and lets GDB drive it to its end."""
        process = self.start(name, options=["--debug=wait"], stdin=subprocess.DEVNULL)
        result = None
        for _ in range(50):
            result = self.gdb(commands, name)
            if b"Connection refused" not in result.err and b"could not connect" not in result.err:
                break
        return process, result

    def test_application(self):
        commands = ["hbreak main", "continue", "backtrace", "info locals", "delete"]
        commands += ["break raise_signal", "continue", "backtrace", "delete", "continue"]
        process, result = self.debug("hello", commands)
        text = result.out.decode(errors="replace")
        self.assertRegex(text, r"Breakpoint 1, main \(argc=1, .*hello\.c:\d+", str(result))
        self.assertRegex(text, r"#0 +raise_signal \(\) at .*hello\.c:\d+\s+#1 .*main \(argc=1", str(result))
        self.assertEqual(process.wait(30), 0)

    def test_kernel(self):
        """A breakpoint in the kernel is hit, and the backtrace reaches the caller in the kernel."""
        commands = ["hbreak sys_rt_sigaction", "continue", "backtrace 2", "delete", "continue"]
        process, result = self.debug("hello", commands)
        text = result.out.decode(errors="replace")
        self.assertRegex(text, r"#0 +sys_rt_sigaction \(.*\) at .*signal\.c:\d+\s+#1 .*syscall_entry", str(result))
        self.assertEqual(process.wait(30), 0)


if __name__ == "__main__":
    testcase.main()
