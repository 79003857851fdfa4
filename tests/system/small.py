#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A shell in a small machine: the default root boots to its prompt, where a
person runs one_line.py's line and leaves with its status.

small.py --kernel FILE --programs DIR [--world bare] [--machine microvm|q35]
         [--mem SIZE] [--cpus N]...
"""
import argparse
import hashlib
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import one_line  # noqa: E402
import root  # noqa: E402
from devlib import guest, roots  # noqa: E402
from steps import ENTER, Person  # noqa: E402
from terminal import Unexpected  # noqa: E402


def answer():
    """What the line prints, the jobs' numbers in any order."""
    entries = len(root.applets()) + 1  # the line "total"
    digest = hashlib.sha256(roots.read_file(root.BUSYBOX)).hexdigest()
    text = f"\nhello\r\n{entries}\r\n{digest}  {root.BUSYBOX}\r\n"
    return re.escape(text.encode()) + rb"((?:[123]\r\n){3})"


def try_shell(command, limit):
    """Complaints."""
    me = None
    try:
        me = Person(command, limit)
        me.press("sh -c '" + one_line.LINE + "'", ENTER)
        jobs = sorted(me.expect(answer())[1].split())
        if jobs != [b"1", b"2", b"3"]:
            return [f"the jobs printed {jobs}"]
        me.prompt()
        me.press("exit", ENTER)  # with the status of the line
        status = me.terminal.wait()
        return [] if status == one_line.STATUS else [f"status {status}"]
    except Unexpected as what:
        return [str(what)]
    finally:
        if me:
            me.terminal.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root.add_options(parser)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--cpus", type=int, action="append")
    parser.add_argument("--mem", default="24M")
    args = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        initrd = os.path.join(folder, "initrd")
        with open(initrd, "wb") as f:
            f.write(roots.busybox_root(args.programs))
        for cpus in args.cpus or [1]:
            command = root.kernel_command(
                args, initrd, os.path.join(folder, "log"), cpus,
                ("--mem", args.mem), guest.SHELL)
            found = try_shell(command, args.limit)
            bad += len(found)
            print(f"{args.mem}, {cpus} CPUs: {found or 'good'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
