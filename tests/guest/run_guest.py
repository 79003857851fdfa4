#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs guest programs on the host's Linux and on Cyphera; both must do the
same: status, stdout and stderr.

run_guest.py --kernel FILE --programs DIR [--world hosted|bare]
             [--machine microvm|q35] [--iso] [--cpus N] [--valgrind] [--seed N]
             [--traces DIR] GROUP...

GROUP is one of tests/guest/cases.py, a program's name (all its cases), or all
(but differs, front, huge and load). With --traces the calls are traced into
DIR/PROGRAM.WORLD.strace, for tools/check_abi.py.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases  # noqa: E402

TIMEOUT_S = 250  # a run that takes longer hangs
APART = ("front", "huge", "differs", "load")
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--trace-children=no"]
RUN_BARE = os.path.join(cases.ROOT, "tools", "run_bare.py")


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--world", default="hosted",
                        choices=("hosted", "bare"))
    parser.add_argument("--machine", default="microvm")
    parser.add_argument("--console", default="uart",
                        choices=("uart", "virtio"))
    parser.add_argument("--iso", action="store_true")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--valgrind", action="store_true")
    parser.add_argument("--seed")
    parser.add_argument("--traces")
    parser.add_argument("groups", nargs="+")
    return parser.parse_args(words)


class Outcome:
    """What a run looks like from outside."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def differences(self, other):
        """How other differs from this."""
        if self.status != other.status:
            yield f"status {other.status}, not {self.status}"
        for what, mine, its in (("stdout", self.out, other.out),
                                ("stderr", self.err, other.err)):
            if mine != its:
                yield f"{what}: {first_difference(mine, its)}"


def first_difference(wanted, got):
    mine, its = wanted.split(b"\n"), got.split(b"\n")
    for at, (a, b) in enumerate(zip(mine, its)):
        if a != b:
            return f"line {at + 1} is {b[:200]!r}, not {a[:200]!r}"
    return f"{len(got)} bytes, not {len(wanted)}; ends {got[-200:]!r}"


def answer(process, err):
    """Collects stderr; gives a byte of input for each "waiting" there, a
    moment later, when the program has gone to sleep."""
    def feed():
        try:
            process.stdin.write(b"x")
            process.stdin.flush()
        except OSError:
            pass

    for line in process.stderr:
        if line == b"waiting\n":
            threading.Timer(0.2, feed).start()
        else:
            err.append(line)


def run(case, command, **options):
    """Runs the command with the input of case."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, **options)
    watch = threading.Timer(TIMEOUT_S, process.kill)
    watch.start()
    err = []
    if case.asks:
        thread = threading.Thread(target=answer, args=(process, err))
        thread.start()
        out = process.stdout.read()
        thread.join()
        process.wait()
    else:
        out, whole = process.communicate(case.stdin)
        err.append(whole)
    watch.cancel()
    status = process.returncode
    return Outcome(status if status >= 0 else 128 - status, out,
                   b"".join(err))


def run_on_host(case, tree):
    """As init, as in the guest; what it leaves behind ends with it."""
    command = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "-R", tree,
               "/" + case.program, *case.args]
    if os.geteuid() != 0:
        command.insert(1, "-r")
    return run(case, command, env=cases.ENVIRONMENT)


def command_of(args, initrd, log):
    """The command that boots the kernel, up to init."""
    if args.world == "hosted":
        command = [args.kernel, "--initrd", initrd, "--log", log,
                   "--cpus", str(args.cpus)]
        if args.seed:  # then stdin is read to its end before the boot
            command += ["--seed", args.seed]
        if args.console == "virtio":
            command += ["--append", "console=hvc0"]
        if args.valgrind:
            command = VALGRIND + command
        return command + (["--strace"] if args.traces else [])
    command = ["python3", RUN_BARE, args.kernel, "--initrd", initrd,
               "--log", log, "--machine", args.machine,
               "--console", args.console, "--cpus", str(args.cpus)]
    if args.iso:
        command.append("--iso")
    return command + (["--append", "strace=1"] if args.traces else [])


def keep_trace(args, case, log):
    name = f"{case.program.replace('-', '_')}.{args.world}.strace"
    with open(os.path.join(args.traces, name), "ab") as f:
        f.write(cases.read_file(log))


def run_case(args, case, folder):
    """How the kernel differs from the host: lines."""
    log = os.path.join(folder, "log")
    mine = run(case, command_of(args, os.path.join(folder, "initrd"), log)
               + ["--", "/" + case.program, *case.args])
    if case.status is not None:
        found = []
        if mine.status != case.status:
            found.append(f"status {mine.status}, not {case.status}")
        if b"EXPECTED" in mine.out or b"STILL ALIVE" in mine.out:
            found.append(f"stdout: {mine.out[-2000:]!r}")
    else:
        host = run_on_host(case, os.path.join(folder, "tree"))
        found = list(host.differences(mine))
        if b"EXPECTED" in host.out:
            found.append(f"the host: {host.out[-2000:]!r}")
    if args.traces:
        keep_trace(args, case, log)
    if found:
        found.append("log: " + cases.read_file(log)[-2000:].decode(
            errors="replace"))
    return found


def run_program(args, program, chosen):
    """Runs the cases of one program, which is alone in its root; returns how
    many differ."""
    bad = 0
    with tempfile.TemporaryDirectory(prefix="guest-") as folder:
        programs = {program: os.path.join(args.programs, program),
                    **cases.NEEDS.get(program, {})}
        with open(os.path.join(folder, "initrd"), "wb") as f:
            f.write(cases.make_archive(programs))
        os.mkdir(os.path.join(folder, "tree"))
        cases.make_tree(os.path.join(folder, "tree"), programs)
        for case in chosen:
            found = run_case(args, case, folder)
            bad += bool(found)
            for line in found:
                print(f"{case.name}: {line}", flush=True)
    return bad


def cases_of(program):
    """All cases of a program; there are some."""
    found = [case for group in cases.GROUPS.values() for case in group
             if case.program == program]
    if not found:
        sys.exit(f"run_guest: {program}: no group, no program")
    return found


def main():
    args = parse(sys.argv[1:])
    groups = args.groups
    if groups == ["all"]:
        groups = [name for name in cases.GROUPS if name not in APART]
    if args.traces:
        os.makedirs(args.traces, exist_ok=True)
        for name in os.listdir(args.traces):
            if name.endswith(f".{args.world}.strace"):
                os.unlink(os.path.join(args.traces, name))
    chosen = {}
    for group in groups:
        for case in cases.GROUPS.get(group) or cases_of(group):
            if args.world not in case.worlds or \
                    args.valgrind and not case.valgrind or \
                    args.seed and (case.asks or case.spins):
                continue
            chosen.setdefault(case.program, []).append(case)
    bad = sum(run_program(args, *item) for item in chosen.items())
    print(f"{sum(map(len, chosen.values()))} runs, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
