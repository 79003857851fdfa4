/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_kill.h - whom kill(2) and its kin reach.
 */
#ifndef CORE_PROC_SIGNAL_KILL_H
#define CORE_PROC_SIGNAL_KILL_H

#include "core/abi/signal.h"
#include "core/base/defs.h"

struct process;
struct task;

C_DECLS_BEGIN

/*
 * kill(2) by the running task from: pid as there (> 0 a process, 0 the own
 * group, -1 all but init and the caller, < -1 a group). A group is reached as
 * a whole: no fork comes between. 0, -ESRCH, then -EINVAL when there is no such
 * signal, -EPERM, or -EAGAIN for a queued real-time signal without room.
 */
MUST_USE int signal_kill(struct task *from, int pid,
                         const struct lx_siginfo *info);

/* tgkill(2): the thread tid, which must be of process tgid unless that is 0
 * (tkill(2)). 0, -ESRCH, -EINVAL, -EPERM, -EAGAIN. */
MUST_USE int signal_kill_thread(struct task *from, int tgid, int tid,
                                const struct lx_siginfo *info);

/* pidfd_send_signal(2): that process alone. 0, -EINVAL, -EPERM, -EAGAIN. */
MUST_USE int signal_kill_process(struct task *from, struct process *to,
                                 const struct lx_siginfo *info);

C_DECLS_END

#endif /* CORE_PROC_SIGNAL_KILL_H */
