# SPDX-License-Identifier: Apache-2.0
"""Compares core/abi with the host's headers.

For each header of core/abi it makes a C program that holds every LX_ constant
and every field of every lx_ struct against the name of the same meaning in the
host's <linux/*.h>, <asm/*.h> or libc headers, and runs it.
"""

import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
COMPILER = os.environ.get("CC", "cc")


class Oracle:
    """Where the host says the same as a header of ours.

    includes  its headers, or lines for the preprocessor
    structs   {ours without lx_: host's type}; no entry: "struct NAME"
    names     {our field or constant: host's name}; no entry: the same name
    own       {our constant: why the host has no name for it}
    newer     our constants that Debian 12's headers may lack
    extra     pairs of C expressions that must be equal
    """

    def __init__(self, includes, structs=None, names=None, own=None, newer=(),
                 extra=()):
        self.includes, self.structs = includes, structs or {}
        self.names, self.own = names or {}, own or {}
        self.newer, self.extra = newer, extra


SIGINFO = [
    ("si_signo", "si_signo"), ("si_errno", "si_errno"),
    ("si_code", "si_code"), ("of.from.pid", "si_pid"),
    ("of.from.uid", "si_uid"), ("of.from.value", "si_value"),
    ("of.timer.id", "si_tid"), ("of.timer.overrun", "si_overrun"),
    ("of.timer.value", "si_value"), ("of.child.pid", "si_pid"),
    ("of.child.uid", "si_uid"), ("of.child.status", "si_status"),
    ("of.child.utime", "si_utime"), ("of.child.stime", "si_stime"),
    ("of.fault.addr", "si_addr"), ("of.fault.addr_lsb", "si_addr_lsb"),
    ("of.poll.band", "si_band"), ("of.poll.fd", "si_fd"),
    ("of.sys.call_addr", "si_call_addr"), ("of.sys.number", "si_syscall"),
    ("of.sys.arch", "si_arch")]

