#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long session of BusyBox's shell: what each line prints on both streams,
and its status, are what the host's Linux gives in a chroot of the same root.

session.py --kernel FILE [--world hosted|bare] [--machine microvm|q35]
           [--cpus N]... [--seed N] [--valgrind] [--virtio] [--limit S]
session.py --kernel FILE --seeds N [--again N] [--runs N] [--cpus N]
session.py --show
Each also: [--first N]

The lines are in session.txt. NORMAL below is all that may differ, and why.
With --seeds: in virtual time, once with each of N seeds, and --runs times with
the first --again of them; each passes, and a seed gives one trace hash.
--first N: no more than so many lines. --show tells what the host gives.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import root  # noqa: E402

NUMBER = rb"\d+(\.\d+)?"
# What may differ: in lines that match the first pattern, what matches the
# second is not compared; and why that is right. Every pattern is in use.
NORMAL = (
    (r"^uname -a$", rb".+", "release and build are the kernel's own"),
    (r"^nproc$", NUMBER, "the machine's CPUs"),
    (r"^(free|df /tmp)$", rb" +\d+%?", "the machine's memory"),
    (r"^uptime$", rb".+", "time and load"),
    (r"^date$", rb".+", "time"),
    (r"^time ", NUMBER, "time"),
    (r"^ls -l", rb" \w{3} [ \d]\d \d\d:\d\d ", "time, of new files"),
)

APPLETS_MIN, LINES_MIN = 80, 200
STDIN = b"typed one\ntyped two words\nthe rest\nof the input\n"
END_STATUS = 7
MARK = re.compile(rb"\n@@@ (\d+) (\d+) @@@\n")
TRACE = re.compile(rb"^trace: .*\n")  # of virtual time, before init runs
HASH = re.compile(rb"trace-hash: ([0-9a-f]{16}) events: (\d+)")
# A command stands where a line begins, and after these.
COMMAND = re.compile(r"(?:^|[|;&({]|\bdo |\bthen |\belse |\bxargs |-exec |"
                     r"-c ['\"])\s*([\w\[]+)", re.M)


class Line:
    """A command line of the session."""

    def __init__(self, number, text):
        self.number, self.text = number, text

    def __str__(self):
        return f"line {self.number}: $ {self.text}"

    def script(self):
        """The shell's words for it, and a mark on both streams."""
        mark = f"'\\n@@@ {self.number} %d @@@\\n'"
        return (f"{self.text}\nstatus_=$?; printf {mark} $status_; "
                f"printf {mark} $status_ >&2\n")

    def normal(self, data):
        """What it printed, without what may differ."""
        for line, what, _ in NORMAL:
            if re.search(line, self.text):
                data = re.sub(what, b"~", data)
        return data


def read_session():
    """The lines of session.txt; what needs a real root only with one."""
    entries = []
    with open(os.path.join(HERE, "session.txt"), encoding="utf-8") as f:
        for row, text in enumerate(f, 1):
            text = text.rstrip("\n")
            if text.startswith(("$ ", "% ")):
                entries.append([row, text[0], text[2:]])
            elif text.startswith("> ") and entries:
                entries[-1][2] += "\n" + text[2:]
            elif text and not text.startswith("#"):
                sys.exit(f"session.txt:{row}: what is this?")
    return [Line(row, text) for row, kind, text in entries
            if kind == "$" or root.is_root()]


def check_size(lines):
    """The session is as long as promised."""
    known = set(root.applets())
    used = {word for line in lines for word in COMMAND.findall(line.text)
            if word in known}
    if len(lines) < LINES_MIN or len(used) < APPLETS_MIN:
        sys.exit(f"{len(lines)} lines, {len(used)} applets: too few")
    return f"{len(lines)} lines, {len(used)} applets"


class Outcome:
    """What a whole run looked like: per line (status, stdout, stderr)."""

    def __init__(self, status, out, err, log):
        self.status, self.log, self.raw_err = status, log, err
        self.out = self._split(out)
        self.err = self._split(TRACE.sub(b"", err))

    @staticmethod
    def _split(data):
        """{line number: (status, text)}, in the order of the marks."""
        found, at = {}, 0
        for mark in MARK.finditer(data):
            found[int(mark[1])] = (int(mark[2]), data[at:mark.start()])
            at = mark.end()
        found[0] = (0, data[at:])
        return found


