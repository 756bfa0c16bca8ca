# SPDX-License-Identifier: BSD-3-Clause
"""The proxy without a virtual machine: what it refuses, how it ends, what a bad guest can do to it.

Each refusal is one line on standard error and the exit status that proxy(1) lists. The proxy of the build
folder HERMIT_BUILD starts fake_qemu.py in QEMU's place.
"""

import os
import pty
import signal
import socket
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

import image

HERE = Path(__file__).resolve().parent
PROXY = Path(os.environ["HERMIT_BUILD"]).resolve() / "bin" / "proxy"
LIMIT = 20  # seconds: the proxy never hangs


class ProxyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        (self.folder / "app").write_bytes(image.image())

    def environment(self, mode, argument=""):
        return {
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": "/nonexistent",
            "HERMIT_KVM": "0",
            "HERMIT_QEMU": str(HERE / "fake_qemu.py"),
            "FAKE_QEMU": mode,
            "FAKE_ARGUMENT": str(argument),
        }

    def run_proxy(self, mode, *options, app="app", argument="", env=None, stdin=b"", **more):
        return subprocess.run(
            [PROXY, *options, app],
            input=stdin,
            capture_output=True,
            timeout=LIMIT,
            cwd=more.pop("cwd", self.folder),
            env={**self.environment(mode, argument), **(env or {})},
            **more,
        )

    def start(self, mode, *options, **more):
        process = subprocess.Popen(
            [PROXY, *options, "app"],
            stdin=more.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment(mode),
            **more,
        )
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def check(self, result, status, text):
        """One line for the user, and nothing on standard output."""
        lines = result.stderr.decode().splitlines()
        self.assertEqual(result.returncode, status, lines)
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("proxy: "), lines)
        self.assertIn(text, lines[0])
        self.assertEqual(result.stdout, b"")


class Refusals(ProxyTest):
    def test_usage(self):
        self.check(self.run_proxy("exits", "--nonsense"), 125, "--nonsense")
        self.check(self.run_proxy("exits", "--mem=1"), 125, "--mem")
        self.check(self.run_proxy("exits", env={"HERMIT_CPUS": "many"}), 125, "HERMIT_CPUS")
        self.check(self.run_proxy("exits", "--icount", "--kvm=1"), 125, "--icount")
        result = subprocess.run([PROXY], capture_output=True, timeout=LIMIT)
        self.check(result, 125, "no application")

    def test_help_and_version(self):
        for option, text in (("--help", b"Usage: proxy"), ("--version", b"HermitCore")):
            result = subprocess.run([PROXY, option], capture_output=True, timeout=LIMIT)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertIn(text, result.stdout)

    def test_isles(self):
        self.check(self.run_proxy("exits", "--isle=uhyve"), 125, "made of KVM")
        self.check(self.run_proxy("exits", env={"HERMIT_ISLE": "1"}), 125, "not available in this version")

    def test_no_image(self):
        self.check(self.run_proxy("exits", app="missing"), 127, "missing: No such file")
        self.check(self.run_proxy("exits", app="app/x"), 127, "app/x: Not a directory")

    def test_bad_images(self):
        (self.folder / "empty").write_bytes(b"")
        (self.folder / "text").write_text("#!/bin/sh\n")
        (self.folder / "cut").write_bytes(image.image()[:600])
        (self.folder / "unsealed").write_bytes(image.image(osabi=0))
        (self.folder / "abi").write_bytes(image.image(abi=77))
        (self.folder / "hc").write_bytes(image.image(hc=78))
        (self.folder / "large").write_bytes(image.image(end=3 << 30))
        os.mkfifo(self.folder / "fifo")
        for name, text in (
            ("empty", "empty: "),
            ("text", "text: "),
            ("cut", "cut: "),
            ("unsealed", "not a HermitCore image"),
            ("abi", "version 77.1"),
            ("hc", "version 1.78"),
            ("large", "needs at least 3146304 KiB"),
            ("fifo", "not a file"),
            (".", "not a file"),
            ("/bin/true", "/bin/true: "),
        ):
            with self.subTest(name):
                self.check(self.run_proxy("exits", app=name), 126, text)

    def test_unreadable_image(self):
        """Root may read everything, but not from a user namespace that does not have it."""
        (self.folder / "app").chmod(0)
        command = ["unshare", "-U"] if os.getuid() == 0 else []
        command += [PROXY, self.folder / "app"]
        self.check(subprocess.run(command, capture_output=True, timeout=LIMIT), 126, "Permission denied")

    def test_no_qemu(self):
        result = self.run_proxy("exits", env={"HERMIT_QEMU": "no-such-qemu"})
        self.check(result, 125, "apt install qemu-system-x86")
        self.check(self.run_proxy("exits", "--qemu=/etc/passwd"), 125, "Permission denied")

    def test_mounts(self):
        self.check(self.run_proxy("exits", "--mount=missing:/x"), 125, "missing: No such file")
        self.check(self.run_proxy("exits", "--mount=app:/x"), 125, "app: Not a directory")
        self.check(self.run_proxy("exits", "--mount=.:/proc"), 125, "the kernel itself serves /proc")
        self.check(self.run_proxy("exits", "--mount=.:/a/../b"), 125, "without '..'")
        self.check(self.run_proxy("exits", "--mount=.:b"), 125, "GUEST absolute")

    def test_vanished_directory(self):
        gone = self.folder / "gone"
        gone.mkdir()
        result = subprocess.run(
            ["sh", "-c", f'rmdir "{gone}"; exec "$0" "$1"', PROXY, self.folder / "app"],
            cwd=gone,
            capture_output=True,
            timeout=LIMIT,
            env=self.environment("exits", 0),
        )
        self.check(result, 125, "the current directory")

    def test_ports_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            result = self.run_proxy("exits", "--monitor", f"--port={port - 1}")
            self.check(result, 125, f"port {port}")


