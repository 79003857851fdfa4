/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/files.h - the table of descriptors of a task.
 *
 * task->files is its thread's own to read; it is written, and read by others,
 * under signals.lock of the process.
 */
#ifndef CORE_PROC_FILES_H
#define CORE_PROC_FILES_H

#include "core/base/defs.h"

struct fd_table;
struct task;

C_DECLS_BEGIN

/* Puts files, whose reference it takes, in place of the running thread's, whose
 * reference the caller gets. */
MUST_USE struct fd_table *task_swap_files(struct task *task,
                                          struct fd_table *files);

/* The descriptors of any task, with a reference; NULL: it ends. */
MUST_USE struct fd_table *task_files(struct task *task);

C_DECLS_END

#endif /* CORE_PROC_FILES_H */
