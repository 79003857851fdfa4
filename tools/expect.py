#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command and checks what can be seen of it from outside.

expect.py [--status N] [--stdin FILE|--stdin-text TEXT]
          [--stdout FILE|--stdout-text TEXT] [--stderr-has TEXT]...
          [--stderr-lines N] [--env NAME=VALUE]... -- COMMAND...

Status and output must match; whatever did not is shown. Passes with 0.
"""
import argparse
import os
import subprocess
import sys


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--stdin")
    parser.add_argument("--stdin-text")
    parser.add_argument("--stdout")
    parser.add_argument("--stdout-text")
    parser.add_argument("--stderr-has", action="append", default=[])
    parser.add_argument("--stderr-lines", type=int)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def unescape(text):
    return text.encode().decode("unicode_escape").encode()


def input_of(args):
    if args.stdin_text is not None:
        return unescape(args.stdin_text)
    return read(args.stdin) if args.stdin else b""


def complaints(args, result):
    """What differs from what was expected."""
    if result.returncode != args.status:
        yield f"status {result.returncode}, expected {args.status}"
    want = None
    if args.stdout_text is not None:
        want = unescape(args.stdout_text)
    elif args.stdout:
        want = read(args.stdout)
    if want is not None and result.stdout != want:
        yield (f"stdout has {len(result.stdout)} bytes, "
               f"{result.stdout[:200]!r}; expected {len(want)}, "
               f"{want[:200]!r}")
    for text in args.stderr_has:
        if text.encode() not in result.stderr:
            yield f"stderr has no {text!r}"
    lines = len(result.stderr.splitlines())
    if args.stderr_lines is not None and lines != args.stderr_lines:
        yield f"stderr has {lines} lines, expected {args.stderr_lines}"


def main():
    args = parse()
    env = dict(os.environ)
    env.update(pair.split("=", 1) for pair in args.env)
    result = subprocess.run(args.command, input=input_of(args), env=env,
                            capture_output=True, check=False)
    found = list(complaints(args, result))
    for line in found:
        print("expect:", line)
    if found:
        sys.stdout.write(result.stderr[-6000:].decode(errors="replace"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
