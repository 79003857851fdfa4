/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/pidfd.h - files that stand for processes (pidfd_open(2)).
 *
 * One keeps the pid, so its number may be in use again for another process
 * while the file still stands for the old one. It can be polled: LX_POLLIN once
 * the process has ended.
 */
#ifndef CORE_PROC_PIDFD_H
#define CORE_PROC_PIDFD_H

#include "core/abi/signal.h"
#include "core/base/defs.h"

struct file;
struct pid;
struct process;
struct task;

C_DECLS_BEGIN

/* A file for the process whose pid that is; flags is LX_PIDFD_NONBLOCK or 0. 0,
 * -ENFILE, -ENOMEM. May sleep. */
MUST_USE int pidfd_create(struct pid *pid, unsigned flags, struct file **out);

/* pidfd_open(2) by self: number is a process's. 0, -ESRCH (none), -EINVAL (a
 * thread's), -ENFILE, -ENOMEM. May sleep. */
MUST_USE int pidfd_open_number(struct task *self, int number, unsigned flags,
                               struct file **out);

/* The pid that a file stands for, which lives as long as it; NULL: it is no
 * pidfd. */
struct pid *pidfd_pid(const struct file *file);

/* The process of a pidfd, with a reference, or NULL: it was waited for. */
MUST_USE struct process *pidfd_process(const struct file *file);

/* pidfd_getfd(2) by self: the target's file fd, with a reference. 0, -ESRCH,
 * -EPERM (ptrace(2) would be refused), -EBADF. */
MUST_USE int pidfd_get_file(struct task *self, const struct file *pidfd, int fd,
                            struct file **out);

C_DECLS_END

#endif /* CORE_PROC_PIDFD_H */
