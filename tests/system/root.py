# SPDX-License-Identifier: Apache-2.0
"""The root of the system tests, and a kernel or the host's Linux on it."""
import os
import resource
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests", "guest"))

from devlib import roots  # noqa: E402
from run_guest import RUN_BARE, VALGRIND  # noqa: E402

BUSYBOX = roots.BUSYBOX
# What Linux gives to init.
ENVIRONMENT = ("HOME=/", "TERM=linux")
INIT_LIMITS = ((resource.RLIMIT_NOFILE, 1024, 4096),
               (resource.RLIMIT_STACK, 8 << 20, -1),
               (resource.RLIMIT_CORE, 0, -1))
DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8),
           ("urandom", 1, 9), ("tty", 5, 0))
PASSWD = (b"root:x:0:0:root:/root:/bin/sh\n"
          b"nobody:x:65534:65534:nobody:/:/bin/sh\n")
GROUP = b"root:x:0:\nusers:x:100:\nnogroup:x:65534:\n"


def applets():
    """The names of all applets."""
    return subprocess.run([BUSYBOX, "--list"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()


def make_root(files):
    """A root with BusyBox under all its names, and files: {path: bytes}."""
    archive = roots.Archive()
    for name in roots.DIRECTORIES + ("mnt",):
        archive.directory(name, 0o1777 if name == "tmp" else 0o755)
    archive.character_device("dev/console", 5, 1, 0o600)
    for name, major, minor in DEVICES:
        archive.character_device("dev/" + name, major, minor)
    archive.file("etc/passwd", PASSWD)
    archive.file("etc/group", GROUP)
    archive.file("bin/busybox", roots.read_file(BUSYBOX), 0o755)
    for name in applets():
        if name != "busybox":
            archive.link("bin/" + name, "busybox")
    for path, data in files.items():
        archive.file(path, data)
    return archive.close()


def is_root():
    return os.geteuid() == 0


def limits_of_init():
    for which, soft, hard in INIT_LIMITS:
        resource.setrlimit(which, (soft, hard))


# $1 is the initrd, $2 an empty directory; the rest is init's command.
HOST_SCRIPT = """
set -e
initrd=$1; tree=$2; shift 2
{mount} -t tmpfs -o mode=755 tmpfs "$tree"
cd "$tree"
{busybox} cpio -idm < "$initrd" 2> /dev/null || {is_user}
{devices}
{busybox} find . -exec {busybox} touch -h -d @0 {{}} +
exec {env} -i {environment} {unshare} --pid --fork --kill-child --ipc --uts \
    -R "$tree" "$@"
"""


def host_command(initrd, tree, init):
    """Runs init as process 1 in a chroot, tree, of the initrd's files, on a
    tmpfs, in namespaces of its own. Without root, in a user namespace, where
    devices are borrowed."""
    devices = ""
    if not is_root():
        devices = "".join(
            f"{shutil.which('mount')} --bind /dev/{name} dev/{name}\n"
            for name, _, _ in DEVICES)
    script = HOST_SCRIPT.format(
        mount=shutil.which("mount"), busybox=BUSYBOX, devices=devices,
        is_user="false" if is_root() else "true", env=shutil.which("env"),
        unshare=shutil.which("unshare"), environment=" ".join(ENVIRONMENT))
    outer = ["unshare", "--mount"] + ([] if is_root() else ["-r"])
    return outer + ["sh", "-c", script, "host", initrd, tree, *init]


def kernel_command(args, initrd, log, cpus, options, init):
    """Runs init on the kernel of args: kernel, world, machine, valgrind,
    virtio, limit."""
    line, console = [args.kernel], ["--append", "console=hvc0"]
    if args.world == "bare":
        line = ["python3", RUN_BARE, args.kernel, "--machine", args.machine,
                "--timeout", str(args.limit)]
        console = ["--console", "virtio"]
    elif args.valgrind:
        line = VALGRIND + line
    return line + ["--initrd", initrd, "--log", log, "--cpus", str(cpus),
                   *(console if args.virtio else ()), *options, "--", *init]


def add_options(parser):
    """What kernel_command() wants to know."""
    parser.add_argument("--kernel")
    parser.add_argument("--world", default="hosted",
                        choices=("hosted", "bare", "host"))
    parser.add_argument("--machine", default="microvm")
    parser.add_argument("--valgrind", action="store_true")
    parser.add_argument("--virtio", action="store_true")
    parser.add_argument("--limit", type=float, default=100)
