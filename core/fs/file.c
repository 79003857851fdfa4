/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/file.c - contract in file.h; the one blocking loop of the kernel.
 * Tables of descriptors are in fd_table.c.
 */
#include "core/fs/file.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/fs/open.h"
#include "core/mem/cache.h"
#include "core/sched/waitq.h"
#include "core/vm/uaccess.h"

static const struct lock_class position_class = {"file position",
                                                 LOCK_RANK_POSITION};
static const struct lock_class watch_class = {"file watches", LOCK_RANK_IDS};

static struct mem_cache file_cache;
static unsigned file_count; /* that file_create() made; atomic */

void file_init_all(void)
{
    cache_init(&file_cache, "file", sizeof(struct file), 64);
}

void file_init(struct file *file, const struct file_ops *ops, unsigned flags,
               void *data)
{
    *file = (struct file){.flags = flags, .ops = ops, .data = data};
    refcount_init(&file->refs, 1);
    mutex_init(&file->position_lock, &position_class);
    spin_init(&file->watch_lock, &watch_class);
    list_init(&file->watches);
}

int file_create(const struct file_ops *ops, unsigned flags, void *data,
                struct file **out)
{
    struct file *file;

    if (__atomic_add_fetch(&file_count, 1, __ATOMIC_RELAXED) > FILES_MAX) {
        __atomic_sub_fetch(&file_count, 1, __ATOMIC_RELAXED);
        return -ENFILE;
    }
    file = mem_alloc(&file_cache, MEM_WAIT, NULL);
    if (file == NULL) {
        __atomic_sub_fetch(&file_count, 1, __ATOMIC_RELAXED);
        return -ENOMEM;
    }
    file_init(file, ops, flags, data);
    file->is_allocated = true;
    *out = file;
    return 0;
}

void file_get(struct file *file)
{
    refcount_get(&file->refs);
}

void file_put(struct file *file)
{
    if (!refcount_put(&file->refs))
        return;
    if (file->path.dentry != NULL)
        open_leave(file);
    if (file->ops->release != NULL)
        file->ops->release(file);
    if (file->path.dentry != NULL)
        path_put(&file->path);
    if (file->is_allocated) {
        mem_free(&file_cache, file);
        __atomic_sub_fetch(&file_count, 1, __ATOMIC_RELAXED);
    }
}

unsigned file_flags(const struct file *file)
{
    return __atomic_load_n(&file->flags, __ATOMIC_RELAXED);
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

    if ((file_flags(file) & LX_O_NONBLOCK) != 0)
        return -EAGAIN;
    return waitq_wait_interruptible(file->ops->waitq(file), is_ready, &want,
                                    WAIT_FOREVER);
}

static ssize_t read_at(struct file *file, struct user_cursor *to,
                       uint64_t *position)
{
    ssize_t done;
    int error;

    for (;;) {
        done = file->ops->read(file, to, position);
        if (done != -EAGAIN)
            return done;
        error = wait_until_ready(file, LX_POLLIN);
        if (error != 0)
            return error;
    }
}

static ssize_t write_at(struct file *file, struct user_cursor *from,
                        uint64_t *position)
{
    uint64_t size = from->left;
    ssize_t result = 0;

    do {
        result = file->ops->write(file, from, position);
        if (result == -EAGAIN)
            result = wait_until_ready(file, LX_POLLOUT);
    } while (result >= 0 && from->left > 0);
    return from->left < size ? (ssize_t)(size - from->left) : result;
}

/* Runs move at *position, or at the file's own, which only one thread uses at a
 * time; streams have none. */
static ssize_t
move_at(struct file *file, struct user_cursor *cursor, uint64_t *position,
        ssize_t (*move)(struct file *, struct user_cursor *, uint64_t *))
{
    ssize_t done;

    if (file->ops->is_stream)
        return position == NULL ? move(file, cursor, NULL) : -ESPIPE;
    if (position != NULL)
        return move(file, cursor, position);
    mutex_lock(&file->position_lock);
    done = move(file, cursor, &file->position);
    mutex_unlock(&file->position_lock);
    return done;
}

ssize_t file_read(struct file *file, struct user_cursor *to, uint64_t *position)
{
    if ((file_flags(file) & LX_O_ACCMODE) == LX_O_WRONLY)
        return -EBADF;
    if (file->ops->read == NULL)
        return -EINVAL;
    return to->left == 0 ? 0 : move_at(file, to, position, read_at);
}

ssize_t file_write(struct file *file, struct user_cursor *from,
                   uint64_t *position)
{
    if ((file_flags(file) & LX_O_ACCMODE) == LX_O_RDONLY)
        return -EBADF;
    if (file->ops->write == NULL)
        return -EINVAL;
    return from->left == 0 ? 0 : move_at(file, from, position, write_at);
}
