#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one fuzz target from its seeds, for a time.

run_fuzz.py PROGRAM CORPUS NAME SECONDS   CORPUS/NAME holds what earlier runs
found; seeds are made into CORPUS/seeds. Input that breaks the target stays in
CORPUS/NAME.broken. The status is the target's.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    program, corpus, name, seconds = sys.argv[1:]
    seeds = os.path.join(corpus, "seeds." + name)
    found = os.path.join(corpus, name)
    broken = os.path.join(corpus, name + ".broken") + os.sep
    for folder in (seeds, found, broken):
        os.makedirs(folder, exist_ok=True)
    subprocess.run([sys.executable, "-B",
                    os.path.join(HERE, "make_corpus.py"), seeds], check=True)
    own = os.path.join(seeds, name)
    status = subprocess.run(
        [program, found, *([own] if os.path.isdir(own) else []),
         f"-max_total_time={seconds}", f"-artifact_prefix={broken}",
         "-max_len=65536", "-timeout=10", "-rss_limit_mb=2048",
         "-print_final_stats=1"], check=False).returncode
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
