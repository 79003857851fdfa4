/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/strace_show.h - one argument of a system call as text: the
 * lower half of core/syscall/strace.c.
 */
#ifndef CORE_SYSCALL_STRACE_SHOW_H
#define CORE_SYSCALL_STRACE_SHOW_H

#include "core/syscall/decode.h"
#include "core/syscall/strace.h"

/* The line as it grows; length < size holds, and to[length] is NUL. */
struct strace_line {
    char *to;
    size_t size;
    size_t length;
    bool full; /* something did not fit */
};

/* A line, and where what it shows comes from. */
struct strace_view {
    struct strace_line *line;
    const struct strace_record *record;
    size_t (*peek)(void *to, uaddr_t from, size_t size);
};

C_DECLS_BEGIN

/* Adds formatted text; what does not fit sets full. */
void strace_put(struct strace_line *line, const char *fmt, ...) PRINTF(2, 3);

/* Adds a signal's name, or its number when it has none. */
void strace_put_signal(struct strace_line *line, uint32_t signal);

/* Did the call return an error? */
bool strace_has_failed(const struct strace_record *record);

/* Adds the value of an argument, and what it points to where that is known. */
void strace_show(const struct strace_view *view, struct decode_arg arg,
                 uint64_t value);

C_DECLS_END

#endif /* CORE_SYSCALL_STRACE_SHOW_H */
