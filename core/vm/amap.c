/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap.c - the contract is in amap.h.
 *
 * The tree is kept canonical: no node is empty, and a root above the chunks has
 * at least two slots in use. A node of height h covers 64^h slots, aligned.
 *
 * A node whose only reference is ours, and that of every node above it, is seen
 * by nobody else; the acquire in is_own() pairs with the release of whoever
 * copied it and let go, so his reads are over before we write.
 */
#include "core/vm/amap.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/vm/amap_impl.h"

static const struct lock_class family_class = {"amap family", LOCK_RANK_AMAP};

static struct mem_cache amap_cache;
static struct mem_cache node_cache;

void amap_init_all(void)
{
    cache_init(&amap_cache, "amap", sizeof(struct amap), 8);
    cache_init(&node_cache, "amap_node", sizeof(struct amap_node), 8);
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

static bool is_own(const struct amap_node *node)
{
    return refcount_is_one(&node->refs);
}

/* --- nodes ---------------------------------------------------------------- */

static struct amap_node *node_create(struct mem_account *payer)
{
    struct amap_node *node = mem_alloc(&node_cache, MEM_WAIT | MEM_ZERO, payer);

    if (node != NULL)
        refcount_init(&node->refs, 1);
    return node;
}

/* Drops a reference; the last drops what is below. As deep as the tree. */
static void node_put(struct amap_node *node, unsigned height)
{
    if (!refcount_put(&node->refs))
        return;
    for (unsigned i = 0; node->used > 0; i++) {
        if (node->slot[i] == NULL)
            continue;
        node->used--;
        if (height == 1)
            page_put(node->slot[i]);
        else
            node_put(node->slot[i], height - 1);
    }
    mem_free(&node_cache, node);
}

/* A node with the same slots, which have a reference more. */
static struct amap_node *node_copy(const struct amap_node *from,
                                   unsigned height, struct mem_account *payer)
{
    struct amap_node *node = mem_alloc(&node_cache, MEM_WAIT, payer);
    unsigned left = from->used;

    if (node == NULL)
        return NULL;
    refcount_init(&node->refs, 1);
    node->used = left;
    mem_copy(node->slot, from->slot, sizeof(node->slot));
    for (unsigned i = 0; left > 0; i++) {
        struct amap_node *child = height > 1 ? node->slot[i] : NULL;

        if (node->slot[i] == NULL)
            continue;
        left--;
        if (child != NULL)
            refcount_get(&child->refs);
        else
            page_get(node->slot[i]);
    }
    return node;
}

/* The node to write in place of one found in a slot, which gets it; NULL: no
 * memory. */
static struct amap_node *node_own(struct amap_node *node, unsigned height,
                                  struct mem_account *payer)
{
    struct amap_node *copy;

    if (is_own(node))
        return node;
    copy = node_copy(node, height, payer);
    if (copy != NULL)
        node_put(node, height);
    return copy;
}

/* --- life ----------------------------------------------------------------- */

/* An empty one in the family of origin, or NULL in one of its own. */
static struct amap *new_member(struct mem_account *payer, struct amap *origin)
{
    struct amap *amap = mem_alloc(&amap_cache, MEM_WAIT | MEM_ZERO, payer);

    if (amap == NULL)
        return NULL;
    refcount_init(&amap->refs, 1);
    amap->payer = payer;
    list_init(&amap->of_family);
    list_init(&amap->regions);
    if (origin == NULL) {
        origin = amap;
        mutex_init(&amap->family_lock, &family_class);
        list_init(&amap->family);
        refcount_init(&amap->members, 1);
    } else {
        refcount_get(&origin->members);
    }
    amap->origin = origin;
    mutex_lock(&origin->family_lock);
    list_push_back(&origin->family, &amap->of_family);
    mutex_unlock(&origin->family_lock);
    return amap;
}

int amap_create(struct mem_account *payer, struct amap **out)
{
    struct amap *amap = new_member(payer, NULL);

    if (amap == NULL)
        return -ENOMEM;
    *out = amap;
    return 0;
}

int amap_clone(struct amap *from, struct mem_account *payer, struct amap **out)
{
    struct amap *amap = new_member(payer, from->origin);

    if (amap == NULL)
        return -ENOMEM;
    amap->height = from->height;
    amap->first = from->first;
    amap->root = from->root;
    amap->page_count = from->page_count;
    if (amap->root != NULL)
        refcount_get(&amap->root->refs);
    *out = amap;
    return 0;
}

void amap_get(struct amap *amap)
{
    refcount_get(&amap->refs);
}

/* An origin that nothing shows lives on while its family does. */
void amap_put(struct amap *amap)
{
    struct amap *origin = amap->origin;

    if (!refcount_put(&amap->refs))
        return;
    ASSERT(list_is_empty(&amap->regions));
    if (amap->root != NULL)
        node_put(amap->root, amap->height);
    amap->root = NULL;
    mutex_lock(&origin->family_lock);
    list_remove(&amap->of_family);
    mutex_unlock(&origin->family_lock);
    if (amap != origin)
        mem_free(&amap_cache, amap);
    if (refcount_put(&origin->members))
        mem_free(&amap_cache, origin);
}

/* --- look ----------------------------------------------------------------- */

/* The chunk of a slot, or NULL. Sets *own to whether no other amap has it. */
static const struct amap_node *find_chunk(const struct amap *amap,
                                          uint64_t index, bool *own)
{
    const struct amap_node *node = amap->root;

    if (!covers(amap, index))
        return NULL;
    *own = is_own(node);
    for (unsigned height = amap->height; height > 1; height--) {
        node = node->slot[slot_of(index, height)];
        if (node == NULL)
            return NULL;
        *own = *own && is_own(node);
    }
    return node;
}

struct page *amap_find(const struct amap *amap, uint64_t index)
{
    bool own;
    const struct amap_node *chunk = find_chunk(amap, index, &own);

    return chunk == NULL ? NULL : chunk->slot[slot_of(index, 1)];
}

bool amap_is_own(const struct amap *amap, uint64_t index)
{
    bool own = false;
    const struct amap_node *chunk = find_chunk(amap, index, &own);
    const struct page *page =
        chunk == NULL ? NULL : chunk->slot[slot_of(index, 1)];

    return page != NULL && own && refcount_is_one(&page->refs);
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

/* Pages in slots from .. to of a node, counted from its first. */
static uint64_t count_below(const struct amap_node *node, unsigned height,
                            uint64_t from, uint64_t to)
{
    unsigned shift = shift_of(height);
    uint64_t mask = (UINT64_C(1) << shift) - 1;
    uint64_t count = 0;

    if (height == 1 && from == 0 && to == last_of(1))
        return node->used;
    for (uint64_t i = from >> shift; i <= to >> shift; i++) {
        if (node->slot[i] == NULL)
            continue;
        count += height == 1 ? 1
                             : count_below(node->slot[i], height - 1,
                                           i == from >> shift ? from & mask : 0,
                                           i == to >> shift ? to & mask : mask);
    }
    return count;
}

/* The part of slots first .. first + count - 1 that root covers, counted from
 * its first; false: none. */
static bool clip(const struct amap *amap, uint64_t first, uint64_t count,
                 uint64_t range[2])
{
    uint64_t from, to;

    if (amap->root == NULL || count == 0)
        return false;
    from = max_u64(first, amap->first);
    to = min_u64(first + (count - 1), amap->first + last_of(amap->height));
    if (from > to)
        return false;
    range[0] = from - amap->first;
    range[1] = to - amap->first;
    return true;
}

uint64_t amap_count(const struct amap *amap, uint64_t first, uint64_t count)
{
    uint64_t range[2];

    if (!clip(amap, first, count, range))
        return 0;
    return count_below(amap->root, amap->height, range[0], range[1]);
}

/* --- change --------------------------------------------------------------- */

int amap_own(struct amap *amap, uint64_t index)
{
    struct amap_node *node;

    if (!covers(amap, index))
        return 0;
    node = node_own(amap->root, amap->height, amap->payer);
    if (node == NULL)
        return -ENOMEM;
    amap->root = node;
    for (unsigned height = amap->height; height > 1; height--) {
        void **slot = &node->slot[slot_of(index, height)];

        if (*slot == NULL)
            return 0;
        node = node_own(*slot, height - 1, amap->payer);
        if (node == NULL)
            return -ENOMEM;
        *slot = node;
    }
    return 0;
}

int amap_own_ends(struct amap *amap, uint64_t first, uint64_t count)
{
    uint64_t range[2];
    int error;

    if (!clip(amap, first, count, range))
        return 0;
    error = range[0] == 0 ? 0 : amap_own(amap, amap->first + range[0]);
    if (error != 0 || range[1] == last_of(amap->height))
        return error;
    return amap_own(amap, amap->first + range[1]);
}

/* Puts a node above the root; false: no memory. */
static bool grow(struct amap *amap)
{
    struct amap_node *top = node_create(amap->payer);

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

/* The chunk that index lies in, own, and made if need be; NULL: no memory, and
 * empty nodes may be left. */
static struct amap_node *open_chunk(struct amap *amap, uint64_t index)
{
    struct amap_node *node;

    if (amap->root == NULL) {
        amap->root = node_create(amap->payer);
        if (amap->root == NULL)
            return NULL;
        amap->height = 1;
        amap->first = index & ~last_of(1);
    }
    while (!covers(amap, index))
        if (!grow(amap))
            return NULL;
    if (amap_own(amap, index) != 0)
        return NULL;

    node = amap->root;
    for (unsigned height = amap->height; height > 1; height--) {
        void **slot = &node->slot[slot_of(index, height)];

        if (*slot == NULL) {
            *slot = node_create(amap->payer);
            if (*slot == NULL)
                return NULL;
            node->used++;
        }
        node = *slot;
    }
    return node;
}

static void set_owner(const struct amap *amap, uint64_t index,
                      struct page *page)
{
    page->owner = amap->origin;
    page->index = index;
}

unsigned amap_room(const struct amap *amap, uint64_t index, unsigned count)
{
    bool own;
    const struct amap_node *chunk = find_chunk(amap, index, &own);
    unsigned slot = slot_of(index, 1), room = 0;

    count = (unsigned)min_u64(count, AMAP_SLOTS - slot);
    if (chunk == NULL)
        return count;
    while (room < count && chunk->slot[slot + room] == NULL)
        room++;
    return room;
}

int amap_insert_row(struct amap *amap, uint64_t index, struct page *first,
                    unsigned count)
{
    struct amap_node *chunk;
    unsigned slot = slot_of(index, 1);

    ASSERT(index < AMAP_SLOTS_END && count <= AMAP_SLOTS - slot);
    chunk = open_chunk(amap, index);
    if (chunk == NULL) {
        (void)amap_clear(amap, index, 1);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        struct page *page = page_behind(first, i);

        ASSERT(chunk->slot[slot + i] == NULL);
        set_owner(amap, index + i, page);
        chunk->slot[slot + i] = page;
    }
    chunk->used += count;
    amap->page_count += count;
    return 0;
}

int amap_insert(struct amap *amap, uint64_t index, struct page *page)
{
    return amap_insert_row(amap, index, page, 1);
}

struct page *amap_replace(struct amap *amap, uint64_t index, struct page *page)
{
    struct amap_node *node = amap->root;
    struct page *old;

    ASSERT(covers(amap, index) && is_own(node));
    for (unsigned height = amap->height; height > 1; height--) {
        node = node->slot[slot_of(index, height)];
        ASSERT(node != NULL && is_own(node));
    }
    old = node->slot[slot_of(index, 1)];
    ASSERT(old != NULL);
    set_owner(amap, index, page);
    node->slot[slot_of(index, 1)] = page;
    return old;
}

static uint64_t clear_slot(void **slot, unsigned height, uint64_t from,
                           uint64_t to);

/* Empties slots from .. to of a node, counted from its first, and lets go of
 * the nodes below that get empty. Returns how many pages there were. */
static uint64_t clear_node(struct amap_node *node, unsigned height,
                           uint64_t from, uint64_t to)
{
    unsigned shift = shift_of(height);
    uint64_t mask = (UINT64_C(1) << shift) - 1;
    uint64_t cleared = 0;

    for (uint64_t i = from >> shift; i <= to >> shift && node->used > 0; i++) {
        if (node->slot[i] == NULL)
            continue;
        if (height == 1) {
            page_put(node->slot[i]);
            node->slot[i] = NULL;
            cleared++;
        } else {
            cleared += clear_slot(&node->slot[i], height - 1,
                                  i == from >> shift ? from & mask : 0,
                                  i == to >> shift ? to & mask : mask);
        }
        node->used -= node->slot[i] == NULL;
    }
    return cleared;
}

/* The same for the node in *slot, which goes when it gets empty. */
static uint64_t clear_slot(void **slot, unsigned height, uint64_t from,
                           uint64_t to)
{
    struct amap_node *node = *slot;
    uint64_t cleared;

    if (from == 0 && to == last_of(height)) {
        cleared = count_below(node, height, from, to);
        node_put(node, height);
        *slot = NULL;
        return cleared;
    }
    if (!is_own(node)) {
        ASSERT(count_below(node, height, from, to) == 0);
        return 0;
    }
    cleared = clear_node(node, height, from, to);
    if (node->used == 0) {
        node_put(node, height);
        *slot = NULL;
    }
    return cleared;
}

/* Takes away a root that has become needless: empty, or with one child. */
static void lower(struct amap *amap)
{
    struct amap_node *top = amap->root;
    unsigned i = 0;

    while (top != NULL && amap->height > 1 && top->used == 1) {
        struct amap_node *child;

        for (i = 0; top->slot[i] == NULL; i++)
            ASSERT(i < AMAP_SLOTS - 1);
        child = top->slot[i];
        refcount_get(&child->refs);
        node_put(top, amap->height);
        amap->height--;
        amap->first += (uint64_t)i << (amap->height * AMAP_BITS);
        top = child;
        amap->root = top;
    }
    if (top == NULL)
        amap->height = 0;
}

uint64_t amap_clear(struct amap *amap, uint64_t first, uint64_t count)
{
    void *root = amap->root;
    uint64_t range[2];
    uint64_t cleared = 0;

    if (clip(amap, first, count, range))
        cleared = clear_slot(&root, amap->height, range[0], range[1]);
    amap->root = root;
    ASSERT(cleared <= amap->page_count);
    amap->page_count -= cleared;
    lower(amap);
    return cleared;
}
