# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the parts of the benchmark that need no virtual machine."""

import io
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from concurrent import futures
from unittest import mock

import linuxvm  # noqa: F401: where cpio, elf and kernel are
import cpio
import elf
import figures_boot
import figures_net
import figures_uhyve
import floor
import kernel
import load
import namespace
import qemu
import report
import smoke
import uhyve_side
from figures import Figure, Goal, median, number, parse_fields


class GoalTest(unittest.TestCase):
    def test_absolute(self):
        self.assertTrue(Goal(80).is_reached(80, None))
        self.assertFalse(Goal(80).is_reached(80.1, None))

    def test_against_another_value(self):
        self.assertTrue(Goal(0.5, "linux").is_reached(50, 100))
        self.assertFalse(Goal(0.5, "linux").is_reached(51, 100))
        self.assertTrue(Goal(1.0, "linux", at_least=True).is_reached(100, 100))
        self.assertFalse(Goal(1.0, "linux", at_least=True).is_reached(99, 100))

    def test_nothing_to_compare_with_is_not_reached(self):
        self.assertIsNone(Goal(0.5, "linux").is_reached(50, None))
        figure = Figure("k", "t", "ns", Goal(0.5, "linux"), hermit=50)
        self.assertEqual(figure.verdict(), "no reference")

    def test_a_failure_is_shown_as_one(self):
        figure = Figure("k", "t", "ns", Goal(80), linux=300, errors=["no proxy"])
        self.assertEqual(figure.verdict(), "FAILED")
        self.assertIs(figure.is_reached(), False)

    def test_ratio_follows_the_goal(self):
        figure = Figure("k", "t", "ms", Goal(2.0, "floor"), hermit=60, linux=2000, floor=40)
        self.assertEqual(figure.ratio(), 1.5)
        self.assertEqual(figure.verdict(), "yes")


class UhyveTest(unittest.TestCase):
    SMAPS = """00400000-00500000 r-xp 00000000 00:01 1 /bin/proxy
Private_Clean:        40 kB
Private_Dirty:         8 kB
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
Private_Dirty:      1000 kB
7f0000400000-7f0002000000 rw-p 00000000 00:00 0
Private_Dirty:      2000 kB
7f0002000000-7f0002001000 rw-p 00000000 00:00 0
Private_Dirty:         4 kB
"""

    def test_guest_memory_is_left_out(self):
        self.assertEqual(uhyve_side.private_kib(self.SMAPS, 32 << 20), 52)

    def test_no_guest_memory(self):
        with self.assertRaises(uhyve_side.SideError):
            uhyve_side.private_kib(self.SMAPS, 64 << 20)

    def test_what_failed_has_no_value(self):
        figures = {figure.key: figure for figure in figures_uhyve.GROUPS[0].figures}
        document = {"values": {"touched": 2048, "reads": {"uhyve": [90, 80, 70], "linux": [100]}}}
        figures_uhyve.fill({**document, "errors": {"exits": "no"}}, figures)
        self.assertEqual(figures["uhyve_touched"].hermit, 2)
        self.assertEqual(figures["uhyve_read"].ratio(), 0.8)
        self.assertEqual(figures["uhyve_exits"].verdict(), "FAILED")


class NetworkTest(unittest.TestCase):
    def test_two_runs_give_the_instructions_of_a_round_trip(self):
        # 100 and 10 warm up; 5000 instructions belong to the connection.
        counts = (5000 + 110 * 70, 5000 + 1100 * 70)
        self.assertEqual(figures_net._per_trip((100, 1000), counts), 70)

    def test_a_load_with_errors_is_no_figure(self):
        good = "Requests/sec:  12345.67\nTransfer/sec: 1MB\n"
        self.assertEqual(load.wrk_rate(good), 12345.67)
        for text in (good + "  Socket errors: connect 0, read 3\n", good + "Non-2xx or 3xx responses: 4\n", ""):
            with self.assertRaises(qemu.BenchError):
                load.wrk_rate(text)

    def test_the_table_of_redis(self):
        text = '"test","rps","avg_latency_ms"\n"SET","31.5","1.0"\n"GET","32.00","0.9"\n'
        self.assertEqual(load.redis_rates(text), {"SET": 31.5, "GET": 32.0})
        with self.assertRaises(qemu.BenchError):
            load.redis_rates('"test","rps"\n"SET","many"\n')

    def test_a_namespace_is_empty_and_hands_its_values_out(self):
        devices = namespace.call(lambda: [name for _, name in socket.if_nameindex()])
        self.assertEqual(sorted(devices), ["lo", namespace.TAP])
        with self.assertRaisesRegex(qemu.BenchError, "no such thing"):
            namespace.call(self.fail_here)

    @staticmethod
    def fail_here():
        raise qemu.BenchError("no such thing")