class Network(ProxyTest):
    """Ports and tap devices of this host; those in a network namespace that the test makes."""

    def test_ports_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            for option in (f"--publish={port}:80", f"--app-port={port}"):
                self.check(self.run_proxy("exits", option), 125, f"port {port} for the application: Address already")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
            self.check(self.run_proxy("exits", f"--publish={port}:80/udp"), 125, f"port {port} for the application")

    def test_foreign_address(self):
        self.check(self.run_proxy("exits", "--publish=192.0.2.1:0:80"), 125, "--publish")
        self.check(self.run_proxy("exits", "--publish=192.0.2.1:7777:80"), 125, "Cannot assign requested address")

    def test_usage(self):
        for env, text in (
            ({"HERMIT_NIC": "ne2000"}, "HERMIT_NIC: 'ne2000' is not virtio, rtl8139, e1000 or none"),
            ({"HERMIT_APP_PORT": "http"}, "HERMIT_APP_PORT"),
            ({"HERMIT_IP": "10.0.5"}, "HERMIT_IP"),
            ({"HERMIT_MASK": "255.0.255.0"}, "HERMIT_MASK"),
            ({"HERMIT_NETIF_MAC": "01:02:03:04:05:06"}, "HERMIT_NETIF_MAC"),
            ({"HERMIT_NETIF": "tap0", "HERMIT_GATEWAY": "10.0.6.1"}, "HERMIT_GATEWAY"),
            ({"HERMIT_NETIF": "tap0", "HERMIT_APP_PORT": "8000"}, "HERMIT_NETIF"),
            ({"HERMIT_NIC": "e1000", "HERMIT_MACHINE": "microvm"}, "q35"),
        ):
            with self.subTest(env):
                self.check(self.run_proxy("exits", env=env), 125, text)

    def test_no_tap_device(self):
        self.check(self.run_proxy("exits", "--netif=hermit-none"), 125, "tools/tap.sh up hermit-none")
        self.check(self.run_proxy("exits", "--netif=lo"), 125, "lo is not a tap device")
        self.check(self.run_proxy("exits", "--netif=@9"), 125, "descriptor 9 is not an open tap device")

    def test_capture_file(self):
        (self.folder / "qemu-vlan0.pcap").mkdir()
        self.check(self.run_proxy("exits", "--capture-net"), 125, "qemu-vlan0.pcap: Is a directory")

    def in_namespace(self, script):
        """SCRIPT in a network namespace of its own, with tools/tap.sh as $TAP."""
        namespace = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
        return subprocess.run(
            [*namespace, "sh", "-ec", script, PROXY],
            cwd=self.folder,
            env={**self.environment("describes_tap"), "TAP": str(HERE.parents[2] / "tools" / "tap.sh")},
            capture_output=True,
            timeout=LIMIT,
        )

    def test_tap_device(self):
        result = self.in_namespace('"$TAP" up tap7; "$TAP" status tap7 >&2; HERMIT_NETIF=tap7 "$0" app; "$TAP" down tap7')
        self.assertEqual((result.returncode, result.stdout), (0, b"tap7 70\n"), result.stderr)
        self.assertIn(b"10.0.5.1/24", result.stderr)

    def test_tap_device_in_use(self):
        script = '"$TAP" up tap7; export HERMIT_NETIF=tap7; FAKE_QEMU=is_slow "$0" app & sleep 1; "$0" app || code=$?'
        result = self.in_namespace(script + "; kill -TERM $!; exit $code")
        self.check(result, 125, "tap7 is in use by another program")

    def test_tap_device_down(self):
        result = self.in_namespace('"$TAP" up tap7; "$TAP" down tap7; HERMIT_NETIF=tap7 "$0" app')
        self.check(result, 125, "there is no device tap7")

    def test_open_descriptor(self):
        opener = self.folder / "opener.py"
        opener.write_text(
            "import fcntl, os, sys\n"
            "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
            "fcntl.ioctl(fd, 0x400454CA, b'tap7'.ljust(16, b'\\0') + (0x5002).to_bytes(24, 'little'))\n"
            "os.dup2(fd, 9)\n"
            "os.execv(sys.argv[1], [sys.argv[1], '--netif=@9', *sys.argv[2:], 'app'])\n"
        )
        result = self.in_namespace(f'"$TAP" up tap7; exec python3 "{opener}" "$0"')
        self.assertEqual((result.returncode, result.stdout), (0, b"tap7 70\n"), result.stderr)
        result = self.in_namespace(f'"$TAP" up tap7; exec python3 "{opener}" "$0" --capture-net')
        self.check(result, 125, "IFF_VNET_HDR")


