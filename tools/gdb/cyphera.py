# SPDX-License-Identifier: Apache-2.0
"""gdb: printers for the kernel's base types, and sane defaults.

tools/dev debug loads it. The stubs that run user code are other processes;
gdb stays with the kernel.
"""
import gdb
import gdb.printing

LIST_MAX = 1000


class ListPrinter:
    """struct list: how many nodes hang on it."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        head = self.value.address
        if head is None:
            return "list node"
        node, count = self.value["next"], 0
        while node != head and node != 0 and count < LIST_MAX:
            node = node["next"]
            count += 1
        return "list, empty" if count == 0 else f"list, {count} others"

    def children(self):
        yield "next", self.value["next"]
        yield "prev", self.value["prev"]


class RefcountPrinter:
    """struct refcount: the count."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"{int(self.value['count'])} refs"


class TreePrinter:
    """struct tree: how many nodes, how high."""

    def __init__(self, value):
        self.value = value

    @staticmethod
    def count(node):
        total, stack = 0, [node]
        while stack:
            node = stack.pop()
            if node != 0:
                total += 1
                stack += [node["child"][0], node["child"][1]]
        return total

    def to_string(self):
        root = self.value["root"]
        if root == 0:
            return "tree, empty"
        return f"tree, {self.count(root)} nodes, height {int(root['height'])}"


def make_printers():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("cyphera")
    printers.add_printer("list", "^list$", ListPrinter)
    printers.add_printer("refcount", "^refcount$", RefcountPrinter)
    printers.add_printer("tree", "^tree$", TreePrinter)
    return printers


gdb.printing.register_pretty_printer(gdb.current_objfile(), make_printers(),
                                     replace=True)
for command in ("set breakpoint pending on", "set follow-fork-mode parent",
                "set detach-on-fork on", "set pagination off"):
    gdb.execute(command)
