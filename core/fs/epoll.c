/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/epoll.c - instances and their items; contract in epoll.h.
 *
 * Three may take an item out: epoll_ctl(2), the end of the instance, the last
 * put of the file. All do it under the instance's lock, and while an item is in
 * the instance's tree its file is there: the last put comes for this lock
 * before it frees anything. What keeps the instance for it is that the end of
 * the instance, too, has to take the item out of the file's list.
 */
#include "core/fs/epoll.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/anon.h"
#include "core/fs/epoll_impl.h"
#include "core/fs/poll.h"
#include "core/id/user.h"
#include "core/mem/cache.h"

/* What may be asked for together with LX_EPOLLEXCLUSIVE. */
#define WITH_EXCLUSIVE \
    (LX_POLLIN | LX_POLLOUT | LX_POLLERR | LX_POLLHUP | LX_EPOLLWAKEUP | \
     LX_EPOLLET | LX_EPOLLEXCLUSIVE)

static const struct lock_class epoll_class = {"epoll", LOCK_RANK_EPOLL};
static const struct lock_class ready_class = {"epoll ready", LOCK_RANK_EVENTS};

static struct mem_cache epoll_cache, item_cache;

void epoll_init_all(void)
{
    cache_init(&epoll_cache, "epoll", sizeof(struct epoll), 64);
    cache_init(&item_cache, "epoll item", sizeof(struct epoll_item), 64);
    epoll_tree_init();
}

static void free_epoll(struct rcu_head *head)
{
    mem_free(&epoll_cache, container_of(head, struct epoll, rcu));
}

/* A wake that was put off may be on its way to the relay. */
static void put_epoll(struct epoll *epoll)
{
    if (!refcount_put(&epoll->refs))
        return;
    user_put(epoll->user);
    rcu_call(&epoll->rcu, free_epoll);
}

/* --- wakes ---------------------------------------------------------------- */

void epoll_mark_ready(struct epoll_item *item)
{
    struct epoll *epoll = item->epoll;
    unsigned saved = spin_lock_irq(&epoll->ready_lock);

    epoll_add_ready(item);
    spin_unlock_irq(&epoll->ready_lock, saved);
}

void epoll_tell(struct epoll *epoll)
{
    if (waitq_is_watched(&epoll->relay.queue))
        waitq_wake(&epoll->relay.queue, EPOLL_READABLE);
}

/* The file's queue was woken. An exclusive item takes notice where somebody is
 * there to collect. */
static bool note_event(struct waiter *waiter, struct wake *wake)
{
    struct epoll_item *item = waiter->arg;
    unsigned events = __atomic_load_n(&item->events, __ATOMIC_RELAXED);

    if ((events & ~EPOLL_HOW) == 0 ||
        (poll_interest(events) & wake->events) == 0)
        return false;
    epoll_mark_ready(item);
    wake_later(wake, &item->epoll->relay);
    return waitq_is_watched(&item->epoll->relay.queue);
}

/* --- items ---------------------------------------------------------------- */

static struct epoll_item *item_of(struct tree_node *node)
{
    return container_of(node, struct epoll_item, node);
}

/* Order by file, then descriptor. */
static int compare(const struct epoll_item *item, const struct file *file,
                   int fd)
{
    uintptr_t a = (uintptr_t)item->file, b = (uintptr_t)file;

    if (a != b)
        return a < b ? -1 : 1;
    return item->fd < fd ? -1 : item->fd > fd;
}

/* The item, or NULL and where it would be. */
static struct epoll_item *find_item(struct epoll *epoll,
                                    const struct file *file, int fd,
                                    struct tree_node **parent, int *side)
    REQUIRES(epoll->lock)
{
    struct tree_node *at = epoll->items.root;

    *parent = NULL;
    *side = 0;
    while (at != NULL) {
        int order = compare(item_of(at), file, fd);

        if (order == 0)
            return item_of(at);
        *parent = at;
        *side = order < 0;
        at = at->child[*side];
    }
    return NULL;
}

static bool is_nested(const struct epoll_item *item)
{
    return epoll_of(item->file) != NULL;
}

static void watch_file(struct epoll_item *item)
{
    struct file *file = item->file;

    __atomic_store_n(&file->was_watched, true, __ATOMIC_RELAXED);
    spin_lock(&file->watch_lock);
    list_push_back(&file->watches, &item->of_file);
    spin_unlock(&file->watch_lock);
}

/* Takes an item out and frees it. epoll->lock, and the tree's if it is nested.
 */
