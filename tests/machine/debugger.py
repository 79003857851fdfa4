#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hosted kernel under gdb: a breakpoint in a system call, a backtrace to
the thread's first function, the call finished, and the program's own end."""
import os
import subprocess
import tempfile

import machine

COMMANDS = ("set pagination off", "set confirm off", "set width 0",
            "break sys_write", "run", "backtrace", "info threads", "finish",
            "delete", "continue")
WANTED = (r"Breakpoint 1, sys_write (self=", "call_handler_of", "user_loop (",
          "run_thread (", "Value returned is $1 = 13",
          "exited with code 07")


def gdb(kernel, initrd, init):
    line = ["gdb", "-nx", "-q", "-batch"]
    for command in COMMANDS:
        line += ["-ex", command]
    line += ["--args", kernel, "--initrd", initrd, "--", *init]
    # LeakSanitizer cannot trace a process that gdb traces.
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return subprocess.run(line, stdin=subprocess.DEVNULL, env=env, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=machine.LIMIT_S, text=True)


def main():
    args = machine.parse(__doc__)
    verdict = machine.Verdict()
    with tempfile.TemporaryDirectory(prefix="gdb-") as folder:
        initrd = os.path.join(folder, "initrd")
        with open(initrd, "wb") as f:
            f.write(machine.root_of(args.programs, "hello-glibc"))
        result = gdb(args.kernel, initrd, ["/hello-glibc", "7"])
    missing = [text for text in WANTED if text not in result.stdout]
    if result.stdout.count("hello, world\n") != 1:
        missing.append("hello, world")
    verdict.note("gdb", result.stdout, [f"no {m!r}" for m in missing])
    verdict.finish()


if __name__ == "__main__":
    main()
