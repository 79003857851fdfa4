#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds core/abi/syscalls.tbl against traces of the guest tests.

check_abi.py [--table FILE] TRACE...

A TRACE is the output of a run with --strace, or a directory whose *.strace
files are; the name of a file up to its first dot is that of the guest test
(hello_musl.hosted.strace: hello_musl). Lines of other kinds are passed over.

A row that is called done must be shown by each test that it names, succeed,
fail, and succeed with each flag or value of its `takes` notes (unless a
`cannot fail` or `cannot succeed` note says why not). A call that does not return must show its
effect. A partial row need not fail. An absent one must not succeed.
"""

import argparse
import os
import re
import sys

import abi_table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALL = re.compile(r"\[(\d+)\] (\w+)\((.*)\) = (.*)$")
END = re.compile(r"\[(\d+)\] \+\+\+ (?:exited with (\d+)|killed by \w+) \+\+\+$")
FAILED = re.compile(r"-1 (E\w+) \(")


class Event:
    """A line of a trace. error and end_status are None where they do not
    apply; name is None for the end of a process."""

    def __init__(self, pid, name=None, args=None, result=None,
                 end_status=None):
        self.pid, self.name, self.args = pid, name, args
        self.end_status = end_status
        failed = FAILED.match(result or "")
        self.error = failed[1] if failed else None
        self.returned = result is not None and not result.startswith("?")


class Evidence:
    """What the traces show of one call."""

    def __init__(self):
        self.succeeded = False
        self.errors = set()
        self.effect = False
        self.tests = set()
        self.names = {}  # argument's index: names seen in a success


def split_args(text):
    """The arguments of a line; commas within strings and brackets stay."""
    args, depth, quoted, start, at = [], 0, False, 0, 0
    while at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0:
            args.append(text[start:at].strip())
            start = at + 1
        at += 1
    last = text[start:].strip()
    return args + [last] if last or args else []


def parse_line(line):
    """The Event of a line, or None for a line of another kind."""
    if match := CALL.match(line):
        pid, name, args, result = match.groups()
        return Event(pid, name, split_args(args), result)
    if match := END.match(line):
        status = int(match[2]) if match[2] else None
        return Event(match[1], end_status=status)
    return None


def is_effect(call, event, later):
    """Does a later line show what a call that does not return did?"""
    if later.pid != event.pid:
        return False
    index = call.arg_index("status")
    if index is None:
        return True
    if later.name is not None or later.end_status is None:
        return False
    return later.end_status == int(event.args[index]) & 0xff


def note_event(call, event, evidence):
    if event.error:
        if event.error != "ENOSYS":
            evidence.errors.add(event.error)
        return
    if not event.returned:
        return
    evidence.succeeded = True
    for index, text in enumerate(event.args):
        evidence.names.setdefault(index, set()).update(text.split("|"))


def note_trace(table, evidence, test, lines):
    """Adds what one trace shows to {name of a call: Evidence}."""
    events = [e for e in map(parse_line, lines) if e]
    for at, event in enumerate(events):
        call = event.name and table.call(event.name)
        if not call:
            continue
        found = evidence.setdefault(call.name, Evidence())
        found.tests.add(test)
        note_event(call, event, found)
        if call.no_return and not event.returned:
            found.effect |= any(is_effect(call, event, later)
                                for later in events[at + 1:])


def tests_complaints(call, found, tests):
    if not call.tests:
        yield "no guest test is named"
    for test in call.tests:
        if test not in tests:
            yield f"test {test} left no trace"
        elif test not in found.tests:
            yield f"the trace of test {test} does not show it"


def takes_complaints(call, found):
    for arg, names in call.takes.items():
        seen = found.names.get(call.arg_index(arg), set())
        for name in names:
            if name not in seen:
                yield f"no success with {name} in {arg}"


def call_complaints(call, found, tests):
    if call.status == "absent":
        if found.succeeded:
            yield "it succeeded"
        return
    yield from tests_complaints(call, found, tests)
    if call.no_return:
        if not found.effect:
            yield f"no trace shows its effect ({call.no_return})"
        return
    if call.cannot_succeed:
        if found.succeeded or not found.errors:
            yield f"it must fail: {call.cannot_succeed}"
        return
    if not found.succeeded:
        yield "no trace shows a success"
    if call.cannot_fail and found.errors:
        yield (f"it failed ({', '.join(sorted(found.errors))}), which "
               f"{call.cannot_fail} rules out")
    if call.status == "done" and not call.cannot_fail and not found.errors:
        yield "no trace shows a failure"
    yield from takes_complaints(call, found)


def complaints(table, traces):
    """What the traces, [(test, lines)], leave unproved: lines of text."""
    evidence, tests = {}, set()
    for test, lines in traces:
        tests.add(test)
        note_trace(table, evidence, test, lines)
    return [f"{call.name}: {call.status}, but {text}"
            for call in table.calls
            for text in call_complaints(
                call, evidence.get(call.name, Evidence()), tests)]


def trace_files(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from (os.path.join(path, name)
                        for name in sorted(os.listdir(path))
                        if name.endswith(".strace"))
        else:
            yield path


def read_traces(paths):
    traces = []
    for path in trace_files(paths):
        with open(path, encoding="utf-8", errors="replace") as file:
            test = os.path.basename(path).split(".")[0]
            traces.append((test, file.read().splitlines()))
    return traces


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default=os.path.join(
        ROOT, "core/abi/syscalls.tbl"))
    parser.add_argument("traces", nargs="+", metavar="TRACE")
    options = parser.parse_args()
    try:
        table = abi_table.read(options.table)
        traces = read_traces(options.traces)
    except (OSError, abi_table.TableError) as error:
        sys.exit(f"check_abi.py: {error}")
    if not traces:
        sys.exit("check_abi.py: no traces")
    found = complaints(table, traces)
    for line in found:
        print(line)
    works = sum(c.status != "absent" for c in table.calls)
    print(f"check_abi: {works} calls that work, {len(traces)} traces, "
          f"{len(found)} complaints")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
