# SPDX-License-Identifier: Apache-2.0
"""Measures what docs/PERFORMANCE.md states: tools/dev bench.

With --linux: rows against Linux on the same machine (devlib/bench_linux.py).

Bare figures are counted guest instructions (QEMU -icount shift=0: one TSC tick
is one instruction) and repeat exactly. Hosted figures are ratios of
interleaved bursts of one run, and their median.
"""
import os
import statistics
import subprocess
import tempfile

from devlib import bench_linux
from devlib import bench_shell
from devlib import bench_uml
from devlib.build import build, build_dir
from devlib.common import Failure, say
from devlib.cpio import Archive

BURSTS = 20
CALLS = 2000       # in one burst
CORE = "0"         # both sides are pinned to it
LIMITS = {"null call": 300, "boot microvm": 20_000_000,
          "boot q35": 36_000_000, "hosted null call": 2.0}


def guest_initrd(directory, preset):
    """An archive with the guest program alone, as /init."""
    archive = Archive()
    path = os.path.join(build_dir(preset), "guest", "bench_null_call")
    with open(path, "rb") as f:
        archive.file("init", f.read(), 0o755)
    out = os.path.join(directory, "bench.cpio")
    with open(out, "wb") as f:
        f.write(archive.close())
    return out


def count_bare(initrd, machine):
    """Instructions from reset to init's first line, and of a null call."""
    kernel = os.path.join(build_dir("x86_64"), "cyphera.elf")
    result = subprocess.run(
        ["qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", "max",
         "-icount", "shift=0,sleep=off", "-m", "256M", "-nodefaults",
         "-no-user-config", "-display", "none", "-no-reboot",
         "-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con",
         "-chardev", "null,id=log",
         "-device", "isa-debugcon,iobase=0xe9,chardev=log",
         "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
         "-kernel", kernel, "-initrd", initrd],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False, timeout=120)
    numbers = result.stdout.split()
    if len(numbers) != 2:
        raise Failure(f"bench: {machine}: no figures in {result.stdout[:200]}")
    return int(numbers[0]), int(numbers[1])


class Side:
    """A program that runs one burst per byte of its input."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            ["taskset", "-c", CORE, *command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.burst()  # warms up

    def burst(self):
        self.process.stdin.write(b".")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failure("bench: a side ended: "
                          + " ".join(self.process.args))
        return int(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def hosted_ratio(initrd):
    """Median of the per-burst ratios: null call over futex ping-pong; and the
    medians of both in ticks."""
    tree = build_dir("hosted")
    ours = Side([os.path.join(tree, "cyphera"), "--initrd", initrd, "--",
                 "/init", str(CALLS)])
    theirs = Side([os.path.join(tree, "bench", "bench_ping_pong"),
                   str(CALLS), CORE])
    pairs = [(ours.burst(), theirs.burst()) for _ in range(BURSTS)]
    ours.close()
    theirs.close()
    return (statistics.median(a / b for a, b in pairs),
            statistics.median(a for a, _ in pairs) / CALLS,
            statistics.median(b for _, b in pairs) / CALLS)


def report(name, value, shown):
    limit = LIMITS[name]
    verdict = "within" if value <= limit else "OVER"
    print(f"{name:<18} {shown:>14}   {verdict} {limit:,}")
    return value <= limit


def bench_uml_only():
    build("hosted", "cyphera", "guest_bench_burst")
    with tempfile.TemporaryDirectory(prefix="cyphera-bench-") as directory:
        return 0 if bench_uml.compare(directory) else 1


def bench_shell_only():
    build("hosted", "cyphera")
    build("x86_64", "cyphera.elf")
    return 0 if bench_shell.measure() else 1


def main(words):
    if "--linux" in words:
        return bench_linux.main(words)
    if words == ["uml"]:
        return bench_uml_only()
    if words == ["shell"]:
        return bench_shell_only()
    if words:
        raise Failure(f"bench: {words[0]}: uml, shell, --linux, or nothing "
                      "for all", 125)
    build("hosted", "cyphera", "bench_ping_pong", "guest_bench_null_call",
          "guest_bench_burst")
    build("x86_64", "cyphera.elf", "guest_bench_null_call")
    good = True
    with tempfile.TemporaryDirectory(prefix="cyphera-bench-") as directory:
        initrd = guest_initrd(directory, "hosted")
        for machine in ("microvm", "q35"):
            boot, call = count_bare(initrd, machine)
            good &= report(f"boot {machine}", boot, f"{boot:,} insns")
            if machine == "microvm":
                good &= report("null call", call, f"{call:,} insns")
        ratio, ours, theirs = hosted_ratio(initrd)
        good &= report("hosted null call", ratio, f"{ratio:.2f}")
        say(f"(hosted null call {ours:.0f} ticks, futex ping-pong "
            f"{theirs:.0f} ticks, medians of {BURSTS} bursts)")
        good &= bench_uml.compare(directory)
    good &= bench_shell.measure()
    return 0 if good else 1
