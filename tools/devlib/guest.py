# SPDX-License-Identifier: Apache-2.0
"""tools/dev run, boot and debug: a kernel with a root and a command."""
import os
import sys

from devlib import qemu
from devlib.build import build
from devlib.common import Failure, path_of, setup
from devlib.roots import START, make_root

SHELL = [START]
# Options of the hosted binary that take the next word (DESIGN section 1).
VALUED = {"--cpus", "--mem", "--initrd", "--disk", "--net", "--display",
          "--seed", "--fault", "--append", "--log"}
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite"]


def split_command(words):
    """What stands before "--", and init with its arguments after it. Without
    "--", the first word that is no option begins the command."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return words[:at], words[at + 1:]
        if not word.startswith("-"):
            return words[:at], words[at:]
        at += 2 if word in VALUED else 1
    return words, []


def has_option(options, name):
    return any(word == name or word.startswith(name + "=")
               for word in options)


def hosted_command(preset, options, command):
    """Builds; the command line of the hosted kernel."""
    tree = build(preset, "cyphera")
    line = [os.path.join(tree, "cyphera")]
    if preset == "valgrind":
        line = VALGRIND + line
    if not has_option(options, "--initrd"):
        line += ["--initrd", make_root("busybox")]
    return line + options + ["--"] + (command or SHELL)


def run(preset, words):
    """Becomes the hosted kernel, so signals and status need no help."""
    setup("test" if preset not in ("hosted", "asan") else "run")
    options, command = split_command(words)
    asked = {"--help", "--version"} & set(options)
    if asked:
        line = [os.path.join(build(preset, "cyphera"), "cyphera"), asked.pop()]
    else:
        line = hosted_command(preset, options, command)
    os.execvp(line[0], line)


def debug(preset, words):
    """The hosted kernel under gdb, with the printers."""
    setup("run")
    options, command = split_command(words)
    line = hosted_command(preset, options, command)
    gdb = ["gdb", "-q", "-iex",
           f"add-auto-load-safe-path {path_of('tools')}",
           "-x", path_of("tools/gdb/cyphera.py"), "--args"]
    os.execvp("gdb", gdb + line)


def boot(args, words):
    """The bare image in QEMU; returns init's status."""
    setup("run")
    options, command = split_command(words)
    if options:
        raise Failure(f"boot: {options[0]}: no such option", 125)
    preset = args.preset
    if not preset.startswith("x86_64"):
        raise Failure(f"boot: {preset}: not a bare preset", 125)
    kernel = os.path.join(build(preset, "cyphera"), "cyphera.elf")
    append = args.append
    if args.strace is not None:
        append += " strace=" + (args.strace or "1")
    # QEMU's virtconsole drops what a slow terminal does not take at once.
    console = args.console or ("uart" if sys.stdin.isatty() else "virtio")
    return qemu.run(qemu.Boot(
        kernel, initrd=args.initrd or make_root("busybox"),
        command=command or SHELL, machine=args.machine, iso=args.iso,
        cpus=args.cpus, memory=args.mem, append=append, log=args.log,
        console=console))
