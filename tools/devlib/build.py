# SPDX-License-Identifier: Apache-2.0
"""Configures and builds a preset, with one line of progress."""
import json
import os
import re
import subprocess
import sys

from devlib.common import BUILD, ROOT, Failure, path_of, run_step

PROGRESS = re.compile(r"^\[(\d+)/(\d+)\]")


def presets():
    """Names of the presets that can be built."""
    with open(path_of("CMakePresets.json"), encoding="utf-8") as f:
        data = json.load(f)
    return [p["name"] for p in data["configurePresets"] if not p.get("hidden")]


def build_dir(preset):
    return os.path.join(BUILD, preset)


def configure(preset):
    """Makes the build tree where there is none; ninja keeps it fresh."""
    if preset not in presets():
        raise Failure(f"{preset}: no such preset; one of "
                      + " ".join(presets()), 125)
    tree = build_dir(preset)
    if not os.path.exists(os.path.join(tree, "build.ninja")):
        run_step(f"configure {preset}",
                 ["cmake", "--preset", preset, "-S", ROOT, "-B", tree])
    return tree


def jobs():
    return os.environ.get("CYPHERA_JOBS", str(os.cpu_count() or 2))


def build(preset, *targets, prefix=()):
    """Builds targets (none: all) of a preset, by ninja behind the words of
    prefix; returns its build tree."""
    tree = configure(preset)
    command = [*prefix, "ninja", "-C", tree, "-j", jobs(), *targets]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, errors="replace",
                               stderr=subprocess.STDOUT)
    tty = sys.stderr.isatty()
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        at = PROGRESS.match(line)
        if at and tty:
            sys.stderr.write(f"\rbuild {preset}: {at[1]}/{at[2]} ")
            sys.stderr.flush()
    if tty:
        sys.stderr.write("\r\033[K")
    if process.wait():
        noise = re.compile(r"^\[\d+/\d+\]|^ninja: Entering")
        shown = [line for line in lines if not noise.match(line)]
        sys.stderr.write("\n".join(shown[-80:]) + "\n")
        raise Failure(f"build {preset}: failed")
    return tree
