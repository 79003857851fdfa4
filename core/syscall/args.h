/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/args.h - from registers to what a handler works with.
 */
#ifndef CORE_SYSCALL_ARGS_H
#define CORE_SYSCALL_ARGS_H

#include "core/base/defs.h"
#include "core/fs/file.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "hal/mmu.h"

/* The most bytes one call moves (read(2), NOTES). */
#define CALL_BYTES_MAX UINT64_C(0x7ffff000)

/* Does a buffer lie in user space? Linux asks before anything else moves. */
static inline bool is_user_range(uaddr_t start, uint64_t size)
{
    return start <= HAL_USER_TOP && size <= HAL_USER_TOP - start;
}

static inline struct process *process_of(const struct thread *self)
{
    return self->task->process;
}

/* The file of a descriptor argument, with a reference, or NULL. */
MUST_USE static inline struct file *file_of(const struct thread *self,
                                            uint64_t fd)
{
    return fd_get(&process_of(self)->files, (int)(uint32_t)fd);
}

C_DECLS_BEGIN

/* A path argument in memory of its own: 0; -EFAULT, -ENAMETOOLONG, -ENOMEM.
 * May sleep. */
MUST_USE int path_take(const struct thread *self, uaddr_t from, char **out);
void path_give(char *path);

C_DECLS_END

#endif /* CORE_SYSCALL_ARGS_H */
