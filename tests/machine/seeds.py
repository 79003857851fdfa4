#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds replay: one trace hash per seed whatever the host is busy with.

seeds.py IMAGE [--seeds N] [--runs N] [--distinct N] [--load]

Runs the image of two users (tests/machine/two_users.c) `runs` times with one
seed and once with each of `seeds` seeds, and expects one hash per seed, at
least `distinct` different ones, at least 500 events, no loss of
reproducibility, and another hash when one write is a byte longer. --load keeps
the CPUs busy with stress-ng meanwhile.
"""
import argparse
import re
import subprocess
import sys

EVENTS_MIN = 500
STATUS = 137
HASH = re.compile(r"trace-hash: ([0-9a-f]{16}) events: (\d+)")


def run(image, seed, extra=0):
    """The hash of one run."""
    words = f"ticks=40 tick_ns=100000 extra={extra}"
    result = subprocess.run(
        [image, "--seed", str(seed), "--trace-hash", "--append", words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, check=False, timeout=100)
    found = HASH.search(result.stderr)
    if result.returncode != STATUS or not found:
        sys.exit(f"seed {seed}: status {result.returncode}\n{result.stderr}")
    if "not reproducible" in result.stderr:
        sys.exit(f"seed {seed}: {result.stderr}")
    if int(found[2]) < EVENTS_MIN:
        sys.exit(f"seed {seed}: only {found[2]} events")
    return found[1]


def check(args):
    hashes = {}
    for seed in range(1, args.seeds + 1):
        times = args.runs if seed == 1 else 1
        runs = {run(args.image, seed) for _ in range(times)}
        if len(runs) != 1:
            sys.exit(f"seed {seed}: {len(runs)} hashes in {times} runs: "
                     + " ".join(sorted(runs)))
        hashes[seed] = runs.pop()
    distinct = len(set(hashes.values()))
    if distinct < args.distinct:
        sys.exit(f"only {distinct} hashes over {args.seeds} seeds")
    if run(args.image, 1, extra=1) == hashes[1]:
        sys.exit("a write that is a byte longer does not show")
    print(f"seed 1: one hash in {args.runs} runs; {args.seeds} seeds: "
          f"{distinct} different")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("image")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--distinct", type=int, default=8)
    parser.add_argument("--load", action="store_true")
    args = parser.parse_args()
    load = None
    if args.load:
        load = subprocess.Popen(["stress-ng", "--cpu", "4", "--quiet"])
    try:
        check(args)
    finally:
        if load:
            load.terminate()
            load.wait()


main()
