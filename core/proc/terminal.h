/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/terminal.h - sessions and their terminals: job control
 * (credentials(7), ioctl_tty(2), POSIX 11.1.3, 11.1.4).
 *
 * process->terminal is a process's controlling terminal, which fork(2) hands
 * on. The terminal names its session and the foreground group.
 *
 * Locking: all of it under the process tree's lock; the terminal's own fields
 * under its lock too.
 */
#ifndef CORE_PROC_TERMINAL_H
#define CORE_PROC_TERMINAL_H

#include "core/proc/process.h"

struct tty;

C_DECLS_BEGIN

/* Gives core/dev what it needs to know of jobs. Once. */
void terminal_init_all(void);

/* fork(2): the child has its parent's. Tree lock. */
void terminal_inherit(struct process *child, const struct process *parent);

/* setsid(2): process has none. The reference is returned, or NULL. Tree lock.
 */
MUST_USE struct tty *terminal_leave(struct process *process);

/* What is left to do for a session leader that ended, without the lock. */
struct terminal_end {
    struct tty *tty; /* a reference, or NULL */
    struct pid *group;
    bool is_leader; /* of the session whose terminal it is */
};

/* A process ends: the session of a leader loses its terminal. Tree lock; then
 * terminal_finish() without it, which may sleep. */
void terminal_end(struct process *process, struct terminal_end *out);
void terminal_finish(struct terminal_end *end);

/* vhangup(2): 0 or -EPERM. May sleep. */
MUST_USE int terminal_hang_up(struct task *self);

C_DECLS_END

#endif /* CORE_PROC_TERMINAL_H */
