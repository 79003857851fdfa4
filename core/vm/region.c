/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/region.c - the tree of regions: places, gaps, splits and merges.
 *
 * The balanced tree knows nothing of gaps. So after each change of its shape
 * max_gap is made anew on the path from the lowest changed place to the root,
 * and in the children of that path: a rotation moves no other nodes.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/mem/cache.h"
#include "core/vm/aspace_impl.h"

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
    region->as = as;
    return region;
}

void region_free(struct region *region)
{
    ASSERT(!list_is_linked(&region->of_object));
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

static void set_gap(struct region *region, uint64_t gap)
{
    struct tree_node *node = &region->node;

    region->gap = gap;
    while (node != NULL && refresh(node))
        node = node->parent;
}

static uaddr_t end_before(const struct region *region)
{
    const struct region *prev = region_prev(region);

    return prev == NULL ? 0 : prev->end;
}

static void attach(struct region *region)
{
    struct vm_object *object = region->object;

    if (object == NULL)
        return;
    mutex_lock(&object->lock);
    list_push_back(&object->regions, &region->of_object);
    mutex_unlock(&object->lock);
}

static void detach(struct region *region)
{
    struct vm_object *object = region->object;

    if (object == NULL)
        return;
    mutex_lock(&object->lock);
    list_remove(&region->of_object);
    mutex_unlock(&object->lock);
}

void region_link(struct aspace *as, struct region *region)
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
    region->gap = region->start - end_before(region);
    refresh_path(&region->node);
    if (next != NULL)
        set_gap(next, next->start - region->end);
    as->region_count++;
    as->mapped += region->end - region->start;
    attach(region);
}

/* The lowest place that changes when other moves to where node was. */
static struct tree_node *place_of(const struct tree_node *node,
                                  struct tree_node *other)
{
    return other->parent == node ? other : other->parent;
}

void region_unlink(struct aspace *as, struct region *region)
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
        set_gap(next, next->start - end_before(next));
    if (as->recent == region)
        as->recent = NULL;
    as->region_count--;
    as->mapped -= region->end - region->start;
}

static void set_end(struct aspace *as, struct region *region, uaddr_t end)
    REQUIRES(as->lock)
{
    struct vm_object *object = region->object;
    struct region *next = region_next(region);

    as->mapped += end - region->end;
    if (object == NULL) {
        region->end = end;
    } else {
        mutex_lock(&object->lock);
        region->end = end;
        mutex_unlock(&object->lock);
    }
    if (next != NULL)
        set_gap(next, next->start - end);
}

/* --- split and merge ------------------------------------------------------ */

/* Cuts region in two at addr, inside it; spare becomes the upper part. */
static void split(struct aspace *as, struct region *region, uaddr_t addr,
                  struct region *spare) REQUIRES(as->lock)
{
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
    if (spare->object != NULL)
        vm_object_get(spare->object);
    if (spare->amap != NULL)
        amap_get(spare->amap);
    set_end(as, region, addr);
    region_link(as, spare);
}

/* Is high the continuation of low in every respect? */
static bool continues(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->prot == high->prot &&
           low->deny == high->deny && low->shared == high->shared &&
           low->object == high->object &&
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
    uaddr_t end;

    if (low == NULL || high == NULL || !continues(low, high))
        return;
    end = high->end;
    region_unlink(as, high);
    if (low->amap == NULL) {
        low->amap = high->amap;
        high->amap = NULL;
    }
    set_end(as, low, end);
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
    return 0;
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

    if (region == NULL || region->max_gap < want->size)
        return false;
    if (region->end < want->high && want->high - region->end >= want->size &&
        find_below(node->child[1], want, out))
        return true;
    if (fits(want, region->start - region->gap, region->start, out))
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

bool region_check_tree(struct aspace *as)
{
    uaddr_t end = 0;
    uint64_t mapped = 0;
    unsigned count = 0;
    const struct region *region = region_of(tree_first(&as->regions));

    if (!tree_is_valid(&as->regions))
        return false;
    for (; region != NULL; region = region_next(region)) {
        const struct tree_node *node = &region->node;

        if (region->as != as || region->start < end ||
            region->start >= region->end || region->end > HAL_USER_TOP ||
            (region->start | region->end) % PAGE_SIZE != 0 ||
            region->gap != region->start - end ||
            region->max_gap !=
                max_u64(region->gap, max_u64(gap_below(node->child[0]),
                                             gap_below(node->child[1]))))
            return false;
        end = region->end;
        mapped += end - region->start;
        count++;
    }
    return count == as->region_count && mapped == as->mapped;
}
