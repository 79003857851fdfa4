/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/file.c - contract in file.h; the one blocking loop of the kernel.
 */
#include "core/fs/file.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/sched/waitq.h"
#include "core/vm/uaccess.h"

static const struct lock_class fd_class = {"fd table", LOCK_RANK_PROCESS};

void file_init(struct file *file, const struct file_ops *ops, unsigned flags)
{
    refcount_init(&file->refs, 1);
    file->ops = ops;
    file->flags = flags;
}

void file_get(struct file *file)
{
    refcount_get(&file->refs);
}

void file_put(struct file *file)
{
    if (refcount_put(&file->refs) && file->ops->release != NULL)
        file->ops->release(file);
}

/* What a thread in the blocking loop waits for. */
struct readiness {
    struct file *file;
    unsigned events;
};

static bool is_ready(void *arg)
{
    struct readiness *want = arg;

    return (want->file->ops->poll(want->file) & want->events) != 0;
}

/* Sleeps until one of events, an error or a hang-up holds. */
static int wait_until_ready(struct file *file, unsigned events)
{
    struct readiness want = {file, events | LX_POLLERR | LX_POLLHUP};

    if ((file->flags & LX_O_NONBLOCK) != 0)
        return -EAGAIN;
    return waitq_wait_killable(file->ops->waitq(file), is_ready, &want,
                               WAIT_FOREVER);
}

ssize_t file_read(struct file *file, struct user_cursor *to)
{
    ssize_t done;
    int error;

    if ((file->flags & LX_O_ACCMODE) == LX_O_WRONLY)
        return -EBADF;
    if (file->ops->read == NULL)
        return -EINVAL;
    if (to->left == 0)
        return 0;
    for (;;) {
        done = file->ops->read(file, to);
        if (done != -EAGAIN)
            return done;
        error = wait_until_ready(file, LX_POLLIN);
        if (error != 0)
            return error;
    }
}

ssize_t file_write(struct file *file, struct user_cursor *from)
{
    uint64_t size = from->left;
    ssize_t result = 0;

    if ((file->flags & LX_O_ACCMODE) == LX_O_RDONLY)
        return -EBADF;
    if (file->ops->write == NULL)
        return -EINVAL;
    while (from->left > 0) {
        result = file->ops->write(file, from);
        if (result == -EAGAIN)
            result = wait_until_ready(file, LX_POLLOUT);
        if (result < 0)
            break;
    }
    return from->left < size ? (ssize_t)(size - from->left) : result;
}

void fd_table_init(struct fd_table *table)
{
    *table = (struct fd_table){0};
    spin_init(&table->lock, &fd_class);
}

void fd_table_fini(struct fd_table *table)
{
    for (size_t fd = 0; fd < COUNT_OF(table->files); fd++) {
        if (table->files[fd] != NULL)
            file_put(table->files[fd]);
        table->files[fd] = NULL;
    }
}

struct file *fd_get(struct fd_table *table, int fd)
{
    struct file *file = NULL;

    if (fd < 0 || fd >= FD_TABLE_MAX)
        return NULL;
    spin_lock(&table->lock);
    file = table->files[fd];
    if (file != NULL)
        file_get(file);
    spin_unlock(&table->lock);
    return file;
}

int fd_install(struct fd_table *table, struct file *file)
{
    int fd;

    spin_lock(&table->lock);
    for (fd = 0; fd < FD_TABLE_MAX && table->files[fd] != NULL; fd++)
        continue;
    if (fd < FD_TABLE_MAX)
        table->files[fd] = file;
    spin_unlock(&table->lock);
    return fd < FD_TABLE_MAX ? fd : -EMFILE;
}
