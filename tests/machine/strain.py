#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a guest program that strains the machine, with each number of CPUs.

It must end with status 0, in time. Checked kernels look for leaked memory when
they power off, and panic (status 120) when they find some.
"""
import sys

import machine


def complaints(result):
    if result.late:
        yield "late"
    elif result.status != 0:
        yield "no success"


def main():
    args = machine.parse(__doc__, ("--cpus", {"default": "1,4"}),
                         ("--mem", {"default": "128M"}),
                         ("--append", {}),
                         ("--limit", {"type": int, "default": 60}),
                         ("command", {"nargs": "+"}))
    machine.LIMIT_S = args.limit
    runner = machine.Machine(args)
    verdict = machine.Verdict()
    program = args.command[0]
    root = machine.root_of(args.programs, program)
    for cpus in args.cpus.split(","):
        options = ["--cpus", cpus, "--mem", args.mem]
        if args.append:
            options += ["--append", args.append]
        result = runner.run(root, ["/" + program, *args.command[1:]], options,
                            args.limit)
        verdict.note(f"{cpus} CPUs: {' '.join(args.command)}", result,
                     complaints(result))
        sys.stdout.write(result.out.decode(errors="replace"))
    verdict.finish()


if __name__ == "__main__":
    main()
