# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: a program on a pseudo-terminal of ours."""
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "machine"))

from killed import left_over  # noqa: E402

CHUNK = 65536
# What moves and colours; and the carriage returns that QEMU's terminal adds.
NOISE = re.compile(
    rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x07|\r(?=\r\n)")


class Unexpected(Exception):
    """Something else came, or nothing."""


class Terminal:
    """A program in a session of its own whose terminal we are. Its slave side
    stays open here, so its state can be read when the program is gone."""

    def __init__(self, command, limit, rows=24, columns=80):
        self.limit = limit
        self.seen = b""    # all of it
        self.fresh = b""   # what no expect() has taken
        self.status = None
        self.master, self.slave = os.openpty()
        self.resize(rows, columns)
        self.sane = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            self._become(command)

    def _become(self, command):
        try:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.closerange(3, 100)
            os.execvp(command[0], command)
        finally:
            os._exit(127)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        """Presses keys."""
        view = keys if isinstance(keys, bytes) else keys.encode()
        while view:
            view = view[os.write(self.master, view):]

    def _pull(self, seconds):
        """Takes what the program prints within so many seconds; False at its
        end or when there is nothing."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self.master, CHUNK)
        self.seen += data
        self.fresh = NOISE.sub(b"", self.fresh + data)
        return bool(data)

    def expect(self, pattern, *others):
        """Waits for it, and for the others, which may come before or after;
        takes them and all before the last of them. The match of the first.
        Escape sequences are left out."""
        until = time.monotonic() + self.limit
        while True:
            is_late, ended = time.monotonic() > until, self.has_ended()
            found = [re.search(text, self.fresh) for text in (pattern, *others)]
            if all(found):
                self.fresh = self.fresh[max(one.end() for one in found):]
                return found[0]
            # What it printed before its end is there by now.
            if is_late or not self._pull(0 if ended else 0.5) and ended:
                raise Unexpected(f"no {pattern!r} in {self.fresh[-1500:]!r}")

    def settle(self, seconds):
        """Waits until nothing was printed for so long."""
        while self._pull(seconds):
            pass

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self):
        """The exit status; negative: the signal that killed it."""
        until = time.monotonic() + self.limit
        while not self.has_ended():
            if time.monotonic() > until:
                raise Unexpected(f"does not end; {self.fresh[-500:]!r}")
            self._pull(0.05)
        while self._pull(0):  # its last words
            pass
        return self.status

    def is_sane(self):
        """Whether the terminal gets back to what it was."""
        until = time.monotonic() + self.limit
        while time.monotonic() < until:
            if termios.tcgetattr(self.slave) == self.sane:
                return True
            time.sleep(0.02)
        return False

    def left_over(self):
        """Processes of the session that do not go."""
        until = time.monotonic() + self.limit
        while left_over(self.pid) and time.monotonic() < until:
            time.sleep(0.02)
        return left_over(self.pid)

    def signal(self, number):
        os.kill(self.pid, number)

    def close(self):
        if not self.has_ended():
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)
