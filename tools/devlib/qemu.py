# SPDX-License-Identifier: Apache-2.0
"""Runs a bare image in QEMU as if it were a process.

A virtio console, or COM1, is init's stdin and stdout, another, or COM2, its
stderr, port 0xe9 the kernel log; the exit status is in the log's last line
(hal/platform.h, power off).
"""
import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

from devlib.common import EXIT_NO_STATUS, Failure, say
from devlib.cpio import argv_archive
from devlib.iso import make_iso
from devlib.pump import escape_input, follow_file, follow_log, pump

MACHINES = ("microvm", "q35")
CONSOLES = ("uart", "virtio")
OUT_FILE, ERR_FILE = "out.file", "err.file"

# What virtio devices are called, by what they are attached to.
VIRTIO = {"microvm": ("virtio-serial-device", "virtio-rng-device"),
          "q35": ("virtio-serial-pci", "virtio-rng-pci")}


def virtio_devices(machine):
    """Two consoles, of the chardevs con and err, and an entropy device, none
    of them older than virtio 1.0."""
    serial, rng = VIRTIO[machine]
    modern = ",disable-legacy=on" if machine == "q35" else ""
    args = ["-global", "virtio-mmio.force-legacy=false"]
    for name in ("con", "err"):
        args += ["-device", f"{serial},id=bus-{name},max_ports=1{modern}",
                 "-device", f"virtconsole,bus=bus-{name}.0,chardev={name}"]
    return args + ["-device", rng + modern]


