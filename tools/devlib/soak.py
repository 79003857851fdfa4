# SPDX-License-Identifier: Apache-2.0
"""tools/dev soak: what takes too long for the tiers.

The guest programs of SEEDED on 4 CPUs: five seeds, twenty times each, beside
stress-ng; and the session of tests/system, a hundred seeds, five of them twenty
times. Every seed must give one hash. It ends with the first that does not.
"""
import os
import subprocess

from devlib.build import build, build_dir
from devlib.common import EXIT_USAGE, Failure, path_of, say

SEEDS, RUNS, CPUS = 5, 20, 4
SEEDED = ("futex", "clone", "fork", "signal")
DISTINCT_MIN = 4
SESSION, SESSION_SEEDS = "session", 100


def program_command(tree, name):
    say(f"{name}: {SEEDS} seeds, {RUNS} times each")
    return ["python3", "-B", path_of("tests/machine/seeds.py"),
            os.path.join(tree, "cyphera"), "--cpus", str(CPUS),
            "--programs", os.path.join(tree, "guest"),
            "--program", name, "--status", "0", "--events", "200",
            "--seeds", str(SEEDS), "--again", str(SEEDS),
            "--runs", str(RUNS), "--distinct", str(DISTINCT_MIN), "--load"]


def session_command(tree):
    say(f"{SESSION}: {SESSION_SEEDS} seeds, {SEEDS} of them {RUNS} times")
    return ["python3", "-B", path_of("tests/system/session.py"),
            "--kernel", os.path.join(tree, "cyphera"), "--cpus", str(CPUS),
            "--seeds", str(SESSION_SEEDS), "--again", str(SEEDS),
            "--runs", str(RUNS)]


def main(words):
    for name in words:
        if name not in SEEDED + (SESSION,):
            raise Failure(f"soak: {name}: no such campaign; one of "
                          + " ".join(SEEDED + (SESSION,)), EXIT_USAGE)
    chosen = words or [*SEEDED, SESSION]
    build("hosted", "cyphera",
          *[f"guest_{name}" for name in chosen if name != SESSION])
    tree = build_dir("hosted")
    for name in chosen:
        command = session_command(tree) if name == SESSION else \
            program_command(tree, name)
        if subprocess.run(command, check=False).returncode:
            raise Failure(f"soak: {name}: a seed does not replay")
    return 0
