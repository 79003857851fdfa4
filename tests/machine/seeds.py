#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds replay: one trace hash per seed whatever the host is busy with.

seeds.py IMAGE [--cpus N] [--append WORDS | --programs DIR --program NAME]
         [--status N] [--seeds N] [--again N] [--runs N] [--distinct N]
         [--load]

Runs the image of two users (tests/machine/two_users.c), with --append another,
with --program a guest program on the kernel: once with each of `seeds` seeds,
and `runs` times with the first `again` of them. Expects one hash per seed, at
least `distinct` different ones (the hash covers the order of (CPU, thread,
event)), at least `events` events, no loss of reproducibility, and of two users
another hash when one write is a byte longer. --load keeps the CPUs busy with
stress-ng meanwhile.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "guest"))

import cases  # noqa: E402

TWO_USERS = "ticks=40 tick_ns=100000"
HASH = re.compile(r"trace-hash: ([0-9a-f]{16}) events: (\d+)")


def words_of(args, directory):
    """What the image runs: the end of its command line."""
    if not args.program:
        return ["--append", args.append or TWO_USERS]
    initrd = os.path.join(directory, "initrd")
    program = os.path.join(args.programs, args.program)
    with open(initrd, "wb") as f:
        f.write(cases.make_archive({args.program: program}))
    return ["--initrd", initrd, "--", "/" + args.program]


def run(args, words, seed):
    """The hash of one run."""
    result = subprocess.run(
        [args.image, "--cpus", str(args.cpus), "--seed", str(seed),
         "--trace-hash", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    found = HASH.search(result.stderr)
    if result.returncode != args.status or not found:
        sys.exit(f"seed {seed}: status {result.returncode}\n{result.stderr}")
    if "not reproducible" in result.stderr:
        sys.exit(f"seed {seed}: {result.stderr}")
    if int(found[2]) < args.events:
        sys.exit(f"seed {seed}: only {found[2]} events")
    return found[1]


def check(args, words):
    hashes = {}
    for seed in range(1, args.seeds + 1):
        times = args.runs if seed <= args.again else 1
        runs = {run(args, words, seed) for _ in range(times)}
        if len(runs) != 1:
            sys.exit(f"seed {seed}: {len(runs)} hashes in {times} runs: "
                     + " ".join(sorted(runs)))
        hashes[seed] = runs.pop()
    distinct = len(set(hashes.values()))
    if distinct < args.distinct:
        sys.exit(f"only {distinct} hashes over {args.seeds} seeds")
    if not args.append and not args.program and \
            run(args, words[:-1] + [words[-1] + " extra=1"], 1) == hashes[1]:
        sys.exit("a write that is a byte longer does not show")
    print(f"{args.again} seeds: one hash each in {args.runs} runs; "
          f"{args.seeds} seeds: {distinct} different")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("image")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--append")
    parser.add_argument("--programs")
    parser.add_argument("--program")
    parser.add_argument("--status", type=int, default=137)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--again", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--distinct", type=int, default=8)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--load", action="store_true")
    args = parser.parse_args()
    load = None
    if args.load:
        load = subprocess.Popen(["stress-ng", "--cpu", "4", "--quiet"])
    try:
        with tempfile.TemporaryDirectory(prefix="seeds-") as directory:
            check(args, words_of(args, directory))
    finally:
        if load:
            load.terminate()
            load.wait()


main()
