/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/char_file.c - contract in char_file.h.
 */
#include "core/fs/char_file.h"

#include "core/abi/errno.h"
#include "core/dev/chardev.h"
#include "core/mem/cache.h"
#include "core/sched/thread.h"
#include "core/vm/object.h"
#include "core/vm/uaccess.h"

/* Should a transfer that has moved something stop here? */
static bool is_interrupted(void)
{
    const struct thread *self = thread_current();

    return (__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) &
            (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0;
}

static const struct chardev *device_of(const struct file *file)
{
    return file->data;
}

/* What one step of a transfer comes to: bytes moved, or an error when it is
 * the first. moved is what the device gave or took, copied how much of it
 * passed the user's memory. */
static ssize_t copy_result(ssize_t moved, size_t copied)
{
    return moved > 0 && copied == 0 ? -EFAULT : (ssize_t)copied;
}

static ssize_t read_filler(const struct chardev_ops *ops,
                           struct user_cursor *to)
{
    size_t size = min_size(ops->filler_size, to->left);

    return copy_result((ssize_t)size, cursor_copy_out(to, ops->filler, size));
}

static ssize_t read_chunk(const struct chardev *device, struct user_cursor *to,
                          void *chunk)
{
    ssize_t got;

    if (device->ops->filler != NULL)
        return read_filler(device->ops, to);
    if (device->ops->read == NULL)
        return -EINVAL;
    got =
        device->ops->read(device->data, chunk, min_size(CHAR_CHUNK, to->left));
    if (got <= 0)
        return got;
    return copy_result(got, cursor_copy_out(to, chunk, (size_t)got));
}

static ssize_t read_all(const struct chardev *device, struct user_cursor *to,
                        void *chunk)
{
    ssize_t moved, done = 0;

    do {
        moved = read_chunk(device, to, chunk);
        if (moved > 0)
            done += moved;
    } while (moved > 0 && to->left > 0 && !is_interrupted());
    return done > 0 ? done : moved;
}

static ssize_t read_device(struct file *file, struct user_cursor *to,
                           uint64_t *position)
{
    const struct chardev *device = device_of(file);
    ssize_t done;
    void *chunk;

    (void)position;
    if (device->ops->filler != NULL)
        return read_all(device, to, NULL);
    chunk = kmem_alloc(CHAR_CHUNK, MEM_WAIT, NULL);
    if (chunk == NULL)
        return -ENOMEM;
    done = read_all(device, to, chunk);
    kmem_free(chunk, CHAR_CHUNK);
    return done;
}

/* The cursor is left after what the device took. */
static ssize_t write_chunk(const struct chardev *device,
                           struct user_cursor *from, void *chunk)
{
    struct user_cursor ahead = *from;
    size_t size = cursor_copy_in(&ahead, chunk, CHAR_CHUNK);
    ssize_t taken;

    if (size == 0)
        return -EFAULT;
    taken = device->ops->write(device->data, chunk, size);
    if (taken > 0)
        cursor_skip(from, (size_t)taken);
    return taken;
}

static ssize_t write_all(const struct chardev *device, struct user_cursor *from,
                         void *chunk)
{
    ssize_t moved, done = 0;

    do {
        moved = write_chunk(device, from, chunk);
        if (moved > 0)
            done += moved;
    } while (moved > 0 && from->left > 0 && !is_interrupted());
    return done > 0 ? done : moved;
}

static ssize_t write_device(struct file *file, struct user_cursor *from,
                            uint64_t *position)
{
    const struct chardev *device = device_of(file);
    size_t size = (size_t)from->left;
    ssize_t done;
    void *chunk;

    (void)position;
    if (device->ops->discards) {
        cursor_skip(from, size);
        return (ssize_t)size;
    }
    if (device->ops->write == NULL)
        return -EINVAL;
    chunk = kmem_alloc(CHAR_CHUNK, MEM_WAIT, NULL);
    if (chunk == NULL)
        return -ENOMEM;
    done = write_all(device, from, chunk);
    kmem_free(chunk, CHAR_CHUNK);
    return done;
}

static unsigned poll_device(struct file *file)
{
    const struct chardev *device = device_of(file);

    return device->ops->poll(device->data);
}

static struct waitq *device_waitq(struct file *file)
{
    const struct chardev *device = device_of(file);

    return device->ops->waitq(device->data);
}

/* null(4), random(4): there are no positions, and asking for one is no error.
 */
static int64_t seek_device(struct file *file, int64_t offset, unsigned whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

/* Anonymous memory is told by no object. */
static int map_anonymous(struct file *file, struct vm_object **out)
{
    (void)file;
    *out = NULL;
    return 0;
}

static const struct file_ops plain_ops = {
    .read = read_device,
    .write = write_device,
    .seek = seek_device,
    .is_placeless = true,
};

static const struct file_ops polled_ops = {
    .read = read_device,
    .write = write_device,
    .poll = poll_device,
    .waitq = device_waitq,
    .seek = seek_device,
    .is_placeless = true,
};

static const struct file_ops anonymous_ops = {
    .read = read_device,
    .write = write_device,
    .seek = seek_device,
    .is_placeless = true,
    .object = map_anonymous,
};

static const struct file_ops *ops_for(const struct chardev_ops *ops)
{
    if (ops->maps_anonymous)
        return &anonymous_ops;
    return ops->poll != NULL ? &polled_ops : &plain_ops;
}

int char_open(uint64_t number, unsigned flags, struct file **out)
{
    uint32_t minor = chardev_minor(number);
    struct chardev *device = chardev_find(chardev_major(number), minor);

    if (device == NULL)
        return -ENXIO;
    if (device->ops->open != NULL)
        return device->ops->open(device, minor - device->minor, flags, out);
    return file_create(ops_for(device->ops), flags, device, out);
}