class ChannelPort(ProxyTest):
    """The host channel over TCP."""

    def free_port(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()[1]

    def test_channel(self):
        result = self.run_proxy("tcp_greets", f"--port={self.free_port()}")
        self.assertEqual((result.returncode, result.stdout), (0, b"by TCP\n"), result.stderr)
        result = self.run_proxy("tcp_greets", env={"HERMIT_PORT": str(self.free_port())})
        self.assertEqual((result.returncode, result.stdout), (0, b"by TCP\n"), result.stderr)

    def test_strangers(self):
        result = self.run_proxy("tcp_after_strangers", f"--port={self.free_port()}")
        self.assertEqual((result.returncode, result.stdout), (0, b"by TCP\n"), result.stderr)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.check(self.run_proxy("tcp_greets", f"--port={port}"), 125, f"port {port} for the host channel")

    def test_qemu_ends(self):
        result = self.run_proxy("tcp_dies", f"--port={self.free_port()}")
        self.check(result, 125, "QEMU failed: qemu-system-x86_64: something is wrong")


class Endings(ProxyTest):
    def test_status(self):
        for status in (0, 1, 77, 125, 255):
            result = self.run_proxy("exits", argument=status)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (status, b"", b""))

    def test_crash(self):
        result = self.run_proxy("crashes")
        self.assertEqual((result.returncode, result.stderr), (128 + 11, b"crash report\n"))

    def test_panic(self):
        result = self.run_proxy("panics")
        self.assertEqual(result.returncode, 255)
        self.assertIn(b"panic: what happened\n", result.stderr)

    def test_qemu_ends(self):
        self.check(self.run_proxy("dies_at_once"), 125, "QEMU failed: qemu-system-x86_64: something is wrong")
        self.check(self.run_proxy("is_killed"), 125, "QEMU was killed by signal 9")
        self.check(self.run_proxy("closes_channel"), 125, "QEMU closed the host channel")
        self.check(self.run_proxy("resets_later"), 255, "stopped before the application ended")

    def test_last_words(self):
        """What the guest said before it ended counts, although no reply reaches it any more."""
        result = self.run_proxy("listens_no_more")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, b"last words\n", b""))

    def test_early_panic_shows_the_log(self):
        result = self.run_proxy("resets")
        self.assertEqual(result.returncode, 255)
        self.assertEqual(
            result.stderr.decode().splitlines(),
            ["proxy: the machine stopped during its start", "Kernel log:", "early panic"],
        )

    def test_verbose_shows_the_log_once(self):
        result = self.run_proxy("resets", env={"HERMIT_VERBOSE": "1"})
        self.assertEqual(result.stderr.count(b"early panic"), 1)
        self.assertIn(b"virtconsole", result.stderr)

    def test_qemu_dies_with_the_proxy(self):
        process = self.start("tells_pid")
        qemu = int(process.stdout.readline())
        process.kill()
        process.wait()
        end = time.monotonic() + 5
        while Path(f"/proc/{qemu}").exists() and "Z" not in Path(f"/proc/{qemu}/stat").read_text().split()[2]:
            self.assertLess(time.monotonic(), end, "QEMU outlives the proxy")
            time.sleep(0.01)

    def test_nothing_left_behind(self):
        temporary = self.folder / "tmp"
        temporary.mkdir()
        self.run_proxy("writes", env={"TMPDIR": str(temporary)})
        self.assertEqual(os.listdir(temporary), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["app", "tmp"])
        # Others use /tmp as well, among them the fuzz targets, which run at the same time.
        words = ("hermit", "proxy", "qemu")
        left = [name for name in os.listdir("/tmp") if any(word in name for word in words)]
        self.assertEqual([name for name in left if not name.startswith("hermit-fuzz-")], [])