class ReportTest(unittest.TestCase):
    def test_the_table_can_be_read_back(self):
        figures = [
            Figure("a", "start", "ms", Goal(2.0, "floor"), hermit=60, linux=2000, floor=40),
            Figure("b", "size", "MiB", Goal(1.5), errors=["no tool"]),
        ]
        rows = smoke.parse_table(report.table(figures))
        self.assertEqual([row["figure"] for row in rows], ["start", "size"])
        self.assertEqual(rows[0]["reached"], "yes")
        self.assertEqual(rows[1]["reached"], "FAILED")

    def test_equal_errors_are_one_line(self):
        figures = [Figure(key, key, "ms", errors=["no proxy"]) for key in "ab"]
        self.assertEqual(report.errors(figures), ["not measured: no proxy [a, b]"])

    def test_numbers(self):
        self.assertEqual(number(None), "-")
        self.assertEqual(number(1234567.0), "1,234,567")
        self.assertEqual(number(12.34), "12.3")
        self.assertEqual(number(0.254), "0.25")
        self.assertIsNone(median([]))
        self.assertEqual(parse_fields("bench=x n=3 word"), {"bench": "x", "n": "3"})


class SmallestTest(unittest.TestCase):
    def test_finds_each_border(self):
        for border in range(1, 65):
            found = figures_boot.smallest(lambda size: size >= border, 0, 64, 4)
            self.assertEqual(found, (border + 3) // 4 * 4)


class FloorTest(unittest.TestCase):
    def test_the_proxy_is_taken_out(self):
        arguments = "-M microvm -chardev socket,id=c,fd=7 -add-fd fd=8,set=1 -object "
        arguments += "memory-backend-file,id=ram,size=2147483648,mem-path=/dev/fdset/1,share=on "
        arguments += "-device virtconsole,chardev=c -qmp unix:/run/x -kernel hello"
        command = floor.independent(arguments.split())
        self.assertEqual(
            " ".join(floor.with_kernel(command, "image")),
            "-M microvm -chardev null,id=c -object "
            "memory-backend-memfd,id=ram,size=2147483648,share=on "
            "-device virtconsole,chardev=c -kernel image",
        )


@unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
class CpioTest(unittest.TestCase):
    def test_cpio_reads_the_archive(self):
        archive = cpio.Archive()
        archive.add_file("/a/b/odd", b"12345", 0o755)
        archive.add_file("/empty", b"")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "disk")
            archive.write(path)
            with open(path, "rb") as file:
                subprocess.run(
                    ["cpio", "-id", "--quiet"], stdin=file, cwd=folder, check=True, timeout=20
                )
            with open(os.path.join(folder, "a/b/odd"), "rb") as file:
                self.assertEqual(file.read(), b"12345")
            self.assertEqual(os.stat(os.path.join(folder, "a/b/odd")).st_mode & 0o777, 0o755)
            self.assertEqual(os.path.getsize(os.path.join(folder, "empty")), 0)


class ElfTest(unittest.TestCase):
    def test_reads_a_program(self):
        with open("/proc/self/exe", "rb") as file:
            magic = io.BytesIO(file.read(64)).getvalue()
        image = elf.ElfFile("/proc/self/exe")
        self.assertEqual(image.entry, struct.unpack_from("<Q", magic, 24)[0])
        self.assertTrue(any(segment.kind == elf.PT_LOAD for segment in image.segments()))
        self.assertTrue(any(section.name == ".text" for section in image.sections()))

    def test_reads_notes(self):
        notes = list(elf.ElfFile("/proc/self/exe").notes())
        self.assertIn((b"GNU", 3), [(owner, kind) for owner, kind, _ in notes])  # the build's identifier

    def test_refuses_other_files(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"#!/bin/sh\n")
            file.flush()
            self.assertRaises(ValueError, elf.ElfFile, file.name)

    def test_module_dependencies(self):
        data = b"license=GPL\0depends=9pnet,netfs\0name=9p\0"
        self.assertEqual(elf.module_dependencies(data), ["9pnet", "netfs"])
        self.assertEqual(elf.module_dependencies(b"depends=\0"), [])


class KernelTest(unittest.TestCase):
    def test_two_that_need_it_at_once(self):
        """One unpacks the kernel; the other waits until it is whole."""
        unpacked = []

        def unpack(_package, folder):
            unpacked.append(folder)
            os.makedirs(os.path.join(folder, "boot"))
            open(os.path.join(folder, "boot/vmlinuz-0.0-test"), "w", encoding="ascii").close()
            time.sleep(0.2)
            os.makedirs(os.path.join(folder, "lib/modules/0.0-test"))

        def find(folder):
            found = kernel._kernel("vmlinuz-*-test", lambda _: True, "test", folder)
            return os.path.isdir(found.modules)

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(kernel, "_unpack_package", unpack):
            with futures.ThreadPoolExecutor(3) as pool:
                self.assertEqual(list(pool.map(find, [folder] * 3)), [True] * 3)
        self.assertEqual(len(unpacked), 1)


if __name__ == "__main__":
    unittest.main()
