# SPDX-License-Identifier: Apache-2.0
"""tools/dev soak: what takes too long for the tiers.

The guest programs of SEEDED on 4 CPUs: five seeds, twenty times each, beside
stress-ng; every seed must give one hash. It ends with the first that does not.
"""
import os
import subprocess

from devlib.build import build, build_dir
from devlib.common import EXIT_USAGE, Failure, path_of, say

SEEDS, RUNS, CPUS = 5, 20, 4
SEEDED = ("futex", "clone", "fork", "signal")
DISTINCT_MIN = 4


def main(words):
    for name in words:
        if name not in SEEDED:
            raise Failure(f"soak: {name}: no such campaign; one of "
                          + " ".join(SEEDED), EXIT_USAGE)
    chosen = words or list(SEEDED)
    build("hosted", "cyphera", *[f"guest_{name}" for name in chosen])
    tree = build_dir("hosted")
    for name in chosen:
        say(f"{name}: {SEEDS} seeds, {RUNS} times each")
        command = ["python3", "-B", path_of("tests/machine/seeds.py"),
                   os.path.join(tree, "cyphera"), "--cpus", str(CPUS),
                   "--programs", os.path.join(tree, "guest"),
                   "--program", name, "--status", "0", "--events", "200",
                   "--seeds", str(SEEDS), "--again", str(SEEDS),
                   "--runs", str(RUNS), "--distinct", str(DISTINCT_MIN),
                   "--load"]
        if subprocess.run(command, check=False).returncode:
            raise Failure(f"soak: {name}: a seed does not replay")
    return 0