class BadGuests(ProxyTest):
    def test_protocol(self):
        for mode in ("sends_garbage", "sends_garbage_later", "sends_too_long", "wrong_version", "no_hello"):
            with self.subTest(mode):
                self.check(self.run_proxy(mode), 255, "broke the protocol")

    def test_half_a_frame(self):
        self.check(self.run_proxy("half_a_frame"), 255, "in the middle of a request")

    def test_flood(self):
        result = self.run_proxy("floods")
        self.assertEqual((result.returncode, result.stdout), (0, b"still served\n"), result.stderr)


class Streams(ProxyTest):
    def test_separate(self):
        result = self.run_proxy("writes")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"to stdout\n", b"to stderr\n"))

    def test_reading_does_not_hold_up_writing(self):
        process = self.start("reads_and_writes")
        self.assertEqual(process.stdout.readline(), b"ready\n")
        out, err = process.communicate(b"some input\n", LIMIT)
        self.assertEqual((process.returncode, out, err), (0, b"some input\n", b""))

    def test_closed_handles_stay_closed(self):
        """No file that the proxy itself opens takes their place."""
        for closed, numbers in (("<&-", b"0 -9\n"), ("<&- 2>&-", b"0 -9\n2 -9\n"), ("2>&-", b"2 -9\n")):
            result = subprocess.run(
                ["sh", "-c", f'exec "$0" app {closed}', PROXY],
                cwd=self.folder,
                env=self.environment("lists_closed"),
                capture_output=True,
                timeout=LIMIT,
            )
            self.assertEqual((result.returncode, result.stdout), (0, numbers), closed)

    def test_closed_handles(self):
        for closed in ("<&-", ">&-", "<&- >&-"):
            result = subprocess.run(
                ["sh", "-c", f'exec "$0" app {closed}', PROXY],
                cwd=self.folder,
                env=self.environment("exits", 5),
                capture_output=True,
                timeout=LIMIT,
            )
            self.assertEqual((result.returncode, result.stderr), (5, b""), closed)

    def test_data_by_reference(self):
        result = self.run_proxy("shares_memory", stdin=b"input\n!")
        self.assertEqual((result.returncode, result.stdout), (0, b"hello world\n"), result.stderr)

    def test_no_data_by_reference(self):
        """QEMU's answer makes no sense: then not."""
        self.assertEqual(self.run_proxy("answers_nonsense").returncode, 0)

    def test_shared_pipe_keeps_its_mode(self):
        """O_NONBLOCK on the shell's pipe would hit the programs that share it."""
        ours, theirs = os.pipe()
        process = self.start("reads_and_writes", stdin=ours)
        process.stdout.readline()
        self.assertTrue(os.get_blocking(ours))
        os.close(theirs)
        os.close(ours)
        self.assertEqual(process.wait(LIMIT), 0)


