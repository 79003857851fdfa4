/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/eventfd.c - contract in eventfd.h.
 */
#include "core/fs/eventfd.h"

#include "core/abi/errno.h"
#include "core/abi/eventfd.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/fs/anon.h"
#include "core/fs/file.h"
#include "core/mem/cache.h"
#include "core/sched/waitq.h"
#include "core/vm/uaccess.h"

/* The count is an atomic word, so that no lock is needed. */
struct eventfd {
    struct waitq waitq;
    uint64_t count;    /* atomic; UINT64_MAX is never reached */
    bool is_semaphore; /* const */
};

static struct mem_cache eventfd_cache;

void eventfd_init_all(void)
{
    cache_init(&eventfd_cache, "eventfd", sizeof(struct eventfd), 64);
}

/* Takes what a read is to give: false when there is nothing. */
static bool take_count(struct eventfd *eventfd, uint64_t *value)
{
    uint64_t count = __atomic_load_n(&eventfd->count, __ATOMIC_RELAXED);

    do {
        if (count == 0)
            return false;
        *value = eventfd->is_semaphore ? 1 : count;
    } while (!__atomic_compare_exchange_n(&eventfd->count, &count,
                                          count - *value, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

/* Adds: false when there is no room. */
static bool add_count(struct eventfd *eventfd, uint64_t value)
{
    uint64_t count = __atomic_load_n(&eventfd->count, __ATOMIC_RELAXED);

    do {
        if (value >= UINT64_MAX - count)
            return false;
    } while (!__atomic_compare_exchange_n(&eventfd->count, &count,
                                          count + value, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

static ssize_t read_eventfd(struct file *file, struct user_cursor *to,
                            uint64_t *position)
{
    struct eventfd *eventfd = file->data;
    uint64_t value;

    (void)position;
    if (to->left < sizeof(value))
        return -EINVAL;
    if (!take_count(eventfd, &value))
        return -EAGAIN;
    if (waitq_is_watched(&eventfd->waitq))
        waitq_wake(&eventfd->waitq, LX_POLLOUT);
    return cursor_copy_out(to, &value, sizeof(value)) == sizeof(value)
               ? (ssize_t)sizeof(value)
               : -EFAULT;
}

static ssize_t write_eventfd(struct file *file, struct user_cursor *from,
                             uint64_t *position)
{
    struct eventfd *eventfd = file->data;
    struct user_cursor ahead = *from;
    uint64_t value;

    (void)position;
    if (cursor_row(from) < sizeof(value))
        return -EINVAL;
    if (cursor_copy_in(&ahead, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (!add_count(eventfd, value))
        return -EAGAIN;
    *from = ahead;
    if (waitq_is_watched(&eventfd->waitq))
        waitq_wake(&eventfd->waitq, LX_POLLIN);
    return sizeof(value);
}

static unsigned poll_eventfd(struct file *file)
{
    const struct eventfd *eventfd = file->data;
    uint64_t count = __atomic_load_n(&eventfd->count, __ATOMIC_SEQ_CST);
    unsigned events = 0;

    if (count > 0)
        events |= LX_POLLIN;
    if (count < UINT64_MAX - 1)
        events |= LX_POLLOUT;
    return events;
}

static struct waitq *eventfd_waitq(struct file *file)
{
    struct eventfd *eventfd = file->data;

    return &eventfd->waitq;
}

static void release_eventfd(struct file *file)
{
    mem_free(&eventfd_cache, file->data);
}

static const struct file_ops eventfd_ops = {
    .read = read_eventfd,
    .write = write_eventfd,
    .poll = poll_eventfd,
    .waitq = eventfd_waitq,
    .stat = anon_stat,
    .seek = anon_seek,
    .release = release_eventfd,
    .is_stream = true,
    .has_units = true,
};

int eventfd_create(uint64_t count, unsigned flags, struct file **out)
{
    struct eventfd *eventfd = mem_alloc(&eventfd_cache, MEM_WAIT, NULL);
    int error;

    if (eventfd == NULL)
        return -ENOMEM;
    waitq_init(&eventfd->waitq);
    eventfd->count = count;
    eventfd->is_semaphore = (flags & LX_EFD_SEMAPHORE) != 0;
    error = file_create(&eventfd_ops, (flags & LX_EFD_NONBLOCK) | LX_O_RDWR,
                        eventfd, out);
    if (error != 0)
        mem_free(&eventfd_cache, eventfd);
    return error;
}
