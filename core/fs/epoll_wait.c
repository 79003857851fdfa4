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
    return __atomic_load_n(&epoll->has_ready, __ATOMIC_SEQ_CST);
}

static struct epoll_item *pop_item(struct list *batch)
{
    struct list *node = list_pop_front(batch);

    return node == NULL ? NULL : list_entry(node, struct epoll_item, ready);
}

/* All that is ready moves to batch, in its order; returns the first. */
static struct epoll_item *take_batch(struct epoll *epoll, struct list *batch)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);
    struct epoll_item *item;

    list_init(batch);
    list_move_all(batch, &epoll->ready);
    __atomic_store_n(&epoll->has_ready, false, __ATOMIC_RELAXED);
    item = pop_item(batch);
    spin_unlock_irq(&epoll->ready_lock, saved);
    return item;
}

/* The next of batch. told, unless NULL, goes to the end of the ready list. */
static struct epoll_item *next_item(struct epoll *epoll, struct list *batch,
                                    struct epoll_item *told)
{
    unsigned saved = spin_lock_irq(&epoll->ready_lock);
    struct epoll_item *item;

    if (told != NULL)
        epoll_add_ready(told);
    item = pop_item(batch);
    spin_unlock_irq(&epoll->ready_lock, saved);
    return item;
}

/* What was not asked goes back to the front: item, unless NULL, and batch. */
static void put_back(struct epoll *epoll, struct epoll_item *item,
                     struct list *batch)
{
    unsigned saved;

    if (item == NULL)
        return; /* batch is empty then */
    saved = spin_lock_irq(&epoll->ready_lock);
    if (!list_is_linked(&item->ready))
        list_push_front(batch, &item->ready);
    list_move_all(&epoll->ready, batch);
    __atomic_store_n(&epoll->has_ready, true, __ATOMIC_RELAXED);
    spin_unlock_irq(&epoll->ready_lock, saved);
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
    item = take_batch(epoll, &batch);
    while (item != NULL && epoll_look(item) == 0)
        item = next_item(epoll, &batch, NULL);
    if (item != NULL)
        events = EPOLL_READABLE;
    put_back(epoll, item, &batch);
    mutex_unlock(&epoll->lock);
    return events;
}

/* An item's event was told: returns it where it stays ready, else NULL.
 * epoll->lock. */
static struct epoll_item *after_event(struct epoll_item *item)
{
    if ((item->events & LX_EPOLLONESHOT) != 0)
        __atomic_store_n(&item->events, item->events & EPOLL_HOW,
                         __ATOMIC_RELAXED);
    return (item->events & (LX_EPOLLET | LX_EPOLLONESHOT)) == 0 ? item : NULL;
}

/* Asks what is ready until to is full: how many events, or -EFAULT. */
static int ask_items(struct epoll *epoll, const struct epoll_array *to)
    REQUIRES(epoll->lock)
{
    struct list batch;
    struct epoll_item *item = take_batch(epoll, &batch), *told;
    unsigned count = 0;
    int error = 0;

    while (item != NULL && count < to->count) {
        struct lx_epoll_event event = {epoll_look(item), item->data};

        told = NULL;
        if (event.events != 0) {
            error =
                copy_out_struct(to->as, to->at + count * sizeof(event), &event);
            if (error != 0)
                break;
            count++;
            told = after_event(item);
        }
        item = next_item(epoll, &batch, told);
    }
    put_back(epoll, item, &batch);
    return count > 0 ? (int)count : error;
}

/* What there is now: how many, 0, -EFAULT, -EINTR. */
static int collect_now(struct epoll *epoll, const struct epoll_array *to)
{
    int count;

    if (!has_ready(epoll))
        return 0;
    if (mutex_lock_killable(&epoll->lock) != 0)
        return -EINTR;
    count = ask_items(epoll, to);
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
    wait_set_waiter(&set, &waiter, WAKE_ANY);
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
