#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a machine ends by reboot(2), as the machine around it sees it.

power.py --kernel FILE --programs DIR [--machine microvm|q35] [--cpus N]

Without QEMU's isa-debug-exit, which would end it at once: power off is ACPI's
S5, a restart is a reset; QMP tells one from the other. A machine that is halted
stays, and none of its CPUs runs.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guest"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                "tools"))

import cases  # noqa: E402
from devlib import qemu  # noqa: E402

LIMIT_SECONDS = 60
QUIET_SECONDS = 2.0
QUIET_TICKS_MAX = 20  # of the host's clock; a CPU that runs takes 200
# What ends the machine, and the reason that QMP gives.
WAYS = (("off", "guest-shutdown"), ("again", "guest-reset"),
        ("command", "guest-reset"))
HALTED = b"System halted"


class Machine:
    """One that boots into /reboot WAY."""

    def __init__(self, args, folder, way):
        self.log = os.path.join(folder, "log")
        path = os.path.join(folder, "qmp")
        boot = qemu.Boot(args.kernel, initrd=os.path.join(folder, "root"),
                         command=["/reboot", way], machine=args.machine,
                         cpus=args.cpus)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(1)
        self.server.settimeout(LIMIT_SECONDS)
        self.process = subprocess.Popen(
            without_exit(boot.arguments(folder, False)) +
            ["-qmp", f"unix:{path}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=qemu.die_with_parent)
        self.qmp, _ = self.server.accept()
        self.qmp.settimeout(LIMIT_SECONDS)
        self.events = self.qmp.makefile("rw")
        self.events.readline()  # the greeting
        self.tell("qmp_capabilities")

    def tell(self, command):
        self.events.write(json.dumps({"execute": command}))
        self.events.flush()

    def reason(self):
        """Why it ended."""
        for line in self.events:
            event = json.loads(line)
            if event.get("event") == "SHUTDOWN":
                return event["data"]["reason"]
        return None

    def has_logged(self, text):
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if os.path.exists(self.log) and text in cases.read_file(self.log):
                return True
            time.sleep(0.05)
        return False

    def ticks(self):
        """Of CPU time that its threads used."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.events.close()
        self.qmp.close()
        self.server.close()
        os.unlink(os.path.join(os.path.dirname(self.log), "qmp"))
        os.unlink(self.log)


def without_exit(words):
    """QEMU's arguments without the device that ends it."""
    at = next(i for i, word in enumerate(words)
              if word.startswith("isa-debug-exit"))
    return words[:at - 1] + words[at + 1:]


def look_at_end(machine, way, wanted):
    reason = machine.reason()
    if reason != wanted:
        yield f"{way}: QMP says {reason}, not {wanted}"
    status = machine.process.wait(LIMIT_SECONDS)
    if status != 0:
        yield f"{way}: QEMU's status is {status}"
    if b"cyphera: exit status 0\n" not in cases.read_file(machine.log):
        yield f"{way}: the log has no exit status 0"


def look_at_halt(machine):
    if not machine.has_logged(HALTED):
        yield "halt: nothing in the log"
        return
    # On a busy host it takes the CPUs a while to stop; then they are quiet.
    end, used = time.monotonic() + LIMIT_SECONDS, QUIET_TICKS_MAX + 1
    while used > QUIET_TICKS_MAX and time.monotonic() < end:
        before = machine.ticks()
        time.sleep(QUIET_SECONDS)
        if machine.process.poll() is not None:
            yield "halt: the machine is off"
            return
        used = machine.ticks() - before
    if used > QUIET_TICKS_MAX:
        yield f"halt: CPUs still run: {used} ticks"
    if b"exit status" in cases.read_file(machine.log):
        yield "halt: the log has an exit status"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--machine", default="microvm")
    parser.add_argument("--cpus", type=int, default=2)
    args = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        with open(os.path.join(folder, "root"), "wb") as f:
            f.write(cases.make_archive({"reboot": os.path.join(
                args.programs, "reboot")}))
        for way, wanted in WAYS + (("halt", None),):
            machine = Machine(args, folder, way)
            try:
                wrong += (look_at_halt(machine) if wanted is None
                          else look_at_end(machine, way, wanted))
            finally:
                machine.close()
    for line in wrong:
        print(line)
    print(f"{len(WAYS) + 1} ways, {len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
