/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/args.h - from registers to what a handler works with.
 */
#ifndef CORE_SYSCALL_ARGS_H
#define CORE_SYSCALL_ARGS_H

#include "core/abi/uio.h"
#include "core/base/defs.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/vm/uaccess.h"
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
    return fd_get(self->task->files, (int)(uint32_t)fd);
}

static inline int fd_of(uint64_t arg)
{
    return (int)(uint32_t)arg;
}

/* The vectors of readv(2) and the like; few of them need no memory. */
enum { IO_FEW_VECTORS = 8 };

struct io_vectors {
    size_t size; /* bytes */
    struct lx_iovec *all;
    struct lx_iovec few[IO_FEW_VECTORS];
};

C_DECLS_BEGIN

/* Takes count vectors and makes a cursor over what they name, which lives no
 * longer than they: 0, -EINVAL, -EFAULT, -ENOMEM. May sleep. */
MUST_USE int io_take_vectors(struct thread *self, uaddr_t from, uint64_t count,
                             struct io_vectors *out,
                             struct user_cursor *cursor);
void io_give_vectors(struct io_vectors *vectors);

/* SIGPIPE for the running thread. */
void io_signal_broken(struct thread *self);

/* Puts file, whose reference it takes, at the lowest free descriptor: which,
 * -EMFILE, -ENOMEM. May sleep. */
MUST_USE int fd_give(struct thread *self, struct file *file,
                     bool close_on_exec);

/* A path argument in memory of its own: 0; -EFAULT, -ENAMETOOLONG, -ENOMEM.
 * May sleep. */
MUST_USE int path_take(const struct thread *self, uaddr_t from, char **out);
void path_give(char *path);

C_DECLS_END

#endif /* CORE_SYSCALL_ARGS_H */
