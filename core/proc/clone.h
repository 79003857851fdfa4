/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/clone.h - making processes and threads (clone(2), fork(2)).
 */
#ifndef CORE_PROC_CLONE_H
#define CORE_PROC_CLONE_H

#include "core/base/defs.h"
#include "hal/types.h"

struct task;

enum { CLONE_TIDS_MAX = 32 }; /* levels of pid namespaces (clone3(2)) */

struct clone_request {
    uint64_t flags;     /* LX_CLONE_*, without the exit signal */
    int exit_signal;    /* 0: none */
    uaddr_t stack;      /* the child's first rsp; 0: as the caller's */
    uaddr_t parent_tid; /* of LX_CLONE_PARENT_SETTID */
    uaddr_t child_tid;  /* of LX_CLONE_CHILD_SETTID and CHILD_CLEARTID */
    uint64_t tls;       /* of LX_CLONE_SETTLS */
    uaddr_t pidfd;      /* of LX_CLONE_PIDFD */
    int wanted;         /* the child's number, or 0 */
};

C_DECLS_BEGIN

/*
 * clone(2) by self, the running thread, which is in a system call: its number
 * in self's namespace; with LX_CLONE_VFORK once the child has let go of the
 * memory (or self is being killed). In this order: -EINVAL (flags that do not
 * go together or name what there is not: namespaces, cgroups), -EAGAIN
 * (RLIMIT_NPROC, threads-max), -EPERM (tls), -EINVAL (wanted is out of range),
 * -EEXIST (it is in use), -EAGAIN (no number is free), -EMFILE, -ENFILE,
 * -EFAULT (the pidfd), -EINTR (a signal is pending: try again); and -ENOMEM
 * anywhere. On an error nothing is left but the word of parent_tid.
 */
MUST_USE int task_clone(struct task *self, const struct clone_request *request);

C_DECLS_END

#endif /* CORE_PROC_CLONE_H */
