#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hosted kernel ended from outside while its program spins: whatever the
signal, no process of it stays behind."""
import os
import signal
import subprocess
import time

import machine

WAIT_S = 60


def left_over(session):
    """Processes of a session that still live."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8",
                      errors="replace") as f:
                after = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[3]) == session and after[0] not in "ZX":
            found.append(int(name))
    return found


def end(runner, initrd, number):
    """Starts it, waits until the program runs, sends the signal."""
    process = subprocess.Popen(
        runner.command(initrd, ["/die", "spin"], ()), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    first = process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(number)
    status = process.wait(WAIT_S)
    wanted = -number if number == signal.SIGKILL else 128 + number
    found = []
    if first != b"before\n":
        found.append(f"it said {first!r}")
    if status != wanted:
        found.append(f"status {status}, not {wanted}")
    until = time.monotonic() + WAIT_S
    while left_over(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    if left_over(process.pid):
        found.append(f"left over: {left_over(process.pid)}")
    process.stdout.close()
    process.stderr.close()
    return found


def main():
    args = machine.parse(__doc__)
    runner, verdict = machine.Machine(args), machine.Verdict()
    initrd = machine.root_of(args.programs, "die")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                   signal.SIGKILL):
        verdict.note(f"killed by {number.name}", "",
                     end(runner, initrd, number))
    verdict.finish()


if __name__ == "__main__":
    main()
