# SPDX-License-Identifier: Apache-2.0
"""The files that checkers look at, relative to the working directory."""
import os
import re

FOLDERS = ("core", "drivers", "hal", "sim", "targets", "tests", "tools",
           "cmake", "docs", ".ci")
C_SUFFIXES = (".c", ".h", ".cc", ".S")
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(suffixes, folders=FOLDERS):
    """Paths with one of the suffixes, sorted; "" means every file."""
    found = []
    for folder in folders:
        for root, directories, names in os.walk(folder):
            directories[:] = [d for d in directories if d != "__pycache__"]
            found += [f"{root}/{name}" for name in names
                      if name.endswith(suffixes)]
    return sorted(found)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def _blank(match):
    """The same number of lines and columns, without the text."""
    text = match[0]
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[0]
    return re.sub(r"[^\n]", " ", text)


def strip(text):
    """C text with comments and the insides of strings blanked."""
    return TOKEN.sub(_blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def report(name, found, extra=""):
    """Prints what was found, or that it is clean; returns the exit status."""
    for line in found:
        print(line)
    if not found:
        print(f"{name}: clean{extra}")
    return 1 if found else 0
