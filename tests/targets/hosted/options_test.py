# SPDX-License-Identifier: Apache-2.0
"""Options, exit statuses and error lines of the hosted kernel."""
import os
import tempfile
import unittest

from process import root_image, run

USAGE = 125

# Arguments, and a part of the one line on stderr.
REFUSED = (
    (["--foo"], "cyphera: --foo: no such option"),
    (["-x"], "cyphera: -x: no such option"),
    (["--mem"], "cyphera: --mem: needs a value"),
    (["--mem=1M"], "cyphera: --mem: too little"),
    (["--mem", "3X"], "cyphera: --mem: not a size"),
    (["--mem", "-1"], "cyphera: --mem: not a size"),
    (["--mem", "99999999999999999999"], "cyphera: --mem: not a size"),
    (["--mem", "18014398509481984K"], "cyphera: --mem: not a size"),
    (["--mem=65G"], "cyphera: --mem: too much"),
    (["--cpus=17"], "cyphera: --cpus: too many: at most 16"),
    (["--cpus", "2x"], "cyphera: --cpus: not a number"),
    (["--cpus", "0"], "cyphera: --cpus: not a number"),
    (["--disk", "x"], "cyphera: --disk: not supported yet"),
    (["--net", "user"], "cyphera: --net: not supported yet"),
    (["--display=sdl"], "cyphera: --display: not supported yet"),
    (["--seed", "zz"], "cyphera: --seed: not a number"),
    (["--seed=18446744073709551616"], "cyphera: --seed: not a number"),
    (["--help=3"], "cyphera: --help: takes no value"),
    (["--trace-hash=1"], "cyphera: --trace-hash: takes no value"),
    (["--strace=a b"], "cyphera: --strace: the value must be one word"),
    (["--fault="], "cyphera: --fault: the value must be one word"),
    (["--append", "x" * 4096], "cyphera: --append: the kernel command line"),
    (["--initrd", "/nowhere"],
     "cyphera: --initrd: /nowhere: No such file or directory"),
    (["--initrd", "/etc"], "cyphera: --initrd: /etc: Is a directory"),
    (["--log", "/nowhere/log"],
     "cyphera: --log: /nowhere/log: No such file or directory"),
)


class Options(unittest.TestCase):
    def setUp(self):
        self.root = root_image()

    def test_refused(self):
        for args, line in REFUSED:
            with self.subTest(args=args):
                status, out, err = run(*args)
                self.assertEqual((USAGE, b""), (status, out))
                self.assertIn(line, err)
                self.assertEqual(1, err.count("\n"), err)

    def test_initrd_too_large(self):
        with tempfile.NamedTemporaryFile() as f:
            f.truncate(8 << 20)
            status, _, err = run("--mem=4M", "--initrd", f.name, "/hello")
        self.assertEqual(USAGE, status)
        self.assertIn("does not fit into memory", err)

    def test_help_and_version(self):
        status, out, err = run("--help")
        self.assertEqual((0, ""), (status, err))
        self.assertTrue(out.startswith(b"Usage: cyphera "))
        status, out, err = run("--version", "--foo")
        self.assertEqual((0, ""), (status, err))
        self.assertRegex(out, rb"^cyphera [0-9.]+\n$")

    def test_statuses(self):
        for value in ("0", "7", "255"):
            status, out, _ = run("--initrd", self.root, "--", "/hello", value)
            self.assertEqual((int(value), b"hello, world\n"), (status, out))
        self.assertEqual(127, run("--initrd", self.root, "/nowhere")[0])
        self.assertEqual(127, run("/hello")[0])

    def test_options_end_at_init(self):
        status, _, err = run("--initrd", self.root, "/hello", "--foo")
        self.assertNotEqual(USAGE, status, err)

    def test_initrd_from_a_pipe(self):
        with open(self.root, "rb") as f:
            data = f.read()
        status, out, _ = run("--initrd", "/dev/stdin", "/hello", input=data)
        self.assertEqual((0, b"hello, world\n"), (status, out))

    def test_log_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            status, _, err = run("--initrd", self.root, "--log", log,
                                 "/hello", "3")
            self.assertEqual((3, ""), (status, err))
            with open(log, encoding="utf-8") as f:
                self.assertIn("Cyphera on hosted", f.read())

    def test_strace(self):
        status, _, err = run("--initrd", self.root, "--strace", "/hello", "3")
        self.assertEqual(3, status)
        self.assertIn("exit_group(3", err)

    def test_seed_repeats(self):
        hashes = set()
        for seed in ("1", "1", "2"):
            _, out, err = run("--initrd", self.root, "--seed", seed,
                              "--trace-hash", "/cat", input=b"abc\n" * 999)
            self.assertEqual(b"abc\n" * 999, out)
            self.assertRegex(err, r"trace: cpuid .* seed " + seed)
            hashes.add(err[err.index("trace-hash: "):])
        self.assertLessEqual(len(hashes), 2)

    def test_one_byte_changes_the_hash(self):
        hashes = set()
        for data in (b"x" * 100, b"x" * 101, b"x" * 99 + b"y"):
            _, _, err = run("--initrd", self.root, "--seed", "1",
                            "--trace-hash", "/cat", input=data)
            hashes.add(err[err.index("trace-hash: "):])
        self.assertEqual(3, len(hashes))


if __name__ == "__main__":
    unittest.main()
