#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged programs and archives, wrong options, too little memory.

Each must end with the documented status and one clear line on stderr: never a
panic, a sanitizer's report, or a machine that hangs.
"""
import gzip
import random
import struct

import machine
from devlib.cpio import Archive
from machine import NOT_EXECUTABLE, NOT_FOUND, PANIC, REFUSED, REPORT

QUIET = ("--append", "quiet")
EHDR, PHDR = 64, 56
EXTREMES = (0, 1, 2, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x7fffffff, 0xffffffff,
            0x7ffffffff000, 0x800000000000, 1 << 46, (1 << 62) - 1,
            (1 << 63) - 1, 1 << 63, (1 << 64) - 4096, (1 << 64) - 1)


def zstd_stored(data):
    """A zstd frame of raw blocks (RFC 8878, 3.1.1)."""
    parts = [struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(data))]
    blocks = [data[at:at + 100000] for at in range(0, len(data), 100000)]
    for block in blocks:
        last = block is blocks[-1]
        parts.append(struct.pack("<I", len(block) << 3 | last)[:3] + block)
    return b"".join(parts)


def root_with(data, mode=0o755):
    archive = Archive()
    archive.directory("dir")
    archive.link("loop", "loop")
    archive.link("dangling", "nowhere")
    archive.character_device("device", 1, 3)
    archive.file("x", data, mode)
    return archive.close()


class BadInput:
    def __init__(self, args):
        self.machine = machine.Machine(args)
        self.verdict = machine.Verdict()
        self.program = machine.read_file(f"{args.programs}/hello-musl")
        self.root = root_with(self.program)
        self.world = args.world

    def refuse(self, name, status, root, *init, options=QUIET):
        """It ends with status, silent but for one line on stderr."""
        result = self.machine.run(root, init, options)
        found = []
        if result.status != status:
            found.append(f"not {status}")
        if len(result.err.splitlines()) != 1:
            found.append("not one line")
        if result.out:
            found.append("output")
        self.verdict.note(name, result, found)

    def survive(self, name, root, *init):
        """Whatever becomes of it, the kernel stays whole; a damaged program
        may still run, for ever if it likes."""
        result = self.machine.run(root, init, QUIET, limit=5)
        found = []
        if result.status in (PANIC, REPORT) or b"panic" in result.err:
            found.append("broken")
        if result.status in (REFUSED, NOT_EXECUTABLE, NOT_FOUND) and \
                len(result.err.splitlines()) != 1:
            found.append("not one line")
        self.verdict.note(name, result, found)

    def patched(self, at, form, value):
        """The program with a field replaced."""
        data = bytearray(self.program)
        struct.pack_into(form, data, at, value)
        return root_with(bytes(data))

    def wrong_init(self):
        for what in ("/none", "/none/x", "/x/y", "/loop", "/dangling",
                     "/" + "n" * 300, "/n" * 2100):
            self.refuse(f"init {what[:20]}", NOT_FOUND, self.root, what)
        for what in ("/dir", "/device", "/"):
            self.refuse(f"init {what}", NOT_EXECUTABLE, self.root, what)
        self.refuse("not executable", NOT_EXECUTABLE,
                    root_with(self.program, 0o644), "/x")
        self.refuse("too many arguments", NOT_EXECUTABLE, self.root, "/x",
                    "y" * 70000)
        self.refuse("no initrd", NOT_FOUND, None, "/x")
        self.refuse("empty initrd", NOT_FOUND, b"", "/x")
        self.refuse("no init", NOT_FOUND, self.root)

    def wrong_program(self):
        self.refuse("a script without its interpreter", NOT_FOUND,
                    root_with(b"#!/bin/sh\n"), "/x")
        size = len(self.program)
        for name, data in (
                ("an empty file", b""), ("a script of nobody", b"#!\n"),
                ("32 bits", b"\x7fELF\x01" + self.program[5:]),
                ("big-endian", b"\x7fELF\x02\x02" + self.program[6:])):
            self.refuse(name, NOT_EXECUTABLE, root_with(data), "/x")
        for name, at, form, value in (
                ("another machine", 18, "<H", 183), ("a relocatable", 16, "<H", 1),
                ("no headers", 56, "<H", 0), ("many headers", 56, "<H", 65535),
                ("small headers", 54, "<H", 32),
                ("headers far away", 32, "<Q", 1 << 60),
                ("headers at the end", 32, "<Q", size - 8),
                ("p_memsz 2^62", EHDR + 40, "<Q", 1 << 62),
                ("p_memsz 2^64 - 1", EHDR + 40, "<Q", (1 << 64) - 1),
                ("p_memsz 0, p_filesz 1 more", EHDR + 40, "<Q", 0),
                ("p_align 3", EHDR + 48, "<Q", 3),
                ("p_align 2^40", EHDR + 48, "<Q", 1 << 40),
                ("p_vaddr of the kernel", EHDR + 16, "<Q", 0xffff << 48)):
            self.refuse(name, NOT_EXECUTABLE, self.patched(at, form, value),
                        "/x")

    def truncated_program(self):
        """The first page holds the first segment; what lies behind the last
        one is not needed."""
        size = len(self.program)
        for part in range(16):
            data = self.program[:size * part // 16]
            self.survive(f"{part}/16 of the program", root_with(data), "/x")

    def mutated_program(self, count):
        choose = random.Random(1)
        headers = EHDR + PHDR * struct.unpack_from("<H", self.program, 56)[0]
        for number in range(count):
            data = bytearray(self.program)
            for _ in range(choose.randint(1, 3)):
                if choose.random() < 0.5:
                    data[choose.randrange(headers)] = choose.randrange(256)
                else:
                    struct.pack_into("<Q", data,
                                     choose.randrange(headers // 8) * 8,
                                     choose.choice(EXTREMES))
            self.survive(f"program, mutation {number}",
                         root_with(bytes(data)), "/x")

    def packings(self):
        return (("cpio", self.root), ("gzip", gzip.compress(self.root)),
                ("zstd", zstd_stored(self.root)))

    def damaged_archive(self, count):
        choose = random.Random(2)
        for name, data in self.packings():
            self.whole(name, data)
            for part in range(1, 16):
                self.survive(f"{part}/16 of {name}",
                             data[:len(data) * part // 16], "/x")
            for number in range(count):
                bad = bytearray(data)
                for _ in range(choose.randint(1, 4)):
                    end = choose.choice((64, 700, len(bad)))
                    bad[choose.randrange(end)] = choose.randrange(256)
                self.survive(f"{name}, mutation {number}", bytes(bad), "/x")
        self.refuse("no archive", NOT_FOUND, b"garbage!" * 100, "/x")

    def whole(self, name, data):
        result = self.machine.run(data, ["/x", "7"], QUIET)
        self.verdict.note(name, result, [] if result.status == 7 and
                          result.out == b"hello, world\n" else ["not run"])

    def wrong_words(self):
        for word in ("fault=often", "fault=nth:0", "fault=rate:x",
                     "strace=nocall", "strace=!"):
            self.refuse(word, REFUSED, self.root, "/x",
                        options=("--append", f"quiet {word}"))

    def wrong_options(self):
        for options in (("--nothing",), ("--mem", "1M"), ("--mem", "x"),
                        ("--mem", "1000000G"), ("--cpus", "0"), ("--seed", "?"),
                        ("--fault", "often"), ("--initrd", "/nonexistent"),
                        ("--initrd",), ("-q",), ("--help=1",)):
            self.refuse(" ".join(options), REFUSED, self.root, "/x",
                        options=(*QUIET, *options) if len(options) > 1
                        else (*options,))

    def little_memory(self):
        """The root does not fit, or only just."""
        big = root_with(self.program + bytes(random.Random(3).randbytes(
            5 << 20)))
        self.refuse("a root of 5M in 8M", REFUSED, big, "/x",
                    options=(*QUIET, "--mem", "8M"))
        if self.world == "hosted":
            self.refuse("a root of 5M in 4M", REFUSED, big, "/x",
                        options=(*QUIET, "--mem", "4M"))
        self.whole("a root of 5M", big)


def main():
    args = machine.parse(__doc__)
    full = args.tier == "ci"
    test = BadInput(args)
    test.wrong_init()
    test.wrong_program()
    test.wrong_words()
    if not args.valgrind:
        test.truncated_program()
        test.mutated_program(200 if full else 20)
        test.damaged_archive(60 if full else 6)
    test.little_memory()
    if args.world == "hosted":
        test.wrong_options()
    test.verdict.finish()


if __name__ == "__main__":
    main()
