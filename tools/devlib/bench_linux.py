# SPDX-License-Identifier: Apache-2.0
"""Side by side with Linux: tools/dev bench --linux.

The init of targets/bench/micro runs in QEMU with -icount, so that a TSC tick
is an instruction, and a plugin (targets/bench/count.c) counts what lies
between its marks. Linux's figures are on record, with what they were made on:
targets/bench/linux_6_1_tuned.tsv.

The figure is "adj": TCG counts each round of a string instruction, so copying
bytewise would look worse than copying by words; adj counts 16 bytes as one.
"""
import argparse
import os
import select
import statistics
import subprocess
import tempfile
import time

from devlib.build import build, build_dir
from devlib.common import Failure, path_of, say
from devlib.cpio import Archive
from devlib.qemu import die_with_parent
from devlib.roots import BUSYBOX, read_file

REFERENCE = "targets/bench/linux_6_1_tuned.tsv"
TUNED = ("mitigations=off init_on_alloc=0 lsm=capability "
         "cgroup_disable=memory audit=0")
LIMITS = {"fork_exit_16M": 0.2}  # the others 1.0
CONTROL = "ctl_user_loop"        # no call: both sides must agree
BOOT_SECONDS, ROW_SECONDS = 120, 180


def load_reference():
    """Unit and figure by row; of two figures the lower one counts."""
    rows, names = {}, None
    with open(path_of(REFERENCE), encoding="utf-8") as f:
        for line in f:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                continue
            if names is None:
                names = fields
                continue
            row = dict(zip(names, fields))
            figures = [float(row[key]) for key in ("adj", "larger")
                       if row[key] != "-"]
            rows[row["name"]] = (row["unit"], min(figures))
    return rows


def make_initrd(directory):
    archive = Archive()
    archive.directory("dev")
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3)
    archive.character_device("dev/zero", 1, 5)
    archive.directory("bin")
    guest = os.path.join(build_dir("hosted"), "guest")
    for name, path in (("init", os.path.join(guest, "bench_micro")),
                       ("nothing", os.path.join(guest, "bench_nothing")),
                       (BUSYBOX[1:], BUSYBOX)):
        archive.file(name, read_file(path), 0o755)
    out = os.path.join(directory, "micro.cpio")
    with open(out, "wb") as f:
        f.write(archive.close())
    return out


class Machine:
    """One boot; its console line by line."""

    def __init__(self, kernel, directory, words):
        plugin = os.path.join(build_dir("hosted"), "bench", "bench_count.so")
        self.counts = os.path.join(directory, "counts")
        line = ("console=ttyS0 quiet panic=-1 tsc=reliable "
                "tsc_early_khz=1000000 nokaslr norandmaps " + words)
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "microvm,acpi=on,ioapic2=off",
             "-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1",
             "-m", "512", "-icount", "shift=0,sleep=off",
             "-rtc", "base=2026-01-01T00:00:00,clock=vm", "-seed", "1",
             "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-serial", "stdio",
             "-chardev", f"file,id=log,path={directory}/log",
             "-device", "isa-debugcon,iobase=0xe9,chardev=log",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
             "-plugin", f"{plugin},out={self.counts}",
             "-kernel", kernel, "-initrd", make_initrd(directory),
             "-append", line],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        self.buffer = b""

    def line(self, deadline):
        """The next line's fields, or None at the end or when it is late."""
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [],
                                              left)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").strip("\r").split("\t")

    def counted(self, row):
        """The plugin's counts of a row."""
        with open(self.counts, encoding="ascii") as f:
            names, *lines = [line.split() for line in f.read().splitlines()]
        for line in reversed(lines):
            if line[0] == row:
                return dict(zip(names[1:], map(int, line[1:])))
        raise Failure(f"bench: row {row} was not counted")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def row_of(name, unit, operations, counts):
    insns = counts["user"] + counts["kern"]
    return {"name": name, "unit": unit, "operations": operations,
            "adj": (insns - counts["rep"] + counts["repb"] / 16) / operations,
            "insns": insns / operations, "user": counts["user"] / operations,
            "kern": counts["kern"] / operations}


