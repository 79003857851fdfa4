/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/strace.h - system calls as lines of text, as strace(1) shows
 * them.
 *
 * A call is one line, made when it has returned, so that what it wrote to user
 * memory can be shown too:
 *
 *     [12] write(1, "hello\n", 6) = 6
 *     [12] readlink("/none", 0x7ffd0010, 64) = -1 ENOENT (No such file or ...)
 *
 * A call that does not return is made into a line at its entry (`= ?`), and the
 * end of the process is a line of its own:
 *
 *     [12] exit_group(7) = ?
 *     [12] +++ exited with 7 +++
 *
 * What is known of each call comes from core/abi/syscalls.tbl; a call without
 * a prototype there shows its six registers. tools/check_abi.py reads these
 * lines.
 *
 * Semantics: strace(1).  Locking: none; there is no state.
 */
#ifndef CORE_SYSCALL_STRACE_H
#define CORE_SYSCALL_STRACE_H

#include "core/base/defs.h"
#include "hal/types.h"

enum {
    STRACE_CALLS = 512,     /* numbers a filter knows */
    STRACE_STRING_MAX = 32, /* bytes of a buffer that are shown */
    STRACE_VECTORS_MAX = 8, /* buffers of a vector that are shown */
    STRACE_LINE_MIN = 160,  /* the smallest line buffer */
    STRACE_LINE_MAX = 1024  /* a good one */
};

/* Which calls are shown. */
struct strace_filter {
    uint64_t calls[STRACE_CALLS / 64];
};

struct strace_record {
    int32_t pid;
    uint64_t number;
    uint64_t args[6]; /* as they came in */
    bool returned;    /* false: the line shows the entry */
    int64_t result;   /* of a call that returned, or a negative errno */
};

C_DECLS_BEGIN

/*
 * Reads a filter: names of calls and classes, separated by commas; one with !
 * before it is taken out, and when the first is such a one all others are
 * shown. Classes: file (a path among the arguments), desc (a descriptor),
 * memory, process, signal, network, and all. NULL or "" is all.
 *
 * Returns 0, or -EINVAL for an unknown or empty name; then *out is unchanged.
 */
MUST_USE int strace_filter_parse(struct strace_filter *out, const char *text);

/* Is the call shown? Numbers that Linux does not have are when all are. */
bool strace_filter_has(const struct strace_filter *filter, uint64_t number);

/* Does the call not return, so that it must be shown at its entry? */
bool strace_at_entry(uint64_t number);

/*
 * Writes the line of a call, without a newline but with a NUL, into size
 * bytes, at least STRACE_LINE_MIN; returns its length. Arguments that do not
 * fit end in "..."; the result is always there.
 *
 * peek copies size bytes from user memory and returns how many it could; what
 * it cannot read is shown as an address. This sleeps if peek does.
 */
size_t strace_render(char *to, size_t size, const struct strace_record *record,
                     size_t (*peek)(void *to, uaddr_t from, size_t size));

/* The same for the end of a process or thread; wait_status is what wait4(2)
 * would store: "+++ exited with 7 +++", "+++ killed by SIGSEGV +++". */
size_t strace_render_end(char *to, size_t size, int32_t pid, int wait_status);

C_DECLS_END

#endif /* CORE_SYSCALL_STRACE_H */
