/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pipe.h - pipes and FIFOs (pipe(7), fifo(7)).
 *
 * A pipe is a ring of pages. It belongs to its ends, the files; a FIFO's
 * belongs to whoever keeps the struct fifo (an inode) and to the ends that are
 * open, and has no page while none is. A write of at most LX_PIPE_BUF bytes is
 * atomic. Writes to an end with LX_O_DIRECT make packets, which reads give one
 * by one.
 *
 * Locking: a mutex of rank LOCK_RANK_PIPE, held over user copies.
 */
#ifndef CORE_FS_PIPE_H
#define CORE_FS_PIPE_H

#include "core/base/defs.h"

struct cred;
struct file;
struct fifo;

enum {
    PIPE_SLOTS = 16,             /* pages of a new one */
    PIPE_SLOTS_POOR = 2,         /* the same beyond the user's soft limit */
    PIPE_SLOTS_MAX = 256,        /* /proc/sys/fs/pipe-max-size, in pages */
    PIPE_USER_SLOTS_SOFT = 16384 /* /proc/sys/fs/pipe-user-pages-soft */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void pipe_init_all(void);

/*
 * pipe2(2): flags are LX_O_NONBLOCK and LX_O_DIRECT; ends[0] is to be read,
 * ends[1] to be written. 0, -ENFILE, -ENOMEM. May sleep.
 */
MUST_USE int pipe_create(const struct cred *cred, unsigned flags,
                         struct file *ends[2]);

/* Is file an end of a pipe or FIFO? */
bool pipe_is_end(const struct file *file);

/* F_GETPIPE_SZ of fcntl(2): bytes. file is an end. */
int pipe_size(struct file *file);

/*
 * F_SETPIPE_SZ: at least size bytes from now on; how many. -EINVAL (too many),
 * -EPERM (more than cred may have), -EBUSY (they are in use), -ENOMEM, -EINTR.
 * file is an end. May sleep.
 */
MUST_USE int pipe_set_size(struct file *file, const struct cred *cred,
                           uint64_t size);

/* What a FIFO's inode keeps: one reference for the caller. NULL: no memory. */
MUST_USE struct fifo *fifo_create(void);
void fifo_put(struct fifo *fifo); /* may sleep */

/*
 * open(2) of a FIFO, as fifo(7) has it: flags are LX_O_ACCMODE, LX_O_NONBLOCK
 * and what the file is to keep. Waits for the other end unless LX_O_NONBLOCK or
 * LX_O_RDWR. *out has one reference, and keeps fifo. 0, -ENXIO (LX_O_WRONLY |
 * LX_O_NONBLOCK and nobody reads), -EINTR, -ENFILE, -ENOMEM. May sleep.
 */
MUST_USE int fifo_open(struct fifo *fifo, unsigned flags, struct file **out);

C_DECLS_END

#endif /* CORE_FS_PIPE_H */
