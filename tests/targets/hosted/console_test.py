# SPDX-License-Identifier: Apache-2.0
"""Streams, terminal and end of the hosted kernel: hal/platform.h, as a user
of the process sees it."""
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import threading
import time
import unittest

from process import KERNEL, SECONDS, root_image, run

CTRL_A, CTRL_C = b"\x01", b"\x03"


class Streams(unittest.TestCase):
    def setUp(self):
        self.root = root_image()
        self.cat = [KERNEL, "--initrd", self.root, "/cat"]

    def test_binary_clean(self):
        data = os.urandom(1 << 20)
        status, out, _ = run("--initrd", self.root, "/cat", input=data)
        self.assertEqual(0, status)
        self.assertEqual(data, out)

    def test_slow_reader(self):
        data = os.urandom(300000)
        with subprocess.Popen(self.cat, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as kernel:
            writer = threading.Thread(
                target=lambda: (kernel.stdin.write(data),
                                kernel.stdin.close()))
            writer.start()
            time.sleep(0.5)
            got = kernel.stdout.read()
            writer.join()
        self.assertEqual(data, got)
        self.assertEqual(0, kernel.returncode)

    def test_reader_gone(self):
        with subprocess.Popen(self.cat, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as kernel:
            kernel.stdout.close()
            try:
                kernel.stdin.write(b"x" * 100000)
                kernel.stdin.close()
            except BrokenPipeError:
                pass
            self.assertNotEqual(0, kernel.wait(SECONDS))

    def test_shared_descriptors_stay_blocking(self):
        ends = os.pipe()
        subprocess.run(self.cat, stdin=subprocess.DEVNULL, stdout=ends[1],
                       stderr=subprocess.DEVNULL, check=True, timeout=SECONDS)
        flags = fcntl.fcntl(ends[1], fcntl.F_GETFL)
        self.assertEqual(0, flags & os.O_NONBLOCK)
        os.close(ends[0])
        os.close(ends[1])

    def test_closed_at_start(self):
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" <&- >&-', "sh", *self.cat],
            stderr=subprocess.PIPE, check=False, timeout=SECONDS)
        self.assertEqual(0, done.returncode, done.stderr)

    def wait_with_signal(self, number):
        with subprocess.Popen(self.cat, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as kernel:
            kernel.stdin.write(b"up\n")
            kernel.stdin.flush()
            self.assertEqual(b"up\n", kernel.stdout.readline())
            kernel.send_signal(number)
            err = kernel.stderr.read().decode()
        return kernel.returncode, err

    def test_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            status, err = self.wait_with_signal(number)
            self.assertEqual(128 + number, status)
            self.assertIn(f"cyphera: ended by signal {int(number)}", err)

    def test_killed(self):
        """Reading to the end of file proves that nobody is left over."""
        status, err = self.wait_with_signal(signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, status)
        self.assertIn("cyphera: the kernel process died", err)


class Terminal(unittest.TestCase):
    """The test holds both ends, so it sees what the terminal is left as."""

    def setUp(self):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.kernel = subprocess.Popen(
            [KERNEL, "--initrd", root_image(), "/cat"], stdin=self.slave,
            stdout=self.slave, stderr=self.slave)
        self.read_until(b"Cyphera on hosted")
        self.until(lambda: termios.tcgetattr(self.slave) != self.before)

    def tearDown(self):
        self.kernel.kill()
        self.kernel.wait()
        os.close(self.master)
        os.close(self.slave)

    def until(self, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def read_until(self, text):
        got = b""
        end = time.monotonic() + SECONDS
        while text not in got:
            self.assertLess(time.monotonic(), end, got)
            if select.select([self.master], [], [], 0.1)[0]:
                got += os.read(self.master, 4096)
        return got

    def assert_restored(self):
        self.until(lambda: termios.tcgetattr(self.slave) == self.before)

    def test_raw(self):
        local = termios.tcgetattr(self.slave)[3]
        output = termios.tcgetattr(self.slave)[1]
        self.assertEqual(0, local & (termios.ICANON | termios.ISIG))
        self.assertEqual(0, output & termios.OPOST)

    def test_ctrl_a_x(self):
        os.write(self.master, CTRL_A + b"x")
        self.assertEqual(0, self.kernel.wait(SECONDS))
        self.read_until(b"cyphera: ended by Ctrl-A x")
        self.assert_restored()

    def test_ctrl_c_is_the_guests(self):
        os.write(self.master, CTRL_C + CTRL_A + CTRL_A)
        time.sleep(0.3)
        self.assertIsNone(self.kernel.poll())

    def test_terminated(self):
        self.kernel.terminate()
        self.assertEqual(128 + signal.SIGTERM, self.kernel.wait(SECONDS))
        self.assert_restored()

    def test_killed(self):
        self.kernel.kill()
        self.kernel.wait(SECONDS)
        self.assert_restored()
        self.read_until(b"cyphera: the kernel process died")


if __name__ == "__main__":
    unittest.main()
