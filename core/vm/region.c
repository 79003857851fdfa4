/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/region.c - the tree of regions: places, gaps, splits and merges.
 *
 * The balanced tree knows nothing of gaps. So after each change of its shape
 * max_gap is made anew on the path from the lowest changed place to the root,
 * and in the children of that path: a rotation moves no other nodes.
 */
#include "core/vm/region.h"
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/mem/cache.h"

static struct mem_cache region_cache;

void region_init_all(void)
{
    cache_init(&region_cache, "region", sizeof(struct region), 8);
}

struct region *region_alloc(struct aspace *as)
{
    struct region *region =
        mem_alloc(&region_cache, MEM_WAIT | MEM_ZERO, as->payer);

    if (region == NULL)
        return NULL;
    list_init(&region->removed);
    list_init(&region->of_object);
    list_init(&region->of_amap);
    region->as = as;
    return region;
}

void region_free(struct region *region)
{
    ASSERT(!list_is_linked(&region->of_object));
    ASSERT(!list_is_linked(&region->of_amap));
    if (region->amap != NULL)
        amap_put(region->amap);
    if (region->object != NULL)
        vm_object_put(region->object);
    mem_free(&region_cache, region);
}

unsigned region_rights(unsigned prot)
{
    unsigned rights = 0;

    if (prot & (LX_PROT_READ | LX_PROT_WRITE | LX_PROT_EXEC))
        rights |= HAL_READ;
    if (prot & LX_PROT_WRITE)
        rights |= HAL_WRITE;
    if (prot & LX_PROT_EXEC)
        rights |= HAL_EXEC;
    return rights;
}

/* --- the tree ------------------------------------------------------------- */

static struct region *region_of(const struct tree_node *node)
{
    return node == NULL ? NULL : container_of(node, struct region, node);
}

struct region *region_next(const struct region *region)
{
    return region_of(tree_next(&region->node));
}

struct region *region_prev(const struct region *region)
{
    return region_of(tree_prev(&region->node));
}

struct region *region_find(struct aspace *as, uaddr_t addr)
{
    const struct tree_node *node = as->regions.root;
    struct region *found = NULL;

    if (as->recent != NULL && addr >= as->recent->start &&
        addr < as->recent->end)
        return as->recent;
    while (node != NULL) {
        struct region *region = region_of(node);

        if (addr < region->end) {
            found = region;
            node = node->child[0];
        } else {
            node = node->child[1];
        }
    }
    if (found != NULL)
        as->recent = found;
    return found;
}

bool region_is_free(struct aspace *as, uaddr_t start, uaddr_t end)
{
    const struct region *region = region_find(as, start);

    return region == NULL || region->start >= end;
}

static uint64_t gap_below(const struct tree_node *node)
{
    return node == NULL ? 0 : region_of(node)->max_gap;
}

/* Makes max_gap of one node anew from its children's; did it change? */
static bool refresh(struct tree_node *node)
{
    struct region *region = region_of(node);
    uint64_t gap = max_u64(region->gap, max_u64(gap_below(node->child[0]),
                                                gap_below(node->child[1])));

    if (gap == region->max_gap)
        return false;
    region->max_gap = gap;
    return true;
}

/* After the shape has changed at node and above it. */
static void refresh_path(struct tree_node *node)
{
    for (; node != NULL; node = node->parent) {
        for (int side = 0; side < 2; side++)
            if (node->child[side] != NULL)
                (void)refresh(node->child[side]);
        (void)refresh(node);
    }
}

static uaddr_t end_before(const struct region *region)
{
    const struct region *prev = region_prev(region);

    return prev == NULL ? 0 : prev->end;
}

/* The bytes below region that others may take. */
static uint64_t free_below(const struct region *region)
{
    uint64_t size = region->start - end_before(region);

    if (region->flags & REGION_GROWS_DOWN)
        size -= min_u64(size, REGION_GUARD);
    return size;
}

/* Where they end; they are some. */
static uaddr_t free_end(const struct region *region)
{
    return region->start -
           (region->flags & REGION_GROWS_DOWN ? REGION_GUARD : 0);
}

bool region_is_roomy(struct aspace *as, uaddr_t start, uaddr_t end)
{
    const struct region *region = region_find(as, start);

    return region == NULL || (region->start >= end && free_end(region) >= end);
}

static void update_gap(struct region *region)
{
    struct tree_node *node = &region->node;

    region->gap = free_below(region);
    while (node != NULL && refresh(node))
        node = node->parent;
}

