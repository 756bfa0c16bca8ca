# SPDX-License-Identifier: BSD-3-Clause
"""Arguments and environment: no limit below Linux's, no change of a byte."""

import testcase


class ArgumentTest(testcase.IsleTest):
    def compare(self, args=(), env=None):
        linux = self.isle.run_linux("argv_envp", args, env=env)
        self.assertStatus(linux, 0)
        self.assertSame(linux, self.isle.run("argv_envp", args, env=env))

    def test_none(self):
        self.compare()

    def test_strange(self):
        self.compare(["", "-x", "--help", "--", "a b", "'\"\\$`", "\n\t", "\u00fc\u20ac", b"\xff\xfe\x01", "=", "\r\n"])

    def test_thousands(self):
        self.compare([f"argument {i}" for i in range(5000)])

    def test_longest(self):
        """Linux's limit for one string: 128 KiB with its end."""
        self.compare(["x" * 131071, "y", "z" * 131071])

    def test_environment(self):
        self.compare(env={f"VARIABLE_{i}": f"value {i}" for i in range(2000)})

    def test_long_environment(self):
        self.compare(env={"LONG": "v" * 131000, "EMPTY": "", "WITH": "a=b=c", "HERMIT_VERBOSE": "0"})

    def test_megabytes(self):
        self.compare([chr(97 + i) * 100_000 for i in range(15)])


if __name__ == "__main__":
    testcase.main()