static void remove_item(struct epoll_item *item) NO_TSA
{
    struct epoll *epoll = item->epoll;
    struct file *file = item->file;
    unsigned saved;

    waitq_remove(&item->waiter);
    saved = spin_lock_irq(&epoll->ready_lock);
    list_remove(&item->ready);
    spin_unlock_irq(&epoll->ready_lock, saved);
    tree_remove(&epoll->items, &item->node);
    if (is_nested(item))
        epoll_tree_remove(item);
    spin_lock(&file->watch_lock); /* from here on, file may go */
    list_remove(&item->of_file);
    spin_unlock(&file->watch_lock);
    __atomic_sub_fetch(&epoll->user->watches, 1, __ATOMIC_RELAXED);
    mem_free(&item_cache, item);
}

static struct epoll_item *new_item(struct epoll *epoll, struct file *file,
                                   int fd, const struct lx_epoll_event *event)
{
    struct epoll_item *item = mem_alloc(&item_cache, MEM_WAIT, NULL);

    if (item == NULL)
        return NULL;
    waiter_init(&item->waiter, WAKE_ANY, note_event, item);
    item->waiter.is_exclusive = (event->events & LX_EPOLLEXCLUSIVE) != 0;
    list_init(&item->ready);
    list_init(&item->of_file);
    list_init(&item->down);
    list_init(&item->up);
    item->epoll = epoll;
    item->file = file;
    item->fd = fd;
    item->events = event->events | LX_POLLERR | LX_POLLHUP;
    item->data = event->data;
    return item;
}

/* Events may have been there already. */
static void look_first(struct epoll_item *item)
{
    if (epoll_look(item) == 0)
        return;
    epoll_mark_ready(item);
    epoll_tell(item->epoll);
}

static int add_item(struct epoll *epoll, struct file *file, int fd,
                    const struct lx_epoll_event *event) REQUIRES(epoll->lock)
{
    struct tree_node *parent;
    struct epoll_item *item;
    int side, error = 0;

    if (find_item(epoll, file, fd, &parent, &side) != NULL)
        return -EEXIST;
    item = new_item(epoll, file, fd, event);
    if (item == NULL)
        return -ENOMEM;
    if (is_nested(item)) {
        epoll->has_nested = true;
        error = epoll_tree_add(item);
    }
    if (error != 0) {
        mem_free(&item_cache, item);
        return error;
    }
    tree_insert(&epoll->items, &item->node, parent, side);
    watch_file(item);
    waitq_add(file->ops->waitq(file), &item->waiter);
    look_first(item);
    return 0;
}

static int add_counted(struct epoll *epoll, struct file *file, int fd,
                       const struct lx_epoll_event *event) REQUIRES(epoll->lock)
{
    unsigned *watches = &epoll->user->watches;
    int error = -ENOSPC;

    if (__atomic_add_fetch(watches, 1, __ATOMIC_RELAXED) <= EPOLL_WATCHES_MAX)
        error = add_item(epoll, file, fd, event);
    if (error != 0)
        __atomic_sub_fetch(watches, 1, __ATOMIC_RELAXED);
    return error;
}

/* epoll->lock. Whoever is called by the old events meanwhile leaves the item on
 * the ready list, where it is asked again. */
static int change_item(struct epoll_item *item,
                       const struct lx_epoll_event *event)
{
    if (((item->events | event->events) & LX_EPOLLEXCLUSIVE) != 0)
        return -EINVAL;
    item->data = event->data;
    __atomic_store_n(&item->events, event->events | LX_POLLERR | LX_POLLHUP,
                     __ATOMIC_RELAXED);
    look_first(item);
    return 0;
}

static int control_locked(struct epoll *epoll, unsigned op, struct file *file,
                          int fd, const struct lx_epoll_event *event)
    REQUIRES(epoll->lock)
{
    struct tree_node *parent;
    struct epoll_item *item;
    int side;

    if (op == LX_EPOLL_CTL_ADD)
        return add_counted(epoll, file, fd, event);
    item = find_item(epoll, file, fd, &parent, &side);
    if (op != LX_EPOLL_CTL_DEL && op != LX_EPOLL_CTL_MOD)
        return -EINVAL;
    if (item == NULL)
        return -ENOENT;
    if (op == LX_EPOLL_CTL_MOD)
        return change_item(item, event);
    remove_item(item);
    return 0;
}

