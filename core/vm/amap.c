/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap.c - the contract is in amap.h.
 *
 * The tree is kept canonical: no node is empty, and a root above the chunks has
 * at least two slots in use. A node of height h covers 64^h slots, aligned.
 */
#include "core/vm/amap.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"

struct amap_node {
    struct refcount refs;   /* parents: amaps and nodes */
    unsigned used;          /* slots that are not NULL */
    void *slot[AMAP_SLOTS]; /* nodes; in a chunk, pages */
};

static struct mem_cache amap_cache;
static struct mem_cache node_cache;

void amap_init_all(void)
{
    cache_init(&amap_cache, "amap", sizeof(struct amap), 8);
    cache_init(&node_cache, "amap_node", sizeof(struct amap_node), 8);
}

static unsigned shift_of(unsigned height)
{
    return (height - 1) * AMAP_BITS;
}

/* The last slot number of a node, counted from its first. */
static uint64_t last_of(unsigned height)
{
    return (UINT64_C(1) << (height * AMAP_BITS)) - 1;
}

static unsigned slot_of(uint64_t index, unsigned height)
{
    return (unsigned)(index >> shift_of(height)) % AMAP_SLOTS;
}

static bool covers(const struct amap *amap, uint64_t index)
{
    return amap->root != NULL && index >= amap->first &&
           index - amap->first <= last_of(amap->height);
}

static struct amap_node *node_create(const struct amap *amap)
{
    struct amap_node *node =
        mem_alloc(&node_cache, MEM_WAIT | MEM_ZERO, amap->payer);

    if (node != NULL)
        refcount_init(&node->refs, 1);
    return node;
}

/* An empty node, which nobody shares. */
static void node_free(struct amap_node *node)
{
    bool last = refcount_put(&node->refs);

    ASSERT(last && node->used == 0);
    mem_free(&node_cache, node);
}

int amap_create(struct mem_account *payer, struct amap **out)
{
    struct amap *amap = mem_alloc(&amap_cache, MEM_WAIT | MEM_ZERO, payer);

    if (amap == NULL)
        return -ENOMEM;
    refcount_init(&amap->refs, 1);
    amap->payer = payer;
    *out = amap;
    return 0;
}

void amap_get(struct amap *amap)
{
    refcount_get(&amap->refs);
}

void amap_put(struct amap *amap)
{
    if (!refcount_put(&amap->refs))
        return;
    (void)amap_clear(amap, 0, AMAP_SLOTS_END);
    ASSERT(amap->root == NULL && amap->page_count == 0);
    mem_free(&amap_cache, amap);
}

struct page *amap_find(const struct amap *amap, uint64_t index)
{
    const struct amap_node *node = amap->root;

    if (!covers(amap, index))
        return NULL;
    for (unsigned height = amap->height; height > 1; height--) {
        node = node->slot[slot_of(index, height)];
        if (node == NULL)
            return NULL;
    }
    return node->slot[slot_of(index, 1)];
}

/* Puts a node above the root; false: no memory. */
static bool grow(struct amap *amap)
{
    struct amap_node *top = node_create(amap);

    if (top == NULL)
        return false;
    ASSERT(amap->height < AMAP_HEIGHT_MAX);
    amap->height++;
    top->slot[slot_of(amap->first, amap->height)] = amap->root;
    top->used = 1;
    amap->first &= ~last_of(amap->height);
    amap->root = top;
    return true;
}

/* The chunk that index lies in, made if need be; NULL: no memory, and empty
 * nodes may be left. */
static struct amap_node *open_chunk(struct amap *amap, uint64_t index)
{
    struct amap_node *node;

    if (amap->root == NULL) {
        amap->root = node_create(amap);
        if (amap->root == NULL)
            return NULL;
        amap->height = 1;
        amap->first = index & ~last_of(1);
    }
    while (!covers(amap, index))
        if (!grow(amap))
            return NULL;

    node = amap->root;
    for (unsigned height = amap->height; height > 1; height--) {
        void **slot = &node->slot[slot_of(index, height)];

        if (*slot == NULL) {
            *slot = node_create(amap);
            if (*slot == NULL)
                return NULL;
            node->used++;
        }
        node = *slot;
    }
    return node;
}

int amap_insert(struct amap *amap, uint64_t index, struct page *page)
{
    struct amap_node *chunk;
    unsigned slot = slot_of(index, 1);

    ASSERT(index < AMAP_SLOTS_END);
    chunk = open_chunk(amap, index);
    if (chunk == NULL) {
        (void)amap_clear(amap, index, 1);
        return -ENOMEM;
    }
    ASSERT(chunk->slot[slot] == NULL);
    page->owner = amap;
    page->index = index;
    chunk->slot[slot] = page;
    chunk->used++;
    amap->page_count++;
    return 0;
}

