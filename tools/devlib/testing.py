# SPDX-License-Identifier: Apache-2.0
"""Builds the presets of a tier and runs their tests."""
import concurrent.futures
import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from devlib.build import build
from devlib.common import BUILD, Failure, say

# What each tier builds; the tests of a preset carry the tier as a label.
TIERS = {
    "default": ["hosted", "asan", "x86_64"],
    "ci": ["hosted", "x86_64", "x86_64-debug", "asan", "tsan", "tsa",
           "asan-clang", "valgrind"],
}
# Presets that run a part of their tests in a tier, by label: the rest is the
# same code, watched by asan's gcc.
PARTS = {"asan-clang": "^(unit|planted|fuzz)$"}
# Presets whose test is that they compile.
COMPILED = ("tsa",)
# More than the CPUs there are: most guests wait more than they compute.
PARALLEL = "3"


def has_tests(tree, select):
    out = subprocess.run(["ctest", "-N", *select], cwd=tree, check=True,
                         capture_output=True, text=True).stdout
    return "Total Tests: 0" not in out


def read_counts(report):
    """(names passed, names failed) of a JUnit file."""
    passed, failed = [], []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        status = case.get("status")
        if status in ("disabled", "notrun") and case.find("failure") is None:
            failed.append(case.get("name") + " (not run)")
        elif case.find("failure") is not None or status == "fail":
            failed.append(case.get("name"))
        else:
            passed.append(case.get("name"))
    return passed, failed


def build_ahead(pool, names):
    """{preset: what becomes of its build}: one after another, in what the
    tests of the presets before leave of the CPUs."""
    return {name: pool.submit(build, name, prefix=("nice", "-n", "19"))
            for name in names}


def run_preset(preset, select, ahead):
    """Awaits the build of one preset and tests it; (passed, failed) names."""
    began = time.monotonic()
    try:
        tree = ahead.result()
    except Failure as failure:
        say(f"dev: {failure}")
        return [], ["build"]
    built = time.monotonic()
    if preset in COMPILED:
        say(f"{preset}: waited {built - began:.0f} s for the build")
        return ["build"], []
    if not has_tests(tree, select):
        say(f"{preset}: waited {built - began:.0f} s for the build")
        return [], []
    report = os.path.join(tree, "tests.xml")
    if os.path.exists(report):
        os.unlink(report)
    subprocess.run(["ctest", "-j", PARALLEL, "--output-on-failure",
                    "--no-tests=error", "--output-junit", report, *select],
                   cwd=tree, check=False, stdin=subprocess.DEVNULL)
    if not os.path.exists(report):
        say(f"dev: {preset}: ctest wrote no report")
        return [], ["ctest"]
    passed, failed = read_counts(report)
    say(f"{preset}: {len(passed)} passed, {len(failed)} failed; waited "
        f"{built - began:.0f} s for the build, tested in "
        f"{time.monotonic() - built:.0f} s")
    return passed, failed


def selection(what):
    """Presets and ctest's options for a tier, or for a suite by name."""
    if what in TIERS:
        return TIERS[what], ["-L", f"^{what}$"]
    return TIERS["default"], ["-R", what]


def run_tests(what, presets=None):
    """Runs a tier or a suite; returns the exit status. The last line is
    "N passed, N failed"; a preset that does not build counts as a failure."""
    chosen, select = selection(what)
    presets = presets or chosen
    passed, failed = 0, []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ahead = build_ahead(pool, presets)
        try:
            for preset in presets:
                part = PARTS.get(preset) if what in TIERS else None
                good, bad = run_preset(
                    preset, select + (["-L", part] if part else []),
                    ahead[preset])
                passed += len(good)
                failed += [f"{preset}: {name}" for name in bad]
        finally:
            for build_of_it in ahead.values():
                build_of_it.cancel()
    for name in failed:
        say(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed or not passed else 0
