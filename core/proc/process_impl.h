/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/process_impl.h - what the files of core/proc share.
 */
#ifndef CORE_PROC_PROCESS_IMPL_H
#define CORE_PROC_PROCESS_IMPL_H

#include "core/proc/process.h"

struct hal_user;

C_DECLS_BEGIN

/* Empty ones with one reference, to be filled by whoever makes a process or a
 * thread; NULL without memory. What was filled goes with the last put, but a
 * process's signals only once signals_init() or signals_clone() returned 0. */
MUST_USE struct process *process_alloc(void);
MUST_USE struct task *task_alloc(void);

/* What user threads do. Once, before the first. */
void task_set_user_loop(void (*user_loop)(struct thread *self));

/* A thread for task, which will be in user_loop() once started. 0, -ENOMEM. */
MUST_USE int task_create_thread(struct task *task);

/* Lets the thread of a task run, with user as its registers, or end at once
 * (NULL). Process tree and signals locks may be held. */
void task_start(struct task *task, struct hal_user *user);

/* Enters a filled process, with its leader, into the tree below parent (NULL:
 * it is init); group and session are taken over. Tree lock. */
void process_link(struct process *process, struct process *parent,
                  struct task *creator);

/* Enters task among its process's threads. Tree lock and signals.lock. */
void task_link(struct task *task);

/* A thread is gone, or the zombie that the last one left: struct
 * process_counts. Tree lock. */
void process_uncount(void);

/* Gives the user side of the running thread back, and the address space when
 * no other thread of the process may use it. May sleep. */
void task_leave_memory(struct task *task);

/* What others see in the memory that the thread lets go of: robust futexes,
 * the word of set_tid_address(2). May sleep. */
void task_release_words(struct task *task);

/* Whoever waits in vfork(2) for task to let go of the memory goes on. */
void task_release_vfork(struct task *task);

/* process leaves group and session, or its pid. Tree lock. */
void pid_leave(struct list *member, struct pid *pid);

/* The real uid of a process: a zombie's, or its first thread's. Tree lock. */
lx_uid_t process_uid(const struct process *process);

/* --- exit.c --------------------------------------------------------------- */

/* SIGKILL, whoever it is. Process tree lock may be held. */
void process_kill(struct process *process);

/* Takes a zombie out of the tree; drops the tree's reference. Tree lock. */
void process_reap(struct process *process);

/* Puts as (or NULL), whose reference it takes, in place of the address space;
 * returns the old one with its reference. By a process's only thread. */
struct aspace *process_swap_aspace(struct process *process, struct aspace *as);

/* --- machine_end.c -------------------------------------------------------- */

/* Ends every process but init, whose last thread is the caller's and has left
 * it, and waits until they are gone. May sleep. */
void machine_end_others(struct process *init);

/* Powers off with what init ended with (as wait4(2) stores it). Checked builds
 * panic first if memory that was free before init is not free again. */
NORETURN void machine_end(int status);

/* --- group.c -------------------------------------------------------------- */

/* Has the group, without process, nobody in its session who could continue a
 * stopped member (setpgid(2), NOTES)? Tree lock. */
bool group_is_orphaned(struct pid *group, const struct process *without);

/* Does its parent keep process's group from being orphaned? Tree lock. */
bool group_has_guardian(const struct process *process);

/* Sends SIGHUP and SIGCONT to a group that may have become orphaned, when it
 * has and a member is stopped. without is leaving it. Tree lock. */
void group_check_orphaned(struct pid *group, const struct process *without);

/* process joins another group. Tree lock. */
void group_join(struct process *process, struct pid *group);

C_DECLS_END

#endif /* CORE_PROC_PROCESS_IMPL_H */
