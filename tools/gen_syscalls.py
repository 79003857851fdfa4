#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes code and documentation from the ABI tables of core/abi.

gen_syscalls.py --out DIR        writes DIR/core/syscall/{calls.h,table.inc,
                                 decode.inc}
gen_syscalls.py --doc FILE       writes docs/ABI.md
gen_syscalls.py --check-doc FILE fails unless FILE is what --doc would write
"""

import argparse
import os
import sys

import abi_table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/%s - %s
 *
 * Generated from core/abi by tools/gen_syscalls.py.
 */
"""


def lx(name):
    """The constant of core/abi that a name of the table means."""
    return "LX_" + name.lstrip("_")


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def present(table):
    return [c for c in table.calls if c.status != "absent"]


def calls_h(table):
    lines = [HEAD % ("calls.h", "the handlers of the system calls."), """\
#ifndef CORE_SYSCALL_CALLS_H
#define CORE_SYSCALL_CALLS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thread;

/* Numbers from SYSCALL_COUNT on, and the holes below it, are -ENOSYS. Masked
 * with SYSCALL_SLOTS - 1 a number is an index whatever the CPU speculates. */"""]
    count = table.calls[-1].number + 1
    lines.append(f"enum {{ SYSCALL_COUNT = {count}, "
                 f"SYSCALL_SLOTS = {abi_table.SLOTS} }};")
    lines.append("""
/*
 * A handler takes the six argument registers of the calling thread as they
 * came in and returns the result or a negative errno, as the call's manual
 * page says. It runs in the context of self and may sleep.
 */""")
    lines += [f"int64_t sys_{c.name}(struct thread *self, "
              "const uint64_t *args);" for c in present(table)]
    lines.append("""
#ifdef __cplusplus
}
#endif

#endif /* CORE_SYSCALL_CALLS_H */""")
    return "\n".join(lines) + "\n"


def table_inc(table):
    lines = [HEAD % ("table.inc", "handlers by number, for an initialiser.")]
    lines += [f"[{c.number}] = sys_{c.name}," for c in present(table)]
    return "\n".join(lines) + "\n"


def set_data(table):
    lines = []
    for index, s in enumerate(table.sets.values()):
        lines.append(f"static const struct decode_name set_{s.name}[] = {{")
        if s.zero:
            lines.append(f'    {{{lx(s.zero)}, UINT64_MAX, "{s.zero}"}},')
        for name, field in s.names:
            if s.kind == "values":
                value, mask = f"(uint32_t)({lx(name)})", "UINT32_MAX"
            else:
                value, mask = lx(name), lx(field or name)
            lines.append(f'    {{{value}, (uint64_t)({mask}), "{name}"}},')
        lines.append("};")
        lines.append(f"enum {{ SET_{s.name} = {index} }};")
    lines.append("const struct decode_set decode_sets[] = {")
    lines += [f"    [SET_{n}] = {{set_{n}, COUNT_OF(set_{n})}},"
              for n in table.sets]
    return lines + ["};", ""]


def struct_data(table):
    lines = []
    for index, s in enumerate(table.structs.values()):
        lines.append(f"static const struct decode_field fields_{s.name}[] = {{")
        for name, kind in s.fields:
            lines.append(f"    {{\"{name}\", offsetof(struct lx_{s.name}, "
                         f"{name}), FIELD_{kind.upper()}}},")
        lines.append("};")
        lines.append(f"_Static_assert(sizeof(struct lx_{s.name}) <= "
                     f"DECODE_LAYOUT_MAX, \"{s.name}\");")
        lines.append(f"enum {{ STRUCT_{s.name} = {index} }};")
    lines.append("const struct decode_layout decode_layouts[] = {")
    lines += [f"    [STRUCT_{s.name}] = {{fields_{s.name}, "
              f"COUNT_OF(fields_{s.name}), sizeof(struct lx_{s.name}), "
              f"{str(s.more).lower()}}}," for s in table.structs.values()]
    return lines + ["};", ""]


def arg_data(call, arg):
    if arg.kind in abi_table.BUFFER_TYPES:
        of = ("DECODE_BY_RESULT" if arg.of == "result"
              else str(call.arg_index(arg.of)))
    elif arg.kind in abi_table.SET_TYPES:
        of = f"SET_{arg.of}"
    elif arg.kind.startswith("struct_"):
        of = f"STRUCT_{arg.of}"
    else:
        of = "0"
    return f"{{ARG_{arg.kind.upper()}, {of}}}"


