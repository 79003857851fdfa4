#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bugs that are kept as patches must be found, and nothing without them.

find_patched.py --preset NAME --clean DIR --work DIR PATCH...

Each patch begins with lines that say what it plants, and how that is found:

  Preset: asan                      only in this preset
  Run: contract --cpus 4 ...        an image and its arguments; "guest:NAME"
                                    runs that guest program, SEED stands for
  Seeds: 20                         1, 2, ... up to here, until it is found
  Says: REGEX                       a line that is said when it is found

In --work there is a copy of the sources, where one patch after the other is
applied and the image is built; what --clean holds was built without. A patch
that does not apply is a failure.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "guest"))

import cases  # noqa: E402

SOURCES = ("CMakeLists.txt", "CMakePresets.json", "cmake", "core", "docs",
           "drivers", "hal", "sim", "targets", "tests", "tools")
JOBS = os.environ.get("CYPHERA_JOBS", str(os.cpu_count() or 2))
LIMIT_SECONDS = 400  # of a run; what takes longer is not found, nor clean


class Plant:
    """A patch and what its first lines say."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        head = cases.read_file(path).decode().split("\n--- ")[0]
        fields = dict(re.findall(r"^([A-Z][a-z]+): (.*)$", head, re.M))
        self.preset, self.says = fields["Preset"], fields["Says"]
        self.run = fields["Run"].split()
        self.seeds = int(fields.get("Seeds", "1"))


def source_files():
    """Paths of all sources, relative to the root."""
    for top in SOURCES:
        path = os.path.join(ROOT, top)
        if os.path.isfile(path):
            yield top
        for folder, folders, names in os.walk(path):
            folders[:] = [f for f in folders if f != "__pycache__"]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def copy_sources(tree):
    """Makes tree a copy; only what differs is touched, or all would be built
    again for each patch."""
    for name in source_files():
        to, data = os.path.join(tree, name), cases.read_file(
            os.path.join(ROOT, name))
        if os.path.exists(to) and cases.read_file(to) == data:
            continue
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with open(to, "wb") as f:
            f.write(data)
        shutil.copymode(os.path.join(ROOT, name), to)


def step(what, command, tree):
    result = subprocess.run(command, cwd=tree, check=False, text=True,
                            errors="replace", stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(f"{what}: failed: {' '.join(command)}\n"
                 + result.stdout[-3000:])


def build(plant, tree):
    """Applies the patch to a fresh copy and builds its image."""
    copy_sources(tree)
    step(plant.name, ["patch", "-p1", "-F0", "--no-backup-if-mismatch", "-i",
                      plant.path], tree)
    step(plant.name, ["cmake", "--preset", plant.preset], tree)
    step(plant.name, ["ninja", "-C", f"build/{plant.preset}", "-j", JOBS,
                      plant.run[0]], tree)


def command_of(plant, binaries, clean, folder, seed):
    words = [os.path.join(binaries, plant.run[0])]
    for word in plant.run[1:]:
        if word.startswith("guest:"):
            name = word[len("guest:"):]
            initrd = os.path.join(folder, name)
            program = os.path.join(clean, "guest", name)
            with open(initrd, "wb") as f:
                f.write(cases.make_archive({name: program}))
            words += ["--initrd", initrd, "--", "/" + name]
        else:
            words.append(word.replace("SEED", str(seed)))
    return words


def is_found(plant, binaries, clean, seed):
    """Runs it until it says so; does it? Whatever else goes wrong is told."""
    text, found = "", False
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        process = subprocess.Popen(
            command_of(plant, binaries, clean, folder, seed),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        watch = threading.Timer(LIMIT_SECONDS, process.kill)
        watch.start()
        for line in process.stdout:
            text += line
            found = found or re.search(plant.says, line) is not None
            if found:
                process.kill()
        status = process.wait()
        watch.cancel()
    if status and not found:
        print(f"{plant.name}: status {status}: {text[-2000:]}")
    return found


def check(plant, clean, tree):
    """Complaints about one patch."""
    build(plant, tree)
    binaries = os.path.join(tree, "build", plant.preset)
    for seed in range(1, plant.seeds + 1):
        if is_found(plant, binaries, clean, seed):
            break
    else:
        yield f"{plant.name}: not found"
        return
    print(f"{plant.name}: found with seed {seed}", flush=True)
    if is_found(plant, clean, clean, seed):
        yield f"{plant.name}: found where it is not"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", required=True)
    parser.add_argument("--clean", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("patches", nargs="+")
    args = parser.parse_args()
    plants = [p for p in map(Plant, args.patches) if p.preset == args.preset]
    bad = [line for plant in plants
           for line in check(plant, args.clean, args.work)]
    for line in bad:
        print(line)
    print(f"{len(plants)} patches, {len(bad)} complaints")
    return 1 if bad or not plants else 0


if __name__ == "__main__":
    sys.exit(main())
