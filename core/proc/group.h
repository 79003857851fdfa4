/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/group.h - process groups and sessions (setpgid(2), setsid(2),
 * credentials(7)).
 */
#ifndef CORE_PROC_GROUP_H
#define CORE_PROC_GROUP_H

#include "core/proc/process.h"

C_DECLS_BEGIN

/*
 * setpgid(2) by self for the process called number (0: itself), into group
 * (0: its own). 0, -EINVAL (negative group, a thread that is no leader), -ESRCH
 * (neither the caller nor a child), -EACCES (a child that has executed),
 * -EPERM (a session leader, another session, no such group in it).
 */
MUST_USE int group_set(struct task *self, int number, int group);

/* getpgid(2), getsid(2) of the process called number (0: self's): its number,
 * or -ESRCH. */
MUST_USE int group_of(struct task *self, int number);
MUST_USE int session_of(struct task *self, int number);

/* setsid(2): the new session's number, or -EPERM (a group has its number). */
MUST_USE int session_create(struct task *self);

C_DECLS_END

#endif /* CORE_PROC_GROUP_H */
