# SPDX-License-Identifier: BSD-3-Clause
"""A kernel that breaks while its CPUs are at work: one whole report, the status, and that soon."""

import re
import subprocess

import isle
import testcase

STATUS = 255
RUNS = 2
PATIENCE = 60  # seconds; it takes one on a busy machine
REPORT = (
    rb"kernel panic on CPU (\d+): exception 2 in the kernel, address 0\n"
    rb"  vector 2 error 0 rip \w+ rsp \w+ rflags \w+\n"
    rb"(?:  r\w+ \w+(?: r\w+ \w+)*\n){2}"
    rb"  call chain:[ \w]*\n"
)


class PanicTest(testcase.IsleTest):
    def check(self, result, cpus):
        self.assertStatus(result, STATUS)
        self.assertEqual(result.out, b"all work\n", f"\n{result}")
        found = re.search(REPORT, result.err)
        self.assertTrue(found, f"no whole report\n{result}")
        self.assertLess(int(found.group(1)), cpus)

    def run_panic(self, args, options):
        """The result, which has to be there PATIENCE seconds after the moment when all threads are at work."""
        command = self.isle.command("panic", args, options)
        with isle.WorkDirectory() as folder, subprocess.Popen(
            command, cwd=folder, env=isle.ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            first = process.stdout.readline()
            try:
                out, err = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
            return isle.Result(process.returncode, first + out, err)

    def test_at_work(self):
        """One CPU panics, or all at once, while threads hold locks, wait for some, compute and sleep."""
        for how in ("one", "all"):
            for cpus, threads in ((1, 6), (2, 2), (2, 6), (4, 6), (8, 8)) * RUNS:
                with self.subTest(f"{how}, {cpus} CPUs, {threads} threads"):
                    result = self.run_panic([how, str(threads)], [f"--cpus={cpus}"])
                    self.check(result, cpus)
                    self.assertRegex(result.err, rb"\A" + REPORT + rb"\Z", f"\n{result}")

    def test_log(self):
        """
        The log has the report as well, on lines of its own. The two come on two ways: either may lie in the
        middle of the other, but each is whole when the other is taken out.
        """
        for how in ("one", "all"):
            with self.subTest(how):
                result = self.isle.run("panic", [how], ["--cpus=4", "--verbose"])
                self.check(result, 4)
                text = result.err.replace(b"\r\n", b"\n")
                for left in (1, 0):
                    text, found = re.subn(REPORT, b"", text, count=1)
                    self.assertEqual(found, 1, f"{left} more expected\n{result}")
                self.assertNotIn(b"kernel panic", text, f"\n{result}")


if __name__ == "__main__":
    testcase.main()
