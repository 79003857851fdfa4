/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/files.h - what others may look at of a process: descriptors, root
 * and working directory, memory, program.
 *
 * Locking: process->signals.lock covers the pointers of a task, which are its
 * thread's own to read; the address space is under the tree lock. What they
 * point at is given out with references.
 */
#ifndef CORE_PROC_FILES_H
#define CORE_PROC_FILES_H

#include "core/proc/process.h"

C_DECLS_BEGIN

/* Puts files, whose reference it takes, in place of the running thread's, whose
 * reference the caller gets. */
MUST_USE struct fd_table *task_swap_files(struct task *task,
                                          struct fd_table *files);

/* The same of its root and working directory. */
MUST_USE struct fs_context *task_swap_context(struct task *task,
                                              struct fs_context *context);

/* The descriptors of any task, with a reference; NULL: it ends. */
MUST_USE struct fd_table *task_files(struct task *task);

/* The same of its root and working directory. */
MUST_USE struct fs_context *task_context(struct task *task);

/* The running thread's, at its end, goes. May sleep. */
void task_leave_context(struct task *task);

/* process runs program now: takes the references, and open_exec()'s right to
 * them; NULL: none. May sleep. */
void process_set_program(struct process *process, const struct path *program);

/* What process runs, with references: 0 or -ENOENT. */
MUST_USE int process_program(struct process *process, struct path *out);

/* Where things lie in its address space. */
void process_set_places(struct process *process,
                        const struct exec_places *places);

/* The address space of a process with a reference, or NULL; places may be NULL.
 * Any context. */
MUST_USE struct aspace *process_aspace(struct process *process,
                                       struct exec_places *places);

/* pivot_root(2): root and working directory of all that had from are to. May
 * sleep. */
void process_follow_pivot(const struct path *from, const struct path *to);

C_DECLS_END

#endif /* CORE_PROC_FILES_H */
