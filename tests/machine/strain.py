#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a guest program that strains the machine, with each number of CPUs.

It must end with status 0, in time. Checked kernels look for leaked memory when
they power off, and panic (status 120) when they find some. With --failures a
plan of calls (core/base/fault.h) must have made so many allocations fail.
"""
import re
import sys

import machine


FAILED = re.compile(rb"after (\d+) planned failures")


def complaints(result, failures):
    if result.late:
        yield "late"
    elif result.status != 0:
        yield "no success"
    found = FAILED.search(result.err)
    if failures and (not found or int(found[1]) < failures):
        yield f"fewer than {failures} allocations failed"


def main():
    args = machine.parse(__doc__, ("--cpus", {"default": "1,4"}),
                         ("--mem", {"default": "128M"}),
                         ("--failures", {"type": int, "default": 0}),
                         ("--limit", {"type": int, "default": 60}),
                         ("command", {"nargs": "+"}))
    machine.LIMIT_S = args.limit
    runner = machine.Machine(args)
    verdict = machine.Verdict()
    program = args.command[0]
    root = machine.root_of(args.programs, program)
    for cpus in args.cpus.split(","):
        options = ["--cpus", cpus, "--mem", args.mem]
        if args.failures:
            options += ["--append", "loglevel=8 fault=calls"]
        result = runner.run(root, ["/" + program, *args.command[1:]], options,
                            args.limit)
        verdict.note(f"{cpus} CPUs: {' '.join(args.command)}", result,
                     complaints(result, args.failures))
        sys.stdout.write(result.out.decode(errors="replace"))
    verdict.finish()


if __name__ == "__main__":
    main()
