#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The proxy is confined in isle uhyve, and what is forbidden fails. Runs as root, in the test machine."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase

ATTEMPT = os.environ["ATTEMPT"]
REFUSED = 0
WORKED = 1
KILLED = -signal.SIGSYS
# CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID: what root needs for files.
FILE_CAPABILITIES = 0x1B
NOBODY = 65534


class Sandbox(testcase.IsleTest):
    def folder(self):
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        for path in ("rw", "ro"):
            os.mkdir(os.path.join(folder, path))
        for path in ("rw/file", "ro/file", "elsewhere"):
            with open(os.path.join(folder, path), "w", encoding="ascii") as file:
                file.write("text\n")
        return folder

    def attempt(self, role, what):
        command = [ATTEMPT, role, what, self.folder()]
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=30).returncode

    def check(self, role, what, expected):
        with self.subTest(role=role, what=what):
            self.assertEqual(self.attempt(role, what), expected)

    def test_main_thread(self):
        for what in ("open", "write"):  # so that the others say something
            self.check("main", what, WORKED)
        for what in ("read_elsewhere", "list_elsewhere", "write_read_only", "create_read_only",
                     "remove_read_only", "move_out"):  # fmt: skip
            self.check("main", what, REFUSED)
        for what in ("clone3", "new_machine", "wider_filter", "core_dump", "keyring", "kvm_run"):
            self.check("main", what, REFUSED)
        for what in ("exec", "fork", "clone_process", "socket", "code_memory", "make_code", "ptrace",
                     "other_memory", "namespace"):  # fmt: skip
            self.check("main", what, KILLED)

    def test_vcpu_thread(self):
        self.check("vcpu", "kvm_run", WORKED)
        for what in ("open", "write", "read_elsewhere", "exec", "fork", "clone_process", "clone3", "socket",
                     "code_memory", "make_code", "ptrace", "other_memory", "new_machine", "namespace",
                     "wider_filter", "core_dump", "keyring"):  # fmt: skip
            self.check("vcpu", what, KILLED)

    def test_net_thread(self):
        for what in ("poll", "tap"):
            self.check("net", what, WORKED)
        for what in ("open", "read_elsewhere", "exec", "fork", "clone3", "socket", "code_memory", "make_code", "ptrace",
                     "other_memory", "kvm_run", "other_tap", "vhost_memory", "wider_filter"):  # fmt: skip
            self.check("net", what, KILLED)

    def test_user_net_process(self):
        for what in ("poll", "socket", "names"):
            self.check("user_net", what, WORKED)
        for what in ("open", "write", "read_elsewhere", "list_elsewhere", "kvm_run", "other_tap", "wider_filter", "namespace"):
            self.check("user_net", what, REFUSED)
        for what in ("unix_socket", "exec", "fork", "clone_process", "clone3", "code_memory", "make_code", "ptrace",
                     "other_memory"):  # fmt: skip
            self.check("user_net", what, KILLED)

    def test_signals(self):
        for role in ("main", "vcpu", "net", "user_net"):
            self.check(role, "own_signal", WORKED)
            self.check(role, "other_signal", KILLED if role in ("vcpu", "net") else REFUSED)

    def run_cat(self, *options, **more):
        """A guest that has started and waits."""
        command = [self.isle.proxy, "--isle=uhyve", *options, self.isle.image("cat")]
        process = isle.start(command, stdin=subprocess.PIPE, **more)
        self.addCleanup(self.finish, process)
        process.stdin.write(b"line\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"line\n")
        return process

    def threads(self, process):
        """Of each thread: its name and the fields of its status."""
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            folder = f"/proc/{process.pid}/task/{thread}/"
            with open(folder + "comm", encoding="ascii") as file:
                name = file.read().strip()
            with open(folder + "status", encoding="ascii") as file:
                yield name, dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)

    def test_active(self):
        process = self.run_cat("--cpus=2")
        names = []
        for name, status in self.threads(process):
            names.append(name)
            self.assertEqual(status["Seccomp"].strip(), "2", name)
            self.assertEqual(status["NoNewPrivs"].strip(), "1", name)
            allowed = 0 if name == "net" or name.startswith("vcpu") else FILE_CAPABILITIES
            for which in ("CapEff", "CapPrm"):
                self.assertEqual(int(status[which], 16) & ~allowed, 0, name)
            self.assertEqual(int(status["CapInh"], 16), 0, name)
        for name in ("proxy", "vcpu 0", "vcpu 1", "net"):
            self.assertIn(name, names)

    def test_ordinary_user(self):
        os.chmod("/dev/kvm", 0o666)
        process = self.run_cat(user=NOBODY, group=NOBODY, cwd="/")
        for name, status in self.threads(process):
            self.assertEqual(int(status["CapPrm"], 16), 0, name)
            self.assertEqual(status["Seccomp"].strip(), "2", name)

    def test_descriptors(self):
        """What the proxy was started with does not stay open."""
        with open("/etc/passwd", encoding="ascii") as extra:
            process = self.run_cat(pass_fds=[extra.fileno()])
        folder = f"/proc/{process.pid}/fd"
        self.assertNotIn("/etc/passwd", [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)])

    def test_without(self):
        process = self.run_cat("--no-sandbox")
        for name, status in self.threads(process):
            self.assertEqual(status["Seccomp"].strip(), "0", name)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(err.splitlines()), 1)
        self.assertIn(b"--no-sandbox", err)


if __name__ == "__main__":
    testcase.main()
