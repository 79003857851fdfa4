# SPDX-License-Identifier: Apache-2.0
"""The hosted kernel beside User Mode Linux (Debian's package
user-mode-linux): the same init in both, pinned to one core, their bursts
interleaved in one run; what counts is the median of the per-burst ratios.
"""
import os
import shutil
import signal
import statistics
import subprocess

from devlib.build import build_dir
from devlib.common import Failure
from devlib.cpio import Archive

UML = "linux.uml"
BURSTS = 20
CORE = "0"
# The letter of targets/bench/burst.c, what it is, and the most it may be.
ROWS = (("c", "null call", 0.6), ("f", "page fault", 0.5),
        ("p", "fork+exit+wait", 0.5))


class Guest:
    """A kernel with that init; its console is a pipe."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            ["taskset", "-c", CORE, *command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True)
        if self.line() != "ready":
            raise Failure("bench: no sign of init: " + command[0])

    def line(self):
        """The next line of init's; the kernel's own have no dot before."""
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Failure("bench: ended: " + " ".join(self.process.args))
            if line.startswith(b"."):
                return line[1:].strip().decode()

    def burst(self, letter):
        self.process.stdin.write(letter.encode())
        self.process.stdin.flush()
        return int(self.line())

    def close(self):
        """Ends it with all its processes: User Mode Linux has several."""
        self.process.stdin.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def make_initrd(directory):
    archive = Archive()
    path = os.path.join(build_dir("hosted"), "guest", "bench_burst")
    with open(path, "rb") as f:
        archive.file("init", f.read(), 0o755)
    out = os.path.join(directory, "burst.cpio")
    with open(out, "wb") as f:
        f.write(archive.close())
    return out


def start_both(directory):
    initrd = make_initrd(directory)
    ours = Guest([os.path.join(build_dir("hosted"), "cyphera"),
                  "--initrd", initrd, "--", "/init"])
    theirs = Guest([UML, "mem=256M", "initrd=" + initrd, "rdinit=/init",
                    "con0=fd:0,fd:1", "con=null", "quiet",
                    "uml_dir=" + directory + "/"])
    return ours, theirs


def measure(ours, theirs, letter):
    """The median ratio, and the medians in ticks."""
    pairs = [(ours.burst(letter), theirs.burst(letter))
             for _ in range(BURSTS + 1)][1:]  # the first warms up
    return (statistics.median(a / b for a, b in pairs),
            statistics.median(a for a, _ in pairs),
            statistics.median(b for _, b in pairs))


def compare(directory):
    """Prints a row for each; are all within their bounds?"""
    if shutil.which(UML) is None:
        print("(beside User Mode Linux: not measured; tools/setup all "
              "installs it)")
        return True
    good = True
    ours, theirs = start_both(directory)
    try:
        for letter, what, limit in ROWS:
            ratio, here, there = measure(ours, theirs, letter)
            good &= ratio <= limit
            print(f"{'hosted ' + what:<22} {ratio:>10.2f}   "
                  f"{'within' if ratio <= limit else 'OVER'} {limit} of User "
                  f"Mode Linux ({here:,.0f} to {there:,.0f} ticks)")
    finally:
        ours.close()
        theirs.close()
    return good
