#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the K-th allocation fail, for K = 1, 2, ... until a run needs fewer.

Every run ends with a documented status and without a report: the machine does
not start (125), or init is killed (137), or it runs to an end of its own.
"""
import re

import machine

COUNTED = re.compile(rb"init ended with status \d+, after (\d+) planned")
STEPS_MAX = 5000


def complaints(result):
    if result.late:
        yield "late"
    if COUNTED.search(result.err):
        if result.status > 127 and result.status != 137:
            yield "a signal that no lack of memory sends"
    elif result.status != machine.REFUSED or result.out:
        yield "no documented end"


def sweep(args, verdict, program):
    runner = machine.Machine(args)
    root = machine.root_of(args.programs, program)
    options = ["--append", "loglevel=8"]
    clean = runner.run(root, ["/" + program], options)
    assert COUNTED.search(clean.err), clean
    for k in range(1, STEPS_MAX):
        result = runner.run(root, ["/" + program],
                            ["--append", f"loglevel=8 fault=nth:{k}"])
        verdict.note(f"{program}, allocation {k}", result,
                     complaints(result))
        counted = COUNTED.search(result.err)
        if counted and counted[1] == b"0":
            print(f"{program}: {k - 1} allocations")
            return
    print(f"{program}: more than {STEPS_MAX} allocations")
    verdict.bad += 1


def main():
    args = machine.parse(__doc__, ("names", {"nargs": "+"}))
    verdict = machine.Verdict()
    for program in args.names:
        sweep(args, verdict, program)
    verdict.finish()


if __name__ == "__main__":
    main()
