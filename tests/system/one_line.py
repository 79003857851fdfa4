#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One line of a shell as init, with jobs in the background: what it prints
(those jobs' lines in any order) and its status are the host's in a chroot.

one_line.py --kernel FILE [--world hosted|bare] [--machine microvm|q35]
            [--cpus N]... [--virtio]

With --virtio init's streams are virtio consoles, and /proc/interrupts must say
so: the consoles and the entropy device, which much use of /dev/urandom makes
hungry, interrupted; the serial lines did not.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import root  # noqa: E402

LINE = ("echo hello; ls -l /bin | wc -l; sha256sum /bin/busybox; "
        "for i in 1 2 3; do echo $i & done; wait; exit 7")
STATUS, BACKGROUND = 7, 3
# The same, then what interrupted, where the host's has no part in it. The
# generator asks for more after a MiB (core/base/random.h); the answer, and the
# console's, come when the devices have time for it.
ASK = "head -c 3000000 /dev/urandom > /dev/null"
BOTH_DID = ("awk '{ for (i = 2; $i ~ /^[0-9]+$/; i++) n[$NF] += $i } "
            "END { exit n[\"rng\"] < 2 || n[\"hvc\"] < 1 }' /proc/interrupts")
COUNTED = (f"mount -t proc proc /proc; ({LINE}); status=$?; i=0; {ASK}; "
           f"until {BOTH_DID} || [ $((i += 1)) -gt 100 ]; do sleep 0.1; {ASK}; "
           "done; cat /proc/interrupts >&2; exit $status")
ROW = re.compile(r"^ *(\d+):((?: +\d+)+)  (.*)$", re.MULTILINE)
SERIAL_LINES = (3, 4)


def run(command, limit, **options):
    """Status, the lines in order, and those of the jobs, sorted."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=limit, check=False,
                            **options)
    lines = result.stdout.splitlines()
    return (result.returncode, lines[:-BACKGROUND],
            sorted(lines[-BACKGROUND:]), result.stderr)


def interrupts(text):
    """How often each line, and each device, interrupted."""
    lines, devices = {}, {}
    for number, counts, name in ROW.findall(text):
        count = sum(map(int, counts.split()))
        lines[int(number)] = count
        devices[name] = devices.get(name, 0) + count
    return lines, devices


def look_at_interrupts(text, world):
    """What /proc/interrupts says that cannot be: lines of text."""
    lines, devices = interrupts(text)
    if devices.get("hvc", 0) == 0:
        yield "no console interrupted"
    if devices.get("rng", 0) < 2:
        yield "the entropy device was not asked again"
    for line in SERIAL_LINES:
        if world == "bare" and lines.get(line, 0) != 0:
            yield f"serial line {line} is not idle"


def run_virtio(args, initrd, log, cpus):
    """As run(), and what is wrong with the interrupts; stderr is theirs."""
    result = run(root.kernel_command(args, initrd, log, cpus, (),
                                     ["/bin/busybox", "sh", "-c", COUNTED]),
                 args.limit)
    text = result[3].decode()
    wrong = list(look_at_interrupts(text, args.world))
    return (*result[:3], b""), wrong and wrong + [text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root.add_options(parser)
    parser.add_argument("--cpus", type=int, action="append")
    args = parser.parse_args()
    init = ["/bin/busybox", "sh", "-c", LINE]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="line-") as folder:
        initrd = os.path.join(folder, "initrd")
        log = os.path.join(folder, "log")
        with open(initrd, "wb") as f:
            f.write(root.make_root({}))
        os.mkdir(os.path.join(folder, "tree"))
        host = run(root.host_command(initrd, os.path.join(folder, "tree"),
                                     init), args.limit)
        if host[0] != STATUS:
            sys.exit(f"the host: {host}")
        for cpus in args.cpus or [1]:
            wrong = []
            if args.virtio:
                mine, wrong = run_virtio(args, initrd, log, cpus)
            else:
                mine = run(root.kernel_command(args, initrd, log, cpus, (),
                                               init), args.limit)
            if mine != host:
                wrong.append(f"{mine}, not {host}")
            bad += bool(wrong)
            for what in wrong:
                print(f"{cpus} CPUs: {what}")
    print(f"{bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