/* Adds size bytes of a region's kind, or takes them away (modulo 2^64). */
static void count_bytes(struct aspace *as, const struct region *region,
                        uint64_t size) REQUIRES(as->lock)
{
    as->mapped += size;
    if (region->flags & REGION_LOCKED)
        as->locked += size;
    if (region_is_data(region))
        as->data += size;
}

/* --- who shows what ------------------------------------------------------- */

/* The lists that the reverse map walks, and the bounds it reads there. */
struct lists {
    struct vm_object *object; /* NULL: none */
    struct amap *amap;
};

static struct lists lists_of(const struct region *region)
{
    return (struct lists){.object = region->object, .amap = region->amap};
}

static void lock_lists(struct lists lists) NO_TSA
{
    if (lists.object != NULL)
        mutex_lock(&lists.object->lock);
    if (lists.amap != NULL)
        mutex_lock(&lists.amap->origin->family_lock);
}

static void unlock_lists(struct lists lists) NO_TSA
{
    if (lists.amap != NULL)
        mutex_unlock(&lists.amap->origin->family_lock);
    if (lists.object != NULL)
        mutex_unlock(&lists.object->lock);
}

static void attach(struct region *region)
{
    if (region->object != NULL)
        list_push_back(&region->object->regions, &region->of_object);
    if (region->amap != NULL)
        list_push_back(&region->amap->regions, &region->of_amap);
}

static void detach(struct region *region)
{
    list_remove(&region->of_object);
    list_remove(&region->of_amap);
}

void region_set_amap(struct region *region, struct amap *amap)
{
    struct lists lists = {.object = region->object, .amap = amap};

    ASSERT(region->amap == NULL && amap != NULL);
    lock_lists(lists);
    region->amap = amap;
    list_push_back(&amap->regions, &region->of_amap);
    unlock_lists(lists);
}

/* --- link and unlink ------------------------------------------------------ */

static void enter(struct aspace *as, struct region *region) REQUIRES(as->lock)
{
    struct tree_node *parent = NULL;
    struct tree_node *node = as->regions.root;
    struct region *next;
    int side = 0;

    ASSERT(region->start < region->end);
    while (node != NULL) {
        parent = node;
        side = region_of(node)->start > region->start ? 0 : 1;
        node = node->child[side];
    }
    tree_insert(&as->regions, &region->node, parent, side);
    next = region_next(region);
    ASSERT(end_before(region) <= region->start);
    ASSERT(next == NULL || region->end <= next->start);
    region->gap = free_below(region);
    refresh_path(&region->node);
    if (next != NULL)
        update_gap(next);
    as->region_count++;
    count_bytes(as, region, region->end - region->start);
    attach(region);
}

void region_link(struct aspace *as, struct region *region)
{
    struct lists lists = lists_of(region);

    lock_lists(lists);
    enter(as, region);
    unlock_lists(lists);
}

/* The lowest place that changes when other moves to where node was. */
static struct tree_node *place_of(const struct tree_node *node,
                                  struct tree_node *other)
{
    return other->parent == node ? other : other->parent;
}

static void leave(struct aspace *as, struct region *region) REQUIRES(as->lock)
{
    struct tree_node *node = &region->node;
    struct region *next = region_next(region);
    struct tree_node *low[2] = {node->parent, NULL};

    /* With two children, a neighbour in order takes the place: either may. */
    if (node->child[0] != NULL && node->child[1] != NULL) {
        low[0] = place_of(node, tree_prev(node));
        low[1] = place_of(node, tree_next(node));
    }
    detach(region);
    tree_remove(&as->regions, node);
    refresh_path(low[0]);
    refresh_path(low[1]);
    if (next != NULL)
        update_gap(next);
    if (as->recent == region)
        as->recent = NULL;
    as->region_count--;
    count_bytes(as, region, region->start - region->end);
}

void region_unlink(struct aspace *as, struct region *region)
{
    struct lists lists = lists_of(region);

    lock_lists(lists);
    leave(as, region);
    unlock_lists(lists);
}

static void set_end(struct aspace *as, struct region *region, uaddr_t end)
    REQUIRES(as->lock)
{
    struct region *next = region_next(region);

    count_bytes(as, region, end - region->end);
    region->end = end;
    if (next != NULL)
        update_gap(next);
}

