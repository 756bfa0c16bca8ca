# SPDX-License-Identifier: BSD-3-Clause
"""
What a start costs, counted in what does not depend on the machine's load: guest instructions, blocks of
code that QEMU translates, bytes of the image. Times are for `make bench` (docs/benchmarks.md).
"""

import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path[:0] = [os.path.join(TOOLS, "bench"), os.path.join(TOOLS, "linuxvm")]

import context as bench  # noqa: E402
import figures_boot  # noqa: E402
import instructions  # noqa: E402

INSTRUCTIONS_MAX = 1_000_000  # from the entry point to main()
BLOCKS_MAX = 5_500  # of hello, about 4,900 in 2026; a tenth of them move with the timing of interrupts
UNUSED_CARD_MAX = 200  # blocks that a network card may add to a program without sockets
IMAGE_KIB_MAX, KERNEL_KIB_MAX = 1536, 400  # stripped


class StartTest(unittest.TestCase):
    def setUp(self):
        build = os.environ["HERMIT_BUILD"]
        tools = os.path.join(build, "bin")
        work = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(work.cleanup)
        self.context = bench.Context(
            build, os.path.join(tools, "proxy"), tools, work.name, "qemu-system-x86_64", "max", bench.QUICK
        )

    def test_instructions_to_main(self):
        count = instructions.count_to(self.context, "hello", "main")
        self.assertGreater(count, 1000)
        self.assertLessEqual(count, INSTRUCTIONS_MAX)

    def test_translated_blocks(self):
        count = instructions.count_blocks(self.context, "hello")
        self.assertGreater(count, 1000)
        self.assertLessEqual(count, BLOCKS_MAX)

    def test_unused_network_card(self):
        without = instructions.count_blocks(self.context, "hello", environment={"HERMIT_NIC": "none"})
        count = instructions.count_blocks(self.context, "hello", environment={"HERMIT_NIC": "virtio"})
        self.assertLessEqual(count, without + UNUSED_CARD_MAX)

    def test_image_size(self):
        stripped = os.path.join(self.context.work, "hello.stripped")
        strip = self.context.tool("x86_64-hermit-strip")
        subprocess.run([strip, "-o", stripped, self.context.program("hello")], check=True)
        self.assertLessEqual(os.path.getsize(stripped) / 1024, IMAGE_KIB_MAX)
        self.assertLessEqual(figures_boot.kernel_bytes(stripped) / 1024, KERNEL_KIB_MAX)


if __name__ == "__main__":
    unittest.main(verbosity=2)
