/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/rseq.h - restartable sequences (rseq(2)).
 *
 * A registered thread finds its CPU's number in the shared area on every
 * return to user mode after a switch, and a critical section it was in then is
 * left for its abort handler.
 */
#ifndef CORE_PROC_RSEQ_H
#define CORE_PROC_RSEQ_H

#include "core/base/defs.h"
#include "hal/types.h"

struct task;

C_DECLS_BEGIN

/*
 * rseq(2) for the running thread: 0; -EINVAL (size, alignment, flags, or
 * unregistering what is not registered), -EBUSY (registered already, the same
 * area), -EPERM (the signature differs), -EFAULT.
 */
MUST_USE int rseq_register(struct task *task, uaddr_t area, uint32_t size,
                           uint64_t flags, uint32_t signature);

/* Before user mode, after a switch: 0, or -EFAULT (the task gets SIGSEGV). May
 * sleep. */
MUST_USE int rseq_resume(struct task *task);

C_DECLS_END

#endif /* CORE_PROC_RSEQ_H */
