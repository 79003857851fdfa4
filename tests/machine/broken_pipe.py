#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""/cat when nobody reads its output any more: hosted, its write fails with
EPIPE and it says so; bare, where the machine cannot know, it is stopped. It
never hangs."""
import subprocess

import machine


def main():
    args = machine.parse(__doc__)
    runner, verdict = machine.Machine(args), machine.Verdict()
    initrd = machine.root_of(args.programs, "cat-musl")
    process = subprocess.Popen(runner.command(initrd, ["/cat-musl"], ()),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    try:
        _, err = process.communicate(b"x" * 1000000, machine.LIMIT_S)
    except BrokenPipeError:
        err = process.stderr.read()
    status = process.wait(machine.LIMIT_S)
    found = []
    if status != (1 if args.world == "hosted" else 128 + 13):
        found.append("wrong status")
    if args.world == "hosted" and b"cat: write: Broken pipe\n" not in err:
        found.append("no word of it")
    verdict.note("broken pipe", f"status {status}, stderr {err!r}", found)
    verdict.finish()


if __name__ == "__main__":
    main()