class Boot:
    """What to boot, and how."""

    def __init__(self, kernel, initrd=None, command=(), machine="microvm",
                 iso=False, cpus=1, memory="128M", append="", log=None,
                 extra=(), console="uart"):
        if machine not in MACHINES:
            raise Failure(f"{machine}: no such machine; one of "
                          + " ".join(MACHINES), 125)
        if console not in CONSOLES:
            raise Failure(f"{console}: no such console; one of "
                          + " ".join(CONSOLES), 125)
        if iso and machine != "q35":
            raise Failure("--iso: needs a machine with a disk: "
                          "--machine q35", 125)
        self.kernel, self.initrd, self.command = kernel, initrd, list(command)
        self.machine, self.iso, self.cpus = machine, iso, cpus
        self.memory, self.append, self.log = memory, append, log
        self.extra, self.console = list(extra), console

    def write_initrd(self, directory):
        """The root and init's arguments in one file; None for neither."""
        data = b""
        if self.initrd:
            with open(self.initrd, "rb") as f:
                data = f.read()
            data += b"\0" * (-len(data) % 4)
        if self.command:
            data += argv_archive(self.command)
        if not data:
            return None
        path = os.path.join(directory, "initrd")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def arguments(self, directory, terminal):
        """QEMU's command line."""
        line = f"cyphera.stdin={'tty' if terminal else 'framed'}"
        stdio = "stdio,id=con,signal=off" + (",mux=on" if terminal else "")
        err = f"file,id=err,path={directory}/err"
        if self.console == "virtio":
            line += " console=hvc0"
            ports = ["-serial", "null"] + virtio_devices(self.machine)
            # QEMU's virtconsole drops what its chardev does not take at once;
            # a file always does (run_in() gives one as stdout).
            err = f"file,id=err,path={directory}/{ERR_FILE}"
        else:
            ports = ["-serial", "chardev:con",
                     "-device", "isa-serial,chardev=err,index=1"]
        if self.append:
            line += " " + self.append
        args = ["qemu-system-x86_64", "-M", self.machine, "-accel", "tcg",
                "-cpu", "max", "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot",
                "-m", self.memory, "-smp", str(self.cpus),
                "-chardev", stdio,
                "-chardev", err,
                "-chardev", f"file,id=log,path={directory}/log",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-device", "isa-debugcon,iobase=0xe9,chardev=log"] + ports
        initrd = self.write_initrd(directory)
        if self.iso:
            image = make_iso(directory, self.kernel, initrd or os.devnull,
                             line)
            args += ["-cdrom", image]
        else:
            args += ["-kernel", self.kernel, "-append", line]
            if initrd:
                args += ["-initrd", initrd]
        return args + self.extra


def die_with_parent():
    """prctl(2), PR_SET_PDEATHSIG: no machine outlives its tools/dev."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def open_fifo(path):
    """A fifo, open for reading before its writer comes. Its end of file shows
    when the writer has gone, not before it came."""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(fd, True)
    return fd


def run(boot, timeout=None):
    """Boots; returns init's status, or EXIT_NO_STATUS with a message."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with tempfile.TemporaryDirectory(prefix="cyphera-") as directory:
        args = boot.arguments(directory, terminal)
        return run_in(directory, args, terminal, boot, timeout)


def start(directory, args, terminal, to_file):
    """QEMU, with pipes for stdin and stdout, or stdout a file."""
    pipe = None if terminal else subprocess.PIPE
    if not to_file:
        return subprocess.Popen(args, stdin=pipe, stdout=pipe,
                                stderr=subprocess.PIPE,
                                preexec_fn=die_with_parent)
    with open(os.path.join(directory, OUT_FILE), "wb") as out:
        return subprocess.Popen(args, stdin=pipe, stdout=out,
                                stderr=subprocess.PIPE,
                                preexec_fn=die_with_parent)


def run_in(directory, args, terminal, boot, timeout):
    fds = [open_fifo(os.path.join(directory, name)) for name in ("err", "log")]
    # A writer of our own keeps the readers waiting until QEMU has opened.
    holds = [os.open(os.path.join(directory, name), os.O_WRONLY)
             for name in ("err", "log")]
    to_file = boot.console == "virtio" and not terminal
    process = start(directory, args, terminal, to_file)
    found = {"status": None, "broken": False,
             "ready": threading.Event()}
    with open(boot.log, "wb") if boot.log else os.fdopen(
            os.dup(2), "wb", 0) as log:
        threads = [threading.Thread(target=pump, args=(fds[0], 2)),
                   threading.Thread(target=follow_log,
                                    args=(fds[1], log, found))]
        if not terminal:
            if not to_file:
                threads.append(threading.Thread(
                    target=pump, args=(process.stdout.fileno(), 1, process,
                                       found)))
            threading.Thread(target=escape_input, daemon=True,
                             args=(0, process.stdin, found["ready"])).start()
        ended = threading.Event()
        for name, fd in ((OUT_FILE, 1), (ERR_FILE, 2)):
            threads.append(threading.Thread(
                target=follow_file, args=(os.path.join(directory, name), fd,
                                          process, ended, found)))
        for thread in threads:
            thread.start()
        complaint, late = wait(process, timeout)
        ended.set()
        for fd in holds:
            os.close(fd)
        for thread in threads:
            thread.join()
    for fd in fds:
        os.close(fd)
    return verdict(process.returncode, found, complaint, late)


def wait(process, timeout):
    """What QEMU itself had to say, and whether it had to be stopped."""
    text = []
    reader = threading.Thread(
        target=lambda: text.append(process.stderr.read()))
    reader.start()
    late = False
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        late = True
        process.kill()
        process.wait()
    except KeyboardInterrupt:
        process.kill()
        process.wait()
        raise
    reader.join()
    return text[0].decode(errors="replace").strip(), late


def verdict(returncode, found, complaint, late):
    quiet = re.compile(r"TCG doesn't support requested feature")
    for line in complaint.splitlines():
        if not quiet.search(line):
            say(line)
    if found["broken"]:
        return 128 + 13
    if late:
        say("dev: boot: stopped: the time limit passed")
        return EXIT_NO_STATUS
    if found["status"] is None:
        say("dev: boot: the machine ended without a status "
            f"(QEMU's own: {returncode})")
        return EXIT_NO_STATUS
    return found["status"]
