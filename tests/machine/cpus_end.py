#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hosted machine ends with all its CPUs, in time and with its status.

cpus_end.py IMAGE - tests/machine/cpus_end.c: by power off, by a panic and by a
signal, with 1, 2, 4 and 16 CPUs, in real and in virtual time.
"""
import signal
import subprocess
import sys

SLOW = "does not stop"  # what it says when it had to give a CPU up


def run(image, cpus, options, how):
    """Status and stderr."""
    process = subprocess.Popen(
        [image, "--cpus", str(cpus), *options, "--append", f"end={how}"],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    text = ""
    if how == "never":
        while "ready" not in text:
            line = process.stderr.readline()
            if not line:
                break
            text += line
        process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=120)[1] + text, process.returncode


def main():
    statuses = {"off": 7, "panic": 120, "never": 128 + signal.SIGTERM}
    bad = 0
    for cpus in (1, 2, 4, 16):
        for options in ((), ("--seed", "1"), ("--seed", "2")):
            for how, status in statuses.items():
                text, got = run(sys.argv[1], cpus, options, how)
                if got != status or SLOW in text:
                    print(f"{cpus} CPUs {options} {how}: {got}\n{text}")
                    bad += 1
    sys.exit(bad != 0)


main()
