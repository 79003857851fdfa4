#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each header alone, as C17 and as C++17, by gcc and by clang.

check_headers.py [--gen DIR]   DIR holds generated headers. Run from the root;
exits 1 when one does not compile without a warning.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

COMPILERS = (("gcc", "g++"), ("clang-19", "clang++-19"))
FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I.", "-DCHECKED=1",
         "-DCYPHERA_VALGRIND=0"]
KERNEL = ["-ffreestanding", "-mgeneral-regs-only"]
# Headers that see libc.
HOST = re.compile(r"^(sim|tests|targets/hosted)/|^hal/hosted/(host_|stub/)")
# A header of C++ tests; it begins with a C++ comment.
CXX = re.compile(r"^//")


def commands(path, gen):
    flags = FLAGS + ([f"-I{gen}"] if gen else [])
    flags += ["-D_GNU_SOURCE"] if HOST.match(path) else KERNEL
    if CXX.match(sources.read(path)):
        yield ["g++", "-std=c++17", *flags, "-x", "c++", path]
        return
    for c, cxx in COMPILERS:
        yield [c, "-std=c17", *flags, "-x", "c", path]
        yield [cxx, "-std=c++17", *flags, "-x", "c++", path]


def compile_alone(command):
    """What the compiler said, or nothing."""
    # Not the header itself but a file that includes it twice: guards, too.
    path = command[-1]
    text = f'#include "{path}"\n#include "{path}"\n'
    result = subprocess.run([*command[:-1], "-"], input=text, text=True,
                            capture_output=True, check=False)
    if result.returncode == 0:
        return []
    first = (result.stderr.splitlines() or ["failed"])[:3]
    return [f"{path}: {command[0]} {command[1]}: " + " | ".join(first)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gen")
    gen = parser.parse_args().gen
    headers = sources.files((".h",), ("core", "drivers", "hal", "sim",
                                      "targets", "tests"))
    work = [c for path in headers for c in commands(path, gen)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = sum(pool.map(compile_alone, work), [])
    return sources.report("headers", found, f", {len(headers)} headers")


if __name__ == "__main__":
    sys.exit(main())
