#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks how files begin: the licence line, and for C code its path and
purpose below it. Run from the root; exits 1 on a breach."""
import re
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

LICENCE = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = (".c", ".h", ".cc", ".S", ".ld", ".py", ".cmake", "CMakeLists.txt",
            ".sh", ".tbl", ".ci/run", "tools/dev", "tools/setup")
C_LIKE = (".c", ".h", ".S", ".ld")


def complaints(path):
    lines = sources.read(path).split("\n")
    first = 1 if lines[0].startswith("#!") else 0
    if len(lines) <= first or LICENCE not in lines[first]:
        yield f"{path}: its first line does not say {LICENCE}"
        return
    head = "\n".join(lines[first + 1:first + 3])
    if path.endswith(".cc") or path.endswith(".h") and lines[0][:2] == "//":
        if not re.search(rf"^// {re.escape(path)} - \S", head, re.M):
            yield f'{path}: goes on with no "// {path} - purpose"'
    elif path.endswith(C_LIKE):
        if not re.match(rf"/\*\n \* {re.escape(path)} - \S", head):
            yield f'{path}: goes on with no "{path} - purpose" block'


def main():
    found = []
    paths = sources.files(SUFFIXES)
    for path in paths:
        found += complaints(path)
    return sources.report("spdx", found, f", {len(paths)} files")


if __name__ == "__main__":
    sys.exit(main())