def execute(command, limit, log=None, **options):
    """Runs the command with the session's input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **options)
    try:
        out, err = process.communicate(STDIN, limit + 10)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        err += b"\n(stopped: the time limit passed)\n"
    text = b""
    if log and os.path.exists(log):
        with open(log, "rb") as f:
            text = f.read()
    return Outcome(process.returncode, out, err, text)


def complaints(lines, host, mine):
    """How the kernel's run differs from the host's: texts."""
    for line in lines:
        for what, wanted, got in (("stdout", host.out, mine.out),
                                  ("stderr", host.err, mine.err)):
            if line.number not in got:
                yield (f"{line}: the session ended there: "
                       f"{got[0][1][-500:]!r}")
                return
            if wanted[line.number][0] != got[line.number][0]:
                yield (f"{line}: status {got[line.number][0]}, "
                       f"not {wanted[line.number][0]}")
            a, b = (line.normal(x[line.number][1]) for x in (wanted, got))
            if a != b:
                yield (f"{line}: {what}:\n    host   {a[:1500]!r}\n"
                       f"    kernel {b[:1500]!r}")
    if mine.status != END_STATUS:
        yield f"status {mine.status}, not {END_STATUS}"


class Runner:
    """The session in a folder, and what the host makes of it."""

    def __init__(self, args, lines, folder):
        self.args, self.lines, self.folder = args, lines, folder
        script = "".join(line.script() for line in lines)
        self.initrd = os.path.join(folder, "initrd")
        self.init = ["/bin/busybox", "sh", "/session"]
        with open(self.initrd, "wb") as f:
            f.write(root.make_root({
                "session": f"{script}exit {END_STATUS}\n".encode()}))
        tree = os.path.join(folder, "tree")
        os.mkdir(tree)
        self.host = execute(
            root.host_command(self.initrd, tree, self.init), args.limit,
            preexec_fn=root.limits_of_init)
        if self.host.status != END_STATUS or \
                len(self.host.out) != len(lines) + 1:
            sys.exit(f"the host: status {self.host.status}, "
                     f"{len(self.host.out) - 1} lines, "
                     f"{self.host.raw_err[-1000:]!r}")

    def run(self, cpus, options=()):
        """One run; returns its complaints and its outcome."""
        log = os.path.join(self.folder, "log")
        command = root.kernel_command(self.args, self.initrd, log, cpus,
                                      options, self.init)
        mine = execute(command, self.args.limit, log)
        found = list(complaints(self.lines, self.host, mine))
        if found:
            found.append("log: " + (mine.log[-3000:] + mine.err[0][1][-3000:])
                         .decode(errors="replace"))
        return found, mine

    def run_seed(self, seed):
        """The hash of a run in virtual time."""
        found, mine = self.run(self.args.cpus[0], [
            "--seed", str(seed), "--trace-hash"])
        said = mine.log + mine.raw_err
        mark = HASH.search(said)
        if b"not reproducible" in said or not mark:
            found.append("no hash, or no reproducible one: "
                         + repr(said[-500:]))
        if found:
            sys.exit(f"seed {seed}: " + "\n".join(found))
        return mark[1].decode()

    def run_seeds(self):
        args, hashes = self.args, set()
        for seed in range(1, args.seeds + 1):
            times = args.runs if seed <= args.again else 1
            runs = {self.run_seed(seed) for _ in range(times)}
            if len(runs) != 1:
                sys.exit(f"seed {seed}: {len(runs)} hashes in {times} runs: "
                         + " ".join(sorted(runs)))
            hashes |= runs
        if len(hashes) < args.seeds * 3 // 4:
            sys.exit(f"only {len(hashes)} hashes over {args.seeds} seeds")
        print(f"{args.seeds} seeds, {args.again} of them {args.runs} times: "
              f"{len(hashes)} hashes")


def show(runner):
    for line in runner.lines:
        status, out = runner.host.out[line.number]
        err = runner.host.err[line.number][1]
        print(f"{line}\n[{status}]\n{out.decode(errors='replace')}", end="")
        if err:
            print(f"stderr: {err.decode(errors='replace')}", end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root.add_options(parser)
    parser.add_argument("--cpus", type=int, action="append")
    parser.add_argument("--seed")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--again", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--first", type=int)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    args.cpus = args.cpus or [1]
    lines = read_session()
    print(check_size(lines), flush=True)
    lines = lines[:args.first]
    with tempfile.TemporaryDirectory(prefix="session-") as folder:
        runner = Runner(args, lines, folder)
        if args.show:
            show(runner)
            return 0
        if args.seeds:
            runner.run_seeds()
            return 0
        options = ["--seed", args.seed] if args.seed else []
        bad = 0
        for cpus in args.cpus:
            found, _ = runner.run(cpus, options)
            for text in found:
                print(f"{cpus} CPUs: {text}", flush=True)
            bad += bool(found)
    print(f"{len(args.cpus)} sessions, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
