#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
A hostile guest in isle uhyve, and machines that cannot be made. Runs as root, in the test machine.

Each attack is a run of the hostile image (hostile.h) with the attack's name in it: once with the proxy as it is,
confined, once with the proxy that is built with the sanitizers, without confinement, which their reports need.
"""

import ctypes
import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import isle
import testcase

MARK = b"HOSTILE-ATTACK="
OSABI_PLACE, OSABI = 7, 0x42
TIMEOUT = 40
NOBODY = 65534
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
PROXIES = {
    "plain": ([os.path.join(os.environ["HERMIT_BUILD"], "bin", "proxy")], {}),
    "sanitized": ([os.environ["SANITIZED"], "--no-sandbox"], SANITIZER_OPTIONS),
}
# linux/kvm.h
KVM_CREATE_VM, KVM_CHECK_EXTENSION, KVM_RUN = 0xAE01, 0xAE03, 0xAE80
KVM_CAP_IRQCHIP, KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_X86_MSR_FILTER = 0, 136, 189
BROKEN = "the guest broke the protocol of the host channel"


def image(name):
    """The bytes of an image that makes the attack NAME."""
    with open(os.environ["HOSTILE"], "rb") as file:
        data = bytearray(file.read())
    data[OSABI_PLACE] = OSABI
    place = data.index(MARK) + len(MARK)
    data[place : place + len(name)] = name.encode()
    return data


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        self.work = os.path.join(self.top, "work")
        os.mkdir(self.work)
        os.chmod(self.work, 0o777)
        with open(os.path.join(self.top, "secret"), "w", encoding="ascii") as file:
            file.write("secret\n")
        os.symlink("../secret", os.path.join(self.work, "out"))
        with open(os.path.join(self.work, "large"), "wb") as file:
            file.truncate(1 << 20)

    def command(self, attack, proxy, *options):
        path = os.path.join(self.top, attack)
        with open(path, "wb") as file:
            file.write(image(attack))
        words, env = PROXIES[proxy]
        command = [*words, "--isle=uhyve", "--mem=3200M", "--cpus=2", "--isolated", f"--mount={self.work}:/data"]
        return [*command, *options, path], {**isle.ENVIRONMENT, **env}

    def start(self, attack, proxy, *options, **more):
        command, env = self.command(attack, proxy, *options)
        process = subprocess.Popen(command, env=env, cwd=self.top, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **more)
        self.addCleanup(testcase.IsleTest.finish, process)
        return process

    def finish(self, process, timeout=TIMEOUT):
        """Output and lines of the proxy itself. The standard input stays open, and empty, to the end."""
        stdin, process.stdin = process.stdin, None
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
            stdin.close()
        lines = err.decode(errors="replace").splitlines()
        self.assertFalse([line for line in lines if "Sanitizer" in line or "runtime error" in line], err.decode())
        return out, [line for line in lines if line.startswith("proxy:") and "--no-sandbox" not in line]

    def times(self, name, proxy, start):
        print(f"{name} {proxy}: {time.monotonic() - start:.1f} s", file=sys.stderr)

    def check_outside(self):
        with open(os.path.join(self.top, "secret"), encoding="ascii") as file:
            self.assertEqual(file.read(), "secret\n")
        info = os.stat(os.path.join(self.top, "secret"))
        self.assertEqual((info.st_mode, info.st_uid, info.st_nlink), (0o100644, 0, 1))
        self.assertLessEqual(set(os.listdir(self.top)) - {"secret", "work"}, set(ATTACKS))

    def attack(self, name, statuses, messages):
        """Status and message of the proxy: one of STATUSES, and of MESSAGES ("": none)."""
        for proxy in PROXIES if name not in SLOW else ("plain",):
            with self.subTest(attack=name, proxy=proxy):
                start = time.monotonic()
                process = self.start(name, proxy)
                out, lines = self.finish(process)
                self.assertIn(process.returncode, statuses, (out, lines))
                self.assertEqual(out, b"")
                self.times(name, proxy, start)
                text = "\n".join(lines)
                self.assertLessEqual(len(lines), 1, text)
                self.assertTrue(any(text == "" if message == "" else message in text for message in messages), text)
                self.check_outside()

    @staticmethod
    def interrupt(process, count):
        """COUNT SIGINTs, of which none is lost in another that is pending."""
        for _ in range(count):
            process.send_signal(signal.SIGINT)
            bit = 1 << (signal.SIGINT - 1)
            end = time.monotonic() + TIMEOUT
            while process.poll() is None and pending_signals(process.pid) & bit and time.monotonic() < end:
                time.sleep(0.02)

    def endless(self, name, *options, greeted=True):
        """The attack goes on until the user ends the machine, and takes no more than its share of memory."""
        for proxy in PROXIES:
            with self.subTest(attack=name, proxy=proxy):
                process = self.start(name, proxy, *options)
                time.sleep(4)
                self.assertIsNone(process.poll())
                self.assertLess(private_memory(process.pid), 128 << 20)
                self.interrupt(process, 2 if greeted else 1)
                self.finish(process)
                self.assertEqual(process.returncode, 128 + signal.SIGINT)


def pending_signals(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1], 16) for line in file if line.startswith("ShdPnd:"))
    except FileNotFoundError:
        return 0


def private_memory(pid):
    """Bytes of anonymous memory of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("RssAnon:"))


