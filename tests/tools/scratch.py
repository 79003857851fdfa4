# SPDX-License-Identifier: Apache-2.0
"""A small tree in which a checker runs as if it were the repository."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def c_head(path):
    """How a C file of ours begins."""
    return f"/* {LICENCE} */\n/*\n * {path} - for a test.\n */\n"


class ScratchTest(unittest.TestCase):
    """Writes files, runs a checker, looks at what it says."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def write_c(self, name, text):
        self.write(name, c_head(name) + text)

    def run_tool(self, *command):
        return subprocess.run(command, cwd=self.directory.name, text=True,
                              capture_output=True, check=False)

    def check(self, checker, *args):
        tool = os.path.join(ROOT, "tools", checker)
        return self.run_tool(sys.executable, "-B", tool, *args)

    def assert_clean(self, checker, *args):
        result = self.check(checker, *args)
        self.assertEqual(result.returncode, 0,
                         result.stdout + result.stderr)
        self.assertIn(": clean", result.stdout)

    def assert_found(self, checker, text, *args):
        """The checker fails and its one complaint holds text."""
        result = self.check(checker, *args)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(text, result.stdout)
        self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)