def call_data(table):
    classes = list(table.classes) + abi_table.DERIVED_CLASSES
    lines = ["static const char *const class_names[] = {"]
    lines += [f'    "{c}",' for c in classes]
    lines += ["};", "static const struct decode_call calls[SYSCALL_COUNT] = {"]
    for c in table.calls:
        mask = sum(1 << classes.index(n)
                   for n in abi_table.classes_of(table, c))
        known = c.args is not None
        args = ", ".join(arg_data(c, a) for a in c.args or [])
        result = f"ARG_{c.result.upper()}" if known else "ARG_LHEX"
        count = len(c.args) if known else "DECODE_NO_PROTOTYPE"
        lines.append(
            f'    [{c.number}] = {{"{c.name}", {mask:#x}, {result}, {count}, '
            f"{str(bool(c.no_return)).lower()}, {{{args or '{0, 0}'}}}}},")
    return lines + ["};", ""]


def error_data(errors):
    lines = ["static const struct decode_error errors[] = {"]
    lines += [f"    [{n}] = {{\"{name}\", {c_string(text)}}},"
              for n, (name, text) in errors.items()]
    return lines + ["};"]


def decode_inc(table, errors):
    """Data of the types that core/syscall/decode.h defines."""
    lines = [HEAD % ("decode.inc", "data of the strace decoder.")]
    homes = list(table.sets.values()) + list(table.structs.values())
    lines += [f'#include "{h}"' for h in sorted({s.header for s in homes})]
    lines.append("")
    lines += set_data(table) + struct_data(table) + call_data(table)
    return "\n".join(lines + error_data(errors)) + "\n"


def doc_notes(call):
    """The cell that says what works and what does not."""
    notes = []
    if call.missing:
        notes.append(f"missing: {call.missing}")
    if call.status != "absent":
        notes += [f"`{arg}`: " + " ".join(f"`{n}`" for n in names)
                  for arg, names in call.takes.items()]
        if call.cannot_succeed:
            notes.append(f"cannot succeed: {call.cannot_succeed}")
        if call.cannot_fail:
            notes.append(f"cannot fail: {call.cannot_fail}")
        if call.no_return:
            notes.append(f"does not return: {call.no_return}")
    return "; ".join(notes)


def doc(table):
    count = {s: sum(c.status == s for c in table.calls)
             for s in abi_table.STATUSES}
    lines = [f"""\
# The Linux ABI

Generated from `core/abi/syscalls.tbl` by `tools/gen_syscalls.py --doc`; a test
fails while it is out of date. Of the {len(table.calls)} calls that Linux 6.x \
has on x86-64,
{count['done']} are done, {count['partial']} are partial and {count['absent']} \
are absent.

A call is *done* when it does what section 2 of the manual says. The traces of
the guest tests must then show it succeed, fail (unless it cannot fail), and
succeed with every flag listed. A *partial* call names what is missing. An
*absent* call returns -1 with `ENOSYS`.

## Calls that work

| number | call | status | what works, what is missing | tests |
|---:|---|---|---|---|"""]
    lines += [f"| {c.number} | `{c.name}{c.prototype}` | {c.status} | "
              f"{doc_notes(c)} | {', '.join(c.tests)} |"
              for c in present(table)]
    lines.append("""
## Calls that are absent

| number | call |
|---:|---|""")
    lines += [f"| {c.number} | `{c.name}"
              f"{c.prototype if c.args is not None else ''}` |"
              for c in table.calls if c.status == "absent"]
    return "\n".join(lines) + "\n"


def write(path, text):
    """Leaves a file alone that is right already, so that nothing rebuilds."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    if os.path.exists(path) and read(path) == text:
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    abi = os.path.join(ROOT, "core/abi")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default=os.path.join(abi, "syscalls.tbl"))
    parser.add_argument("--errors", default=os.path.join(abi, "errno.tbl"))
    parser.add_argument("--out", metavar="DIR")
    parser.add_argument("--doc", metavar="FILE")
    parser.add_argument("--check-doc", metavar="FILE")
    options = parser.parse_args()
    try:
        table = abi_table.read(options.table)
        errors = abi_table.read_errors(options.errors)
    except (OSError, abi_table.TableError) as error:
        sys.exit(f"gen_syscalls.py: {error}")
    if options.out:
        to = os.path.join(options.out, "core/syscall")
        write(os.path.join(to, "calls.h"), calls_h(table))
        write(os.path.join(to, "table.inc"), table_inc(table))
        write(os.path.join(to, "decode.inc"), decode_inc(table, errors))
    if options.doc:
        write(options.doc, doc(table))
    if options.check_doc and (not os.path.exists(options.check_doc)
                              or read(options.check_doc) != doc(table)):
        sys.exit(f"gen_syscalls.py: {options.check_doc} is out of date: run "
                 f"tools/gen_syscalls.py --doc {options.check_doc}")


if __name__ == "__main__":
    main()
