# SPDX-License-Identifier: BSD-3-Clause
"""The test machine passes everything through, ends in time, and has a KVM that works."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "../../tools/testvm/run.py")
KVM_CHECK = os.environ["KVM_CHECK"]

SCRIPT = """
printf 'arguments:'; printf ' <%s>' "$@"; echo
echo "variable: $VARIABLE"
echo "input: $(cat)"
echo "processors: $(nproc)"
echo "nodes: $(cat /sys/devices/system/node/online)"
echo "folder: $(pwd)"
echo "copied: $(cat /copied/file)"
echo "module: $(grep -c ^dummy /proc/modules)"
echo "loopback: $(cat /sys/class/net/lo/flags)"
echo kept >share/kept
echo lost >lost
mkdir /tmp/results; echo 1 >/tmp/results/one; ln -s one /tmp/results/link
echo "to standard error" >&2
exit 217
"""


class TestVm(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="work-", dir=os.getcwd())
        self.addCleanup(shutil.rmtree, self.folder)

    def run_vm(self, *words):
        return subprocess.run(
            [sys.executable, "-B", RUN, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def test_in_and_out(self):
        os.mkdir(self.path("share"))
        self.write("in", "typed")
        self.write("file", "carried")
        result = self.run_vm(
            "--no-kvm", "--cpus=3", "--numa=2", "--module=dummy", "--env=VARIABLE=a b",
            "--stdin=in", "--copy=file:/copied/file", "--share=share", "--out=/tmp/results:out", "--",
            "sh", "-c", SCRIPT, "sh", "one", "two words", "",
        )  # fmt: skip
        self.assertEqual(result.stdout.splitlines(), [
            "arguments: <one> <two words> <>",
            "variable: a b",
            "input: typed",
            "processors: 3",
            "nodes: 0-1",
            f"folder: {self.folder}",
            "copied: carried",
            "module: 1",
            "loopback: 0x9",
        ], result.stderr)  # fmt: skip
        self.assertEqual(result.stderr, "to standard error\n")
        self.assertEqual(result.returncode, 217)
        self.assertEqual(sorted(os.listdir(self.folder)), ["file", "in", "out", "share"])
        self.assertEqual(os.listdir(self.path("share")), ["kept"])
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["link", "one"])
        self.assertEqual(os.readlink(self.path("out/link")), "one")

    def test_kvm(self):
        result = self.run_vm(KVM_CHECK)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "KVM is fit\n", ""))

    def test_much_output(self):
        """Nothing is lost at the end, however much there is."""
        result = self.run_vm("seq", "200000")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "".join(f"{number}\n" for number in range(1, 200001)))

    def test_signal(self):
        self.assertEqual(self.run_vm("--no-kvm", "sh", "-c", "kill -ABRT $$").returncode, 128 + 6)

    def test_no_command(self):
        result = self.run_vm("--no-kvm", "/no/such/command")
        self.assertEqual(result.returncode, 127)
        self.assertIn("No such file", result.stderr)

    def test_time_limit(self):
        result = self.run_vm("--no-kvm", "--timeout=15", "sh", "-c", "echo begun; sleep 1000")
        self.assertEqual(result.returncode, 124)
        self.assertIn("15 s", result.stderr)

    def test_panic(self):
        result = self.run_vm("--no-kvm", "sh", "-c", "echo before; echo c >/proc/sysrq-trigger")
        self.assertEqual(result.returncode, 125)
        self.assertEqual(result.stdout, "before\n")
        self.assertIn("sysrq triggered crash", result.stderr)

    def test_result_is_missing(self):
        result = self.run_vm("--no-kvm", "--out=/tmp/none:none", "true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("/tmp/none", result.stderr)

    def test_wrong_words(self):
        for words in ([], ["--mem=many", "true"], ["--cpus=1", "--numa=2", "true"],
                      ["--cpus=2", "true"], ["--module=no_such_module", "true"]):
            with self.subTest(words):
                result = self.run_vm(*words)
                self.assertIn(result.returncode, (2, 125))
                self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
