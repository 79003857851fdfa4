# SPDX-License-Identifier: Apache-2.0
"""tools/dev fuzz: the fuzz targets of the preset asan-clang, for longer."""
import os
import subprocess

from devlib.build import build
from devlib.common import EXIT_USAGE, Failure, path_of, say


def targets(tree):
    folder = os.path.join(tree, "fuzz")
    if not os.path.isdir(folder):
        return []
    return sorted(os.listdir(folder))


def main(words):
    seconds = 600
    if "--seconds" in words:
        at = words.index("--seconds")
        if at + 1 == len(words) or not words[at + 1].isdigit():
            raise Failure("fuzz: --seconds: needs a number", EXIT_USAGE)
        seconds = int(words[at + 1])
        words = words[:at] + words[at + 2:]
    tree = build("asan-clang")
    known = targets(tree)
    for name in words:
        if name not in known:
            raise Failure(f"fuzz: {name}: no such target; one of "
                          + " ".join(known), EXIT_USAGE)
    failed = []
    for name in words or known:
        say(f"{name}: {seconds} s")
        command = ["python3", "-B", path_of("targets/fuzz/run_fuzz.py"),
                   os.path.join(tree, "fuzz", name),
                   os.path.join(tree, "corpus"), name.replace("fuzz_", ""),
                   str(seconds)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        raise Failure("fuzz: found something: " + " ".join(failed))
    return 0