void region_grow(struct aspace *as, struct region *region, uaddr_t start,
                 uaddr_t end)
{
    struct lists lists = lists_of(region);
    uint64_t added = (region->start - start) / PAGE_SIZE;

    ASSERT(start <= region->start && end >= region->end);
    ASSERT(added <= region->amap_index);
    lock_lists(lists);
    if (added > 0) {
        ASSERT(region->object == NULL && end_before(region) <= start);
        count_bytes(as, region, region->start - start);
        region->start = start;
        region->amap_index -= added;
        update_gap(region);
    }
    set_end(as, region, end);
    unlock_lists(lists);
}

void region_set_kind(struct aspace *as, struct region *region, unsigned prot,
                     unsigned flags)
{
    uint64_t size = region->end - region->start;

    ASSERT(((region->flags ^ flags) & REGION_GROWS_DOWN) == 0);
    count_bytes(as, region, -size);
    region->prot = prot;
    region->flags = flags;
    count_bytes(as, region, size);
}

/* --- split and merge ------------------------------------------------------ */

/* Cuts region in two at addr, inside it; spare becomes the upper part. */
static void split(struct aspace *as, struct region *region, uaddr_t addr,
                  struct region *spare) REQUIRES(as->lock)
{
    struct lists lists = lists_of(region);

    ASSERT(region->start < addr && addr < region->end);
    spare->start = addr;
    spare->end = region->end;
    spare->object = region->object;
    spare->object_index = region_object_index(region, addr);
    spare->amap = region->amap;
    spare->amap_index = region_slot(region, addr);
    spare->prot = region->prot;
    spare->deny = region->deny;
    spare->shared = region->shared;
    spare->flags = region->flags;
    if (spare->object != NULL)
        vm_object_get(spare->object);
    if (spare->amap != NULL)
        amap_get(spare->amap);
    lock_lists(lists); /* nobody sees the pages of neither */
    set_end(as, region, addr);
    enter(as, spare);
    unlock_lists(lists);
}

/* Is high the continuation of low in every respect? */
static bool continues(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->prot == high->prot &&
           low->deny == high->deny && low->shared == high->shared &&
           low->flags == high->flags && low->object == high->object &&
           (low->object == NULL ||
            region_object_index(low, low->end) == high->object_index) &&
           (low->amap == NULL || high->amap == NULL ||
            low->amap == high->amap) &&
           region_slot(low, low->end) == high->amap_index;
}

/* Lets low take over high, if it can: then high is gone. */
static void join(struct aspace *as, struct region *low, struct region *high)
    REQUIRES(as->lock)
{
    struct lists lists;

    if (low == NULL || high == NULL || !continues(low, high))
        return;
    lists = lists_of(low->amap != NULL ? low : high);
    lock_lists(lists);
    leave(as, high);
    if (low->amap == NULL && high->amap != NULL) {
        low->amap = high->amap;
        high->amap = NULL;
        list_push_back(&low->amap->regions, &low->of_amap);
    }
    set_end(as, low, high->end);
    unlock_lists(lists);
    region_free(high); /* low has a reference to the same object */
}

void region_merge(struct aspace *as, struct region *region)
{
    struct region *prev = region_prev(region);

    join(as, region, region_next(region));
    join(as, prev, region);
}

/* The region that reaches over addr, if one does. */
static struct region *over(struct aspace *as, uaddr_t addr) REQUIRES(as->lock)
{
    struct region *region = region_find(as, addr);

    return region != NULL && region->start < addr ? region : NULL;
}

/* Sees to it that amap_clear() can take the pages of the cut out. */
static int own_cut(struct aspace *as, const struct cut *cut) REQUIRES(as->lock)
{
    struct region *region = region_find(as, cut->start);
    int error = 0;

    for (; region != NULL && region->start < cut->end && error == 0;
         region = region_next(region)) {
        uaddr_t start = max_u64(region->start, cut->start);
        uaddr_t end = min_u64(region->end, cut->end);

        if (region->amap == NULL ||
            (region_is_sole(region) &&
             end - start == region->end - region->start))
            continue;
        error = amap_own_ends(region->amap, region_slot(region, start),
                              (end - start) / PAGE_SIZE);
    }
    return error;
}

