/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/epoll_wait.c - collecting events; contract in epoll.h.
 *
 * An item leaves the ready list before its file is asked: an event that comes
 * after the answer finds it off the list and puts it back. So the list may hold
 * items without events, but misses none.
 */
#include "core/abi/errno.h"
#include "core/fs/epoll_impl.h"
#include "core/vm/uaccess.h"

static bool has_ready(struct epoll *epoll)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);
    bool has = !list_is_empty(&epoll->ready);

    spin_unlock_irq(&epoll->ready_lock, saved);
    return has;
}

/* All that is ready moves to batch, in its order; or back, in front. */
static void take_batch(struct epoll *epoll, struct list *batch)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);

    list_init(batch);
    list_move_all(batch, &epoll->ready);
    spin_unlock_irq(&epoll->ready_lock, saved);
}

static void put_batch(struct epoll *epoll, struct list *batch)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);

    list_move_all(&epoll->ready, batch);
    spin_unlock_irq(&epoll->ready_lock, saved);
}

static struct epoll_item *take_item(struct epoll *epoll, struct list *batch)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);
    struct list *node = list_pop_front(batch);

    spin_unlock_irq(&epoll->ready_lock, saved);
    return node == NULL ? NULL : list_entry(node, struct epoll_item, ready);
}

/* Back to the front of what is still to come. */
static void put_item(struct epoll_item *item, struct list *batch)
{
    unsigned saved = spin_lock_irq(&item->epoll->ready_lock);

    if (!list_is_linked(&item->ready))
        list_push_front(batch, &item->ready);
    spin_unlock_irq(&item->epoll->ready_lock, saved);
}

unsigned epoll_poll(struct file *file)
{
    struct epoll *epoll = file->data;
    struct epoll_item *item;
    unsigned events = 0;
    struct list batch;

    if (!has_ready(epoll))
        return 0;
    mutex_lock(&epoll->lock);
    take_batch(epoll, &batch);
    while (events == 0 && (item = take_item(epoll, &batch)) != NULL) {
        if (epoll_look(item) == 0)
            continue;
        put_item(item, &batch);
        events = EPOLL_READABLE;
    }
    put_batch(epoll, &batch);
    mutex_unlock(&epoll->lock);
    return events;
}

/* What becomes of an item whose events were told. */
static void after_event(struct epoll_item *item) REQUIRES(item->epoll->lock)
{
    if ((item->events & LX_EPOLLONESHOT) != 0)
        __atomic_store_n(&item->events, item->events & EPOLL_HOW,
                         __ATOMIC_RELAXED);
    else if ((item->events & LX_EPOLLET) == 0)
        epoll_mark_ready(item);
}

/* Asks the items of batch until to is full: how many events, or -EFAULT. */
static int ask_items(struct epoll *epoll, struct list *batch,
                     const struct epoll_array *to) REQUIRES(epoll->lock)
{
    unsigned count = 0;

    while (count < to->count) {
        struct epoll_item *item = take_item(epoll, batch);
        struct lx_epoll_event event;

        if (item == NULL)
            break;
        event.events = epoll_look(item);
        if (event.events == 0)
            continue;
        event.data = item->data;
        if (copy_out_struct(to->as, to->at + count * sizeof(event), &event) !=
            0) {
            put_item(item, batch);
            return count > 0 ? (int)count : -EFAULT;
        }
        after_event(item);
        count++;
    }
    return (int)count;
}

/* What there is now: how many, 0, -EFAULT, -EINTR. */
static int collect_now(struct epoll *epoll, const struct epoll_array *to)
{
    struct list batch;
    int count;

    if (!has_ready(epoll))
        return 0;
    if (mutex_lock_killable(&epoll->lock) != 0)
        return -EINTR;
    take_batch(epoll, &batch);
    count = ask_items(epoll, &batch, to);
    put_batch(epoll, &batch);
    mutex_unlock(&epoll->lock);
    return count;
}

/* A wake finds one of those who wait; he passes it on when he leaves some. */
static void pass_on(struct epoll *epoll)
{
    if (has_ready(epoll))
        epoll_tell(epoll);
}

static SELDOM int wait_and_collect(struct epoll *epoll,
                                   const struct epoll_array *to,
                                   uint64_t deadline_ns)
{
    struct waiter waiter;
    struct wait_set set;
    int error = 0, count;

    wait_set_init(&set);
    wait_set_waiter(&set, &waiter, WAIT_ANY);
    waiter.is_exclusive = true;
    waitq_add(&epoll->relay.queue, &waiter);
    do {
        wait_set_reset(&set);
        count = collect_now(epoll, to);
        if (count != 0 || error != 0)
            break;
        error = wait_set_sleep(&set, deadline_ns);
    } while (error != -EINTR);
    waitq_remove(&waiter);
    pass_on(epoll);
    if (count != 0)
        return count;
    return error == -ETIMEDOUT ? 0 : error;
}

int epoll_collect(struct epoll *epoll, const struct epoll_array *to,
                  uint64_t deadline_ns)
{
    int count = collect_now(epoll, to);

    if (count != 0 || deadline_ns == 0)
        return count;
    return wait_and_collect(epoll, to, deadline_ns);
}
