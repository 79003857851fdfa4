/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/epoll_tree.c - instances that watch instances: no cycles, no long
 * rows. Contract in epoll_impl.h.
 *
 * Each look at the tree is a round; what was found of an instance in it is kept
 * there, so a round costs no more than there are items.
 */
#include "core/abi/errno.h"
#include "core/fs/epoll_impl.h"

static const struct lock_class tree_class = {"epoll tree",
                                             LOCK_RANK_EPOLL_TREE};

static struct {
    struct mutex lock;
    uint64_t round GUARDED_BY(lock);
} tree;

void epoll_tree_init(void)
{
    mutex_init(&tree.lock, &tree_class);
}

void epoll_tree_lock(void) NO_TSA
{
    mutex_lock(&tree.lock);
}

void epoll_tree_unlock(void) NO_TSA
{
    mutex_unlock(&tree.lock);
}

/* The longest row of instances that begins with epoll and goes down; more than
 * EPOLL_DEPTH_MAX when it meets avoid. The recursion is as deep as rows are. */
static unsigned depth_below(struct epoll *epoll, const struct epoll *avoid)
{
    unsigned depth = 1;

    if (epoll == avoid)
        return EPOLL_DEPTH_MAX + 1;
    if (epoll->round == tree.round)
        return epoll->depth;
    list_for_each(node, &epoll->nested)
    {
        struct epoll_item *item = list_entry(node, struct epoll_item, down);
        unsigned below = depth_below(epoll_of(item->file), avoid);

        if (depth < 1 + below)
            depth = 1 + below;
    }
    epoll->round = tree.round;
    epoll->depth = depth;
    return depth;
}

/* The same upwards. */
static unsigned depth_above(struct epoll *epoll)
{
    unsigned depth = 1;

    if (epoll->round == tree.round)
        return epoll->depth;
    list_for_each(node, &epoll->watchers)
    {
        struct epoll_item *item = list_entry(node, struct epoll_item, up);
        unsigned above = depth_above(item->epoll);

        if (depth < 1 + above)
            depth = 1 + above;
    }
    epoll->round = tree.round;
    epoll->depth = depth;
    return depth;
}

int epoll_tree_add(struct epoll_item *item)
{
    struct epoll *watched = epoll_of(item->file);
    unsigned depth;

    ASSERT(mutex_is_held(&tree.lock));
    tree.round++;
    depth = depth_below(watched, item->epoll);
    tree.round++;
    if (depth + depth_above(item->epoll) > EPOLL_DEPTH_MAX)
        return -ELOOP;
    list_push_back(&item->epoll->nested, &item->down);
    list_push_back(&watched->watchers, &item->up);
    return 0;
}

void epoll_tree_remove(struct epoll_item *item)
{
    ASSERT(mutex_is_held(&tree.lock));
    list_remove(&item->down);
    list_remove(&item->up);
}
