#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the dependency direction between folders by their #include lines.

A folder may include itself and what LAYERS allows it; every quoted include is
a full path from the repository root. Run from the root; exits 1 on a breach.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

BOTTOM = "hal core/abi"
BONES = "core/base core/sync core/mem core/sched"

# Bottom up. A line may name only folders above it, so there are no cycles.
LAYERS = {
    "hal": "",
    "core/abi": "",
    "core/base": BOTTOM,
    "core/sync": f"{BOTTOM} core/base",
    "core/mem": f"{BOTTOM} core/base core/sync",
    "core/sched": f"{BOTTOM} core/base core/sync core/mem",
    "core/id": f"{BOTTOM} {BONES}",
    "core/dev": f"{BOTTOM} {BONES} core/id",
    "core/vm": f"{BOTTOM} {BONES} core/id",
    "core/fs": f"{BOTTOM} {BONES} core/id core/dev core/vm",
    "core/net": f"{BOTTOM} {BONES} core/id core/dev core/vm core/fs",
    "core/ipc": f"{BOTTOM} {BONES} core/id core/vm core/fs",
    "core/proc": f"{BOTTOM} {BONES} core/id core/dev core/vm core/fs "
                 "core/net core/ipc",
    "core/syscall": f"{BOTTOM} {BONES} core/id core/dev core/vm core/fs "
                    "core/net core/ipc core/proc",
    "core": "*",  # core/main.c only: the boot order
    "drivers": f"{BOTTOM} {BONES} core/id core/dev",
    "sim": "hal core/abi core/base",
    "hal/common": "hal core/abi core/base",
    "hal/x86_64": "hal hal/common core/abi core/base",
    "hal/hosted": "hal hal/common core/abi core/base sim",
    "targets/x86_64": "hal hal/common core/abi core/base",
    "targets": "*",
    "tests": "*",
}
FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}
# Files that may see the host's headers.
HOST = re.compile(r"^(tests|sim|targets/(hosted|fuzz|bench))/"
                  r"|^hal/hosted/(host_|stub/)")
# The interfaces of the sanitizers, which are declarations and macros only.
WATCHERS = re.compile(r"^hal/hosted/ (sanitizer|valgrind)/"
                      r"|^core/abi/ cerrno$")  # C++ tests have libc's own
# What the host side may see of the kernel: nothing of core's code.
HOST_SIDE = re.compile(r"^(hal/hosted/host_|targets/hosted/)")
# Made in the build tree by tools/gen_syscalls.py.
GENERATED = re.compile(r"^core/syscall/(calls\.h|table\.inc|decode\.inc)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    """The deepest folder of LAYERS that holds path, or None."""
    parts = path.split("/")[:-1]
    for n in range(len(parts), 0, -1):
        if "/".join(parts[:n]) in LAYERS:
            return "/".join(parts[:n])
    return None


def sees_host(header):
    """Does a header of the host side bring in the host's headers? Those that
    do not, like hal/hosted/host.h, are where the two sides meet."""
    if not header.startswith("hal/hosted/host"):
        return False
    return any(target not in FREESTANDING if kind == "<"
               else sees_host(target)
               for kind, target in INCLUDE.findall(sources.read(header)))


def breaches(path):
    here = folder_of(path)
    if here is None:
        yield f"{path}: lies in no folder that LAYERS knows"
        return
    if here == "core" and path != "core/main.c":
        yield f"{path}: core/ itself holds only main.c"
    allowed = LAYERS[here].split()
    for kind, target in INCLUDE.findall(sources.read(path)):
        if kind == "<":
            if not (target in FREESTANDING or HOST.match(path)
                    or WATCHERS.match(f"{here}/ {target}")):
                yield f"{path}: <{target}> is not a freestanding header"
        elif not os.path.exists(target) and not GENERATED.match(target):
            yield f'{path}: "{target}" is not a path from the root'
        elif HOST_SIDE.match(path) and target.startswith("core/"):
            yield f"{path}: the host side may not see {target}"
        elif not HOST.match(path) and sees_host(target):
            yield f"{path}: the kernel side may not see {target}"
        elif folder_of(target) not in (here, *allowed) and "*" not in allowed:
            yield f"{path}: {here} may not include {target}"


def main():
    seen = []
    for folder, allowed in LAYERS.items():
        late = set(allowed.split()) - set(seen) - {"*", "sim"}
        assert not late, f"LAYERS: {folder} names {late} before its line"
        seen.append(folder)

    found = []
    folders = ("core", "hal", "drivers", "sim", "targets", "tests")
    for path in sources.files(sources.C_SUFFIXES, folders):
        found += breaches(path)
    return sources.report("layers", found)


if __name__ == "__main__":
    sys.exit(main())