ORACLES = {
    "statx.h": Oracle(
        ["linux/stat.h"],
        names={"reserved": "__reserved", "pad1": "__spare0",
               "spare": "__spare3"}),
    "xattr.h": Oracle(["linux/xattr.h", "linux/limits.h"]),
    "membarrier.h": Oracle(
        ["linux/membarrier.h"],
        newer=["LX_MEMBARRIER_CMD_GET_REGISTRATIONS"]),
    "personality.h": Oracle(["linux/personality.h"]),
    "auxvec.h": Oracle(
        ["linux/auxvec.h", "asm/auxvec.h", "elf.h"],
        structs={"auxv": "Elf64_auxv_t"},
        names={"type": "a_type", "value": "a_un"},
        newer=["LX_AT_RSEQ_FEATURE_SIZE", "LX_AT_RSEQ_ALIGN"]),
    "elf.h": Oracle(
        ["elf.h"],
        structs={"elf64_ehdr": "Elf64_Ehdr", "elf64_phdr": "Elf64_Phdr",
                 "elf64_nhdr": "Elf64_Nhdr"}),
    "epoll.h": Oracle(["sys/epoll.h"]),
    "eventfd.h": Oracle(
        ["sys/eventfd.h", "sys/timerfd.h", "sys/signalfd.h", "sys/pidfd.h"],
        names={"pad2": "__pad2", "pad": "__pad"}),
    "fcntl.h": Oracle(
        ["linux/fcntl.h", "linux/fs.h", "linux/close_range.h", "unistd.h",
         "linux/falloc.h", "linux/fadvise.h", "linux/memfd.h"],
        names={"LX_O_ASYNC": "FASYNC"},
        newer=["LX_MFD_NOEXEC_SEAL", "LX_MFD_EXEC", "LX_F_SEAL_EXEC"]),
    "futex.h": Oracle(
        ["linux/futex.h"], names={"reserved": "__reserved"}),
    "ioctl.h": Oracle(["asm/ioctls.h", "asm/termbits.h"]),
    "limits.h": Oracle(
        ["linux/limits.h"],
        own={"LX_SYMLOOP_MAX": "path_resolution(7)",
             "LX_RW_COUNT_MAX": "write(2), NOTES",
             "LX_MAX_ARG_STRLEN": "execve(2): 32 pages"}),
    "mman.h": Oracle(["linux/mman.h"]),
    "mount.h": Oracle(
        ["linux/mount.h", "linux/magic.h", "asm/statfs.h"],
        names={"LX_PROC_MAGIC": "PROC_SUPER_MAGIC",
               "LX_ANON_MAGIC": "ANON_INODE_FS_MAGIC"},
        own={"LX_MNT_FORCE": "umount(2)", "LX_MNT_DETACH": "umount(2)",
             "LX_MNT_EXPIRE": "umount(2)", "LX_UMOUNT_NOFOLLOW": "umount(2)",
             "LX_ST_VALID": "statfs(2)", "LX_ST_RELATIME": "statfs(2)"}),
    "poll.h": Oracle(["asm/poll.h"]),
    "prctl.h": Oracle(
        ["asm/prctl.h", "linux/prctl.h", "linux/securebits.h"]),
    "ptrace.h": Oracle(
        ["sys/user.h"], structs={"user_regs": "struct user_regs_struct"}),
    "random.h": Oracle(
        ["linux/random.h"],
        own={"LX_GETRANDOM_WHOLE": "getrandom(2)"}),
    "reboot.h": Oracle(["linux/reboot.h"]),
    "resource.h": Oracle(["linux/resource.h"]),
    "rseq.h": Oracle(
        ["linux/rseq.h"],
        structs={"rseq": None},
        own={"LX_RSEQ_ALIGN": "extra",
             "LX_RSEQ_CPU_ID_UNINITIALIZED": "extra",
             "LX_RSEQ_CPU_ID_REGISTRATION_FAILED": "extra"},
        extra=[("LX_RSEQ_ALIGN", "_Alignof(struct rseq)"),
               ("LX_RSEQ_CPU_ID_UNINITIALIZED",
                "(uint32_t)RSEQ_CPU_ID_UNINITIALIZED"),
               ("LX_RSEQ_CPU_ID_REGISTRATION_FAILED",
                "(uint32_t)RSEQ_CPU_ID_REGISTRATION_FAILED"),
               ("sizeof(struct lx_rseq)", "32"),
               *((f"offsetof(struct lx_rseq, {f})",
                  f"offsetof(struct rseq, {f})")
                 for f in ("cpu_id_start", "cpu_id", "rseq_cs", "flags"))]),
    "sched.h": Oracle(["linux/sched.h", "linux/sched/types.h"]),
    "sigcontext.h": Oracle(
        ["linux/signal.h", "asm/sigcontext.h", "asm/ucontext.h"],
        structs={"fpx_sw_bytes": "struct _fpx_sw_bytes",
                 "fpstate": "struct _fpstate_64",
                 "xstate_header": "struct _header", "rt_sigframe": None},
        names={"reserved": "reserved2", "sw": "sw_reserved"},
        own={"LX_FXSAVE_SIZE": "extra", "LX_FXSAVE_SW_OFFSET": "extra",
             "LX_XSAVE_HEADER_SIZE": "extra"},
        extra=[("LX_FXSAVE_SIZE", "sizeof(struct _fpstate_64)"),
               ("LX_FXSAVE_SW_OFFSET",
                "offsetof(struct _fpstate_64, sw_reserved)"),
               ("LX_XSAVE_HEADER_SIZE", "sizeof(struct _header)")]),
    "signal.h": Oracle(
        ["linux/signal.h"],
        structs={"stack": "stack_t", "siginfo": None, "siginfo_from": None,
                 "siginfo_timer": None, "siginfo_child": None,
                 "siginfo_fault": None, "siginfo_poll": None,
                 "siginfo_sys": None, "sigevent": None},
        extra=[("sizeof(struct lx_siginfo)", "sizeof(siginfo_t)"),
               ("sizeof(struct lx_sigevent)", "sizeof(struct sigevent)"),
               *((f"offsetof(struct lx_siginfo, {o})",
                  f"offsetof(siginfo_t, {h})") for o, h in SIGINFO),
               *((f"offsetof(struct lx_sigevent, {f})",
                  f"offsetof(struct sigevent, {h})")
                 for f, h in (("sigev_value", "sigev_value"),
                              ("sigev_signo", "sigev_signo"),
                              ("sigev_notify", "sigev_notify"),
                              ("sigev_tid", "sigev_notify_thread_id")))],
        own={"LX_NSIG": "signal(7): 64 is the last real-time signal",
             "LX_SIGRTMAX": "signal(7): the host's is in terms of _NSIG",
             "LX_SIGSET_SIZE": "rt_sigprocmask(2): sigsetsize must be 8"}),
    "splice.h": Oracle(["fcntl.h"]),
    "stat.h": Oracle(
        ["asm/stat.h", "#undef __GLIBC__", "linux/stat.h"],
        names={"pad": "__pad0", "unused": "__unused",
               "st_atime_sec": "st_atime", "st_mtime_sec": "st_mtime",
               "st_ctime_sec": "st_ctime"}),
    "sysinfo.h": Oracle(["linux/sysinfo.h", "linux/times.h"]),
    "termios.h": Oracle(["asm/termbits.h", "asm/termios.h"]),
    "time.h": Oracle(["linux/time.h"]),
    "types.h": Oracle(
        ["linux/types.h", "asm/posix_types.h"],
        own={"LX_SIZE_IS": "a check of ours"},
        extra=[(f"sizeof(lx_{t}_t)", f"sizeof(__kernel_{h}_t)")
               for t, h in (("pid", "pid"), ("uid", "uid32"),
                            ("gid", "gid32"), ("off", "loff"),
                            ("time", "old_time"))]),
    "uio.h": Oracle(["linux/uio.h", "linux/fs.h"]),
    "utsname.h": Oracle(["linux/utsname.h"]),
    "wait.h": Oracle(
        ["sys/wait.h", "linux/wait.h"],
        names={"LX_WNOTHREAD": "__WNOTHREAD", "LX_WALL": "__WALL",
               "LX_WCLONE": "__WCLONE"},
        own={"LX_W_EXITED": "extra", "LX_W_SIGNALED": "extra",
             "LX_W_CORE_DUMPED": "extra", "LX_W_STOPPED": "extra",
             "LX_W_CONTINUED": "extra"},
        extra=[("LX_W_EXITED(0x107)", "__W_EXITCODE(7, 0)"),
               ("LX_W_SIGNALED(9)", "__W_EXITCODE(0, 9)"),
               ("LX_W_STOPPED(19)", "__W_STOPCODE(19)"),
               ("LX_W_CORE_DUMPED", "__WCOREFLAG"),
               ("LX_W_CONTINUED", "__W_CONTINUED")]),
}

