# SPDX-License-Identifier: Apache-2.0
"""How soon there is a shell, and in how little memory: tools/dev bench shell.

Hosted: from exec of the kernel to the prompt on a terminal, the best of some
starts. Bare: the least memory of a microvm, in MiB, in which BusyBox's shell
runs its line from the default root.
"""
import fcntl
import os
import select
import subprocess
import termios
import time

from devlib.build import build_dir
from devlib.common import Failure, path_of
from devlib.roots import BUSYBOX, START, make_root

STARTS = 11
PROMPT, PROMPT_MS = b"# ", 150
START_SECONDS = 20
MEMORY_MIB = 24
LINE, STATUS = "ls -l /bin | wc -l; sha256sum /bin/busybox; exit 7", 7
BOOT_SECONDS = 60


def become(command, terminal):
    """In the child: command, with that terminal as its own."""
    try:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(terminal, fd)
        os.execv(command[0], command)
    finally:
        os._exit(127)


def read_until(master, text, deadline):
    seen = b""
    while text not in seen:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([master], [], [], left)[0]:
            raise Failure(f"bench: no prompt: {seen[-200:]!r}")
        seen += os.read(master, 4096)


def leave(pid, master):
    """Ends the shell; its last words are not read."""
    os.write(master, b"exit\r")
    deadline = time.monotonic() + START_SECONDS
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            raise Failure("bench: the shell does not end")
        if select.select([master], [], [], 0.005)[0]:
            os.read(master, 4096)


def start_once(command):
    """Milliseconds from exec to the prompt."""
    master, slave = os.openpty()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        become(command, slave)
    read_until(master, PROMPT, began + START_SECONDS)
    took = time.monotonic() - began
    leave(pid, master)
    os.close(slave)
    os.close(master)
    return took * 1000


def time_to_prompt(initrd):
    command = [os.path.join(build_dir("hosted"), "cyphera"), "--initrd",
               initrd, "--", START]
    return sorted(start_once(command) for _ in range(STARTS))


def runs_in(initrd, cpus, mib):
    """Does the shell run its line in so much memory?"""
    result = subprocess.run(
        ["python3", "-B", path_of("tools/run_bare.py"),
         os.path.join(build_dir("x86_64"), "cyphera.elf"), "--initrd", initrd,
         "--mem", f"{mib}M", "--cpus", str(cpus), "--log", os.devnull,
         "--timeout", str(BOOT_SECONDS), "--", BUSYBOX, "sh", "-c", LINE],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False)
    return result.returncode == STATUS and result.stdout.count(b"\n") == 2


def least_memory(initrd, cpus):
    """MiB; one more than MEMORY_MIB: not even there."""
    too_little, enough = 0, MEMORY_MIB + 1
    while enough - too_little > 1:
        middle = (too_little + enough + 1) // 2
        if runs_in(initrd, cpus, middle):
            enough = middle
        else:
            too_little = middle
    return enough


def measure():
    """Prints the rows; are all within their bounds? The hosted and x86_64
    kernels are built."""
    initrd = make_root("busybox")
    times = time_to_prompt(initrd)
    good = times[0] <= PROMPT_MS
    print(f"{'hosted exec to prompt':<22} {times[0]:>7.1f} ms   "
          f"{'within' if good else 'OVER'} {PROMPT_MS} (best of {STARTS}; "
          f"median {times[STARTS // 2]:.1f})")
    for cpus in (1, 4):
        least = least_memory(initrd, cpus)
        good &= least <= MEMORY_MIB
        what = f"shell, microvm, {cpus} CPU" + "s" * (cpus > 1)
        print(f"{what:<22} {least:>6} MiB   "
              f"{'within' if least <= MEMORY_MIB else 'OVER'} {MEMORY_MIB}")
    return good
