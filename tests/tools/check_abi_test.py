#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check_abi.py: each complaint is provoked, and none without cause."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import abi_table  # noqa: E402
import check_abi  # noqa: E402

SETS = """\
flags PROT core/abi/mman.h
    zero: PROT_NONE
    bits: PROT_READ PROT_WRITE
"""
PROTECT = "(ptr addr, size length, flags:PROT prot) -> int"
WRITE = "(fd fd, in[count] buf, size count) -> size"
OK = "[1] protect(0x1000, 4096, PROT_READ|PROT_WRITE) = 0"
BAD = "[1] protect(0x1, 1, PROT_READ) = -1 EINVAL (Invalid argument)"


def complaints(row, lines, test="a"):
    """Without the 'NAME: STATUS, but ' in front."""
    table = abi_table.parse(SETS + row)
    found = check_abi.complaints(table, [(test, lines)])
    return [line.split(", but ", 1)[1] for line in found]


class Rows(unittest.TestCase):
    def test_nothing_to_complain(self):
        self.assertEqual(complaints(
            f"1 protect done a {PROTECT}\n  takes prot: PROT_READ PROT_WRITE",
            [OK, BAD]), [])

    def test_no_success(self):
        self.assertEqual(complaints(f"1 protect done a {PROTECT}", [BAD]),
                         ["no trace shows a success"])

    def test_no_failure(self):
        self.assertEqual(complaints(f"1 protect done a {PROTECT}", [OK]),
                         ["no trace shows a failure"])

    def test_enosys_is_no_failure(self):
        lines = [OK, "[1] protect(0, 0, 0) = -1 ENOSYS (Function not "
                 "implemented)"]
        self.assertEqual(complaints(f"1 protect done a {PROTECT}", lines),
                         ["no trace shows a failure"])

    def test_cannot_fail(self):
        row = f"1 protect done a {PROTECT}\n  cannot fail: protect(2)"
        self.assertEqual(complaints(row, [OK]), [])
        self.assertEqual(complaints(row, [OK, BAD]),
                         ["it failed (EINVAL), which protect(2) rules out"])

    def test_missing_flag(self):
        row = f"1 protect done a {PROTECT}\n  takes prot: PROT_NONE PROT_READ"
        self.assertEqual(complaints(row, [OK, BAD]),
                         ["no success with PROT_NONE in prot"])

    def test_flag_of_a_failure_does_not_count(self):
        row = f"1 protect done a {PROTECT}\n  takes prot: PROT_READ"
        lines = ["[1] protect(0x1000, 4096, PROT_NONE) = 0", BAD]
        self.assertEqual(complaints(row, lines),
                         ["no success with PROT_READ in prot"])

    def test_flag_of_another_argument_does_not_count(self):
        row = ("1 two done a (flags:PROT x, flags:PROT y) -> int\n"
               "  cannot fail: two(2)\n  takes y: PROT_READ")
        self.assertEqual(complaints(row, ["[1] two(PROT_READ, 0) = 0"]),
                         ["no success with PROT_READ in y"])

    def test_no_test_named(self):
        self.assertEqual(complaints(f"1 protect done - {PROTECT}", [OK, BAD]),
                         ["no guest test is named"])

    def test_test_without_a_trace(self):
        self.assertEqual(complaints(f"1 protect done a,b {PROTECT}",
                                    [OK, BAD]), ["test b left no trace"])

    def test_test_that_does_not_call(self):
        table = abi_table.parse(SETS + f"1 protect done a,b {PROTECT}")
        self.assertEqual(
            check_abi.complaints(table, [("a", [OK, BAD]), ("b", [])]),
            ["protect: done, but the trace of test b does not show it"])

    def test_partial_needs_a_success_only(self):
        row = f"1 protect partial a {PROTECT}\n  missing: a lot"
        self.assertEqual(complaints(row, [OK]), [])
        self.assertEqual(complaints(row, [BAD]), ["no trace shows a success"])

    def test_absent(self):
        row = f"1 protect absent - {PROTECT}"
        self.assertEqual(complaints(row, [BAD]), [])
        self.assertEqual(complaints(row, [OK]), ["it succeeded"])


