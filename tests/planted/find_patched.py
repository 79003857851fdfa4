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

In --work there is a copy of the sources and of what --clean, the build tree of
the preset, holds of the kernel. One patch after the other is applied there, and
what it changes is built again, in a mount namespace where the copy stands in
the place of the sources: build trees name their files by whole paths. A patch
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
# Of a build tree, what no image is made of: folders, to which tests write
# meanwhile, and objects in C++.
APART = ("bench", "corpus", "guest", "planted-tree", "Testing", "traces",
         "unit")
APART_ENDS = (".cc.o", ".gch")
JOBS = os.environ.get("CYPHERA_JOBS", str(os.cpu_count() or 2))
LIMIT_SECONDS = 60  # of a run; what takes longer is not found, nor clean


class Plant:
    """A patch and what its first lines say."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        head = cases.read_file(path).decode().split("\n--- ")[0]
        fields = dict(re.findall(r"^([A-Z][a-z]+): (.*)$", head, re.M))
        self.preset, self.says = fields["Preset"], fields["Says"]
        self.run = fields["Run"].split()
        self.seeds = int(fields.get("Seeds", "1"))


def copy_file(source, to):
    """A copy with the times of the source, which ninja goes by; a file that
    went away meanwhile was of no concern."""
    try:
        shutil.copy2(source, to)
    except FileNotFoundError:
        pass


def names_apart(clean):
    """What shutil.copytree() shall leave out of a build tree."""
    def ignore(folder, names):
        return [name for name in names if name.endswith(APART_ENDS)
                or (folder == clean and name in APART)]
    return ignore


def copy_tree(clean, tree):
    """Makes tree a copy of the sources, as they are, and of what was built."""
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    for top in SOURCES:
        path = os.path.join(ROOT, top)
        if os.path.isfile(path):
            copy_file(path, os.path.join(tree, top))
        else:
            shutil.copytree(path, os.path.join(tree, top), symlinks=True,
                            copy_function=copy_file)
    shutil.copytree(clean, os.path.join(tree, os.path.relpath(clean, ROOT)),
                    symlinks=True, copy_function=copy_file,
                    ignore=names_apart(clean))


def step(what, command, tree):
    result = subprocess.run(command, cwd=tree, check=False, text=True,
                            errors="replace", stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(f"{what}: failed: {' '.join(command)}\n"
                 + result.stdout[-3000:])


def in_place(tree, command):
    """The command, run where tree stands in the place of the sources."""
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *root, "sh", "-c",
            'mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"',
            tree, ROOT, *command]


def patch(plant, tree, *options):
    step(plant.name, ["patch", "-p1", "-F0", "--no-backup-if-mismatch",
                      *options, "-i", plant.path], tree)


def build(plant, clean, tree):
    """Applies the patch to the copy and builds its image."""
    patch(plant, tree)
    step(plant.name, in_place(tree, ["ninja", "-C", clean, "-j", JOBS,
                                     plant.run[0]]), tree)


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
    """Complaints about one patch, which is gone again afterwards."""
    build(plant, clean, tree)
    binaries = os.path.join(tree, os.path.relpath(clean, ROOT))
    found = next((seed for seed in range(1, plant.seeds + 1)
                  if is_found(plant, binaries, clean, seed)), None)
    patch(plant, tree, "-R")
    if found is None:
        yield f"{plant.name}: not found"
        return
    print(f"{plant.name}: found with seed {found}", flush=True)
    if is_found(plant, clean, clean, found):
        yield f"{plant.name}: found where it is not"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", required=True)
    parser.add_argument("--clean", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("patches", nargs="+")
    args = parser.parse_args()
    clean = os.path.realpath(args.clean)
    plants = [p for p in map(Plant, args.patches) if p.preset == args.preset]
    work = os.path.realpath(args.work)
    copy_tree(clean, work)
    bad = [line for plant in plants
           for line in check(plant, clean, work)]
    for line in bad:
        print(line)
    print(f"{len(plants)} patches, {len(bad)} complaints")
    return 1 if bad or not plants else 0


if __name__ == "__main__":
    sys.exit(main())