int cut_prepare(struct aspace *as, struct cut *cut, bool removes)
{
    const struct region *at_start = over(as, cut->start);
    const struct region *at_end = over(as, cut->end);
    int splits = (at_start != NULL) + (at_end != NULL);
    unsigned added = (unsigned)splits;

    cut->spare[0] = NULL;
    cut->spare[1] = NULL;
    if (removes)
        added = at_start != NULL && at_start == at_end ? 1 : 0;
    if (added > 0 && as->region_count + added > ASPACE_REGIONS_MAX)
        return -ENOMEM;
    for (int i = 0; i < splits; i++) {
        cut->spare[i] = region_alloc(as);
        if (cut->spare[i] == NULL)
            return -ENOMEM;
    }
    return removes ? own_cut(as, cut) : 0;
}

static struct region *take_spare(struct cut *cut)
{
    unsigned i = cut->spare[0] != NULL ? 0 : 1;
    struct region *spare = cut->spare[i];

    ASSERT(spare != NULL);
    cut->spare[i] = NULL;
    return spare;
}

void cut_apply(struct aspace *as, struct cut *cut)
{
    struct region *region = over(as, cut->start);

    if (region != NULL)
        split(as, region, cut->start, take_spare(cut));
    region = over(as, cut->end);
    if (region != NULL)
        split(as, region, cut->end, take_spare(cut));
}

void cut_fini(struct cut *cut)
{
    for (int i = 0; i < 2; i++)
        if (cut->spare[i] != NULL)
            region_free(cut->spare[i]);
}

/* --- gaps ----------------------------------------------------------------- */

struct gap_want {
    uint64_t size;
    uaddr_t low, high;
};

/* Does the part of [start, end) that is wanted hold enough? */
static bool fits(const struct gap_want *want, uaddr_t start, uaddr_t end,
                 uaddr_t *out)
{
    start = max_u64(start, want->low);
    end = min_u64(end, want->high);
    if (end < start || end - start < want->size)
        return false;
    *out = end - want->size;
    return true;
}

/* The highest gap of this subtree that fits. Goes to the right only where gaps
 * begin low enough, so at most one path is walked in vain. As deep as the tree
 * is high, at most 1.45 log2(ASPACE_REGIONS_MAX). */
static bool find_below(const struct tree_node *node,
                       const struct gap_want *want, uaddr_t *out)
{
    const struct region *region = region_of(node);
    uaddr_t end;

    if (region == NULL || region->max_gap < want->size)
        return false;
    if (region->end < want->high && want->high - region->end >= want->size &&
        find_below(node->child[1], want, out))
        return true;
    end = free_end(region);
    if (region->gap > 0 && fits(want, end - region->gap, end, out))
        return true;
    if (region->start - region->gap <= want->low)
        return false;
    return find_below(node->child[0], want, out);
}

bool region_find_gap(struct aspace *as, uint64_t size, uaddr_t low,
                     uaddr_t high, uaddr_t *out)
{
    const struct gap_want want = {.size = size, .low = low, .high = high};
    const struct region *last = region_of(tree_last(&as->regions));

    ASSERT(size > 0 && high <= HAL_USER_TOP);
    return fits(&want, last == NULL ? 0 : last->end, HAL_USER_TOP, out) ||
           find_below(as->regions.root, &want, out);
}

/* Is what a region says of itself and its gap true? */
static bool check_region(const struct region *region)
{
    const struct tree_node *node = &region->node;
    uint64_t below =
        max_u64(gap_below(node->child[0]), gap_below(node->child[1]));

    return region->start >= end_before(region) && region->start < region->end &&
           region->end <= HAL_USER_TOP &&
           (region->start | region->end) % PAGE_SIZE == 0 &&
           region->gap == free_below(region) &&
           region->max_gap == max_u64(region->gap, below) &&
           list_is_linked(&region->of_object) == (region->object != NULL) &&
           list_is_linked(&region->of_amap) == (region->amap != NULL);
}

bool region_check_tree(struct aspace *as)
{
    uint64_t mapped = 0, locked = 0, data = 0;
    unsigned count = 0;
    const struct region *region = region_of(tree_first(&as->regions));

    if (!tree_is_valid(&as->regions))
        return false;
    for (; region != NULL; region = region_next(region)) {
        uint64_t size = region->end - region->start;

        if (region->as != as || !check_region(region))
            return false;
        mapped += size;
        locked += region->flags & REGION_LOCKED ? size : 0;
        data += region_is_data(region) ? size : 0;
        count++;
    }
    return count == as->region_count && mapped == as->mapped &&
           locked == as->locked && data == as->data;
}
