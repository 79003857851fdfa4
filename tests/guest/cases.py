# SPDX-License-Identifier: Apache-2.0
"""What the guest programs are run with, and the root they find.

A Case runs one program. Its output on the host's Linux is what must come out,
unless the host rightly differs: then `status` says what must.
"""
import os
import random
import stat
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from devlib.cpio import Archive  # noqa: E402

# How init finds its environment, on the host too.
ENVIRONMENT = {"HOME": "/", "TERM": "linux"}

DIRECTORIES = {"lib": 0o755, "dir": 0o755, "dir/private": 0o700}
FILES = {"empty": (b"", 0o644), "dir/inner": (b"inner\n", 0o4755)}
# What execve(2) does with scripts; /exec is the test's program.
SCRIPTS = {
    "script": b"#!/exec show\nrest\n", "script-bare": b"#!/exec",
    "script-spaces": b"#! \t /exec  show two  words\t \nrest\n",
    "script-nested": b"#!/script nested\n", "script-none": b"#! \n",
    "script-nowhere": b"#!/nowhere\n", "script-dir": b"#!/dir\n",
    "script-locked": b"#!/empty\n",
    "script-long": b"#!/" + b"x" * 300 + b"\n",
    "script-cut": b"#!/exec show " + b"y" * 300 + b"\n",
    "chain1": b"#!/exec show\n", "text": b"echo no\n"}
SCRIPTS.update({f"chain{n}": b"#!/chain%d\n" % (n - 1)
                for n in range(2, 8)})
FILES.update({name: (data, 0o755) for name, data in SCRIPTS.items()})
# Files of the host that a program needs beside it.
NEEDS = {"dynamic": {
    "lib/ld-musl-x86_64.so.1": "/lib/x86_64-linux-musl/libc.so"}}
TWINS = (("file", "twin"), b"content\n", 0o640)
LINKS = {"link": "file", "dirlink": "dir", "dir/up": "../file",
         "dangling": "nowhere", "loop1": "loop2", "loop2": "loop1",
         "long": "long/" * 600}


class Case:
    """A program, its arguments and its input."""

    def __init__(self, program, *args, stdin=b"", status=None, asks=False,
                 spins=False, name=None, worlds=("hosted", "bare"),
                 valgrind=True):
        self.program, self.args, self.stdin = program, list(args), stdin
        self.status = status  # not None: the host's does not count
        self.spins = spins    # longer than virtual time lets a program
        self.asks = asks      # a byte of input for each "waiting" on stderr
        self.worlds, self.valgrind = worlds, valgrind
        self.name = name or " ".join([program, *args])[:60]


def random_bytes(size, seed):
    return random.Random(seed).randbytes(size)


def hello_cases():
    cases = [Case("hello_bare")]
    for program in ("hello-musl", "hello-musl-pie", "hello-glibc",
                    "hello-glibc-pie"):
        cases += [Case(program, *words)
                  for words in ((), ("0",), ("7",), ("255",), ("259",))]
    return cases


def cat_cases():
    return [Case("cat-musl", stdin=data, name=f"cat {what}")
            for what, data in (
                ("nothing", b""), ("a byte", b"\0"),
                ("every byte", bytes(range(256)) * 40),
                ("escapes", b"\x10\x04\x10\x10\x04\x01x" * 9),
                ("a MiB", random_bytes(1 << 20, 1)))]


def args_cases():
    many = [str(n) * (n % 7) for n in range(1000)]
    # Valgrind shows the kernel another CPU than the guest has.
    return [Case("args", "hardware", valgrind=False), Case("args", ""),
            Case("args", "a", "", "b c", "\"'\\", "-x", "--"),
            Case("args", *many, name="args, 1000"),
            Case("args", "x" * 60000, "y", name="args, 60000 bytes"),
            Case("args", "\udcff\udc80é\n\t", name="args, not text")]


def exit_cases():
    return [Case("exit", how, str(status)) for how in ("exit", "group")
            for status in (0, 7, 139, 255, 256 + 3, -1, 0x1234500ff)]


DEATHS = """read-null write-constant write-text read-none write-read-only
write-taken read-unmapped read-kernel read-bad write-across run-data run-stack
run-null run-kernel run-bad return-bad stack-overflow
undefined divide divide-overflow breakpoint interrupt-3 interrupt-4
interrupt-14 interrupt-129 single-step halt clear-interrupts port
control-register model-register load-segment x87-float""".split()

# QEMU's TCG raises neither #SS for a bad address nor #XM.
HOSTED_DEATHS = ("stack-bad", "stack-segment", "vector-float")


def die_cases():
    # One in four under Valgrind, where a run takes seconds.
    return [Case("die", way, valgrind=at % 4 == 0)
            for at, way in enumerate(DEATHS)] + [
        Case("die", way, worlds=("hosted",)) for way in HOSTED_DEATHS] + [
        Case("die", "vsyscall", status=139), Case("die")]


def signal_cases():
    return [Case("signal"), Case("sigwait"), Case("sigqueue"),
            Case("busyloop"), Case("altstack"), Case("sarestart"),
            Case("sigflags"), Case("siglimit"), Case("faults"),
            Case("sigwait", "read", asks=True)] + [
        Case("signal", f"wild-{n}") for n in range(9)]


def front_cases():
    """What each way to boot must show."""
    cases = [Case(program, *words) for program in ("hello-musl", "hello-glibc")
             for words in ((), ("7",), ("255",))]
    return cases + [cat_cases()[-1]]


