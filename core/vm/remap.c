/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/remap.c - mremap(2): a region changes its size or its place.
 *
 * Pages are not copied: a region that moves takes its amap along, or, where it
 * shares that with others, a part of it. The tables forget it at the old place,
 * and faults bring it back at the new one.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

#define KNOWN_FLAGS (LX_MREMAP_MAYMOVE | LX_MREMAP_FIXED | LX_MREMAP_DONTUNMAP)

/* The request in whole pages, and what it came to. */
struct remap {
    uaddr_t from;
    uint64_t old_size, new_size;
    unsigned flags;
    uaddr_t to; /* where it goes, or a hint */
    struct list removed;
};

/* All that a move needs to succeed. */
struct move {
    struct cut cut;
    struct amap *amap;   /* the part of the amap that goes along */
    struct region *rest; /* with DONTUNMAP: what stays; or the second map */
};

static int read_request(const struct remap_request *request,
                        struct remap *remap)
{
    bool placed = request->flags & (LX_MREMAP_FIXED | LX_MREMAP_DONTUNMAP);

    remap->from = request->addr;
    remap->old_size = round_up(request->old_size, PAGE_SIZE);
    remap->new_size = round_up(request->new_size, PAGE_SIZE);
    remap->flags = request->flags;
    remap->to = placed ? request->to : 0;
    list_init(&remap->removed);
    if ((request->flags & ~KNOWN_FLAGS) != 0 ||
        request->addr % PAGE_SIZE != 0 || remap->new_size == 0 ||
        remap->new_size > HAL_USER_TOP)
        return -EINVAL;
    if (placed && !(request->flags & LX_MREMAP_MAYMOVE))
        return -EINVAL;
    if ((request->flags & LX_MREMAP_DONTUNMAP) &&
        remap->old_size != remap->new_size)
        return -EINVAL;
    if (!placed)
        return 0;
    if (remap->to % PAGE_SIZE != 0 ||
        remap->to > HAL_USER_TOP - remap->new_size)
        return -EINVAL;
    if (remap->from + remap->old_size > remap->to &&
        remap->to + remap->new_size > remap->from)
        return -EINVAL;
    return 0;
}

/* Unmaps [start, end): 0 or -ENOMEM. */
static int take_out(struct aspace *as, struct remap *remap, uaddr_t start,
                    uaddr_t end) REQUIRES(as->lock)
{
    struct cut cut = {.start = start, .end = end};
    struct list removed, *node;
    int error = cut_prepare(as, &cut, true);

    list_init(&removed);
    if (error == 0)
        removed_collect(as, &cut, &removed);
    while ((node = list_pop_front(&removed)) != NULL)
        list_push_back(&remap->removed, node);
    cut_fini(&cut);
    return error;
}

/* May region, which holds the old range, become so large? */
static int check_growth(struct aspace *as, const struct region *region,
                        const struct remap *remap) REQUIRES(as->lock)
{
    uint64_t more = remap->new_size - remap->old_size;
    uint64_t pages = remap->new_size / PAGE_SIZE;

    if (remap->new_size < remap->old_size)
        return 0;
    if (region->object != NULL &&
        region_object_index(region, remap->from) + pages >= UINT64_C(1) << 51)
        return -EINVAL;
    if (region_slot(region, remap->from) + pages >= AMAP_SLOTS_END)
        return -ENOMEM;
    if ((region->flags & REGION_LOCKED) && !region_may_lock(as, more))
        return -EAGAIN;
    return region_may_add(as, region, more) ? 0 : -ENOMEM;
}

/* A region of the same kind without pages for size bytes at `to`. */
static struct region *twin_of(struct aspace *as, const struct region *region,
                              uaddr_t from)
{
    struct region *twin = region_alloc(as);

    if (twin == NULL)
        return NULL;
    twin->object = region->object;
    if (twin->object != NULL)
        vm_object_get(twin->object);
    twin->object_index = region_object_index(region, from);
    twin->prot = region->prot;
    twin->deny = region->deny;
    twin->shared = region->shared;
    twin->flags = region->flags;
    return twin;
}

