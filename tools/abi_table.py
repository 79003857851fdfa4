# SPDX-License-Identifier: Apache-2.0
"""Reads core/abi/syscalls.tbl and core/abi/errno.tbl.

The format is told at the head of syscalls.tbl. Everything that is wrong in a
table is a TableError with the line it stands on.
"""

import re

PLAIN_TYPES = (
    "int uint hex mode long ulong lhex size off fd dirfd pid uid gid signal "
    "ptr path str"
).split()
BUFFER_TYPES = "in out iovin iovout".split()
SET_TYPES = "flags lflags one".split()
RESULT_TYPES = PLAIN_TYPES[: PLAIN_TYPES.index("path")] + ["none"]
FIELD_TYPES = "u16 u32 u64 i32 i64 ptr rlimit filemode".split()
STATUSES = "done partial absent".split()
DERIVED_CLASSES = "file desc".split()
ARGS_MAX = 6
SLOTS = 512  # a power of two: dispatch masks the number with it


class TableError(Exception):
    """The table is wrong; the text names file and line."""


class Arg:
    """An argument: its type, and what stands behind the type's ':' or '['."""

    def __init__(self, kind, of, name):
        self.kind, self.of, self.name = kind, of, name


class Call:
    """A row. args and result are None while the prototype is '-'."""

    def __init__(self, number, name, status, tests):
        self.number, self.name, self.status = number, name, status
        self.tests = tests
        self.args = self.result = None
        self.prototype = "-"
        self.missing = self.cannot_fail = self.no_return = None
        self.cannot_succeed = None
        self.takes = {}  # argument: names of flags or values that work

    def arg_index(self, name):
        names = [a.name for a in self.args or []]
        return names.index(name) if name in names else None


class Set:
    """Names of bits or values: (name, field's mask or None) in order."""

    def __init__(self, name, kind, header):
        self.name, self.kind, self.header = name, kind, header
        self.zero = None
        self.names = []

    def all_names(self):
        return [n for n, _ in self.names] + ([self.zero] if self.zero else [])


class Struct:
    def __init__(self, name, header):
        self.name, self.header = name, header
        self.fields, self.more = [], False


class Table:
    def __init__(self):
        self.sets, self.structs, self.classes, self.calls = {}, {}, {}, []

    def call(self, name):
        for call in self.calls:
            if call.name == name:
                return call
        return None


