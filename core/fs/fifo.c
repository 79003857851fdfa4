/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/fifo.c - opening FIFOs; contract in pipe.h.
 *
 * Who opens becomes an end first and waits then, until somebody has opened the
 * other side since, be he gone again or not.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/pipe_impl.h"

/* Makes file an end: 0, -ENXIO, -ENOMEM. *others is how often the other side
 * was opened, and *is_alone whether nobody is there. */
static int join(struct pipe *pipe, struct file *file, unsigned *others,
                bool *is_alone) NO_TSA
{
    unsigned flags = file_flags(file), mode = flags & LX_O_ACCMODE;
    int error = 0;

    if (mode == LX_O_WRONLY && (flags & LX_O_NONBLOCK) != 0 &&
        pipe->readers == 0)
        return -ENXIO;
    if (pipe->ring == NULL)
        error = pipe_make_ring(pipe, NULL);
    if (error != 0)
        return error;
    *is_alone = (mode == LX_O_RDONLY ? pipe->writers : pipe->readers) == 0;
    *others = mode == LX_O_RDONLY ? pipe->writer_opens : pipe->reader_opens;
    if (mode == LX_O_RDONLY && *is_alone)
        file->position = pipe->writer_opens; /* nobody knows file yet */
    else
        file->position = pipe->writer_opens - 1;
    pipe_add_end(pipe, flags);
    return 0;
}

/* Has the other side been opened more often than *others? */
static bool has_company(struct pipe *pipe, unsigned mode,
                        unsigned others) NO_TSA
{
    bool has;

    mutex_lock(&pipe->lock);
    has = (mode == LX_O_RDONLY ? pipe->writer_opens : pipe->reader_opens) !=
          others;
    mutex_unlock(&pipe->lock);
    return has;
}

/* Whoever comes wakes all. */
static int wait_for_company(struct pipe *pipe, unsigned mode, unsigned others)
{
    struct waiter waiter;
    struct wait_set set;
    int error = 0;

    wait_set_init(&set);
    wait_set_waiter(&set, &waiter, WAKE_ANY);
    waitq_add(&pipe->waitq, &waiter);
    while (error == 0) {
        wait_set_reset(&set);
        if (has_company(pipe, mode, others))
            break;
        error = wait_set_sleep(&set, WAIT_FOREVER);
    }
    waitq_remove(&waiter);
    return error;
}

/* Of a file that did not become an end. */
static const struct file_ops no_ops;

int fifo_open(struct fifo *fifo, unsigned flags, struct file **out)
{
    struct pipe *pipe = &fifo->pipe;
    unsigned mode = flags & LX_O_ACCMODE, others;
    struct file *file;
    bool is_alone;
    int error = file_create(&fifo_file_ops, flags, pipe, &file);

    if (error != 0)
        return error;
    mutex_lock(&pipe->lock);
    error = join(pipe, file, &others, &is_alone);
    mutex_unlock(&pipe->lock);
    if (error != 0) {
        file->ops = &no_ops;
        file_put(file);
        return error;
    }
    refcount_get(&pipe->refs);
    waitq_wake_all(&pipe->waitq);
    if (is_alone && mode != LX_O_RDWR && (flags & LX_O_NONBLOCK) == 0)
        error = wait_for_company(pipe, mode, others);
    if (error != 0)
        file_put(file);
    else
        *out = file;
    return error;
}