GROUPS = {
    "front": front_cases(),
    "hello": hello_cases(),
    "cat": cat_cases(),
    "args": args_cases(),
    "exit": exit_cases(),
    "die": die_cases(),
    "io": [Case("write"), Case("read", stdin=b"0123456789")],
    "memory": [Case("brk"), Case("mmap"), Case("mprotect"), Case("mremap"),
               Case("madvise"), Case("mincore"), Case("msync"),
               Case("mlock"), Case("growsdown"), Case("wipe"),
               Case("mappings"), Case("copyrace"), Case("cow")],
    "files": [Case(name) for name in (
        "open", "names", "rename", "attributes", "listing", "sizes", "flocks",
        "memfd", "openat2")],
    # Two processes that hand each other the CPU: slow in virtual time.
    "vfs": [Case("changing", spins=True)] + [Case(name) for name in (
        "fsize", "ioctls", "links", "mounts", "opening", "pivot",
        "rights", "seals", "sparse", "statfs", "times", "unshare", "walks",
        "xattr")],
    "big": [Case("big", "16")],
    "huge": [Case("big", "256")],
    "self": [Case("arch"), Case("ids"), Case("random"), Case("regs"),
             Case("xsave", asks=True)],
    "path": [Case("path")],
    "process": [Case("fork"), Case("vfork"), Case("wait"), Case("waitid"),
                Case("orphan"), Case("group"), Case("usage", spins=True), Case("fds"),
                Case("pdeath"), Case("bomb"), Case("stops"), Case("usage2"),
                Case("cpulimit", spins=True),
                Case("cpulimit", "exact", status=0, spins=True)],
    "thread": [Case("clone"), Case("clone3"), Case("leader"), Case("sched"),
               Case("avx", spins=True), Case("membarrier"), Case("litmus"),
               Case("affinity", spins=True), Case("schedattr"),
               Case("locks", spins=True), Case("realtime", spins=True)],
    "exec": [Case("exec"), Case("execat"), Case("dynamic", "a", "b"),
             Case("aslr"), Case("execthread")],
    "identity": [Case("cred"), Case("limits"), Case("prctl"),
                 Case("prctl2"),
                 Case("system"), Case("reboot", status=0)] + [
                     Case("reboot", way, status=0)
                     for way in ("off", "again", "command")] + [
                         Case("reboot", "halt", status=0,
                              worlds=("hosted",))],
    "signal": signal_cases(),
    "futex": [Case("futex"), Case("bitset"), Case("futexpi"),
              Case("requeuepi"), Case("robust"), Case("pshared")],
    "pipe": [Case("pipe"), Case("pipesize"), Case("pipestorm"),
             Case("pipewait"), Case("readv"), Case("splice")],
    "poll": [Case("poll"), Case("select"), Case("fdthreads")],
    "epoll": [Case("epoll"), Case("epollnest"), Case("epollexcl"),
              Case("epollstorm")],
    "event": [Case("eventfd"), Case("timerfd"),
              Case("timerfd", "set", status=0), Case("signalfd"),
              Case("pidfd")],
    "sleep": [Case("sleep", spins=True), Case("sleep", "set", status=0),
              Case("itimer", spins=True), Case("wallstep", status=0)],
    "tty": [Case("memdev"), Case("syslog", status=0), Case("tty_lines"),
            Case("tty_raw"), Case("tty_open"), Case("tty_hangup"),
            Case("tty_jobs"), Case("tty_keys"), Case("tty_storm")],
    "vdso": [Case("vdso")],
    "procfs": [Case("procfs")],
    # Takes a day, which passes at once in virtual time.
    "load": [Case("load", status=0, worlds=("hosted",))],
    "absent": [Case("absent"), Case("absent", "own", status=0),
               Case("absent", "probes", status=0)],
    # Must be told apart from the host: tests run_guest.py itself.
    "differs": [Case("differs")],
    "rseq": [Case("rseq"), Case("rseq", "wait", asks=True),
             Case("rseq", "lose", asks=True),
             Case("rseq", "forge", asks=True)],
}


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def make_archive(programs):
    """The root as a cpio archive; programs: {name in the root: file}."""
    archive = Archive()
    for name, mode in DIRECTORIES.items():
        archive.directory(name, mode)
    for name, (data, mode) in FILES.items():
        archive.file(name, data, mode)
    archive.twins(*TWINS)
    for name, target in LINKS.items():
        archive.link(name, target)
    for name, path in programs.items():
        archive.file(name, read_file(path), 0o755)
    return archive.close()


def write_file(path, data, mode):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    os.utime(path, (0, 0))


def make_tree(root, programs):
    """The same in the directory root."""
    os.chmod(root, 0o755)
    for name, mode in DIRECTORIES.items():
        os.mkdir(os.path.join(root, name), mode)
        os.chmod(os.path.join(root, name), mode)
    for name, (data, mode) in FILES.items():
        write_file(os.path.join(root, name), data, mode)
    names, data, mode = TWINS
    write_file(os.path.join(root, names[0]), data, mode)
    for name in names[1:]:
        os.link(os.path.join(root, names[0]), os.path.join(root, name))
    for name, target in LINKS.items():
        os.symlink(target, os.path.join(root, name))
    for name, path in programs.items():
        write_file(os.path.join(root, name), read_file(path),
                   stat.S_IRWXU | 0o055)
