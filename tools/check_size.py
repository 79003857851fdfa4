#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks sizes: files, functions, parameters, nesting.

It relies on the form that clang-format gives: a function's braces stand alone
in the first column, and each level is indented by four. Run from the root;
exits 1 on a breach.
"""
import re
import sys

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

FILE_LINES = {".c": 600, ".cc": 600, ".h": 200, ".S": 600, ".py": 300}
FUNCTION_LINES = 60
SHORT_LINES, SHORT_SHARE = 40, 0.95
PARAMETERS = 5
# Those that take what they take: a translation (where, what, rights, type,
# table pages); a system call (number and six registers).
MORE_PARAMETERS = {"hal_mmu_map": 6, "guest_call": 7}
NESTING = 3
CONTROL = re.compile(r"^( *)(?:\} )?(if|for|while|switch|do|else"
                     r"|list_for_each\w*)\b")


class Function:
    """A function definition: where, its signature, its lines."""

    def __init__(self, path, line, signature, body):
        self.path, self.line = path, line
        self.signature, self.body = signature, body

    @property
    def name(self):
        found = re.search(r"(\w+)\s*\(", self.signature)
        return found[1] if found else "?"

    @property
    def lines(self):
        return len(self.body)

    @property
    def parameters(self):
        """Commas at the depth of the parameter list, plus one."""
        depth, count = 0, 1
        start = self.signature.find("(")
        for c in self.signature[start:]:
            depth += (c == "(") - (c == ")")
            if c == "," and depth == 1:
                count += 1
            if c == ")" and depth == 0:
                break
        return count

    @property
    def nesting(self):
        deepest = 0
        for line in self.body:
            match = CONTROL.match(line)
            if match:
                deepest = max(deepest, len(match[1]) // 4)
        return deepest


def functions(path):
    """All function definitions of a C or C++ file."""
    lines = sources.strip(sources.read(path)).split("\n")
    start = None
    for n, line in enumerate(lines):
        if line == "{" and start is None:
            start = n
        elif line.startswith("}") and start is not None:
            if line == "}":
                yield Function(path, start + 1, signature(lines, start),
                               lines[start + 1:n])
            start = None


def signature(lines, brace):
    """The lines above a brace up to the end of what stands before."""
    first = brace
    while first > 0 and re.search(r"\S", lines[first - 1]) and not re.search(
            r"[;}]\s*$|^#", lines[first - 1]):
        first -= 1
    return " ".join(lines[first:brace])


def complaints(function):
    at = f"{function.path}:{function.line}: {function.name}"
    if function.lines > FUNCTION_LINES:
        yield f"{at}: {function.lines} lines, at most {FUNCTION_LINES}"
    if function.path.endswith(".cc"):
        return  # a test's tables and loops over them are its own affair
    most = MORE_PARAMETERS.get(function.name, PARAMETERS)
    if function.parameters > most:
        yield f"{at}: {function.parameters} parameters, at most {most}"
    if function.nesting > NESTING:
        yield f"{at}: nested {function.nesting} deep, at most {NESTING}"


def main():
    found = []
    for suffix, limit in FILE_LINES.items():
        for path in sources.files((suffix,)):
            count = sources.read(path).count("\n")
            if count > limit:
                found.append(f"{path}: {count} lines, at most {limit}")
    all_functions = []
    for path in sources.files((".c", ".h", ".cc")):
        all_functions += functions(path)
    for function in all_functions:
        found += complaints(function)
    short = sum(f.lines <= SHORT_LINES for f in all_functions)
    if all_functions and short < SHORT_SHARE * len(all_functions):
        found.append(f"only {short} of {len(all_functions)} functions have at "
                     f"most {SHORT_LINES} lines")
    return sources.report("size", found, f", {len(all_functions)} functions")


if __name__ == "__main__":
    sys.exit(main())
