#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of tools/dev that need no kernel: archives, messages, the QEMU
runner against a toy machine (echo.S), expect.py, gen_symbols.py, counting."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scratch import ROOT, ScratchTest  # noqa: E402

sys.path.insert(0, os.path.join(ROOT, "tools"))
from devlib.cpio import Archive, argv_archive  # noqa: E402
from devlib.guest import split_command  # noqa: E402
from devlib.testing import read_counts, selection  # noqa: E402

TOOLS = os.path.join(ROOT, "tools")


class Cpio(unittest.TestCase):
    def sample(self):
        archive = Archive()
        archive.directory("d")
        archive.file("d/f", b"12345", 0o755)
        archive.link("d/l", "f")
        return archive.close()

    def test_same_bytes(self):
        self.assertEqual(self.sample(), self.sample())

    def test_cpio_reads_it(self):
        with tempfile.TemporaryDirectory() as directory:
            result = subprocess.run(
                ["cpio", "-i", "--quiet"], input=self.sample(),
                cwd=directory, capture_output=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(os.path.join(directory, "d/f"), "rb") as f:
                self.assertEqual(f.read(), b"12345")
            self.assertEqual(os.readlink(os.path.join(directory, "d/l")), "f")
            self.assertTrue(os.access(os.path.join(directory, "d/f"), os.X_OK))

    def test_name_twice(self):
        archive = Archive()
        archive.file("a", b"")
        with self.assertRaises(ValueError):
            archive.file("/a", b"")

    def test_arguments(self):
        data = argv_archive(["/hello", "7", "\udcff"])
        self.assertIn(b"cyphera.argv\0", data)
        self.assertIn(b"/hello\x007\0\xff\0", data)


class Words(unittest.TestCase):
    def test_separator(self):
        self.assertEqual(split_command(["--seed", "3", "--", "/a", "--", "b"]),
                         (["--seed", "3"], ["/a", "--", "b"]))

    def test_first_plain_word(self):
        self.assertEqual(split_command(["--trace-hash", "/a", "-x"]),
                         (["--trace-hash"], ["/a", "-x"]))

    def test_no_command(self):
        self.assertEqual(split_command(["--mem=4M"]), (["--mem=4M"], []))

    def test_suite(self):
        self.assertEqual(selection("ci")[1], ["-L", "^ci$"])
        self.assertEqual(selection("pipe")[1], ["-R", "pipe"])


class Boot(ScratchTest):
    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.TemporaryDirectory()
        cls.image = os.path.join(cls.build.name, "echo.elf")
        source = os.path.join(ROOT, "tests/tools/echo.S")
        subprocess.run(["gcc", "-m32", "-c", source, "-o", cls.image + ".o"],
                       check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-N", "-Ttext=0x100000",
                        "--no-warn-rwx-segments", "-e", "start", "-o",
                        cls.image, cls.image + ".o"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.build.cleanup()

    def boot(self, data, *options):
        return subprocess.run(
            [sys.executable, "-B", os.path.join(TOOLS, "run_bare.py"),
             self.image, "--timeout", "30", *options],
            input=data, capture_output=True, check=False,
            cwd=self.directory.name)

    def test_streams_and_status(self):
        for machine in ("microvm", "q35"):
            with self.subTest(machine=machine):
                result = self.boot(b"hi", "--machine", machine)
                self.assertEqual(result.returncode, 7, result.stderr)
                self.assertEqual(result.stdout, b"hi")
                self.assertIn(b"err\n", result.stderr)
                self.assertIn(b"a log line\n", result.stderr)
                self.assertNotIn(b"exit status", result.stderr)

    def test_binary_clean(self):
        data = bytes(range(256)) * 64 + b"\x10\x10\x04\x10"
        result = self.boot(data)
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertEqual(result.stdout, data)

    def test_log_file(self):
        result = self.boot(b"", "--log", "log")
        self.assertEqual(result.stderr, b"err\n")
        with open(self.path("log"), "rb") as f:
            self.assertEqual(f.read(), b"a log line\n")

    def test_no_status(self):
        result = self.boot(b"X")
        self.assertEqual(result.returncode, 120)
        self.assertIn(b"ended without a status", result.stderr)

    def test_time_limit(self):
        process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(TOOLS, "run_bare.py"),
             self.image, "--timeout", "2"], stdin=subprocess.PIPE,
            stderr=subprocess.PIPE)
        said = process.stderr.read()
        process.stdin.close()
        self.assertEqual(process.wait(), 120)
        self.assertIn(b"the time limit passed", said)
        process.stderr.close()

    def test_usage(self):
        result = self.boot(b"", "--machine", "pdp11")
        self.assertEqual(result.returncode, 125)
        self.assertEqual(result.stderr, b"run_bare: pdp11: no such machine; "
                         b"one of microvm q35\n")