# What becomes of the attacks that end by themselves: exit statuses, messages of the proxy.
SURVIVED = ((0,), ("",))
BROKE = ((255,), (BROKEN,))
STOPPED = ((255,), ("the machine stopped before the application ended: ",))
ATTACKS = {
    "answers": SURVIVED,
    "large_replies": SURVIVED,
    "before_hello": BROKE,
    "hello_magic": BROKE,
    "hello_version": BROKE,
    "hello_token": BROKE,
    "empty_frame": BROKE,
    "short_frame": BROKE,
    "long_frame": BROKE,
    "event_tag": BROKE,
    "used_tag": BROKE,
    "tail_far": BROKE,
    "tail_back": BROKE,
    "head_far": BROKE,
    "half_frame": ((255,), ("the guest stopped in the middle of a request",)),
    "exit_wild": ((255,), ("",)),
    "own_channel": BROKE,
    "triple_fault": STOPPED,
    "triple_fault_early": ((255,), ("the machine stopped during its start: ",)),
    "jump_void": STOPPED,
    "jump_device": STOPPED,
    "ports": SURVIVED,
    "registers": SURVIVED,
    "void_memory": SURVIVED,
    "net": SURVIVED,
    "net_rewritten": SURVIVED,
    "rewritten": ((0, 255), ("", BROKEN)),
    "flood_pieces": SURVIVED,
}


# They wait for a time limit of the proxy's.
SLOW = ("half_frame", "flood_pieces")


def add_attacks():
    for name, (statuses, messages) in ATTACKS.items():
        def run(self, name=name, statuses=statuses, messages=messages):
            self.attack(name, statuses, messages)
        setattr(Attacks, f"test_{name}", run)


class Attacks(HostileTest):
    pass


class Floods(HostileTest):
    def test_unread(self):
        self.endless("flood_unread")

    def test_answered(self):
        self.endless("flood_answered")

    def test_doorbell(self):
        self.endless("flood_doorbell")

    def test_doorbell_early(self):
        self.endless("flood_doorbell_early", greeted=False)

    def test_console(self):
        self.endless("flood_console")
        self.endless("flood_console", "--verbose")

    def test_reports(self):
        self.endless("flood_reports")


class Leak(HostileTest):
    def test_no_segments(self):
        """Standard output is another user's pipe, which the proxy cannot open a second time."""
        mode = os.stat("/dev/kvm").st_mode
        os.chmod("/dev/kvm", 0o666)
        self.addCleanup(os.chmod, "/dev/kvm", mode)
        for proxy in PROXIES:
            with self.subTest(proxy=proxy):
                process = self.start("leak", proxy, user=NOBODY, group=NOBODY, extra_groups=[])
                out, lines = self.finish(process)
                self.assertEqual((process.returncode, out, lines), (0, b"", []))