/* Empties slots from .. to of a node, counted from its first, and frees the
 * nodes below that get empty. Returns how many pages there were. */
static uint64_t clear_node(struct amap_node *node, unsigned height,
                           uint64_t from, uint64_t to)
{
    unsigned shift = shift_of(height);
    uint64_t mask = (UINT64_C(1) << shift) - 1;
    uint64_t cleared = 0;

    for (uint64_t i = from >> shift; i <= to >> shift && node->used > 0; i++) {
        struct amap_node *child = node->slot[i];

        if (child == NULL)
            continue;
        if (height == 1) {
            page_put(node->slot[i]);
            cleared++;
        } else {
            cleared += clear_node(child, height - 1,
                                  i == from >> shift ? from & mask : 0,
                                  i == to >> shift ? to & mask : mask);
            if (child->used > 0)
                continue;
            node_free(child);
        }
        node->slot[i] = NULL;
        node->used--;
    }
    return cleared;
}

/* Takes away a root that has become needless: empty, or with one child. */
static void lower(struct amap *amap)
{
    struct amap_node *top = amap->root;
    unsigned i = 0;

    while (amap->height > 1 && top->used == 1) {
        for (i = 0; top->slot[i] == NULL; i++)
            ASSERT(i < AMAP_SLOTS - 1);
        amap->height--;
        amap->root = top->slot[i];
        amap->first += (uint64_t)i << (amap->height * AMAP_BITS);
        top->used = 0;
        node_free(top);
        top = amap->root;
    }
    if (top->used > 0)
        return;
    node_free(top);
    amap->root = NULL;
    amap->height = 0;
}

uint64_t amap_clear(struct amap *amap, uint64_t first, uint64_t count)
{
    uint64_t from, to;
    uint64_t cleared = 0;

    if (amap->root == NULL || count == 0)
        return 0;
    from = max_u64(first, amap->first);
    to = min_u64(first + (count - 1), amap->first + last_of(amap->height));
    if (from <= to)
        cleared = clear_node(amap->root, amap->height, from - amap->first,
                             to - amap->first);
    ASSERT(cleared <= amap->page_count);
    amap->page_count -= cleared;
    lower(amap);
    return cleared;
}

/* amap_next() below a node; *at and to (inclusive) count from its first. */
static struct page *next_below(const struct amap_node *node, unsigned height,
                               uint64_t *at, uint64_t to)
{
    unsigned shift = shift_of(height);
    uint64_t mask = (UINT64_C(1) << shift) - 1;
    uint64_t from = *at;

    for (uint64_t i = from >> shift; i <= to >> shift; i++) {
        uint64_t below = i == from >> shift ? from & mask : 0;
        struct page *page = node->slot[i];

        if (page != NULL && height > 1)
            page = next_below(node->slot[i], height - 1, &below,
                              i == to >> shift ? to & mask : mask);
        if (page == NULL)
            continue;
        *at = i << shift | below;
        return page;
    }
    return NULL;
}

struct page *amap_next(const struct amap *amap, uint64_t *index, uint64_t end)
{
    uint64_t from, to;
    struct page *page;

    if (amap->root == NULL || end <= *index || end <= amap->first)
        return NULL;
    from = max_u64(*index, amap->first) - amap->first;
    to = min_u64(end - 1 - amap->first, last_of(amap->height));
    if (from > to)
        return NULL;
    page = next_below(amap->root, amap->height, &from, to);
    if (page != NULL)
        *index = amap->first + from;
    return page;
}

static bool check_node(const struct amap *amap, const struct amap_node *node,
                       unsigned height, uint64_t first)
{
    unsigned used = 0;

    for (unsigned i = 0; i < AMAP_SLOTS; i++) {
        const struct page *page = node->slot[i];
        uint64_t index = first + ((uint64_t)i << shift_of(height));

        if (page == NULL)
            continue;
        used++;
        if (height == 1 && (page->owner != amap || page->index != index))
            return false;
        if (height > 1 && !check_node(amap, node->slot[i], height - 1, index))
            return false;
    }
    return used > 0 && used == node->used;
}

bool amap_check(const struct amap *amap)
{
    uint64_t count = 0;

    if (amap->root == NULL)
        return amap->height == 0 && amap->page_count == 0;
    if (amap->height > 1 && amap->root->used < 2)
        return false;
    for (uint64_t i = 0; amap_next(amap, &i, AMAP_SLOTS_END) != NULL; i++)
        count++;
    return count == amap->page_count &&
           check_node(amap, amap->root, amap->height, amap->first);
}
