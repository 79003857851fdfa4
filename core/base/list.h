/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/list.h - doubly linked list through a field of what it holds.
 *
 * A node that is on no list points at itself, so removing twice is harmless
 * and list_is_linked() can be asked. The owner of the list owns its lock.
 */
#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

#include "core/base/defs.h"

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline bool list_is_linked(const struct list *node)
{
    return node->next != node;
}

static inline void list_insert_before(struct list *at, struct list *node)
{
    ASSERT(!list_is_linked(node));
    node->next = at;
    node->prev = at->prev;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_push_back(struct list *l, struct list *node)
{
    list_insert_before(l, node);
}

static inline void list_push_front(struct list *l, struct list *node)
{
    list_insert_before(l->next, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node, taken out; NULL when there is none. */
static inline struct list *list_pop_front(struct list *l)
{
    struct list *node = l->next;

    if (node == l)
        return NULL;
    list_remove(node);
    return node;
}

/* All of from, in its order, goes before what is in to. */
static inline void list_move_all(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->prev->next = to->next;
    to->next->prev = from->prev;
    to->next = from->next;
    from->next->prev = to;
    list_init(from);
}

#define list_entry(node, type, field) container_of(node, type, field)

/* Walks the nodes; the body must not remove node. */
#define list_for_each(node, head) \
    for (struct list *node = (head)->next; node != (head); node = node->next)

/* The same, and the body may remove node. */
#define list_for_each_safe(node, head) \
    for (struct list *node = (head)->next, *node##_next = node->next; \
         node != (head); node = node##_next, node##_next = node->next)

#endif /* CORE_BASE_LIST_H */
