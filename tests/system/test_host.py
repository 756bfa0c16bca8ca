# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong on the host reaches the program as an error, and loses nothing that was written before."""

import os
import resource
import shutil
import subprocess

import isle
import testcase


class HostTest(testcase.IsleTest):
    def test_file_size_limit(self):
        """The user's limit on the size of files: EFBIG, and what fits is there."""
        limit = 1 << 20

        def lower():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        with isle.WorkDirectory() as folder:
            target = os.path.join(folder, "out")
            with open(target, "wb") as stdout:
                process = self.start("cat", stdin=subprocess.PIPE, stdout=stdout, preexec_fn=lower)
                _, err = process.communicate(b"z" * (3 << 20), 60)
            self.assertEqual((process.returncode, err), (1, b"cat: write: EFBIG\n"))
            self.assertEqual(os.path.getsize(target), limit)

    def test_full_disk(self):
        """A full file system: ENOSPC, and what fits is there. It is mounted where only this run sees it."""
        # "cd" once more: the mounted directory, not the one below it.
        script = 'mount -t tmpfs -o size=1M none . && cd "$PWD" && "$@" > out; echo $? >&2; wc -c < out >&2'
        unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
        command = [*unshare, "sh", "-c", script, "sh", *self.isle.command("cat")]
        result = isle.run(command, stdin=b"d" * (3 << 20))
        self.assertEqual(result.err, b"cat: write: ENOSPC\n1\n%d\n" % (1 << 20))

    def test_vanished_directory(self):
        """The working directory is removed while the program runs: ENOENT, no end of the machine."""
        with isle.WorkDirectory() as top:
            folder = os.path.join(top, "gone")
            os.mkdir(folder)
            process = self.start("later", stdin=subprocess.PIPE, cwd=folder)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            shutil.rmtree(folder)
            out, err = process.communicate(b"new-file\n", 60)
            self.assertEqual((process.returncode, out), (0, b"open: ENOENT\n"), err)

    def test_file_changes_on_the_host(self):
        """Nothing is remembered of a file that others write."""
        with isle.WorkDirectory() as folder:
            name = os.path.join(folder, "shared")
            with open(name, "wb") as file:
                file.write(b"old")
            process = self.start("later", stdin=subprocess.PIPE, cwd=folder)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            with open(name, "wb") as file:
                file.write(b"new text")
            out, err = process.communicate(b"shared\n", 60)
            self.assertEqual((process.returncode, out), (0, b"open: 0\nnew text\n"), err)

    def test_limit_on_open_files(self):
        """A proxy that may open few files: the program is told."""

        def lower():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        process = self.start("later", ["many"], stdin=subprocess.PIPE, preexec_fn=lower)
        out, err = process.communicate(b"later\n", 60)
        self.assertEqual((process.returncode, out), (0, b"ready\nEMFILE or more than 1000\n"), err)


if __name__ == "__main__":
    testcase.main()
