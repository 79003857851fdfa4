#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots an image that is built already; for ctest.

run_bare.py KERNEL.elf [--machine M] [--iso] [--cpus N] [--mem SIZE]
            [--initrd FILE] [--append WORDS] [--log FILE] [--timeout S]
            [--console uart|virtio] [--qemu WORD]... [-- CMD...]

Streams and exit status are init's, as of tools/dev boot.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from devlib import qemu  # noqa: E402
from devlib.common import Failure  # noqa: E402


def main(words):
    at = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kernel")
    parser.add_argument("--machine", default="microvm")
    parser.add_argument("--iso", action="store_true")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--mem", default="128M")
    parser.add_argument("--initrd")
    parser.add_argument("--append", default="")
    parser.add_argument("--log")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--console", default="uart")
    parser.add_argument("--qemu", action="append", default=[])
    args = parser.parse_args(words[:at])
    boot = qemu.Boot(args.kernel, initrd=args.initrd,
                     command=words[at + 1:], machine=args.machine,
                     iso=args.iso, cpus=args.cpus, memory=args.mem,
                     append=args.append, log=args.log, extra=args.qemu,
                     console=args.console)
    return qemu.run(boot, args.timeout)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print(f"run_bare: {failure}", file=sys.stderr)
        sys.exit(failure.status)