class NoReturn(unittest.TestCase):
    ROW = "1 leave done a (int status) -> none\n  no return: it ends"
    LOST = ["no trace shows its effect (it ends)"]

    def test_effect(self):
        self.assertEqual(complaints(self.ROW, [
            "[3] leave(263) = ?", "[3] +++ exited with 7 +++"]), [])

    def test_no_effect(self):
        for line in ["[3] +++ exited with 8 +++", "[4] +++ exited with 7 +++",
                     "[3] +++ killed by SIGKILL +++", "[3] protect() = 0"]:
            self.assertEqual(complaints(self.ROW, ["[3] leave(7) = ?", line]),
                             self.LOST, line)

    def test_effect_before_the_call(self):
        self.assertEqual(complaints(self.ROW, [
            "[3] +++ exited with 7 +++", "[3] leave(7) = ?"]), self.LOST)

    def test_call_without_status(self):
        row = "1 back done a () -> int\n  no return: it ends"
        self.assertEqual(complaints(row, ["[3] back() = ?"]), self.LOST)
        self.assertEqual(complaints(row, [
            "[3] back() = ?", "[3] other(1) = 0"]), [])


class Lines(unittest.TestCase):
    def test_arguments(self):
        for text, args in (
                ("", []), ("1", ["1"]), ("1, 2", ["1", "2"]),
                (r'1, "a, \"b\\", 3', ["1", r'"a, \"b\\"', "3"]),
                ("{a=1, b=[2, 3]}, 4", ["{a=1, b=[2, 3]}", "4"])):
            self.assertEqual(check_abi.split_args(text), args)

    def test_text_that_looks_like_a_result(self):
        line = '[1] write(1, ") = -1 EIO (", 12) = 12'
        event = check_abi.parse_line(line)
        self.assertIsNone(event.error)
        self.assertEqual(event.args, ["1", '") = -1 EIO ("', "12"])

    def test_call_to_be_restarted_proves_nothing(self):
        row = f"1 write done a {WRITE}\n  cannot fail: write(2)"
        self.assertEqual(
            complaints(row, ["[1] write(1, NULL, 0) = ? (to be restarted)"]),
            ["no trace shows a success"])

    def test_other_lines_are_passed_over(self):
        for line in ["", "hello", "cyphera: exit status 7", "[1] nothing"]:
            self.assertIsNone(check_abi.parse_line(line))


class Program(unittest.TestCase):
    def run_on(self, table, *paths):
        return subprocess.run(
            [sys.executable, "-B", os.path.join(ROOT, "tools/check_abi.py"),
             "--table", table, *paths], capture_output=True, text=True,
            check=False)

    def test_directory_of_traces(self):
        with tempfile.TemporaryDirectory() as at:
            table = os.path.join(at, "t.tbl")
            with open(table, "w", encoding="utf-8") as file:
                file.write(SETS + f"1 protect done a {PROTECT}\n")
            empty = self.run_on(table, at)
            self.assertEqual(empty.returncode, 1)
            self.assertIn("no traces", empty.stderr)
            for name, line in (("a.hosted.strace", OK), ("a.bare.strace", BAD)):
                with open(os.path.join(at, name), "w",
                          encoding="utf-8") as file:
                    file.write("boot\n" + line + "\n")
            good = self.run_on(table, at)
            self.assertEqual((good.returncode, good.stderr), (0, ""))
            self.assertIn("1 calls that work, 2 traces, 0 complaints",
                          good.stdout)
            bad = self.run_on(table, os.path.join(at, "a.bare.strace"))
            self.assertEqual(bad.returncode, 1)
            self.assertIn("protect: done, but no trace shows a success",
                          bad.stdout)

    def test_unreadable(self):
        self.assertIn("check_abi.py:", self.run_on("/none", "/none").stderr)


if __name__ == "__main__":
    unittest.main()