static void place(struct region *region, uaddr_t start, uint64_t size)
{
    region->start = start;
    region->end = start + size;
    if (region->amap == NULL)
        region->amap_index = start / PAGE_SIZE;
}

/* Takes count slots from first on out of amap into another of its family, which
 * *out gets with one reference: 0, or -ENOMEM with nothing changed. */
static int split_amap(struct amap *amap, uint64_t first, uint64_t count,
                      struct amap **out)
{
    uint64_t end = first + count;
    struct amap *part;
    int error = amap_clone(amap, amap->payer, &part);

    if (error != 0)
        return error;
    error = amap_own_ends(amap, first, count);
    if (error == 0)
        error = amap_own_ends(part, 0, first);
    if (error == 0)
        error = amap_own_ends(part, end, AMAP_SLOTS_END - end);
    if (error != 0) {
        amap_put(part);
        return error;
    }
    (void)amap_clear(amap, first, count);
    (void)amap_clear(part, 0, first);
    (void)amap_clear(part, end, AMAP_SLOTS_END - end);
    *out = part;
    return 0;
}

/* Gets ready to move the old range out of region: 0 or -ENOMEM. */
static int prepare(struct aspace *as, struct region *region,
                   const struct remap *remap, struct move *move)
    REQUIRES(as->lock)
{
    bool whole = region->end - region->start == remap->old_size;
    int error = cut_prepare(as, &move->cut, false);

    if (error == 0 && (remap->flags & LX_MREMAP_DONTUNMAP)) {
        move->rest = twin_of(as, region, remap->from);
        if (move->rest == NULL || as->region_count >= ASPACE_REGIONS_MAX)
            error = -ENOMEM;
    }
    if (error != 0 || region->amap == NULL || (whole && region_is_sole(region)))
        return error;
    return split_amap(region->amap, region_slot(region, remap->from),
                      remap->old_size / PAGE_SIZE, &move->amap);
}

/* Puts region, which may be written by many, somewhere else; while it is on no
 * list, nobody is to think that it cannot be written. */
static void relink(struct aspace *as, struct region *region,
                   const struct remap *remap, struct move *move)
    REQUIRES(as->lock)
{
    bool has_claim = region->shared && !(region->deny & LX_PROT_WRITE) &&
                     vm_object_claim_write(region->object);

    region_unlink(as, region);
    if (move->amap != NULL) {
        amap_put(region->amap);
        region->amap = move->amap;
        move->amap = NULL;
    }
    place(region, remap->to, remap->new_size);
    region_link(as, region);
    if (has_claim)
        vm_object_unclaim_write(region->object);
    region_merge(as, region);
}

/* Moves the old range, which the cut has made a region, to remap->to. */
static void commit(struct aspace *as, const struct remap *remap,
                   struct move *move) REQUIRES(as->lock)
{
    struct region *region, *rest = move->rest;

    cut_apply(as, &move->cut);
    forget_range(as, move->cut.start, move->cut.end);
    region = region_find(as, move->cut.start);
    ASSERT(region->start == move->cut.start && region->end == move->cut.end);
    relink(as, region, remap, move);
    if (rest == NULL)
        return;
    rest->flags &= ~(unsigned)REGION_LOCK_FLAGS;
    place(rest, remap->from, remap->old_size);
    region_link(as, rest);
    region_merge(as, rest);
    move->rest = NULL;
}

static int move_region(struct aspace *as, struct region *region,
                       const struct remap *remap) REQUIRES(as->lock)
{
    struct move move = {
        .cut = {.start = remap->from, .end = remap->from + remap->old_size}};
    int error = prepare(as, region, remap, &move);

    if (error == 0)
        commit(as, remap, &move);
    cut_fini(&move.cut);
    if (move.rest != NULL)
        region_free(move.rest);
    return error;
}

/* An old size of 0: shared memory is mapped a second time. */
static int map_again(struct aspace *as, const struct region *region,
                     const struct remap *remap) REQUIRES(as->lock)
{
    struct region *twin;

    if (as->region_count >= ASPACE_REGIONS_MAX)
        return -ENOMEM;
    twin = twin_of(as, region, remap->from);
    if (twin == NULL)
        return -ENOMEM;
    place(twin, remap->to, remap->new_size);
    region_link(as, twin);
    region_merge(as, twin);
    return 0;
}