DEFINE = re.compile(r"^#define (LX_\w+)", re.M)
STRUCT = re.compile(r"^struct lx_(\w+) \{\n(.*?)^\};", re.M | re.S)
FIELD = re.compile(r"^ +[\w ]+ \**(\w+)(?:\[[^\]]*\])?;", re.M)
PROGRAM = """\
#define _GNU_SOURCE
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
%s
#include "%s"
#define SAME(ours, host)                                                   \\
    do {                                                                   \\
        if ((unsigned long long)(ours) != (unsigned long long)(host))      \\
            printf("%%s is %%lld, the host's %%s is %%lld\\n", #ours,      \\
                   (long long)(ours), #host, (long long)(host));           \\
    } while (0)
int main(void)
{
%s
    return 0;
}
"""


def include_lines(includes):
    return "".join(f"{i}\n" if i.startswith("#") else f"#include <{i}>\n"
                   for i in includes)


def enumerators(includes):
    """Names the host defines by enum, which #ifdef cannot see."""
    source = include_lines(includes)
    text = subprocess.run([COMPILER, "-E", "-P", "-D_GNU_SOURCE", "-"],
                          input=source, capture_output=True, text=True,
                          check=True).stdout
    bodies = re.findall(r"enum\s+\w*\s*\{(.*?)\}", text, re.S)
    return set(re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", " ".join(
        body + "," for body in bodies)))


def constant_lines(text, oracle):
    enums = enumerators(oracle.includes)
    for ours in DEFINE.findall(text):
        if ours in oracle.own:
            continue
        host = oracle.names.get(ours, ours[3:])
        if host in enums:
            yield f"    SAME({ours}, {host});"
            continue
        yield f"#ifdef {host}\n    SAME({ours}, {host});\n#else"
        if ours not in oracle.newer:
            yield f'    printf("{ours}: the host has no {host}\\n");'
        yield "#endif"


def struct_lines(text, oracle):
    for name, body in STRUCT.findall(text):
        host = oracle.structs.get(name, f"struct {name}")
        if host is None:
            continue
        ours = f"struct lx_{name}"
        yield f"    SAME(sizeof({ours}), sizeof({host}));"
        for field in FIELD.findall(body):
            other = oracle.names.get(field, field)
            yield (f"    SAME(offsetof({ours}, {field}), "
                   f"offsetof({host}, {other}));")
            yield (f"    SAME(sizeof((({ours} *)0)->{field}), "
                   f"sizeof((({host} *)0)->{other}));")


def compare(header, oracle, root=ROOT):
    """What differs between a header of core/abi and the host: lines."""
    with open(os.path.join(root, header), encoding="utf-8") as file:
        text = file.read()
    lines = list(constant_lines(text, oracle))
    lines += struct_lines(text, oracle)
    lines += [f"    SAME({ours}, {host});" for ours, host in oracle.extra]
    if not lines:
        return [f"{header}: nothing to compare"]
    program = PROGRAM % (include_lines(oracle.includes), header,
                         "\n".join(lines))
    with tempfile.TemporaryDirectory() as directory:
        binary = os.path.join(directory, "compare")
        build = subprocess.run(
            [COMPILER, "-std=gnu17", "-w", f"-I{root}", "-x", "c", "-", "-o",
             binary], input=program, capture_output=True, text=True,
            check=False)
        if build.returncode != 0:
            return build.stderr.splitlines()
        return subprocess.run([binary], capture_output=True, text=True,
                              check=True).stdout.splitlines()


def host_macros(header):
    """{name: text} of what a host header defines."""
    text = subprocess.run([COMPILER, "-E", "-dM", "-D_GNU_SOURCE", "-"],
                          input=f"#include <{header}>\n", capture_output=True,
                          text=True, check=True).stdout
    return dict(re.findall(r"^#define (\w+) (.*)$", text, re.M))