class _Parser:
    HEADING = re.compile(r"(flags|values|struct|class) +(\w+)(?: +(\S+))?$")
    ROW = re.compile(r" *(\d+) +(\w+) +(\w+) +(\S+) +(.+)$")
    NOTE = re.compile(r" +([a-z][\w ]*): *(.+)$")
    PROTOTYPE = re.compile(r"\((.*)\) -> (\w+)$")
    ARG = re.compile(r"(\w+)(?:\[(\w+)\]|:(\w+))? (\w+)$")

    def __init__(self, path):
        self.path, self.line = path, 0
        self.table, self.open = Table(), None

    def fail(self, text):
        raise TableError(f"{self.path}:{self.line}: {text}")

    def parse(self, text):
        for self.line, line in enumerate(text.splitlines(), 1):
            line = line.rstrip()
            if not line or line.startswith("#"):
                continue
            self.parse_line(line)
        self.check()
        return self.table

    def parse_line(self, line):
        if match := self.HEADING.match(line):
            self.heading(*match.groups())
        elif match := self.ROW.match(line):
            self.row(*match.groups())
        elif match := self.NOTE.match(line):
            self.note(*match.groups())
        else:
            self.fail(f"not understood: {line.strip()}")

    def heading(self, kind, name, header):
        if (header is None) != (kind == "class"):
            self.fail(f"{kind} {name}: a header belongs here for all but class")
        if kind == "class":
            self.open = self.table.classes.setdefault(name, [])
            return
        home = self.table.structs if kind == "struct" else self.table.sets
        if name in home:
            self.fail(f"{name}: defined twice")
        made = Struct(name, header) if kind == "struct" else Set(
            name, kind, header)
        home[name] = self.open = made

    def row(self, number, name, status, tests, prototype):
        number = int(number)
        if number >= SLOTS:
            self.fail(f"{name}: number {number} is not below {SLOTS}")
        if self.table.calls and number <= self.table.calls[-1].number:
            self.fail(f"{name}: numbers must ascend")
        if self.table.call(name):
            self.fail(f"{name}: defined twice")
        if status not in STATUSES:
            self.fail(f"{name}: status {status} is none of {STATUSES}")
        tests = [] if tests == "-" else tests.split(",")
        call = self.open = Call(number, name, status, tests)
        self.table.calls.append(call)
        if prototype != "-":
            self.prototype(call, prototype)

    def prototype(self, call, text):
        match = self.PROTOTYPE.match(text)
        if not match:
            self.fail(f"{call.name}: prototype is not (TYPE NAME, ...) -> TYPE")
        call.prototype = text
        call.args = [self.arg(call, a) for a in match[1].split(", ") if a]
        call.result = match[2]
        if call.result not in RESULT_TYPES:
            self.fail(f"{call.name}: {call.result} is no type of a result")
        if len(call.args) > ARGS_MAX:
            self.fail(f"{call.name}: more than {ARGS_MAX} arguments")
        for arg in call.args:
            if (arg.kind in BUFFER_TYPES and arg.of != "result"
                    and call.arg_index(arg.of) is None):
                self.fail(f"{call.name}: {arg.name} counts by {arg.of}, which "
                          "is no argument")

    def arg(self, call, text):
        match = self.ARG.match(text)
        if not match:
            self.fail(f"{call.name}: not an argument: {text}")
        kind, count, of, name = match.groups()
        if count is not None:
            known = kind in BUFFER_TYPES
        elif of is None:
            known = kind in PLAIN_TYPES
        elif kind in ("in", "out"):
            known = of in self.table.structs
        else:
            known = kind in SET_TYPES and of in self.table.sets
        if not known:
            self.fail(f"{call.name}: unknown type of {name}: {text}")
        if count is None and kind in ("in", "out"):
            kind = "struct_" + kind
        return Arg(kind, count or of, name)

    def note(self, key, text):
        kind = type(self.open)
        if kind is list and key == "calls":
            self.open.extend(text.split())
        elif kind is Struct and key == "fields":
            self.fields(text.split())
        elif kind is Set:
            self.set_names(key, text.split())
        elif kind is Call:
            self.call_note(self.open, key, text)
        else:
            self.fail(f"no place for {key}:")

    def fields(self, words):
        for word in words:
            name, _, kind = word.partition(":")
            if word == "...":
                self.open.more = True
            elif kind in FIELD_TYPES:
                self.open.fields.append((name, kind))
            else:
                self.fail(f"unknown type of a field: {word}")

    def set_names(self, key, names):
        if key == "zero" and len(names) == 1:
            self.open.zero = names[0]
        elif key in ("bits", "values"):
            if (key == "bits") != (self.open.kind == "flags"):
                self.fail(f"{self.open.name}: {key} in {self.open.kind}")
            self.open.names += [(n, None) for n in names]
        elif key.startswith("field ") and self.open.kind == "flags":
            self.open.names += [(n, key[6:]) for n in names]
        else:
            self.fail(f"{self.open.name}: no place for {key}:")

    def call_note(self, call, key, text):
        if key in ("missing", "cannot fail", "cannot succeed", "no return"):
            attribute = key.replace(" ", "_")
            if getattr(call, attribute):
                self.fail(f"{call.name}: {key}: given twice")
            setattr(call, attribute, text)
        elif key.startswith("takes "):
            self.takes(call, key[6:], text.split())
        else:
            self.fail(f"{call.name}: unknown note {key}:")

    def takes(self, call, arg, names):
        index = call.arg_index(arg)
        if index is None or call.args[index].kind not in SET_TYPES:
            self.fail(f"{call.name}: {arg} is no argument with a set")
        known = self.table.sets[call.args[index].of].all_names()
        for name in names:
            if name not in known:
                self.fail(f"{call.name}: {name} is not in "
                          f"{call.args[index].of}")
        call.takes.setdefault(arg, []).extend(names)

    def check(self):
        """What can be told only when all was read."""
        for call in self.table.calls:
            if (call.status == "partial") != (call.missing is not None):
                self.fail(f"{call.name}: partial goes with a missing: note")
            if call.status != "absent" and call.args is None:
                self.fail(f"{call.name}: {call.status} without a prototype")
        for name, calls in self.table.classes.items():
            if name in DERIVED_CLASSES:
                self.fail(f"class {name} follows from the prototypes")
            for call in calls:
                if not self.table.call(call):
                    self.fail(f"class {name}: no call {call}")


def parse(text, path="syscalls.tbl"):
    """The Table that the text holds; TableError when it is wrong."""
    return _Parser(path).parse(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return parse(file.read(), path)


def read_errors(path):
    """{number: (name, text)} of errno.tbl."""
    errors = {}
    with open(path, encoding="utf-8") as file:
        for line_number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = re.match(r" *(\d+) +(E\w+) +(\S.*)$", line.rstrip())
            if not match or int(match[1]) in errors:
                raise TableError(f"{path}:{line_number}: not understood")
            errors[int(match[1])] = (match[2], match[3])
    return errors


def classes_of(table, call):
    """Names of the classes that hold a call, derived ones included."""
    kinds = {a.kind for a in call.args or []}
    found = [n for n, calls in table.classes.items() if call.name in calls]
    if "path" in kinds:
        found.append("file")
    if kinds & {"fd", "dirfd"}:
        found.append("desc")
    return found