class Expect(ScratchTest):
    def expect(self, *words):
        return self.run_tool(sys.executable, "-B",
                             os.path.join(TOOLS, "expect.py"), *words)

    def test_as_expected(self):
        result = self.expect("--status", "3", "--stdin-text", "a\\n",
                             "--stdout-text", "a\\n", "--stderr-has", "why",
                             "--stderr-lines", "1", "--", "sh", "-c",
                             "cat; echo why >&2; exit 3")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_each_difference(self):
        for words, text in (
                (["--status", "1"], "status 0, expected 1"),
                (["--stdout-text", "b"], "stdout has 2 bytes"),
                (["--stderr-has", "why"], "stderr has no 'why'"),
                (["--stderr-lines", "1"], "stderr has 0 lines, expected 1")):
            with self.subTest(text=text):
                result = self.expect(*words, "--", "echo", "a")
                self.assertEqual(result.returncode, 1)
                self.assertIn(text, result.stdout)


class Symbols(ScratchTest):
    SOURCE = """
extern const unsigned symbols_count, symbols_offsets[];
int f(void) { return 1; }
int main(void) { return f() + (int)symbols_offsets[0]; }
"""

    def generate(self, *words):
        return self.run_tool(sys.executable, "-B",
                             os.path.join(TOOLS, "gen_symbols.py"), *words)

    def link(self, table, out):
        self.run_tool("gcc", "-w", "-O0", "-Wl,-u,__executable_start", "a.c",
                      table, "-o", out)

    def test_two_links(self):
        self.write("a.c", self.SOURCE)
        self.generate("--empty", "-o", "none.S")
        self.link("none.S", "one")
        self.generate("one", "-o", "table.S")
        self.link("table.S", "two")
        result = self.generate("--check", "two")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_empty_table(self):
        self.write("a.c", self.SOURCE)
        self.generate("--empty", "-o", "none.S")
        self.link("none.S", "one")
        result = self.generate("--check", "one")
        self.assertEqual(result.returncode, 1)
        self.assertIn("its table is empty", result.stderr)

    def test_moved_code(self):
        self.write("a.c", self.SOURCE)
        self.generate("--empty", "-o", "none.S")
        self.link("none.S", "one")
        self.generate("one", "-o", "table.S")
        self.write("a.c", "int g(void) { return f2(); }\n"
                   "int f2(void) { return 0; }\n" + self.SOURCE)
        self.link("table.S", "two")
        result = self.generate("--check", "two")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the second link moved the code", result.stderr)


class Front(ScratchTest):
    def dev(self, *words):
        return self.run_tool(sys.executable, "-B",
                             os.path.join(TOOLS, "dev"), *words)

    def test_messages(self):
        for words, status, text in (
                (["--help"], 0, ""),
                ([], 125, ""),
                (["fly"], 125, "dev: fly: no such command"),
                (["boot", "--fly"], 125, "dev: boot: --fly: no such option"),
                (["boot", "--machine", "pdp11", "--cpus", "x"], 125,
                 "dev: usage: "),
                (["run", "--preset"], 125, "dev: --preset: needs a value"),
                (["root", "nothing"], 125, "dev: root: nothing: no such")):
            with self.subTest(words=words):
                result = self.dev(*words)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertTrue(result.stderr.startswith(text), result.stderr)
                self.assertLessEqual(len(result.stderr.splitlines()), 1)

    def test_counts(self):
        self.write("x/r.xml", """<testsuite>
<testcase name="a" status="run"/>
<testcase name="b" status="fail"><failure message="f"/></testcase>
<testcase name="c" status="notrun"><skipped message="no program"/></testcase>
</testsuite>""")
        passed, failed = read_counts(self.path("x/r.xml"))
        self.assertEqual(passed, ["a"])
        self.assertEqual(failed, ["b", "c (not run)"])


if __name__ == "__main__":
    unittest.main()
