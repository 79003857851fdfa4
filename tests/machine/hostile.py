#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices that lie, under a whole kernel in virtual time.

hostile.py --kernel CYPHERA --programs DIR [--seeds N] [--one-in N]

For each seed /cat copies its input over a console one of whose answers in
`one-in` is a lie. Whatever the device does, the kernel declares it broken or
never meets a lie, goes on by the machine's streams, and ends with init's
status: no report, no hang. Over all seeds at least three reasons are given.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "guest"))

import cases  # noqa: E402

BROKEN = re.compile(r"\w+\d: broken: (.*)")
STILL = "virtual time stands still"
LIMIT_SECONDS = 60


def run(args, initrd, seed):
    """What is wrong with one seed, and the reasons that the log gives."""
    command = [args.kernel, "--seed", str(seed), "--initrd", initrd,
               "--fault", f"device:{args.one_in}",
               "--append", "console=hvc0", "--", "/cat-musl"]
    data = cases.random_bytes(100000, seed)
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)
        process = subprocess.Popen(command, stdin=source, text=True,
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, errors="replace")
    watch = threading.Timer(LIMIT_SECONDS, process.kill)
    watch.start()
    log, waits = "", False
    for line in process.stderr:
        log += line
        if STILL in line:
            waits = True
            process.terminate()
    process.wait()
    watch.cancel()
    # A console may for ever have no input: the program waits for it.
    if process.returncode != 0 and not waits:
        return f"status {process.returncode}: {log[-2000:]}", []
    return None, BROKEN.findall(log)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--one-in", type=int, default=20)
    args = parser.parse_args()
    failed, reasons = 0, set()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        initrd = os.path.join(folder, "initrd")
        with open(initrd, "wb") as f:
            f.write(cases.make_archive({"cat-musl": os.path.join(
                args.programs, "cat-musl")}))
        for seed in range(1, args.seeds + 1):
            wrong, told = run(args, initrd, seed)
            reasons.update(told)
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong}")
    for reason in sorted(reasons):
        print("broken:", reason)
    if len(reasons) < min(3, args.seeds):
        failed += 1
        print("too few lies were noticed")
    print(f"{args.seeds} seeds, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
