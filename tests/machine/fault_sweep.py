#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the K-th allocation fail, for K = 1, 2, ... until a run needs fewer.

Every run ends with a documented status and without a report: the machine does
not start (125), or init is killed (137), or it lives and says what failed.
"""
import re

import machine

COUNTED = re.compile(rb"init ended with status \d+, after (\d+) planned")
STEPS_MAX = 5000


def complaints(result, clean):
    if result.late:
        yield "late"
    if result.status == clean.status:
        return
    if result.status == machine.REFUSED:
        if result.out:
            yield "output, though it did not start"
    elif result.status not in (137, 1):
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
                     complaints(result, clean))
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
