/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/args.h - from registers to what a handler works with.
 */
#ifndef CORE_SYSCALL_ARGS_H
#define CORE_SYSCALL_ARGS_H

#include "core/abi/fcntl.h"
#include "core/abi/uio.h"
#include "core/base/defs.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/fs/path.h"
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

/* The file of a descriptor argument, with a reference, or NULL; also one that
 * only stands for a place (O_PATH). */
MUST_USE static inline struct file *place_of(const struct thread *self,
                                             uint64_t fd)
{
    return fd_get(self->task->files, (int)(uint32_t)fd);
}

/* The same but for those. */
MUST_USE static inline struct file *file_of(const struct thread *self,
                                            uint64_t fd)
{
    struct file *file = place_of(self, fd);

    if (file == NULL || (file->flags & LX_O_PATH) == 0)
        return file;
    file_put(file);
    return NULL;
}

enum { PATH_SMALL = 128 }; /* bytes of a path that needs no other memory */

/* A path argument, and who asks for it from where. */
struct path_arg {
    struct path_ask ask;
    const char *text;
    struct file *dir; /* of a descriptor, with a reference; NULL: none */
    char *buffer;     /* of a long one */
    char small[PATH_SMALL];
};

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

/*
 * Takes a path, relative to descriptor dirfd or LX_AT_FDCWD, with PATH_*: 0;
 * -EFAULT, -ENAMETOOLONG, -ENOMEM, -ENOENT (it is empty, without PATH_EMPTY),
 * -EBADF, -ENOTDIR. path_arg_give() after success. May sleep.
 */
MUST_USE int path_arg_take(const struct thread *self, uint64_t dirfd,
                           uaddr_t from, unsigned flags, struct path_arg *out);
void path_arg_give(struct path_arg *arg);

/* Puts file, whose reference it takes, in the table: the descriptor, -EMFILE or
 * -ENOMEM (then file is put). */
MUST_USE int fd_publish(struct thread *self, struct file *file,
                        bool close_on_exec);

/* What fstat(2) says of file. */
void file_stat(struct file *file, struct lx_stat *out);

/* fcntl(2)'s commands about locks: F_GETLK, F_SETLK, F_SETLKW and those of open
 * files. file is that of the descriptor args[0]. */
MUST_USE int64_t lock_command(struct thread *self, struct file *file,
                              const uint64_t *args);

/* A path from the working directory. */
MUST_USE static inline int path_arg_here(const struct thread *self,
                                         uaddr_t from, unsigned flags,
                                         struct path_arg *out)
{
    return path_arg_take(self, (uint64_t)(int64_t)LX_AT_FDCWD, from, flags,
                         out);
}

/* Takes count vectors and makes a cursor over what they name, which lives no
 * longer than they: 0, -EINVAL, -EFAULT, -ENOMEM. May sleep. */
MUST_USE int io_take_vectors(struct thread *self, uaddr_t from, uint64_t count,
                             struct io_vectors *out,
                             struct user_cursor *cursor);
void io_give_vectors(struct io_vectors *vectors);

/* SIGPIPE for the running thread. */
void io_signal_broken(struct thread *self);

/* unshare(2), CLONE_FILES: 0 or -ENOMEM. May sleep. */
MUST_USE int unshare_files(struct thread *self);

/* SIGXFSZ for the running thread. */
void io_signal_size(struct thread *self);

/* RLIMIT_FSIZE of the running thread. */
uint64_t io_size_max(const struct thread *self);

/* May a regular file get that size? 0; -EFBIG, and SIGXFSZ is sent: it would
 * grow beyond RLIMIT_FSIZE (setrlimit(2)). */
MUST_USE int io_check_size(struct thread *self, struct inode *inode,
                           uint64_t size);

/* Puts file, whose reference it takes, at the lowest free descriptor: which,
 * -EMFILE, -ENOMEM. May sleep. */
MUST_USE int fd_give(struct thread *self, struct file *file,
                     bool close_on_exec);

C_DECLS_END

#endif /* CORE_SYSCALL_ARGS_H */
