# SPDX-License-Identifier: Apache-2.0
"""A kernel as a command, in either world: for the tests of whole machines.

Every script takes --kernel FILE, --programs DIR, --world hosted|bare,
--valgrind and --tier default|ci; what else it takes it says itself.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests", "guest"))

from devlib.cpio import Archive  # noqa: E402
from run_guest import VALGRIND  # noqa: E402

RUN_BARE = os.path.join(ROOT, "tools", "run_bare.py")
NOT_FOUND, NOT_EXECUTABLE, REFUSED = 127, 126, 125
PANIC, REPORT = 120, 99
LIMIT_S = 150  # a machine that takes longer hangs


def parse(text, *more):
    """The script's arguments; more: (name, options) of its own."""
    parser = argparse.ArgumentParser(description=text.split("\n")[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--world", default="hosted",
                        choices=("hosted", "bare"))
    parser.add_argument("--valgrind", action="store_true")
    parser.add_argument("--tier", default="default")
    for name, options in more:
        parser.add_argument(name, **options)
    return parser.parse_args()


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def root_of(programs, *names):
    """An archive with these programs at its top."""
    archive = Archive()
    for name in names:
        archive.file(name, read_file(os.path.join(programs, name)), 0o755)
    return archive.close()


class Result:
    """How a run ended; log and stderr are one."""

    def __init__(self, status, out, err, late):
        self.status, self.out, self.err, self.late = status, out, err, late

    def __str__(self):
        late = ", late" if self.late else ""
        return (f"status {self.status}{late}, stdout {self.out[:80]!r}, "
                f"stderr {self.err[-1500:]!r}")


class Machine:
    """Runs the kernel of args with an initrd."""

    def __init__(self, args):
        self.args = args
        self.folder = tempfile.TemporaryDirectory(prefix="machine-")
        self.initrd = os.path.join(self.folder.name, "initrd")

    def command(self, initrd, init, options):
        args = self.args
        line = [args.kernel]
        if args.world == "bare":
            line = ["python3", RUN_BARE, args.kernel, "--timeout",
                    str(LIMIT_S - 10)]
        elif args.valgrind:
            line = VALGRIND + line
        if initrd is not None:
            with open(self.initrd, "wb") as f:
                f.write(initrd)
            line += ["--initrd", self.initrd]
        return line + list(options) + (["--", *init] if init else [])

    def run(self, initrd, init, options=(), limit=LIMIT_S, stdin=b""):
        """Runs init, [path, argument...]. After limit seconds the kernel gets
        SIGTERM; it must end then, or this raises."""
        process = subprocess.Popen(self.command(initrd, init, options),
                                   stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        late = False
        try:
            out, err = process.communicate(stdin, limit)
        except subprocess.TimeoutExpired:
            late = True
            process.terminate()
            try:
                out, err = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        status = process.returncode
        return Result(status if status >= 0 else 128 - status, out, err, late)


class Verdict:
    """Counts what went wrong."""

    def __init__(self):
        self.runs, self.bad = 0, 0

    def note(self, name, result, complaints):
        self.runs += 1
        for line in complaints:
            self.bad += 1
            print(f"{name}: {line}: {result}", flush=True)

    def finish(self):
        print(f"{self.runs} runs, {self.bad} complaints")
        sys.exit(1 if self.bad or not self.runs else 0)