/* Sets remap->to to where new_size bytes may go. */
static int choose_place(struct aspace *as, struct remap *remap)
    REQUIRES(as->lock)
{
    if (remap->flags & LX_MREMAP_FIXED) {
        if (remap->to < ASPACE_MIN)
            return -EPERM;
        return take_out(as, remap, remap->to, remap->to + remap->new_size);
    }
    if (remap->to >= ASPACE_MIN &&
        region_is_roomy(as, remap->to, remap->to + remap->new_size))
        return 0;
    return region_find_room(as, remap->new_size, &remap->to) ? 0 : -ENOMEM;
}

/* Makes region larger where it is; false: it has no room. */
static bool grow_in_place(struct aspace *as, struct region *region,
                          const struct remap *remap) REQUIRES(as->lock)
{
    uaddr_t end = remap->from + remap->new_size;

    if (region->end != remap->from + remap->old_size || remap->old_size == 0 ||
        end < remap->from || end > HAL_USER_TOP ||
        !region_is_roomy(as, region->end, end))
        return false;
    region_grow(as, region, region->start, end);
    region_merge(as, region);
    return true;
}

static int remap_locked(struct aspace *as, struct remap *remap)
    REQUIRES(as->lock)
{
    struct region *region = region_find(as, remap->from);
    bool placed = remap->flags & (LX_MREMAP_FIXED | LX_MREMAP_DONTUNMAP);
    uaddr_t end = remap->from + remap->old_size;
    int error;

    if (region == NULL || region->start > remap->from)
        return -EFAULT;
    if (remap->old_size == 0 && !region->shared)
        return -EINVAL;
    if (!placed && remap->new_size <= remap->old_size && remap->old_size > 0) {
        remap->to = remap->from;
        if (remap->new_size == remap->old_size)
            return 0;
        if (end < remap->from || end > HAL_USER_TOP)
            return -EINVAL;
        return take_out(as, remap, remap->from + remap->new_size, end);
    }
    /* What a smaller size cuts off need not be one mapping, as on Linux. */
    if (end < remap->from ||
        remap->from + min_u64(remap->old_size, remap->new_size) > region->end)
        return -EFAULT;
    if (end > HAL_USER_TOP)
        return -EINVAL;
    error = check_growth(as, region, remap);
    if (error != 0)
        return error;
    if (!placed && grow_in_place(as, region, remap)) {
        remap->to = remap->from;
        return 0;
    }
    if (!(remap->flags & LX_MREMAP_MAYMOVE))
        return -ENOMEM;
    error = choose_place(as, remap);
    if (error == 0 && remap->new_size < remap->old_size) {
        error = take_out(as, remap, remap->from + remap->new_size, end);
        remap->old_size = remap->new_size;
    }
    if (error != 0)
        return error;
    region = region_find(as, remap->from); /* a cut may have made a new one */
    return remap->old_size == 0 ? map_again(as, region, remap)
                                : move_region(as, region, remap);
}

int aspace_remap(struct aspace *as, const struct remap_request *request,
                 uaddr_t *out)
{
    struct remap remap;
    struct hal_range grown;
    unsigned access = 0;
    int error = read_request(request, &remap);

    if (error != 0)
        return error;
    mutex_lock(&as->lock);
    error = remap_locked(as, &remap);
    if (error == 0)
        access = fault_populate_access(region_find(as, remap.to));
    if (error == 0 && !(region_find(as, remap.to)->flags & REGION_LOCKED))
        access = 0;
    mutex_unlock(&as->lock);
    removed_free(&remap.removed);
    if (error != 0)
        return error;
    *out = remap.to;
    grown.start = remap.to + remap.old_size;
    grown.count = (remap.new_size - remap.old_size) / PAGE_SIZE;
    if (access != 0 && remap.new_size > remap.old_size)
        (void)fault_populate(as, grown, access, 0);
    return 0;
}
