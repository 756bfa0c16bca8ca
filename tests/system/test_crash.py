# SPDX-License-Identifier: BSD-3-Clause
"""Every way to crash: the status is Linux's, output is not lost, and there is one crash report."""

import re
import signal

import testcase

# Where the report names another function than the mode.
CALLERS = {
    "null-call": "crash_null_call",
    "exec-data": "crash_exec_data",
    "exec-stack": "crash_exec_stack",
    "exec-heap": "crash_exec_heap",
    "stack-overflow": "crash_stack_overflow_at",
    "thread-stack": "crash_stack_overflow_at",
    "abort": "abort",
    "double-free": "abort",
    "blocked": "crash_null_write",
    "no-signal-stack": "crash_no_signal_stack",
}


class CrashTest(testcase.IsleTest):
    def modes(self):
        listing = self.isle.run_linux("crash")
        self.assertStatus(listing, 2)
        return listing.out.decode().split()

    def check(self, mode):
        linux = self.isle.run_linux("crash", [mode])
        inside = self.isle.run("crash", [mode])
        self.assertGreater(linux.status, 128, f"{mode} on Linux:\n{linux}")
        self.assertEqual(inside.status, linux.status, f"{mode}:\n{inside}")
        self.assertEqual(inside.out, linux.out, f"{mode}:\n{inside}")
        report = inside.err.decode(errors="replace")
        name = signal.Signals(linux.status - 128).name
        if not mode.startswith("raise-"):
            self.assertIn(name, report, f"{mode}: the report names no signal")
            function = CALLERS.get(mode, "crash_" + mode.replace("-", "_"))
            self.assertIn(function, report, f"{mode}: the report names no function")

    def test_modes(self):
        modes = self.modes()
        self.assertGreater(len(modes), 20)
        for mode in modes:
            with self.subTest(mode):
                self.check(mode)

    def test_report(self):
        """Signal, address, registers and a backtrace down to main, in one piece."""
        report = self.isle.run("crash", ["null-write"]).err.decode()
        for pattern in (r"SIGSEGV", r"\b0x0*\b|\bNULL\b|\b0{8,16}\b", r"(?i)rip", r"(?i)rsp", r"\bmain\b"):
            self.assertRegex(report, pattern)
        self.assertEqual(len(re.findall("SIGSEGV", report)), 1, report)

    def test_cxx(self):
        for mode in ("throw", "noexcept", "thread"):
            with self.subTest(mode):
                linux = self.isle.run_linux("crash++", [mode])
                inside = self.isle.run("crash++", [mode])
                self.assertStatus(inside, 128 + signal.SIGABRT)
                self.assertEqual(inside.out, linux.out)
                self.assertIn(linux.err.strip(), inside.err)
                self.assertIn(b"SIGABRT", inside.err)


class ExitTest(testcase.IsleTest):
    MODES = "0 1 42 255 256 300 -1 atexit exit-again _exit quick thread outlive leave-thread exit-call closed"

    def test_modes(self):
        for mode in self.MODES.split():
            with self.subTest(mode):
                self.assertSame(self.isle.run_linux("exits", [mode]), self.isle.run("exits", [mode]), True)


if __name__ == "__main__":
    testcase.main()
