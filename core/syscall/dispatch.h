/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/dispatch.h - from a call's number to its handler and back.
 *
 * The table of handlers is generated from core/abi/syscalls.tbl. A handler
 * that was cut short for work returns -ERESTART_CALL: the work is done and it
 * runs again with the same arguments; user code never sees that number.
 */
#ifndef CORE_SYSCALL_DISPATCH_H
#define CORE_SYSCALL_DISPATCH_H

#include "core/base/defs.h"

struct thread;

/* The kernel's own, above all that user code may see. */
enum { ERESTART_CALL = 512 };

C_DECLS_BEGIN

/* Shows calls in the log from now on: text is a filter of
 * core/syscall/strace.h. 0 or -EINVAL. Once, at boot. */
MUST_USE int trace_enable(const char *text);

/* Serves a 64-bit call of the running thread and sets its result. */
void dispatch_call(struct thread *self, uint64_t number, const uint64_t *args);

/* Serves the call again that its restart block holds. */
void dispatch_again(struct thread *self);

/* The line of a program's end, when calls are shown. */
void trace_end(struct thread *self);

C_DECLS_END

#endif /* CORE_SYSCALL_DISPATCH_H */
