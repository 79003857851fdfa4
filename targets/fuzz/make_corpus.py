#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fuzz targets' seeds: make_corpus.py DIR fills DIR/<target>/.

The cpio archives and zstd frames of the simple kinds are made here byte by
byte; the compressed ones by Python's zlib and, where it is installed, zstd.
Every seed begins with the byte of choices that targets/fuzz/fuzz.h tells of.
The same bytes come out every time.
"""
import gzip
import os
import random
import shutil
import struct
import subprocess
import sys
import zlib


def field(n):
    return b"%08x" % (n & 0xffffffff)


def member(name, data=b"", mode=0o100644, **more):
    """One member of a newc archive; **more overrides fields by name."""
    encoded = name + b"\0"
    fields = {"ino": 7, "mode": mode, "uid": 0, "gid": 0, "nlink": 1,
              "mtime": 1, "size": len(data), "dev_major": 0, "dev_minor": 1,
              "rdev_major": 0, "rdev_minor": 0, "name_size": len(encoded),
              "sum": 0}
    magic = more.pop("magic", b"070701")
    fields.update(more)
    head = magic + b"".join(map(field, fields.values())) + encoded
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


TRAILER = member(b"TRAILER!!!", mode=0)


def archives():
    tree = (member(b"bin", mode=0o040755) + member(b"bin/sh", b"#!" * 37)
            + member(b"link", b"bin/sh", 0o120777)
            + member(b"null", mode=0o020666, rdev_major=1, rdev_minor=3))
    linked = (member(b"a", nlink=2, ino=9) + member(b"b", b"xyz", ino=9))
    summed = member(b"s", b"\1\2\3", magic=b"070702", sum=6)
    yield "empty", TRAILER
    yield "tree", tree + TRAILER
    yield "padded", (tree + TRAILER).ljust(1024, b"\0")
    yield "linked", linked + TRAILER
    yield "summed", summed + TRAILER
    yield "bad_sum", member(b"s", b"\1", magic=b"070702", sum=6) + TRAILER
    yield "two", tree + TRAILER + b"\0" * 300 + linked + TRAILER
    yield "long_name", member(b"n" * 4095, b"1") + TRAILER
    yield "longer_name", member(b"n" * 4096, b"1") + TRAILER
    yield "huge_size", member(b"h", b"1", size=0xffffffff)
    yield "huge_name", member(b"h", b"1", name_size=0xffffffff)
    yield "no_name", member(b"", name_size=0) + TRAILER
    yield "short_name", member(b"a\0b") + TRAILER
    yield "old", b"070707" + b"0" * 150
    yield "trailer_data", tree + member(b"TRAILER!!!", b"data")
    yield "cut", (tree + TRAILER)[:-60]
    yield "xz", b"\xfd7zXZ\0"
    yield "nothing", b"\0" * 70


def contents():
    choice = random.Random(8878)
    yield "empty", b""
    yield "one", b"x"
    yield "zeros", b"\0" * 70000
    yield "words", b" ".join(choice.choice([b"boot", b"init", b"root", b"ram"])
                             for _ in range(900))
    yield "noise", bytes(choice.randrange(256) for _ in range(700))
    yield "letters", bytes(choice.choice(b"aaaaabbbccd") for _ in range(3000))
    yield "steps", b"".join(bytes([i & 255]) * (i % 37) for i in range(400))


def deflated(data, level, strategy, flags=b"\0", extra=b""):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    body = packer.compress(data) + packer.flush()
    tail = zlib.crc32(data).to_bytes(4, "little")
    tail += (len(data) & 0xffffffff).to_bytes(4, "little")
    return (b"\x1f\x8b\x08" + flags + b"\0\0\0\0\0\3" + extra + body + tail)


def members():
    for name, data in contents():
        yield name + "_fast", deflated(data, 1, zlib.Z_DEFAULT_STRATEGY)
        yield name + "_best", deflated(data, 9, zlib.Z_DEFAULT_STRATEGY)
        yield name + "_fixed", deflated(data, 6, zlib.Z_FIXED)
        yield name + "_huffman", deflated(data, 6, zlib.Z_HUFFMAN_ONLY)
        yield name + "_stored", deflated(data[:2000], 0,
                                         zlib.Z_DEFAULT_STRATEGY)
    plain = zlib.Z_DEFAULT_STRATEGY
    head = b"\x1f\x8b\x08\x1e\0\0\0\0\0\3" + b"\2\0ab" + b"name\0" + b"note\0"
    crc = (zlib.crc32(head) & 0xffff).to_bytes(2, "little")
    yield "flags", deflated(b"flags", 6, plain, b"\x1e", head[10:] + crc)
    yield "bad_flags", deflated(b"flags", 6, plain, b"\xe0")


def frame(blocks, descriptor, fields):
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + fields + blocks


def block(kind, size, body, last=True):
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + body


def packed_by_zstd():
    tool = shutil.which("zstd")
    if tool is None:
        return
    for name, data in contents():
        for level in ("-1", "-3", "-19", "--fast=9"):
            for check in ("--check", "--no-check"):
                yield f"{name}{level}{check}", subprocess.run(
                    [tool, "-q", "-c", level, check], input=data, check=True,
                    stdout=subprocess.PIPE).stdout


def frames():
    yield "raw", frame(block(0, 5, b"hello"), 0x20, b"\5")
    yield "rle", frame(block(1, 200, b"z"), 0x00, b"\0")
    yield "mixed", frame(block(0, 2, b"ab", False) + block(1, 3, b"c"), 0x20,
                         b"\5")
    # Literals of a Huffman code with direct weights, in one stream.
    yield "huffman", frame(block(2, 8, b"\x42\x40\x01\x80\x10\x05\x01\0"),
                           0x20, b"\4")
    yield "dictionary", frame(block(0, 1, b"d"), 0x21, b"\1\1")
    yield "large_window", frame(block(0, 1, b"d"), 0x00, b"\xff")
    yield "skippable", (b"\x50\x2a\x4d\x18\3\0\0\0abc"
                        + frame(block(0, 1, b"d"), 0x20, b"\1"))
    yield "skips_much", b"\x5f\x2a\x4d\x18\xff\xff\xff\xff"
    yield from packed_by_zstd()


def initrds():
    yield from archives()
    tree = dict(archives())["tree"]
    small = frame(block(0, len(tree), tree), 0x60,
                  (len(tree) - 256).to_bytes(2, "little"))
    packed = gzip.compress(tree, mtime=0)
    half = len(tree) // 2
    yield "gzip", packed
    yield "zstd", small
    yield "all", tree + b"\0" * 9 + packed + small + b"\0" * 20 + tree
    yield "halves", (gzip.compress(tree[:half], mtime=0)
                     + gzip.compress(tree[half:], mtime=0))


def segment(kind, flags, offset, address, size, memory, align=4096):
    return struct.pack("<IIQQQQQQ", kind, flags, offset, address, address,
                       size, memory, align)


def executable(kind, *headers, count=None, at=64, body=b"", machine=62):
    ident = b"\x7fELF\2\1\1" + b"\0" * 9
    head = struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0x401000, at, 0, 0,
                       64, 56, len(headers) if count is None else count, 0, 0,
                       0)
    return ident + head + b"".join(headers) + body


def executables():
    load = segment(1, 5, 0, 0x400000, 120, 120)
    data = segment(1, 6, 0x10, 0x601010, 32, 9000)
    stack = segment(0x6474e551, 6, 0, 0, 0, 0)
    yield "static", executable(2, load, data, stack)
    yield "movable", executable(3, segment(1, 5, 0, 0, 120, 120), data)
    yield "interp", executable(3, segment(3, 4, 176, 0, 7, 7), load,
                               body=b"/ld.so\0")
    yield "bad_interp", executable(3, segment(3, 4, 120, 0, 400, 7), load)
    yield "descending", executable(2, data, load)
    yield "past_end", executable(2, segment(1, 5, 0, 0x400000, 1 << 40,
                                            1 << 41))
    yield "past_user", executable(2, segment(1, 5, 0, 0x7fffffffe000, 1,
                                             1 << 63))
    yield "huge", executable(2, segment(1, 5, 2**64 - 4096, 0x400000,
                                        2**64 - 1, 2**64 - 1))
    yield "many", executable(2, *(segment(1, 4, 0, i << 12, 1, 1)
                                  for i in range(1, 40)))
    yield "nowhere", executable(2, load, at=2**64 - 56)
    yield "no_headers", executable(2)
    yield "too_many", executable(2, load, count=65535)
    yield "other_machine", executable(2, load, machine=183)
    yield "cut", executable(2, load, data)[:130]


def madt(*entries, apic=0xfee00000, size=None):
    body = struct.pack("<II", apic, 1) + b"".join(entries)
    size = 36 + len(body) if size is None else size
    return b"APIC" + struct.pack("<I", size) + b"\0" * 28 + body


def entry(kind, form, *fields):
    body = struct.pack("<" + form, *fields)
    return bytes([kind, len(body) + 2]) + body


def tables():
    cpus = [entry(0, "BBI", i, i, 1) for i in range(70)]
    io_apic = entry(1, "BBII", 0, 0, 0xfec00000, 0)
    moved = entry(2, "BBIH", 0, 9, 9, 0xd)
    nmi = entry(4, "BHB", 0xff, 0, 1)
    far = entry(9, "HIII", 0, 300, 1, 300)
    yield "one", madt(cpus[0], io_apic)
    yield "many", madt(*cpus, io_apic, moved, nmi)
    yield "far", madt(cpus[0], far, io_apic, entry(10, "HIB3x", 5, 300, 0))
    yield "moved", madt(cpus[0], io_apic, entry(5, "HQ", 0, 1 << 40))
    yield "io_apics", madt(cpus[0], *[io_apic] * 12)
    yield "nmis", madt(cpus[0], io_apic, *[nmi] * 200)
    yield "unknown", madt(cpus[0], entry(3, "HI", 0, 2), io_apic,
                          entry(200, "B", 1))
    yield "no_size", madt(cpus[0], io_apic, b"\0\0")
    yield "cut", madt(cpus[0], io_apic)[:-3]
    yield "too_long", madt(cpus[0], io_apic, size=1 << 31)


# What fuzz_ring.c does by a step.
ADD, TAKE, KICK, ASK, USE, USE_NEXT, SCRIBBLE = 0, 2, 3, 4, 5, 6, 7


def rings():
    add = bytes([ADD, 0x05])  # one part to read, one to write
    honest = add + bytes([KICK, USE_NEXT, 3, TAKE])
    yield "honest", honest * 90
    yield "batches", (add * 8 + bytes([USE_NEXT, 0] * 8 + [TAKE])) * 9
    yield "long_chains", bytes([ADD, 0x0f]) * 12 + bytes(
        [USE_NEXT, 200, ASK, 1, TAKE])
    yield "full", add * 70 + bytes([USE_NEXT, 1, TAKE])
    yield "twice", add * 2 + bytes([USE, 0, USE, 0, TAKE])
    yield "middle", add + bytes([USE, 1, TAKE])
    yield "no_such", add + bytes([USE, 99, TAKE])
    yield "too_much", add + bytes([USE, 0x80, 0xff, 0xff, TAKE])
    yield "index", add + bytes([SCRIBBLE, 0x02, 0x10, 9, TAKE])
    yield "next_link", add + bytes([SCRIBBLE, 0x0e, 0x00, 60, USE_NEXT, 0,
                                    TAKE]) + honest


def write(folder, seeds):
    os.makedirs(folder, exist_ok=True)
    for at, (name, data) in enumerate(seeds):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(bytes([at * 37 & 255]) + data)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_corpus.py DIR")
    write(os.path.join(sys.argv[1], "cpio"), initrds())
    write(os.path.join(sys.argv[1], "elf"), executables())
    write(os.path.join(sys.argv[1], "gzip"), members())
    write(os.path.join(sys.argv[1], "madt"), tables())
    write(os.path.join(sys.argv[1], "ring"), rings())
    write(os.path.join(sys.argv[1], "zstd"), frames())


main()
