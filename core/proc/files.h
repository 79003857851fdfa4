/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/files.h - what others may look at of a process: descriptors, root
 * and working directory, memory, program.
 *
 * Locking: process->signals.lock covers the pointers; what they point at is
 * given out with references.
 */
#ifndef CORE_PROC_FILES_H
#define CORE_PROC_FILES_H

#include "core/proc/process.h"

C_DECLS_BEGIN

/* process runs program now: takes the references, and open_exec()'s right to
 * them; NULL: none. May sleep. */
void process_set_program(struct process *process, const struct path *program);

/* Gives process, whose only thread is the caller, another address space (NULL:
 * none), whose reference it takes; the old one's is the caller's. */
void process_set_aspace(struct process *process, struct aspace *as,
                        const struct exec_places *places);

/* The address space of a process with a reference, or NULL; places may be NULL.
 * Any context. */
MUST_USE struct aspace *process_aspace(struct process *process,
                                       struct exec_places *places);

/* pivot_root(2): root and working directory of all that had from are to. May
 * sleep. */
void process_follow_pivot(const struct path *from, const struct path *to);

/* The context and the descriptors of a thread, with references; NULL when it
 * is ending. Any context. */
MUST_USE struct fs_context *task_context(struct task *task);
MUST_USE struct fd_table *task_files(struct task *task);

/* Gives the running thread other descriptors, whose reference it takes. */
void task_set_files(struct task *task, struct fd_table *files);

/* What process runs, with references: 0 or -ENOENT. */
MUST_USE int process_program(struct process *process, struct path *out);

C_DECLS_END

#endif /* CORE_PROC_FILES_H */
