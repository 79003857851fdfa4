#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves the boundary of core/ and drivers/: one source for both worlds.

  text   no #if on anything but CHECKED, __cplusplus, __clang__ and header
         guards; no inline assembly; no lint escape
  tree   clang's syntax tree has no integer that becomes a pointer, no union
         of the two, and no copy into or out of a pointer variable
  nm     the archive of core/ needs nothing but the HAL and four builtins

check_core.py [--gen DIR] [--archive FILE] [--no-tree]   DIR holds generated
headers; the archive is uninstrumented and not LTO. Run from the root; exits 1
on a breach.
"""
import argparse
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from devlib import sources  # noqa: E402

FOLDERS = ("core", "drivers")
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(ifdef|ifndef|if|elif)\b(.*?)$", re.M)
CONDITION_WORDS = {"defined", "CHECKED", "__cplusplus", "__clang__"}
ESCAPES = re.compile(r"NOLINT|clang-format off|cppcheck-suppress|coverity\[")
PRAGMA = re.compile(r"^[ \t]*#[ \t]*pragma\b|\b_Pragma\b", re.M)
ASSEMBLY = re.compile(r"\b(asm|__asm__|__asm)\b")
BUILTINS = {"memcpy", "memmove", "memset", "memcmp"}
# Compiler-made; not a symbol anyone wrote.
LINKER = {"_GLOBAL_OFFSET_TABLE_"}

HERE = 'isExpansionInFileMatching("(^|/)(core|drivers)/")'
POINTER = "hasType(hasCanonicalType(pointerType()))"
RULES = {
    "an integer becomes a pointer":
        f'castExpr(hasCastKind("CK_IntegralToPointer"), {HERE})',
    "a union of an integer and a pointer":
        f"recordDecl(isUnion(), has(fieldDecl({POINTER})), "
        "has(fieldDecl(hasType(hasCanonicalType(isInteger())))), "
        f"{HERE})",
    "bytes are copied into or out of a pointer variable":
        "callExpr(callee(functionDecl(hasAnyName("
        '"__builtin_memcpy", "__builtin_memmove", "mem_copy", "mem_move"))), '
        'hasAnyArgument(ignoringParenImpCasts(unaryOperator('
        'hasOperatorName("&"), hasUnaryOperand(expr('
        f"{POINTER}))))), {HERE})",
}
MATCH = re.compile(r'^(\S+?):(\d+):(\d+): note: "root" binds here', re.M)


def guard_of(path, text):
    """The macro of a header's guard, or None."""
    found = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
    if path.endswith(".h") and found and found[1] == found[2]:
        return found[1]
    return None


def text_breaches(path):
    raw = sources.read(path)
    text = sources.strip(raw)
    guard = guard_of(path, text)
    for match in DIRECTIVE.finditer(text):
        words = set(re.findall(r"[A-Za-z_]\w*", match[2])) - CONDITION_WORDS
        if words - {guard}:
            yield (f"{path}:{sources.line_of(text, match.start())}: "
                   f"#{match[1]} on {' '.join(sorted(words))}")
    for what, pattern, where in (("inline assembly", ASSEMBLY, text),
                                 ("a pragma", PRAGMA, text),
                                 ("a lint escape", ESCAPES, raw)):
        for match in pattern.finditer(where):
            yield (f"{path}:{sources.line_of(where, match.start())}: {what}")


def flags(gen):
    found = ["-std=gnu17", "-ffreestanding", "-mgeneral-regs-only", "-I.",
             "-DCHECKED=1", "-w"]
    return found + ([f"-I{gen}"] if gen else [])


def tree_breaches(paths, gen):
    """One run of clang-query over all files, one output per rule."""
    for what, rule in RULES.items():
        with tempfile.NamedTemporaryFile("w", suffix=".query") as script:
            script.write("set output diag\nset bind-root true\n"
                         f"match {rule}\n")
            script.flush()
            result = subprocess.run(
                ["clang-query-19", "-f", script.name, *paths, "--",
                 *flags(gen)], capture_output=True, text=True, check=False)
        errors = [line for line in result.stderr.splitlines()
                  if re.search(r"error:|^\d+:\d+: ", line)]
        if result.returncode or errors:
            yield "clang-query: " + " | ".join(errors[:3] or ["failed"])
            return
        for match in sorted(set(MATCH.findall(result.stdout))):
            path = re.sub(r"^.*?/((core|drivers)/)", r"\1", match[0])
            yield f"{path}:{match[1]}:{match[2]}: {what}"


def tidy_breaches(paths, gen):
    """The same question to clang-tidy, which also sees through macros."""
    result = subprocess.run(
        ["clang-tidy-19", "--quiet", "--checks=-*,performance-no-int-to-ptr",
         "--warnings-as-errors=*", "--header-filter=.*", *paths, "--",
         *flags(gen)], capture_output=True, text=True, check=False)
    for line in sorted(set(result.stdout.splitlines())):
        if ": error:" in line or ": warning:" in line:
            yield re.sub(r"^.*?/((core|drivers)/)", r"\1", line)
    if result.returncode and "error:" not in result.stdout:
        yield f"clang-tidy: {result.stderr.strip()[:600]}"


def archive_breaches(archive):
    out = subprocess.run(["nm", archive], check=True, capture_output=True,
                         text=True).stdout
    defined, wanted = set(), set()
    for line in out.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] in "Uvw":
            wanted.add(words[1])
        elif len(words) == 3 and words[1] not in "Uvw":
            defined.add(words[2])
    if not defined:
        yield f"{archive}: holds no symbol"
    for name in sorted(wanted - defined - BUILTINS - LINKER):
        if not name.startswith("hal_"):
            yield f"{archive}: needs {name}, which is no HAL function"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gen")
    parser.add_argument("--archive")
    parser.add_argument("--no-tree", action="store_true")
    args = parser.parse_args()
    found = []
    for path in sources.files((".c", ".h"), FOLDERS):
        found += text_breaches(path)
    paths = sources.files((".c",), FOLDERS)
    if paths and not args.no_tree:
        found += tree_breaches(paths, args.gen)
        found += tidy_breaches(paths, args.gen)
    if args.archive:
        found += archive_breaches(args.archive)
    return sources.report("core", found, f", {len(paths)} files")


if __name__ == "__main__":
    sys.exit(main())