class Greeting(ProxyTest):
    def test_arguments_and_environment(self):
        """As many as Linux takes, whatever they hold."""
        many = {f"VARIABLE_{i}": "v" * 100_000 for i in range(12)}
        process = subprocess.run(
            [PROXY, "app", "one", "", "two words", "--help", "ä\n", "x" * 100_000],
            cwd=self.folder,
            env={**self.environment("describes_hello"), **many},
            capture_output=True,
            timeout=LIMIT,
        )
        self.assertEqual((process.returncode, process.stderr), (0, b""))
        text = process.stdout.decode()
        self.assertTrue(text.startswith("app\none\n\ntwo words\n--help\nä\n\n" + "x" * 100_000 + "\n"), text[:200])
        for name, value in many.items():
            self.assertIn(f"{name}={value}\n", text)
        tail = text.splitlines()[-7:]
        self.assertEqual(tail[0], str(self.folder))
        self.assertEqual(tail[2:], ["/dev", "/proc", "/sys", "/tmp", f"{self.folder}/app"], tail)

    def test_isolated(self):
        result = self.run_proxy("describes_hello", "--isolated", f"--mount={self.folder}:/tmp/work:ro")
        tail = result.stdout.decode().splitlines()[-9:]
        self.assertEqual(tail[0], "/tmp/work", result.stderr)
        self.assertEqual(tail[2:], ["/dev", "/proc", "/sys", "/tmp", "/etc", "/tmp/work", "/tmp/work/app"])

    def test_image_that_no_mount_shows(self):
        """The image itself is there, in the root, all the same."""
        (self.folder / "data").mkdir()
        result = self.run_proxy("describes_hello", "--isolated", f"--mount={self.folder}/data:/data")
        self.assertEqual(result.stdout.decode().splitlines()[-1], "/app", result.stderr)


class Signals(ProxyTest):
    def ready(self, **more):
        process = self.start("waits_for_signals", **more)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_signals_reach_the_guest(self):
        process = self.ready()
        for signo in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGQUIT, signal.SIGINT):
            process.send_signal(signo)
            self.assertEqual(process.stdout.readline(), b"signal %d\n" % signo)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT), 128 + signal.SIGTERM)

    def test_second_interrupt_ends_the_machine(self):
        process = self.ready()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), b"signal 2\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 130)

    def test_before_the_greeting(self):
        for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start("is_slow")
            time.sleep(0.3)
            process.send_signal(signo)
            self.assertEqual(process.wait(LIMIT), 128 + signo)

    def test_stop_and_continue(self):
        """A stopped proxy stops the machine, too."""
        process = self.ready(start_new_session=True)
        process.send_signal(signal.SIGTSTP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.stdout.readline(), b"signal %d\n" % signal.SIGCONT)

    def test_ignored_signal_stays_ignored(self):
        """As nohup does it."""
        process = self.ready(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.stdout.readline(), b"signal 10\n")


