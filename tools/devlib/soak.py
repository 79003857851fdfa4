# SPDX-License-Identifier: Apache-2.0
"""tools/dev soak: what takes too long for the tiers.

The guest programs of SEEDED on 4 CPUs: five seeds, twenty times each, beside
stress-ng; and the session of tests/system, a hundred seeds, five of them twenty
times; every seed must give one hash. hostile: devices that lie, by many seeds:
100,000 steps of each against the drivers, and whole kernels. It ends with the
first that is wrong.
"""
import os
import subprocess

from devlib.build import build, build_dir
from devlib.common import EXIT_USAGE, Failure, path_of, say

SEEDS, RUNS, CPUS = 5, 20, 4
SEEDED = ("futex", "clone", "fork", "signal")
DISTINCT_MIN = 4
HOSTILE, HOSTILE_SEEDS, HOSTILE_KERNELS = "hostile", 100, 1000
SESSION, SESSION_SEEDS = "session", 100


def replay(name):
    """Seeds of a guest program, again and again."""
    build("hosted", "cyphera", f"guest_{name}")
    tree = build_dir("hosted")
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


def hostile():
    """Devices that lie, under ASan and UBSan."""
    build("asan", "cyphera", "drivers_test", "guest_cat-musl")
    tree = build_dir("asan")
    say(f"{HOSTILE}: {HOSTILE_SEEDS} seeds of the drivers, "
        f"{HOSTILE_KERNELS} of kernels")
    for seed in range(1, HOSTILE_SEEDS + 1):
        done = subprocess.run(
            [os.path.join(tree, "unit", "drivers_test"),
             "--gtest_filter=Hostile.*"], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            errors="replace", env={**os.environ,
                                   "CYPHERA_TEST_SEED": str(seed)})
        if done.returncode:
            print(done.stdout[-5000:])
            raise Failure(f"soak: {HOSTILE}: the drivers, seed {seed}")
    if subprocess.run(
            ["python3", "-B", path_of("tests/machine/hostile.py"),
             "--kernel", os.path.join(tree, "cyphera"),
             "--programs", os.path.join(tree, "guest"),
             "--seeds", str(HOSTILE_KERNELS)], check=False).returncode:
        raise Failure(f"soak: {HOSTILE}: a kernel")


def session():
    """The session of tests/system, by many seeds."""
    build("hosted", "cyphera")
    say(f"{SESSION}: {SESSION_SEEDS} seeds, {SEEDS} of them {RUNS} times")
    if subprocess.run(
            ["python3", "-B", path_of("tests/system/session.py"),
             "--kernel", os.path.join(build_dir("hosted"), "cyphera"),
             "--cpus", str(CPUS), "--seeds", str(SESSION_SEEDS),
             "--again", str(SEEDS), "--runs", str(RUNS)],
            check=False).returncode:
        raise Failure(f"soak: {SESSION}: a seed does not replay")


CAMPAIGNS = {SESSION: session, HOSTILE: hostile}


def main(words):
    known = (*SEEDED, *CAMPAIGNS)
    for name in words:
        if name not in known:
            raise Failure(f"soak: {name}: no such campaign; one of "
                          + " ".join(known), EXIT_USAGE)
    for name in words or known:
        if name in CAMPAIGNS:
            CAMPAIGNS[name]()
        else:
            replay(name)
    return 0
