#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_samples.py DIR: what the host's gzip, zstd and cpio make.

DIR/manifest has a line per sample: the packed file, the file it holds, and 0
or the errno that it must be refused with. DIR/trees has one per cpio archive:
the archive and the listing of what it holds.
"""
import os
import random
import subprocess
import sys
import tempfile

ZSTD = {
    "z1": ["-1"], "z3": ["-3"], "z19": ["-19"], "zfast": ["--fast=9"],
    "z22": ["--ultra", "-22"], "znocheck": ["-3", "--no-check"],
    "znosize": ["-19", "--no-content-size"],
}
GZIP = {"g1": ["-1"], "g6": ["-6"], "g9": ["-9"]}


def fibonacci(choice):
    """Bytes so unequally frequent that their codes get as long as can be."""
    data, a, b = [], 1, 1
    for byte in range(21):
        data += [byte] * a
        a, b = b, a + b
    choice.shuffle(data)
    return bytes(data)


def contents():
    choice = random.Random(1951)
    words = [bytes(choice.choices(b"etaoinshrdlu", k=choice.randrange(2, 9)))
             for _ in range(400)]
    text = b" ".join(choice.choice(words) for _ in range(30000))
    noise = choice.randbytes(300000)
    yield "empty", b""
    yield "one", b"x"
    yield "short", b"abcabcabcabcd" * 3
    yield "verse", text[:700]
    yield "text", text
    yield "noise", noise
    yield "zeros", bytes(1000000)
    yield "skewed", bytes(min(255, int(choice.expovariate(0.05)))
                          for _ in range(100000))
    yield "fibonacci", fibonacci(choice)
    yield "bits", bytes(choice.choices(b"ab", k=50000))
    yield "mixed", text + noise + text[:9000] + bytes(70000) + noise[:5000]
    # Longer than the window, with matches from its far end.
    yield "far", noise + bytes(7 << 20) + noise + bytes(1 << 20) + noise


def pack(command, source, target):
    with open(target, "wb") as out:
        subprocess.run([*command, "-c", source], stdout=out, check=True)


def samples(folder):
    for name, data in contents():
        raw = os.path.join(folder, name)
        with open(raw, "wb") as out:
            out.write(data)
        for tool, variants in (("gzip", GZIP), ("zstd", ZSTD)):
            for variant, options in variants.items():
                refused = variant == "z22" and len(data) > 8 << 20
                pack([tool, "-q", *options], raw, f"{raw}.{variant}")
                yield f"{name}.{variant} {name} {'EFBIG' if refused else 0}"
    pack(["zstd", "-q", "--long=27"], raw, f"{raw}.zlong")
    yield f"{name}.zlong {name} EFBIG"


def make_tree(root):
    os.makedirs(os.path.join(root, "bin/deep"))
    with open(os.path.join(root, "bin/tool"), "wb") as out:
        out.write(random.Random(5).randbytes(5000))
    os.chmod(os.path.join(root, "bin/tool"), 0o4755)
    os.link(os.path.join(root, "bin/tool"), os.path.join(root, "bin/twin"))
    with open(os.path.join(root, "empty"), "wb"):
        pass
    os.symlink("../bin/tool", os.path.join(root, "bin/deep/link"))
    os.mkfifo(os.path.join(root, "fifo"), 0o600)
    for i in range(40):
        with open(os.path.join(root, "x" * (i + 1)), "wb") as out:
            out.write(b"%d" % i * i)


def listing(root, names):
    """What is known without knowing how cpio deals with hard links."""
    for name in names:
        info = os.lstat(os.path.join(root, name))
        yield f"{name} {info.st_mode:o} {info.st_nlink} {int(info.st_mtime)}\n"


def trees(folder):
    with tempfile.TemporaryDirectory() as root:
        make_tree(root)
        names = subprocess.run(["find", ".", "-depth"], cwd=root, check=True,
                               stdout=subprocess.PIPE).stdout
        with open(os.path.join(folder, "tree.list"), "w") as out:
            out.writelines(listing(root, names.decode().split()))
        for form in ("newc", "crc"):
            target = os.path.join(folder, f"tree.{form}")
            with open(target, "wb") as out:
                subprocess.run(["cpio", "--quiet", "-o", "-H", form],
                               cwd=root, input=names, stdout=out, check=True)
            yield f"tree.{form} tree.list"
    for variant, tool in (("gz", ["gzip"]), ("zst", ["zstd", "-q", "-19"])):
        pack(tool, os.path.join(folder, "tree.newc"),
             os.path.join(folder, f"tree.{variant}"))
        yield f"tree.{variant} tree.list"


def write_lines(path, lines):
    with open(path, "w") as out:
        out.writelines(line + "\n" for line in lines)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_samples.py DIR")
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    write_lines(os.path.join(folder, "trees"), list(trees(folder)))
    write_lines(os.path.join(folder, "manifest"), list(samples(folder)))


main()
