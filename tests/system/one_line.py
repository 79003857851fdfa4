#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One line of a shell as init, with jobs in the background: what it prints
(those jobs' lines in any order) and its status are the host's in a chroot.

one_line.py --kernel FILE [--world hosted|bare] [--machine microvm|q35]
            [--cpus N]...
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import root  # noqa: E402

LINE = ("echo hello; ls -l /bin | wc -l; sha256sum /bin/busybox; "
        "for i in 1 2 3; do echo $i & done; wait; exit 7")
STATUS, BACKGROUND = 7, 3


def run(command, limit, **options):
    """Status, the lines in order, and those of the jobs, sorted."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=limit, check=False,
                            **options)
    lines = result.stdout.splitlines()
    return (result.returncode, lines[:-BACKGROUND],
            sorted(lines[-BACKGROUND:]), result.stderr)


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
            mine = run(root.kernel_command(args, initrd, log, cpus, (), init),
                       args.limit)
            if mine != host:
                bad += 1
                print(f"{cpus} CPUs: {mine}, not {host}")
    print(f"{bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
