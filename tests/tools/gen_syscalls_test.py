#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/abi_table.py refuses wrong tables; tools/gen_syscalls.py's output."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import abi_table  # noqa: E402
import gen_syscalls  # noqa: E402

GOOD = """\
# a comment
flags PROT core/abi/mman.h
    zero: PROT_NONE
    bits: PROT_READ PROT_WRITE
values SEEK core/abi/fcntl.h
    values: SEEK_SET SEEK_CUR
struct timespec core/abi/time.h
    fields: tv_sec:i64 ...
class memory
    calls: protect
  0 write   done    a,b (fd fd, in[count] buf, size count) -> size
  5 protect partial -   (ptr addr, size len, flags:PROT prot) -> int
      missing: growing down
      takes prot: PROT_READ
      takes prot: PROT_NONE
  9 sleep   absent  -   (in:timespec t, path p) -> int
 11 other   absent  -   -
"""

# What is added to GOOD, and what the complaint must say.
WRONG = (
    ("nonsense", "not understood"),
    ("flags PROT core/abi/mman.h", "defined twice"),
    ("flags X", "a header belongs here"),
    ("class x core/abi/mman.h", "a header belongs here"),
    ("struct timespec core/abi/time.h", "defined twice"),
    ("12 write absent - -", "defined twice"),
    ("11 more absent - -", "numbers must ascend"),
    ("512 more absent - -", "is not below 512"),
    ("12 more almost - -", "status almost"),
    ("12 more done - -", "without a prototype"),
    ("12 more partial - () -> int", "missing: note"),
    ("12 more done - () -> int\n  missing: x", "missing: note"),
    ("12 more done - int", "prototype is not"),
    ("12 more done - () -> path", "no type of a result"),
    ("12 more done - (fd) -> int", "not an argument"),
    ("12 more done - (thing x) -> int", "unknown type"),
    ("12 more done - (flags:NONE x) -> int", "unknown type"),
    ("12 more done - (in:none x) -> int", "unknown type"),
    ("12 more done - (int[x] x) -> int", "unknown type"),
    ("12 more done - (in[n] buf) -> int", "counts by n"),
    ("12 more done - (" + ", ".join(f"int a{i}" for i in range(7))
     + ") -> int", "more than 6"),
    ("12 more absent - -\n  wrong: x", "unknown note"),
    ("12 more absent - -\n  cannot fail: x\n  cannot fail: x", "given twice"),
    ("12 more absent - (int x) -> int\n  takes x: A", "with a set"),
    ("12 more absent - -\n  takes x: A", "with a set"),
    ("12 more absent - (flags:PROT x) -> int\n  takes x: A", "not in PROT"),
    ("class x\n  calls: nothing", "no call nothing"),
    ("class file\n  calls: write", "follows from the prototypes"),
    ("class x\n  bits: write", "no place for"),
    ("flags X h.h\n  values: A", "values in flags"),
    ("values X h.h\n  bits: A", "bits in values"),
    ("flags X h.h\n  zero: A B", "no place for"),
    ("struct x h.h\n  fields: a:thing", "unknown type of a field"),
)


class Tables(unittest.TestCase):
    def test_good(self):
        table = abi_table.parse(GOOD)
        self.assertEqual([c.number for c in table.calls], [0, 5, 9, 11])
        protect = table.call("protect")
        self.assertEqual(protect.takes, {"prot": ["PROT_READ", "PROT_NONE"]})
        self.assertEqual(protect.missing, "growing down")
        self.assertEqual(table.call("write").tests, ["a", "b"])
        self.assertEqual(abi_table.classes_of(table, protect), ["memory"])
        self.assertEqual(abi_table.classes_of(table, table.call("sleep")),
                         ["file"])
        self.assertEqual(abi_table.classes_of(table, table.call("write")),
                         ["desc"])
        self.assertTrue(table.structs["timespec"].more)

    def test_wrong(self):
        for text, complaint in WRONG:
            with self.assertRaises(abi_table.TableError) as caught:
                abi_table.parse(GOOD + text + "\n", "t.tbl")
            self.assertIn(complaint, str(caught.exception), text)
            self.assertRegex(str(caught.exception), r"^t\.tbl:\d+: ")

    def test_wrong_errors(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tbl") as file:
            for text in ("1 EPERM\n", "1 EPERM a\n1 ENOENT b\n", "x\n"):
                file.seek(0)
                file.truncate()
                file.write(text)
                file.flush()
                with self.assertRaises(abi_table.TableError):
                    abi_table.read_errors(file.name)


class Output(unittest.TestCase):
    def setUp(self):
        self.table = abi_table.parse(GOOD)

    def test_only_what_works_is_dispatched(self):
        text = gen_syscalls.table_inc(self.table)
        self.assertIn("[0] = sys_write,\n[5] = sys_protect,\n", text)
        self.assertNotIn("sleep", text)
        text = gen_syscalls.calls_h(self.table)
        self.assertIn("SYSCALL_COUNT = 12, SYSCALL_SLOTS = 512", text)
        self.assertIn("int64_t sys_write(", text)
        self.assertNotIn("sys_sleep", text)

    def test_document(self):
        text = gen_syscalls.doc(self.table)
        self.assertIn("Of the 4 calls", text)
        self.assertIn("1 are done, 1 are partial and 2 are absent",
                      " ".join(text.split()))
        self.assertIn("| 5 | `protect(ptr addr, size len, flags:PROT prot) -> "
                      "int` | partial | missing: growing down; `prot`: "
                      "`PROT_READ` `PROT_NONE` |  |", text)
        self.assertIn("| 11 | `other` |", text)


class Program(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run(
            [sys.executable, "-B",
             os.path.join(ROOT, "tools/gen_syscalls.py"), *args],
            capture_output=True, text=True, check=False)

    def test_document_out_of_date(self):
        with tempfile.TemporaryDirectory() as at:
            doc = os.path.join(at, "ABI.md")
            missing = self.run_it("--check-doc", doc)
            self.assertEqual(missing.returncode, 1)
            self.assertIn("out of date", missing.stderr)
            self.assertEqual(self.run_it("--doc", doc).returncode, 0)
            self.assertEqual(self.run_it("--check-doc", doc).returncode, 0)
            with open(doc, "a", encoding="utf-8") as file:
                file.write("more\n")
            self.assertEqual(self.run_it("--check-doc", doc).returncode, 1)

    def test_unchanged_output_is_left_alone(self):
        with tempfile.TemporaryDirectory() as at:
            self.assertEqual(self.run_it("--out", at).returncode, 0)
            path = os.path.join(at, "core/syscall/calls.h")
            os.utime(path, (1, 1))
            self.assertEqual(self.run_it("--out", at).returncode, 0)
            self.assertEqual(os.stat(path).st_mtime, 1)

    def test_wrong_table(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tbl") as file:
            file.write("nonsense\n")
            file.flush()
            result = self.run_it("--table", file.name)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(
            result.stderr,
            f"gen_syscalls.py: {file.name}:1: not understood: nonsense\n")


if __name__ == "__main__":
    unittest.main()