class Kvm(ProxyTest):
    """What the probe finds depends on the host; that it is quick, and speaks once, does not."""

    def run_auto(self):
        env = {"HERMIT_KVM": "auto", "XDG_RUNTIME_DIR": str(self.folder)}
        start = time.monotonic()
        result = self.run_proxy("exits", argument=3, env=env)
        self.assertEqual(result.returncode, 3)
        return result.stderr.decode().splitlines(), time.monotonic() - start

    def test_says_so_once(self):
        lines, seconds = self.run_auto()
        self.assertLessEqual(len(lines), 1, lines)
        self.assertTrue(all("/dev/kvm is not used" in line for line in lines), lines)
        self.assertLess(seconds, 5)
        cache = self.folder / "hermit-kvm"
        if cache.exists():
            self.assertEqual(cache.read_text(), "n" if lines else "y")
        self.assertEqual(self.run_auto()[0], [])

    def test_cache_decides(self):
        cache = self.folder / "hermit-kvm"
        for letter, kvm in (("y", True), ("n", False)):
            cache.write_text(letter)
            env = {"HERMIT_KVM": "", "XDG_RUNTIME_DIR": str(self.folder), "HERMIT_VERBOSE": "1"}
            result = self.run_proxy("exits", argument=0, env=env)
            self.assertEqual(b"-accel kvm -cpu host" in result.stderr, kvm, result.stderr)
            self.assertEqual(b"-accel tcg -cpu max" in result.stderr, not kvm, result.stderr)

    def test_cache_of_others_is_not_trusted(self):
        self.folder.chmod(0o777)
        (self.folder / "hermit-kvm").write_text("y")
        env = {"HERMIT_KVM": "", "XDG_RUNTIME_DIR": str(self.folder), "HERMIT_VERBOSE": "1"}
        self.run_proxy("exits", argument=0, env=env)
        self.assertEqual((self.folder / "hermit-kvm").read_text(), "y")
        (self.folder / "hermit-kvm").unlink()
        self.run_proxy("exits", argument=0, env=env)
        self.assertFalse((self.folder / "hermit-kvm").exists())

    def test_required(self):
        result = self.run_proxy("exits", argument=4, env={"HERMIT_KVM": "1"})
        if result.returncode != 4:
            self.check(result, 125, "KVM cannot be used")


class DefaultIsle(ProxyTest):
    """Isle uhyve where KVM is fit for it, else isle qemu. An image that no machine can run tells them apart."""

    def choice(self, *options, **variables):
        env = {"HERMIT_QEMU": "", "HERMIT_KVM": "", "XDG_RUNTIME_DIR": str(self.folder), "HERMIT_VERBOSE": "1"}
        env["PATH"] = str(self.folder)  # where there is no QEMU
        result = self.run_proxy("exits", *options, env={**env, **variables})
        self.assertEqual(result.returncode, 125, result.stderr)
        return "qemu" if b"qemu-system-x86_64" in result.stderr else "uhyve"

    def test_unfit(self):
        (self.folder / "hermit-kvm").write_text("n")
        self.assertEqual(self.choice(), "qemu")

    def test_not_wanted(self):
        (self.folder / "hermit-kvm").write_text("y")
        self.assertEqual(self.choice(HERMIT_KVM="0"), "qemu")
        for option in ("--machine=microvm", "--numa=2", "--nic=e1000", "--monitor", "--port=18000", "--isle=qemu"):
            with self.subTest(option=option):
                self.assertEqual(self.choice(option), "qemu")

    def test_probe(self):
        """Whatever the probe finds on this host, it is what the isle follows."""
        isle = self.choice()
        cache = self.folder / "hermit-kvm"
        self.assertEqual(isle, "uhyve" if cache.exists() and cache.read_text() == "y" else "qemu")


class Terminal(ProxyTest):
    def test_modes_are_put_back(self):
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        process = self.start("changes_terminal", stdin=slave)
        self.assertEqual(process.stdout.readline(), b"changed\n", process.stderr)
        self.assertFalse(termios.tcgetattr(slave)[3] & termios.ECHO)
        os.write(master, b"\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[1], b"")
        self.assertEqual(termios.tcgetattr(slave), before)
        os.close(master)
        os.close(slave)


if __name__ == "__main__":
    unittest.main(verbosity=2)