static int check_control(const struct epoll *epoll, unsigned op,
                         const struct file *file,
                         const struct lx_epoll_event *event)
{
    const struct epoll *watched = epoll_of(file);

    if (file->ops->poll == NULL)
        return -EPERM;
    if (watched == epoll)
        return -EINVAL;
    if (op == LX_EPOLL_CTL_DEL || (event->events & LX_EPOLLEXCLUSIVE) == 0)
        return 0;
    if (op == LX_EPOLL_CTL_MOD)
        return -EINVAL;
    if (op == LX_EPOLL_CTL_ADD &&
        (watched != NULL || (event->events & ~WITH_EXCLUSIVE) != 0))
        return -EINVAL;
    return 0;
}

int epoll_control(struct epoll *epoll, unsigned op, struct file *file, int fd,
                  const struct lx_epoll_event *event)
{
    bool is_nesting = epoll_of(file) != NULL;
    int error = check_control(epoll, op, file, event);

    if (error != 0)
        return error;
    if (is_nesting)
        epoll_tree_lock();
    mutex_lock(&epoll->lock);
    error = control_locked(epoll, op, file, fd, event);
    mutex_unlock(&epoll->lock);
    if (is_nesting)
        epoll_tree_unlock();
    return error;
}

/* --- ends ----------------------------------------------------------------- */

/* An item of file, and of epoll unless that is NULL; or NULL. Of an item that
 * is still in the list, the instance is still there. */
static struct epoll_item *find_watch(struct file *file,
                                     const struct epoll *epoll)
    REQUIRES(file->watch_lock)
{
    list_for_each(node, &file->watches)
    {
        struct epoll_item *item = list_entry(node, struct epoll_item, of_file);

        if (epoll == NULL || item->epoll == epoll)
            return item;
    }
    return NULL;
}

/* An instance that watches file, with a reference; or NULL. */
static struct epoll *find_watcher(struct file *file)
{
    struct epoll *epoll = NULL;
    struct epoll_item *item;

    spin_lock(&file->watch_lock);
    item = find_watch(file, NULL);
    if (item != NULL) {
        epoll = item->epoll;
        refcount_get(&epoll->refs);
    }
    spin_unlock(&file->watch_lock);
    return epoll;
}

static void remove_items_of(struct epoll *epoll, struct file *file)
    REQUIRES(epoll->lock)
{
    struct epoll_item *item;

    do {
        spin_lock(&file->watch_lock);
        item = find_watch(file, epoll);
        spin_unlock(&file->watch_lock);
        if (item != NULL)
            remove_item(item);
    } while (item != NULL);
}

void epoll_forget_file(struct file *file)
{
    bool is_nested_file = epoll_of(file) != NULL;
    struct epoll *epoll;

    for (epoll = find_watcher(file); epoll != NULL;
         epoll = find_watcher(file)) {
        if (is_nested_file)
            epoll_tree_lock();
        mutex_lock(&epoll->lock);
        remove_items_of(epoll, file);
        mutex_unlock(&epoll->lock);
        if (is_nested_file)
            epoll_tree_unlock();
        put_epoll(epoll);
    }
}

/* Nobody has the file, so nobody adds items. */
static void release_epoll(struct file *file) NO_TSA
{
    struct epoll *epoll = file->data;
    bool is_nesting = epoll->has_nested;

    if (is_nesting)
        epoll_tree_lock();
    mutex_lock(&epoll->lock);
    while (epoll->items.root != NULL)
        remove_item(item_of(epoll->items.root));
    mutex_unlock(&epoll->lock);
    if (is_nesting)
        epoll_tree_unlock();
    put_epoll(epoll);
}

static struct waitq *epoll_waitq(struct file *file)
{
    struct epoll *epoll = file->data;

    return &epoll->relay.queue;
}

static const struct file_ops epoll_ops = {
    .poll = epoll_poll,
    .waitq = epoll_waitq,
    .stat = anon_stat,
    .seek = anon_seek,
    .release = release_epoll,
    .is_stream = true,
};

struct epoll *epoll_of(const struct file *file)
{
    return file->ops == &epoll_ops ? (struct epoll *)file->data : NULL;
}

int epoll_make_file(struct user *user, struct file **out)
{
    struct epoll *epoll = mem_alloc(&epoll_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (epoll == NULL)
        return -ENOMEM;
    error = file_create(&epoll_ops, LX_O_RDWR, epoll, out);
    if (error != 0) {
        mem_free(&epoll_cache, epoll);
        return error;
    }
    refcount_init(&epoll->refs, 1);
    mutex_init(&epoll->lock, &epoll_class);
    spin_init(&epoll->ready_lock, &ready_class);
    list_init(&epoll->ready);
    wait_relay_init(&epoll->relay, EPOLL_READABLE);
    list_init(&epoll->nested);
    list_init(&epoll->watchers);
    user_get(user);
    epoll->user = user;
    return 0;
}
