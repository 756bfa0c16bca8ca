# SPDX-License-Identifier: BSD-3-Clause
"""Machines with several NUMA nodes: what programs see of them, and where their memory lies."""

import collections
import os
import re
import shlex
import subprocess
import xml.etree.ElementTree

import isle
import testcase

NODE_DIR = "/sys/devices/system/node/"

# Stands between the proxy and QEMU: adds arguments.
WRAPPER = """#!/bin/sh
exec qemu-system-x86_64 "$@" {more}
"""


class NumaTest(testcase.IsleTest):
    def run_nodes(self, name, args, machine, cpus, nodes, more=(), cwd=None, options=()):
        with isle.WorkDirectory() as folder:
            qemu = os.path.join(folder, "qemu")
            with open(qemu, "w", encoding="ascii") as file:
                file.write(WRAPPER.format(more=shlex.join(more)))
            os.chmod(qemu, 0o755)
            chosen = [f"--machine={machine}", f"--cpus={cpus}", f"--numa={nodes}", f"--qemu={qemu}"]
            result = self.isle.run(name, args, options=[*chosen, *options], cwd=cwd)
        self.assertStatus(result, 0)
        return result

    def read(self, path, *machine, **more):
        return self.run_nodes("cat", [path], *machine, **more).out.decode().strip()

    def test_places(self):
        for machine, cpus, nodes in (("q35", 2, 2), ("pc", 4, 2), ("q35", 4, 4)):
            with self.subTest(f"{machine}, {cpus} CPUs, {nodes} nodes"):
                result = self.run_nodes("numa", ["places"], machine, cpus, nodes)
                self.assertIn(f"{nodes} nodes".encode(), result.out)
                self.assertNotIn(b"FAIL", result.out)

    def test_full_nodes(self):
        """Others help out, but for those who insist."""
        result = self.run_nodes("numa", ["fill", "80"], "q35", 2, 2, options=["--mem=128M"])
        lines = [line for line in result.out.decode().splitlines() if not line.startswith("ok")]
        taken = ["all of it", "all of it", "no memory left", "all of it"]
        self.assertEqual(lines[2:-1], taken)

    def test_same_as_with_one(self):
        """What does not depend on the number of nodes."""
        linux = self.isle.run_linux("numa")
        result = self.run_nodes("numa", [], "q35", 2, 2)
        self.assertEqual(result.out.decode(), linux.out.decode())

    def test_library(self):
        result = self.run_nodes("libnuma", [], "q35", 3, 2)
        self.assertEqual(result.out, self.isle.run_linux("libnuma").out)

    def test_files(self):
        total = 0
        for node in range(3):
            text = self.read(f"{NODE_DIR}node{node}/meminfo", "q35", 4, 3)
            total += int(re.search(rf"^Node {node} MemTotal: *(\d+) kB$", text, re.MULTILINE)[1])
        self.assertLess(total, 2 << 20)
        self.assertGreater(total, (2 << 20) - 16384)
        for path, text in (
            ("online", "0-2"),
            ("has_cpu", "0-2"),
            ("node0/cpulist", "0"),
            ("node1/distance", "20 10 20"),
        ):
            self.assertEqual(self.read(NODE_DIR + path, "q35", 4, 3), text, path)

    def test_cpus(self):
        """CPUs get their numbers in the order in which they start."""
        for node, count in enumerate((1, 1, 2)):
            text = self.read(f"{NODE_DIR}node{node}/cpulist", "q35", 4, 3)
            bounds = [[int(n) for n in part.split("-")] for part in text.split(",")]
            self.assertEqual(sum(part[-1] - part[0] + 1 for part in bounds), count, text)
            mask = int(self.read(f"{NODE_DIR}node{node}/cpumap", "q35", 4, 3), 16)
            self.assertEqual(mask.bit_count(), count)

    def test_hwloc(self):
        """The host's hwloc finds the machine in the isle's /sys."""
        files = ["/sys", "/proc/cpuinfo", "/proc/meminfo", "/proc/mounts", "/proc/self/status"]
        with isle.WorkDirectory() as folder:
            self.run_nodes("copytree", [folder, *files], "q35", 4, 2, cwd=folder)
            seen = subprocess.run(
                ["lstopo-no-graphics", "--of", "xml"],
                env={
                    **isle.ENVIRONMENT,
                    "HWLOC_FSROOT": folder,
                    "HWLOC_THISSYSTEM": "0",
                    "HWLOC_COMPONENTS": "linux,stop",
                },
                stdout=subprocess.PIPE,
                timeout=30,
                check=True,
            )
        objects = collections.Counter(
            node.get("type") for node in xml.etree.ElementTree.fromstring(seen.stdout).iter("object")
        )
        expected = {"Machine": 1, "NUMANode": 2, "Package": 1, "Core": 4, "PU": 4, "L1Cache": 4}
        self.assertEqual({name: objects[name] for name in expected}, expected)

    def test_distances(self):
        """As QEMU's SLIT has them."""
        more = ["-numa", "dist,src=0,dst=1,val=31", "-numa", "dist,src=1,dst=0,val=17"]
        self.assertEqual(self.read(NODE_DIR + "node0/distance", "pc", 2, 2, more=more), "10 31")
        self.assertEqual(self.read(NODE_DIR + "node1/distance", "pc", 2, 2, more=more), "17 10")

    def test_nodes_without_cpus(self):
        self.assertEqual(self.read(NODE_DIR + "has_cpu", "q35", 1, 2), "1")
        self.assertEqual(self.read(NODE_DIR + "has_memory", "q35", 1, 2), "0-1")
        self.assertEqual(self.read(NODE_DIR + "node0/cpulist", "q35", 1, 2), "")

    def test_files_through_the_channel(self):
        """The proxy cannot reach the memory of several nodes directly."""
        linux = self.isle.run_linux("hello")
        self.assertEqual(self.run_nodes("hello", [], "q35", 2, 2).files, linux.files)


if __name__ == "__main__":
    testcase.main()
