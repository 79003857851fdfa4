/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/epoll_impl.h - what epoll.c, epoll_wait.c and epoll_tree.c share.
 */
#ifndef CORE_FS_EPOLL_IMPL_H
#define CORE_FS_EPOLL_IMPL_H

#include "core/abi/poll.h"
#include "core/base/tree.h"
#include "core/fs/epoll.h"
#include "core/fs/file.h"
#include "core/sched/mutex.h"

/* Of an item's events, what says how they are told. */
#define EPOLL_HOW \
    (LX_EPOLLET | LX_EPOLLONESHOT | LX_EPOLLWAKEUP | LX_EPOLLEXCLUSIVE)

#define EPOLL_READABLE (LX_POLLIN | LX_POLLRDNORM)

struct epoll {
    struct refcount refs; /* its file's, and of who looks at it meanwhile */
    struct mutex lock;
    struct tree items GUARDED_BY(lock);       /* by (file, fd) */
    struct spinlock ready_lock;               /* irq-safe */
    struct list ready GUARDED_BY(ready_lock); /* items that may have events */
    bool has_ready; /* is it not empty? written under ready_lock, atomic */
    struct wait_relay relay; /* those who collect, and instances above */
    struct user *user;       /* a reference; const */
    bool has_nested;      /* watches, or watched, another; written under lock */
    struct list nested;   /* items for other instances; the tree's lock */
    struct list watchers; /* items of others for this one; the same */
    uint64_t round;       /* when depth was found out; the same */
    unsigned depth;       /* the same */
    struct rcu_head rcu;
};

struct epoll_item {
    struct tree_node node; /* epoll->items; its lock */
    struct waiter waiter;
    struct list ready;   /* of epoll->ready or a collector; ready_lock */
    struct list of_file; /* of file->watches; its watch_lock */
    struct list down;    /* of epoll->nested; the tree's lock */
    struct list up;      /* of the watched one's watchers; the same */
    struct epoll *epoll; /* const */
    struct file *file;   /* const; no reference */
    int fd;              /* const */
    uint32_t events;     /* what is asked for; epoll->lock to write, atomic */
    uint64_t data;       /* epoll->lock */
};

C_DECLS_BEGIN

/* The bits that item's file has now and item asks for. */
static inline unsigned epoll_look(const struct epoll_item *item)
{
    unsigned events = __atomic_load_n(&item->events, __ATOMIC_RELAXED);

    return file_poll(item->file) & events & ~EPOLL_HOW;
}

/* Puts item on the ready list, unless it is on one. Its ready_lock is held, or
 * in the second form taken. */
static inline void epoll_add_ready(struct epoll_item *item)
{
    if (!list_is_linked(&item->ready))
        list_push_back(&item->epoll->ready, &item->ready);
    __atomic_store_n(&item->epoll->has_ready, true, __ATOMIC_RELAXED);
}

void epoll_mark_ready(struct epoll_item *item);

/* Tells those who wait for the instance that it may have events. */
void epoll_tell(struct epoll *epoll);

/* What file_ops has of an instance: are there events? May sleep for locks. */
unsigned epoll_poll(struct file *file);

/* --- epoll_tree.c: which instances watch one another ---------------------- */

void epoll_tree_init(void);
void epoll_tree_lock(void);
void epoll_tree_unlock(void);

/* May item, whose file is an instance, be added? 0 or -ELOOP; then it is. */
MUST_USE int epoll_tree_add(struct epoll_item *item);
void epoll_tree_remove(struct epoll_item *item);

C_DECLS_END

#endif /* CORE_FS_EPOLL_IMPL_H */