def ioctl_fails(request, error, argument=None):
    """For the process that is about to be started: ioctl(REQUEST) fails, or with ERROR 0 gives 0, by a filter of
    seccomp: number of the call, its second argument, its third."""
    load, equal, give = 0x20, 0x15, 0x06
    tests = [(0, 16), (24, request)] + ([(32, argument)] if argument is not None else [])
    code = b""
    for i, (place, value) in enumerate(tests):
        code += struct.pack("<HBBI", load, 0, 0, place)
        code += struct.pack("<HBBI", equal, 0, 2 * (len(tests) - i - 1) + 1, value)
    code += struct.pack("<HBBI", give, 0, 0, 0x50000 | error) + struct.pack("<HBBI", give, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("<H6xQ", len(code) // 8, ctypes.addressof(buffer)), 16)
    libc = ctypes.CDLL(None, use_errno=True)

    def install():
        # PR_SET_NO_NEW_PRIVS; PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
            os._exit(99)
        return buffer

    return install


class Refusals(HostileTest):
    def refused(self, command, env, text, status=125, **more):
        result = subprocess.run(command, env=env, cwd=self.top, stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=TIMEOUT, check=False, **more)
        lines = result.stderr.decode().splitlines()
        self.assertEqual((result.returncode, result.stdout, len(lines)), (status, b"", 1), result)
        self.assertIn(text, lines[0])

    def test_lacking_kvm(self):
        for number, name in ((KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP"), (KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"),
                             (KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER")):
            with self.subTest(lacks=name):
                command, env = self.command("answers", "plain")
                self.refused(command, env, f"this KVM lacks {name}, needed for",
                             preexec_fn=ioctl_fails(KVM_CHECK_EXTENSION, 0, number))

    def test_unfit_kvm(self):
        command, env = self.command("answers", "plain", "--kvm=1")
        self.refused(command, env, "isle 'uhyve' needs a fit /dev/kvm: ",
                     preexec_fn=ioctl_fails(KVM_RUN, errno.EINVAL))
        self.refused(command, env, "a virtual machine cannot be created; use isle 'qemu'",
                     preexec_fn=ioctl_fails(KVM_CREATE_VM, errno.ENOMEM))

    def test_remembered(self):
        with open(os.path.join(self.top, "hermit-kvm"), "w", encoding="ascii") as file:
            file.write("n")
        command, env = self.command("answers", "plain")
        self.refused(command, {**env, "XDG_RUNTIME_DIR": self.top}, "the check at its first use has failed")

    def bad_image(self, change, text):
        data = image("answers")
        change(data)
        command, env = self.command("answers", "plain")
        with open(command[-1], "wb") as file:
            file.write(data)
        self.refused(command, env, text, status=126)

    def test_images(self):
        header, notes = 64, 120  # program headers
        mark = image("answers").index(b"HermitCore\0\0")
        changes = [
            ("not an ELF file", 0, b"\x7fELG"),
            ("not a HermitCore image", OSABI_PLACE, b"\0"),
            ("not an ELF file for x86-64", 18, struct.pack("<H", 183)),
            ("not a static executable", 16, struct.pack("<H", 3)),
            ("program headers", 32, struct.pack("<Q", 1 << 63)),
            ("segment outside of the file", header + 32, struct.pack("<Q", 1 << 62)),
            ("segment at an impossible address", header + 40, struct.pack("<Q", (1 << 64) - 1)),
            ("outside of the memory", header + 40, struct.pack("<Q", 3 << 30)),
            ("the image's 64-bit entry is in no segment", mark + 20, struct.pack("<Q", 0xD0000000)),
            ("for version 77.", mark + 12, struct.pack("<I", 77)),
            ("needs at least", mark + 36, struct.pack("<Q", (1 << 64) - 1)),
            ("segments of the image overlap", notes,
             struct.pack("<IIQQQQQQ", 1, 4, 0, 0x100000, 0x100000, 4096, 4096, 4096)),
        ]
        for text, place, value in changes:
            with self.subTest(text):
                def change(data, place=place, value=value):
                    if text == "segments of the image overlap":  # the notes stay: a third header
                        data[56:58] = struct.pack("<H", 3)
                        place += 56
                    data[place : place + len(value)] = value
                self.bad_image(change, text)

    def test_cut_image(self):
        for size in (0, 10, 63, 100, 5000):
            with self.subTest(size=size):
                def cut(data, size=size):
                    del data[size:]
                self.bad_image(cut, "proxy: ")

    def test_little_memory(self):
        command, env = self.command("answers", "plain", "--mem=2M")
        self.refused(command, env, "needs at least", status=126)


if __name__ == "__main__":
    add_attacks()
    testcase.main()
