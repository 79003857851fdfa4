/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/dispatch.h - from a call's number to its handler and back.
 *
 * The table of handlers is generated from core/abi/syscalls.tbl. A handler
 * that was cut short for work returns -ERESTART_*: the work is done and it runs
 * again with the same arguments, or, after a signal's handler, ends with EINTR
 * as enum signal_restart (core/proc/signal.h) has it. User code never sees
 * these numbers.
 */
#ifndef CORE_SYSCALL_DISPATCH_H
#define CORE_SYSCALL_DISPATCH_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct thread;

/* The kernel's own, above all that user code may see. */
enum {
    ERESTART_CALL = 512,   /* RESTART_SYS */
    ERESTART_NOINTR = 513, /* RESTART_NOINTR */
    ERESTART_NOHAND = 514, /* RESTART_NOHAND */
    ERESTART_BLOCK = 516,  /* RESTART_BLOCK: task->signals.deadline_ns is set */
    CALL_IS_DONE = 517     /* the registers are as they should be */
};

C_DECLS_BEGIN

/* Shows calls in the log from now on: text is a filter of
 * core/syscall/strace.h. 0 or -EINVAL. Once, at boot. */
MUST_USE int trace_enable(const char *text);

/* Makes allocations fail from now on, by a plan of core/base/fault.h: 0 or
 * -EINVAL. Once, at boot, in a thread or before there are any. */
MUST_USE int dispatch_set_faults(const char *plan);

/* aspace_fault() for the running thread; to a plan of calls it is one. */
MUST_USE int dispatch_fault(struct aspace *as, uaddr_t addr, unsigned access);

/* Serves a 64-bit call of the running thread and sets its result. */
void dispatch_call(struct thread *self, uint64_t number, const uint64_t *args);

/* Serves the call again that its restart block holds. */
void dispatch_again(struct thread *self);

/* The line of a program's end, when calls are shown. */
void trace_end(struct thread *self);

C_DECLS_END

#endif /* CORE_SYSCALL_DISPATCH_H */
