#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person at the shell of the default root (steps.py): line editing, history, tab
completion, job control, vi, less, windows that change their size; and a
terminal as it was, however the kernel ends.

interactive.py --kernel FILE --programs DIR [--world hosted|bare]
               [--machine microvm|q35] [--cpus N] [--virtio] [--planted FILE]
               [--limit S] [STEP...]
interactive.py --front BUILD_TREE ...

--planted: a kernel with a bug that its sanitizer reports. --front: all of it by
`tools/dev run`, in the bare world `tools/dev boot`, and the tree it builds.
STEP: names of functions there, without their first word; else all.
"""
import argparse
import os
import signal
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import root  # noqa: E402
from devlib import guest, roots  # noqa: E402
from steps import (CTRL_A_X, CTRL_C, CTRL_D, ENTER, Person,  # noqa: E402
                   STEPS, world_console, world_resized)
from terminal import Terminal, Unexpected  # noqa: E402


def ending_exit(me):
    me.press("exit 7", ENTER)
    return 7


def ending_end_of_file(me):
    me.press("(exit 9)", ENTER)
    me.prompt()
    me.press(CTRL_D)
    return 9


def ending_ctrl_a_x(me):
    me.press(CTRL_A_X)
    return None


def ending_sigint(me):
    me.terminal.signal(signal.SIGINT)
    return 128 + signal.SIGINT


def ending_sigterm(me):
    me.terminal.signal(signal.SIGTERM)
    return 128 + signal.SIGTERM


def ending_sighup(me):
    me.terminal.signal(signal.SIGHUP)
    return 128 + signal.SIGHUP


def ending_sigkill(me):
    me.terminal.signal(signal.SIGKILL)
    return -signal.SIGKILL


ENDINGS = {
    "hosted": (ending_exit, ending_end_of_file, ending_ctrl_a_x,
               ending_sigint, ending_sigterm, ending_sighup, ending_sigkill),
    "bare": (ending_exit, ending_end_of_file, ending_ctrl_a_x),
    "host": (ending_exit, ending_end_of_file)}


class Machine:
    """Starts the kernel of args with the default root on a terminal."""

    def __init__(self, args, folder):
        self.args, self.log = args, os.path.join(folder, "log")
        self.tree = os.path.join(folder, "tree")
        os.mkdir(self.tree)
        self.initrd = os.path.join(folder, "initrd")
        with open(self.initrd, "wb") as f:
            f.write(roots.busybox_root(args.programs))

    def command(self, options=()):
        if self.args.world == "host":
            start = roots.START_SCRIPT.decode().replace(
                "< /dev/console > /dev/console", "")
            return root.host_command(self.initrd, self.tree,
                                     ["/bin/sh", "-c", start])
        if self.args.front:
            return self.front_command()
        return root.kernel_command(self.args, self.initrd, self.log,
                                   self.args.cpus, options, guest.SHELL)

    def front_command(self):
        """What a user types; the trees of the presets lie side by side."""
        tree = os.path.abspath(self.args.front)
        os.environ["CYPHERA_BUILD_ROOT"] = os.path.dirname(tree)
        line = [os.path.join(root.ROOT, "tools", "dev"),
                "boot" if self.args.world == "bare" else "run",
                "--preset", os.path.basename(tree), "--cpus",
                str(self.args.cpus)]
        if self.args.world == "bare":
            line += ["--machine", self.args.machine]
        return line

    def person(self):
        return Person(self.command(), self.args.limit)


def check_end(terminal, wanted):
    """Complaints about how it ended."""
    status = terminal.wait()
    found = []
    if wanted is not None and status != wanted:
        found.append(f"status {status}, not {wanted}")
    if not terminal.is_sane():
        found.append("the terminal is not as it was")
    left = terminal.left_over()
    if left:
        found.append(f"left over: {left}")
    return found


def run_steps(machine, names):
    """One shell for all steps; another after one that went wrong."""
    steps = dict(STEPS)
    if machine.args.world != "bare":
        steps["resized"] = world_resized
    if machine.args.world != "host":
        steps["console"] = world_console
    me, bad = None, 0
    for name in names or steps:
        me = me or machine.person()
        try:
            steps[name](me)
            print(f"{name}: good", flush=True)
        except Unexpected as what:
            bad += 1
            print(f"{name}: {what}", flush=True)
            me.terminal.close()
            me = None
    if me:
        me.press(CTRL_C, "exit", ENTER)
        found = check_end(me.terminal, None)
        bad += len(found)
        print(f"end: {found or 'good'}", flush=True)
        me.terminal.close()
    return bad


def run_endings(machine):
    bad = 0
    for ending in ENDINGS[machine.args.world]:
        me = machine.person()
        me.press("sleep 100 & vi /tmp/x", ENTER)  # leaves the terminal raw
        me.expect(rb"- /tmp/x")
        if ending in (ending_exit, ending_end_of_file):
            me.press(":q!", ENTER)
            me.prompt()
        found = check_end(me.terminal, ending(me))
        bad += len(found)
        print(f"{ending.__name__}: {found or 'good'}", flush=True)
        me.terminal.close()
    return bad


def run_planted(machine, image):
    """A sanitizer's report ends the kernel."""
    terminal = Terminal([image, "--append", "bug=stack"], machine.args.limit)
    found = check_end(terminal, 99)
    if b"AddressSanitizer" not in terminal.seen:
        found.append(f"no report: {terminal.seen[-300:]!r}")
    print(f"report: {found or 'good'}", flush=True)
    terminal.close()
    return len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root.add_options(parser)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--front")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--planted")
    parser.add_argument("steps", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interactive-") as folder:
        machine = Machine(args, folder)
        bad = run_steps(machine, args.steps)
        if not args.steps:
            bad += run_endings(machine)
            if args.planted:
                bad += run_planted(machine, args.planted)
    print(f"{bad} complaints")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
