#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that clang-format 14 would change nothing, and that no line of a
script or document has a tab or a space at its end. Run from the root; exits 1
on a breach. With --fix it formats instead."""
import subprocess
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

TEXT = (".py", ".cmake", ".txt", ".sh", ".md", ".tbl", ".S", ".ld")


def main():
    code = sources.files((".c", ".h", ".cc"))
    if "--fix" in sys.argv[1:]:
        return subprocess.run(["clang-format-14", "-i", *code],
                              check=False).returncode
    found = []
    if code:
        result = subprocess.run(["clang-format-14", "--dry-run", "-Werror",
                                 *code], capture_output=True, text=True,
                                check=False)
        found += [line for line in result.stderr.splitlines()
                  if ": error:" in line]
        if result.returncode and not found:
            found.append(result.stderr)
    for path in sources.files(TEXT):
        for n, line in enumerate(sources.read(path).split("\n"), 1):
            if line != line.rstrip():
                found.append(f"{path}:{n}: space at the end of the line")
    return sources.report("format", found, f", {len(code)} files")


if __name__ == "__main__":
    sys.exit(main())
