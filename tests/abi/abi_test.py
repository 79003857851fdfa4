#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""core/abi against the host: constants, layouts, numbers of calls, errnos."""

import os
import re
import sys
import tempfile
import unittest

from abi_compare import ORACLES, ROOT, Oracle, compare, host_macros

sys.path.insert(0, os.path.join(ROOT, "tools"))
import abi_table  # noqa: E402

ABI = os.path.join(ROOT, "core/abi")


class Headers(unittest.TestCase):
    def test_each_header_has_an_oracle(self):
        headers = {h for h in os.listdir(ABI) if h.endswith(".h")}
        self.assertEqual(headers, set(ORACLES) | {"errno.h"})

    def test_no_exception_is_stale(self):
        for header, oracle in ORACLES.items():
            with open(os.path.join(ABI, header), encoding="utf-8") as file:
                text = file.read()
            for name in [*oracle.own, *oracle.newer, *oracle.names]:
                self.assertRegex(text, rf"\b{name}\b", header)


def header_test(header):
    def test(self):
        self.assertEqual(compare(f"core/abi/{header}", ORACLES[header]), [])
    return test


for _header in ORACLES:
    setattr(Headers, "test_" + _header.replace(".", "_"),
            header_test(_header))


class Comparison(unittest.TestCase):
    """The comparison finds what is wrong."""

    def complaints(self, text, **oracle):
        with tempfile.TemporaryDirectory() as root:
            with open(os.path.join(root, "x.h"), "w",
                      encoding="utf-8") as file:
                file.write(text)
            return compare("x.h", Oracle(**oracle), root)

    def test_right_value(self):
        self.assertEqual(self.complaints("#define LX_POLLIN 1\n",
                                         includes=["asm/poll.h"]), [])

    def test_wrong_value(self):
        found = self.complaints("#define LX_POLLIN 2\n",
                                includes=["asm/poll.h"])
        self.assertEqual(found, ["LX_POLLIN is 2, the host's POLLIN is 1"])

    def test_name_that_the_host_lacks(self):
        found = self.complaints("#define LX_NOT_THERE 2\n",
                                includes=["asm/poll.h"])
        self.assertEqual(found, ["LX_NOT_THERE: the host has no NOT_THERE"])

    def test_enumerator(self):
        found = self.complaints("#define LX_RSEQ_FLAG_UNREGISTER 8\n",
                                includes=["linux/rseq.h"])
        self.assertEqual(len(found), 1)

    def test_wrong_layout(self):
        found = self.complaints(
            "struct lx_pollfd {\n    int events;\n    short fd;\n};\n",
            includes=["asm/poll.h"])
        self.assertTrue(any("offsetof(struct lx_pollfd, fd) is 4" in line
                            for line in found), found)
        self.assertTrue(any("->fd) is 2" in line for line in found), found)

    def test_wrong_size(self):
        found = self.complaints("struct lx_winsize {\n    int ws_row;\n};\n",
                                includes=["asm/termios.h"])
        self.assertTrue(any("sizeof(struct lx_winsize) is 4" in line
                            for line in found), found)

    def test_empty_header(self):
        self.assertEqual(self.complaints("", includes=["asm/poll.h"]),
                         ["x.h: nothing to compare"])


class Numbers(unittest.TestCase):
    def setUp(self):
        self.table = abi_table.read(os.path.join(ABI, "syscalls.tbl"))
        macros = host_macros("asm/unistd_64.h")
        self.host = {int(n): name[5:] for name, n in macros.items()
                     if name.startswith("__NR_")}

    def test_every_call_of_the_host_is_there(self):
        ours = {c.number: c.name for c in self.table.calls}
        for number, name in self.host.items():
            self.assertEqual(ours.get(number), name)

    def test_no_call_is_made_up(self):
        """What the host's headers lack is newer than they are."""
        newer = [c.name for c in self.table.calls
                 if c.number not in self.host]
        for name in newer:
            self.assertTrue(self.table.call(name).number > max(self.host)
                            or name in ("uretprobe", "uprobe"), name)


class Errno(unittest.TestCase):
    def setUp(self):
        self.host = {n: t for n, t in host_macros("errno.h").items()
                     if re.fullmatch(r"E[A-Z0-9]+", n)}
        with open(os.path.join(ABI, "errno.h"), encoding="utf-8") as file:
            self.ours = dict(re.findall(r"^#define (E\w+) +(\w+)$",
                                        file.read(), re.M))

    def test_header_is_the_hosts(self):
        self.assertEqual(self.ours, self.host)

    def test_table_is_the_headers(self):
        table = abi_table.read_errors(os.path.join(ABI, "errno.tbl"))
        self.assertEqual({name: str(n) for n, (name, _) in table.items()},
                         {n: t for n, t in self.ours.items() if t.isdigit()})

    def test_texts_are_the_hosts(self):
        table = abi_table.read_errors(os.path.join(ABI, "errno.tbl"))
        self.assertEqual({n: text for n, (_, text) in table.items()},
                         {n: os.strerror(n) for n in table})


if __name__ == "__main__":
    unittest.main()
