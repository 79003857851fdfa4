/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/file.c - contract in file.h; the one blocking loop of the kernel.
 * Tables of descriptors are in fd_table.c.
 */
#include "core/fs/file.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/abi/uio.h"
#include "core/fs/epoll.h"
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

static void free_file(struct rcu_head *head)
{
    mem_free(&file_cache, container_of(head, struct file, rcu));
}

static void end_file(struct file *file)
{
    if (__atomic_load_n(&file->was_watched, __ATOMIC_RELAXED))
        epoll_forget_file(file);
    if (file->path.dentry != NULL)
        open_leave(file);
    if (file->ops->release != NULL)
        file->ops->release(file);
    if (file->path.dentry != NULL)
        path_put(&file->path);
    if (!file->is_allocated)
        return;
    __atomic_sub_fetch(&file_count, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&file->was_found, __ATOMIC_RELAXED))
        rcu_call(&file->rcu, free_file);
    else
        mem_free(&file_cache, file);
}

void file_put(struct file *file)
{
    if (refcount_put(&file->refs))
        end_file(file);
}

unsigned file_flags(const struct file *file)
{
    return __atomic_load_n(&file->flags, __ATOMIC_RELAXED);
}

unsigned file_poll(struct file *file)
{
    if (file->ops->poll == NULL)
        return LX_POLLIN | LX_POLLOUT | LX_POLLRDNORM | LX_POLLWRNORM;
    return file->ops->poll(file);
}

bool file_must_not_wait(const struct file *file,
                        const struct user_cursor *cursor)
{
    return (file_flags(file) & LX_O_NONBLOCK) != 0 ||
           (cursor->flags & LX_RWF_NOWAIT) != 0;
}

typedef ssize_t move_fn(struct file *file, struct user_cursor *cursor,
                        uint64_t *position);

/* Tries move, and whenever it says -EAGAIN again after an event. */
static SELDOM ssize_t wait_and_move(struct file *file,
                                    struct user_cursor *cursor,
                                    uint64_t *position, unsigned events)
{
    move_fn *move = events == LX_POLLIN ? file->ops->read : file->ops->write;
    struct waiter waiter;
    struct wait_set set;
    ssize_t done;
    int error = 0;

    if (file_must_not_wait(file, cursor))
        return -EAGAIN;
    wait_set_init(&set);
    wait_set_waiter(&set, &waiter, events | LX_POLLERR | LX_POLLHUP);
    waitq_add(file->ops->waitq(file), &waiter);
    for (;;) {
        wait_set_reset(&set);
        done = move(file, cursor, position);
        if (done != -EAGAIN)
            break;
        error = wait_set_sleep(&set, WAIT_FOREVER);
        if (error != 0)
            break;
    }
    waitq_remove(&waiter);
    return error != 0 ? error : done;
}

static ssize_t read_at(struct file *file, struct user_cursor *to,
                       uint64_t *position)
{
    ssize_t done = file->ops->read(file, to, position);

    if (done != -EAGAIN)
        return done;
    return wait_and_move(file, to, position, LX_POLLIN);
}

static ssize_t write_at(struct file *file, struct user_cursor *from,
                        uint64_t *position)
{
    uint64_t size = from->left;
    ssize_t result;

    do {
        result = file->ops->write(file, from, position);
        if (result == -EAGAIN)
            result = wait_and_move(file, from, position, LX_POLLOUT);
    } while (result > 0 && from->left > 0 && !file->ops->has_units);
    from->is_broken = result == -EPIPE;
    return from->left < size ? (ssize_t)(size - from->left) : result;
}

bool file_is_readable(const struct file *file)
{
    unsigned mode = file_flags(file) & LX_O_ACCMODE;

    return mode == LX_O_RDONLY || mode == LX_O_RDWR;
}

bool file_is_writable(const struct file *file)
{
    unsigned mode = file_flags(file) & LX_O_ACCMODE;

    return mode == LX_O_WRONLY || mode == LX_O_RDWR;
}

/* Where no byte can be: INT64_MAX is the last position. */
static bool ends_beyond(uint64_t position, const struct user_cursor *cursor)
{
    return position > INT64_MAX || cursor->left > INT64_MAX - position;
}

/* Runs move at *position, or at the file's own, which only one thread uses at a
 * time; streams have none, and some files make no use of it. */
static ssize_t move_at(struct file *file, struct user_cursor *cursor,
                       uint64_t *position, move_fn *move)
{
    ssize_t done;

    if (file->ops->is_stream)
        return position == NULL ? move(file, cursor, NULL) : -ESPIPE;
    if (position != NULL)
        return ends_beyond(*position, cursor) ? -EINVAL
                                              : move(file, cursor, position);
    if (file->ops->is_placeless)
        return move(file, cursor, NULL);
    mutex_lock(&file->position_lock);
    done = ends_beyond(file->position, cursor)
               ? -EINVAL
               : move(file, cursor, &file->position);
    mutex_unlock(&file->position_lock);
    return done;
}

/* What cannot be read or written says so; a place (O_PATH) is no file. */
static int no_move_error(const struct file *file)
{
    return (file_flags(file) & LX_O_PATH) != 0 ? -EBADF : -EINVAL;
}

ssize_t file_read(struct file *file, struct user_cursor *to, uint64_t *position)
{
    if (!file_is_readable(file))
        return -EBADF;
    if (file->ops->read == NULL)
        return no_move_error(file);
    if (to->left == 0 && !file->ops->has_units)
        return 0;
    return move_at(file, to, position, read_at);
}

ssize_t file_write(struct file *file, struct user_cursor *from,
                   uint64_t *position)
{
    if (!file_is_writable(file))
        return -EBADF;
    if (file->ops->write == NULL)
        return no_move_error(file);
    if (from->left == 0 && !file->ops->has_units)
        return 0;
    return move_at(file, from, position, write_at);
}
