/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pages.c - contract in pages.h.
 *
 * A node knows its height, so a reader that found a root knows how to go down
 * whatever happens to the tree meanwhile. Nodes are not given back before the
 * file goes or becomes empty.
 */
#include "core/fs/pages.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/sync/rcu.h"

enum { NODE_BITS = 6, NODE_SLOTS = 1 << NODE_BITS, HEIGHT_MAX = 9 };

struct pages_node {
    unsigned height; /* const; 1: slots are pages */
    struct rcu_head rcu;
    void *slot[NODE_SLOTS]; /* RCU */
};

static const struct lock_class pages_class = {"pages", LOCK_RANK_FILE};

static struct mem_cache node_cache;

void pages_init_all(void)
{
    cache_init(&node_cache, "page node", sizeof(struct pages_node), 16);
}

void pages_init(struct pages *pages)
{
    spin_init(&pages->lock, &pages_class);
    pages->root = NULL;
    pages->count = 0;
}

/* Indices below a node of that height. */
static uint64_t reach_of(unsigned height)
{
    return UINT64_C(1) << (NODE_BITS * height);
}

static unsigned slot_of(uint64_t index, unsigned height)
{
    return (unsigned)(index >> (NODE_BITS * (height - 1))) % NODE_SLOTS;
}

/* The slot of index, or NULL where there is no node for it. */
static struct page *look_up(const struct pages *pages, uint64_t index)
{
    const struct pages_node *node = RCU_LOAD(pages->root);

    if (node == NULL || index >= reach_of(node->height))
        return NULL;
    for (unsigned height = node->height; height > 1; height--) {
        node = RCU_LOAD(node->slot[slot_of(index, height)]);
        if (node == NULL)
            return NULL;
    }
    return RCU_LOAD(node->slot[slot_of(index, 1)]);
}

struct page *pages_find(struct pages *pages, uint64_t index)
{
    struct page *page;

    rcu_read_lock();
    do {
        page = look_up(pages, index);
        if (page == NULL)
            break;
        if (!refcount_get_unless_zero(&page->refs))
            continue; /* on its way out: look again */
        if (look_up(pages, index) == page)
            break;
        page_put(page);
    } while (true);
    rcu_read_unlock();
    return page;
}

static struct pages_node *make_node(unsigned height)
{
    struct pages_node *node = mem_alloc(&node_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (node != NULL)
        node->height = height;
    return node;
}

static void free_node(struct rcu_head *head)
{
    mem_free(&node_cache, container_of(head, struct pages_node, rcu));
}

static unsigned height_for(uint64_t index)
{
    unsigned height = 1;

    while (index >= reach_of(height))
        height++;
    return height;
}

/* The height of the first node that lacks on the way to index; 0: none. */
static unsigned lacking(const struct pages *pages, uint64_t index)
    REQUIRES(pages->lock)
{
    const struct pages_node *node = pages->root;

    if (node == NULL)
        return height_for(index);
    if (index >= reach_of(node->height))
        return node->height + 1;
    for (unsigned height = node->height; height > 1; height--) {
        node = node->slot[slot_of(index, height)];
        if (node == NULL)
            return height - 1;
    }
    return 0;
}

/* Puts node, of the height that lacks, in its place. */
static void add_node(struct pages *pages, uint64_t index,
                     struct pages_node *node) REQUIRES(pages->lock)
{
    struct pages_node *at = pages->root;

    if (at == NULL || index >= reach_of(at->height)) {
        node->slot[0] = at; /* NULL: the first */
        RCU_STORE(pages->root, node);
        return;
    }
    while (at->height > node->height + 1)
        at = at->slot[slot_of(index, at->height)];
    RCU_STORE(at->slot[slot_of(index, at->height)], node);
}

/* Puts page in its slot; the way there is complete. */
static int fill_slot(struct pages *pages, uint64_t index, struct page *page)
    REQUIRES(pages->lock)
{
    struct pages_node *node = pages->root;

    for (unsigned height = node->height; height > 1; height--)
        node = node->slot[slot_of(index, height)];
    if (node->slot[slot_of(index, 1)] != NULL)
        return -EEXIST;
    RCU_STORE(node->slot[slot_of(index, 1)], page);
    __atomic_store_n(&pages->count, pages->count + 1, __ATOMIC_RELAXED);
    return 0;
}

int pages_insert(struct pages *pages, uint64_t index, struct page *page)
{
    struct pages_node *node = NULL;
    unsigned lacks, made = 0;
    int error = 0;

    ASSERT(index < reach_of(HEIGHT_MAX));
    for (;;) {
        spin_lock(&pages->lock);
        lacks = lacking(pages, index);
        if (node != NULL && lacks == made) {
            add_node(pages, index, node);
            node = NULL;
            lacks = lacking(pages, index);
        }
        if (lacks == 0)
            error = fill_slot(pages, index, page);
        spin_unlock(&pages->lock);
        if (lacks == 0)
            break;
        mem_free(&node_cache, node);
        made = lacks;
        node = make_node(lacks);
        if (node == NULL)
            return -ENOMEM;
    }
    mem_free(&node_cache, node);
    return error;
}

/* The leaf that has, or would have, index; where there is none, NULL and in
 * *index the first that another may have. */
static struct pages_node *find_leaf(const struct pages *pages, uint64_t *index)
{
    struct pages_node *node = RCU_LOAD(pages->root);

    if (node == NULL || *index >= reach_of(node->height)) {
        *index = UINT64_MAX;
        return NULL;
    }
    while (node->height > 1) {
        uint64_t reach = reach_of(node->height - 1);

        node = RCU_LOAD(node->slot[slot_of(*index, node->height)]);
        if (node == NULL) {
            *index = round_down(*index, reach) + reach;
            return NULL;
        }
    }
    return node;
}

struct page *pages_take(struct pages *pages, uint64_t *index, uint64_t end)
{
    struct page *page = NULL;
    uint64_t at = *index;

    spin_lock(&pages->lock);
    while (at < end && page == NULL) {
        struct pages_node *leaf = find_leaf(pages, &at);

        if (leaf == NULL)
            continue;
        page = leaf->slot[slot_of(at, 1)];
        if (page == NULL) {
            at++;
            continue;
        }
        RCU_STORE(leaf->slot[slot_of(at, 1)], NULL);
        __atomic_store_n(&pages->count, pages->count - 1, __ATOMIC_RELAXED);
        *index = at;
    }
    spin_unlock(&pages->lock);
    return page;
}

uint64_t pages_next(struct pages *pages, uint64_t index, uint64_t end,
                    bool present)
{
    rcu_read_lock();
    while (index < end) {
        uint64_t at = index;
        const struct pages_node *leaf = find_leaf(pages, &at);
        bool has =
            leaf != NULL && RCU_LOAD(leaf->slot[slot_of(index, 1)]) != NULL;

        if (has == present)
            break;
        index = leaf == NULL ? at : index + 1;
    }
    rcu_read_unlock();
    return min_u64(index, end);
}

/* Gives back a node and all below; as deep as the tree is high. */
static void drop_node(struct pages_node *node)
{
    for (unsigned i = 0; i < NODE_SLOTS && node->height > 1; i++)
        if (node->slot[i] != NULL)
            drop_node(node->slot[i]);
    rcu_call(&node->rcu, free_node);
}

void pages_fini(struct pages *pages)
{
    ASSERT(pages->count == 0);
    if (pages->root != NULL)
        drop_node(pages->root);
    pages->root = NULL;
}