def measure_from(kernel, words, rows, start):
    """Boots and measures from row number `start` on. Returns None at the end,
    or the number to go on from, after a row that ended the machine."""
    current = None
    with tempfile.TemporaryDirectory(prefix="cyphera-bench-") as directory:
        machine = Machine(kernel, directory, f"{words} kb_start={start}")
        try:
            deadline = time.monotonic() + BOOT_SECONDS
            while True:
                fields = machine.line(deadline)
                if fields is None and current is None:
                    raise Failure("bench: the machine did not come up")
                if fields is None:
                    say(f"bench: {current[1]}: the machine ended or hangs")
                    return int(current[0]) + 1
                if fields[0] == "KBS":
                    current = fields[1:]
                    deadline = time.monotonic() + ROW_SECONDS
                elif fields[0] == "KB":
                    rows[fields[1]] = row_of(fields[1], fields[2],
                                             float(fields[4]),
                                             machine.counted(current[0]))
                elif fields[0] in ("KBF", "KBE"):
                    say("bench: " + " ".join(fields[1:]))
                elif fields[0] == "KBDONE":
                    return None
        finally:
            machine.end()


def measure(kernel, words):
    """All rows of a kernel by name; those that failed are missing."""
    rows, start = {}, 0
    while start is not None:
        start = measure_from(kernel, words, rows, start)
    return rows


def save(path, kernel, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"# kernel: {kernel}\n")
        names = list(next(iter(rows.values())))
        f.write("\t".join(names) + "\n")
        for row in rows.values():
            f.write("\t".join(str(v) if isinstance(v, str) else f"{v:.1f}"
                              for v in row.values()) + "\n")


def report(reference, rows, only):
    """Prints the table; True when every row is there and within its limit."""
    good, ratios = True, []
    print(f"{'row':<24}{'of':>6}{'Linux':>12}{'ours':>12}{'ratio':>8}"
          f"{'limit':>7}")
    for name in row_names():
        unit, theirs = reference[name]
        if only and not any(word in name for word in only.split(",")):
            continue
        limit = LIMITS.get(name, 1.0)
        start = f"{name:<24}{unit:>6}{theirs:>12,.0f}"
        if name not in rows:
            print(f"{start}{'failed':>12}")
            good = False
            continue
        ours = rows[name]["adj"]
        within = ours <= limit * theirs or name == CONTROL
        good &= within
        if name != CONTROL:
            ratios.append(ours / theirs)
        print(f"{start}{ours:>12,.0f}{ours / theirs:>8.3f}{limit:>7}"
              + ("" if within else "  OVER"))
    if ratios:
        print(f"geometric mean of {len(ratios)}: "
              f"{statistics.geometric_mean(ratios):.3f}")
    return good


def row_names():
    """What bench_micro measures, by its own table."""
    with open(path_of("targets/bench/micro/rows.c"), encoding="utf-8") as f:
        text = f.read()
    return [part.split('"')[0] for part in text.split('{"')[1:]]


def main(words):
    parser = argparse.ArgumentParser(prog="tools/dev bench --linux")
    parser.add_argument("--linux", action="store_true")
    parser.add_argument("--only", default="", help="parts of names: a,b")
    parser.add_argument("--kernel", help="another image, such as Linux's")
    parser.add_argument("--append", default="",
                        help=f"words for the kernel; Linux, tuned: {TUNED}")
    parser.add_argument("--save", help="writes the rows to a file")
    args = parser.parse_args(words)
    build("hosted", "guest_bench_micro", "guest_bench_nothing", "bench_count")
    kernel = args.kernel
    if kernel is None:
        build("x86_64", "cyphera.elf")
        kernel = os.path.join(build_dir("x86_64"), "cyphera.elf")
    words = args.append + (f" kb_only={args.only}" if args.only else "")
    rows = measure(kernel, words.strip())
    if args.save:
        save(args.save, kernel, rows)
    return 0 if report(load_reference(), rows, args.only) else 1
