#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks names: prefixes by folder, one declaring header per function, no
libc name in kernel code, and no marker of unfinished work anywhere.

check_names.py [--archive FILE]   FILE holds kernel objects, for the libc
names. Run from the root; exits 1 on a breach.
"""
import argparse
import glob
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

HAL_FUNCTIONS_MAX = 95
UPCALLS_MAX = 8
# The functions that a header may declare, by where it lies; first match.
PREFIXES = (
    (r"^hal/upcall\.h$", r"core_"),
    (r"^hal/[^/]+\.h$", r"hal_"),
    (r"^hal/hosted/host\w*\.h$", r"(host|hosted|core)_"),
    (r"^sim/", r"sim_"),
    (r"^core/", r"(?!hal_|host_|sim_|lx_)"),
)
MARKERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MARKED = (".c", ".h", ".cc", ".S", ".ld", ".py", ".cmake", ".txt", ".md",
          ".tbl", ".sh", "tools/dev", "tools/setup")
# Files that name the markers because they look for them.
NAMES_MARKERS = re.compile(r"^(tools/check_names\.py|tests/tools/)")
MACRO = re.compile(r"^[ \t]*#.*(\\\n.*)*", re.M)
PROTOTYPE = re.compile(
    r"^(?!typedef|static|struct \w+ \{|return|else)(?:[A-Za-z_][\w]*[ *\n]+)+?"
    r"\**(\w+)\(([^;{}]*)\)[^;{}]*;", re.M)
ABI_TYPE = re.compile(r"^(?:struct|union|enum) (\w+)\s*\{", re.M)
BUILTINS = {"memcpy", "memmove", "memset", "memcmp"}


def prototypes(path):
    """Names of the functions that a header declares, not defines."""
    text = MACRO.sub("", sources.strip(sources.read(path)))
    text = re.sub(r"^(HAL|C)_DECLS_\w+$", "", text, flags=re.M)
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", text)
    return [m[1] for m in PROTOTYPE.finditer(text) if m[1].islower()
            or not m[1].isupper()]


def prefix_breaches(path, names):
    for where, prefix in PREFIXES:
        if re.match(where, path):
            for name in names:
                if not re.match(prefix, name):
                    yield f"{path}: {name}: does not begin with {prefix}"
            return


def abi_breaches(path):
    """Types of core/abi are lx_."""
    text = sources.strip(sources.read(path))
    for name in ABI_TYPE.findall(text):
        if not name.startswith("lx_"):
            yield f"{path}: {name}: a type of the ABI begins with lx_"


def marker_breaches(path):
    for n, line in enumerate(sources.read(path).split("\n"), 1):
        found = MARKERS.search(line)
        if found:
            yield f"{path}:{n}: {found[1]}"


def libc_names():
    """What the host's libc exports."""
    library = glob.glob("/lib/x86_64-linux-gnu/libc.so.6")[0]
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout
    return {line.split()[2].split("@")[0] for line in out.splitlines()
            if len(line.split()) == 3}


def archive_breaches(archive):
    out = subprocess.run(["nm", "--defined-only", "-g", archive], check=True,
                         capture_output=True, text=True).stdout
    mine = {line.split()[2] for line in out.splitlines()
            if len(line.split()) == 3}
    for name in sorted(mine & libc_names() - BUILTINS):
        yield f"{archive}: {name} is a name of libc"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--archive")
    args = parser.parse_args()
    found, homes, hal, upcalls = [], {}, 0, 0
    for path in sources.files((".h",), ("core", "drivers", "hal", "sim")):
        names = prototypes(path)
        found += prefix_breaches(path, names)
        if path == "hal/upcall.h":
            upcalls = len(names)
        elif re.match(r"^hal/[^/]+\.h$", path):
            hal += len(names)
        for name in names:
            homes.setdefault(name, []).append(path)
    for name, paths in sorted(homes.items()):
        if len(paths) > 1:
            found.append(f"{name}: declared in " + " and ".join(paths))
    for path in sources.files((".h",), ("core/abi",)):
        found += abi_breaches(path)
    for path in sources.files(MARKED):
        if not NAMES_MARKERS.match(path):
            found += marker_breaches(path)
    if hal > HAL_FUNCTIONS_MAX:
        found.append(f"hal: {hal} functions, at most {HAL_FUNCTIONS_MAX}")
    if upcalls > UPCALLS_MAX:
        found.append(f"hal/upcall.h: {upcalls} names, at most {UPCALLS_MAX}")
    if args.archive:
        found += archive_breaches(args.archive)
    return sources.report("names", found, f", {len(homes)} functions in "
                          f"headers, {hal} of the HAL")


if __name__ == "__main__":
    sys.exit(main())
