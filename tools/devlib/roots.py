# SPDX-License-Identifier: Apache-2.0
"""Makes root images under build/roots/."""
import os
import subprocess

from devlib.build import build, build_dir
from devlib.common import BUILD, Failure
from devlib.cpio import Archive

BUSYBOX = "/bin/busybox"
DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "sbin", "sys", "tmp",
               "usr", "usr/bin", "usr/sbin", "var")
# Our own programs: path in the root, guest program.
OWN = {"hello": "hello-musl", "cat": "cat-musl"}
PASSWD = b"root:x:0:0:root:/root:/bin/sh\n"
GROUP = b"root:x:0:\n"
# What the shell that nobody asked for by name finds.
START = "/etc/start"
START_SCRIPT = b"""#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
hostname -F /etc/hostname
export HOME=/root PATH=/bin:/sbin:/usr/bin:/usr/sbin
cd
if [ -t 0 ]; then
    setsid -c /bin/sh -l < /dev/console > /dev/console 2>&1
    exit
fi
exec /bin/sh
"""


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def skeleton():
    archive = Archive()
    for name in DIRECTORIES:
        archive.directory(name, 0o1777 if name == "tmp" else 0o755)
    archive.character_device("dev/console", 5, 1, 0o600)
    archive.character_device("dev/null", 1, 3)
    archive.character_device("dev/tty", 5, 0)
    archive.file("etc/passwd", PASSWD)
    archive.file("etc/group", GROUP)
    archive.file("etc/hostname", b"cyphera\n")
    return archive


def applets():
    """The names under which scripts and people expect BusyBox."""
    names = subprocess.run([BUSYBOX, "--list"], check=True,
                           capture_output=True, text=True).stdout.split()
    return [name for name in names if name != "busybox"]


def busybox_root(guest_dir):
    """Debian's static BusyBox, and /hello and /cat of ours."""
    if not os.path.exists(BUSYBOX):
        raise Failure(f"{BUSYBOX}: not there; tools/setup run installs it")
    archive = skeleton()
    archive.file("bin/busybox", read_file(BUSYBOX), 0o755)
    for name in applets():
        archive.link(f"bin/{name}", "busybox")
    archive.file(START[1:], START_SCRIPT, 0o755)
    for name, program in OWN.items():
        path = os.path.join(guest_dir, program)
        archive.file(name, read_file(path), 0o755)
    return archive.close()


ROOTS = {"busybox": busybox_root}


def root_path(name):
    return os.path.join(BUILD, "roots", name + ".cpio")


def write_if_changed(path, data):
    if os.path.exists(path) and read_file(path) == data:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)


def make_root(name, preset="hosted"):
    """Builds the guest programs of preset and the root; returns its path."""
    if name not in ROOTS:
        raise Failure(f"root: {name}: no such root; one of "
                      + " ".join(ROOTS), 125)
    build(preset, *[f"guest_{program}" for program in OWN.values()])
    guest_dir = os.path.join(build_dir(preset), "guest")
    write_if_changed(root_path(name), ROOTS[name](guest_dir))
    return root_path(name)
