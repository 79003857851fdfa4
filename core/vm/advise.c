/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/advise.c - madvise(2), mincore(2), msync(2).
 *
 * What is mapped is treated, region by region; a hole is told at the end. Hints
 * that nothing acts on (there is neither swap nor read-ahead) are checked and
 * taken. MADV_FREE drops the pages at once, as it may.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

/* The part of a region that a call is about. */
struct part {
    struct region *region;
    uaddr_t start, end;
};

static uint64_t part_pages(const struct part *part)
{
    return (part->end - part->start) / PAGE_SIZE;
}

/* Drops what the part's slots hold and forgets its translations: 0 or
 * -ENOMEM. */
static int discard(struct aspace *as, const struct part *part)
    REQUIRES(as->lock)
{
    struct region *region = part->region;
    uint64_t slot = region_slot(region, part->start);
    int error = 0;

    if (region->amap != NULL)
        error = amap_own_ends(region->amap, slot, part_pages(part));
    if (error != 0)
        return error;
    forget_range(as, part->start, part->end);
    if (region->amap != NULL)
        as->resident -= amap_clear(region->amap, slot, part_pages(part));
    return 0;
}

static int remove_pages(const struct part *part)
{
    struct vm_object *object = part->region->object;

    if (object == NULL || (part->region->flags & REGION_LOCKED))
        return -EINVAL;
    if (!part->region->shared || (part->region->deny & LX_PROT_WRITE))
        return -EACCES;
    if (object->ops->remove_pages == NULL)
        return -EOPNOTSUPP;
    return object->ops->remove_pages(
        object, region_object_index(part->region, part->start),
        part_pages(part));
}

/* Sets and clears flags of the part: 0 or -ENOMEM. The region may be gone. */
static int change_flags(struct aspace *as, const struct part *part,
                        unsigned set, unsigned clear) REQUIRES(as->lock)
{
    struct cut cut = {.start = part->start, .end = part->end};
    unsigned flags = (part->region->flags & ~clear) | set;
    struct region *region;
    int error;

    if (flags == part->region->flags)
        return 0;
    error = cut_prepare(as, &cut, false);
    if (error == 0) {
        cut_apply(as, &cut);
        region = region_find(as, cut.start);
        region_set_kind(as, region, region->prot, flags);
        region_merge(as, region);
    }
    cut_fini(&cut);
    return error;
}

static int advise_part(struct aspace *as, const struct part *part, int advice)
    REQUIRES(as->lock)
{
    const struct region *region = part->region;
    bool anonymous = region->object == NULL;
    bool locked = (region->flags & REGION_LOCKED) != 0;

    switch (advice) {
    case LX_MADV_DONTNEED:
        return locked ? -EINVAL : discard(as, part);
    case LX_MADV_FREE:
        return !anonymous || locked ? -EINVAL : discard(as, part);
    case LX_MADV_REMOVE:
        return remove_pages(part);
    case LX_MADV_DONTFORK:
        return change_flags(as, part, REGION_DONT_FORK, 0);
    case LX_MADV_DOFORK:
        return change_flags(as, part, 0, REGION_DONT_FORK);
    case LX_MADV_WIPEONFORK:
        return !anonymous ? -EINVAL
                          : change_flags(as, part, REGION_WIPE_ON_FORK, 0);
    case LX_MADV_KEEPONFORK:
        return change_flags(as, part, 0, REGION_WIPE_ON_FORK);
    case LX_MADV_COLD:
    case LX_MADV_PAGEOUT:
        return locked ? -EINVAL : 0;
    default:
        return 0;
    }
}

static int advise_locked(struct aspace *as, const struct cut *range, int advice)
    REQUIRES(as->lock)
{
    uaddr_t at = range->start;
    int error = 0, hole = 0;

    while (at < range->end && error == 0) {
        struct part part = {.region = region_find(as, at), .start = at};

        if (part.region == NULL || part.region->start > at)
            hole = -ENOMEM;
        if (part.region == NULL || part.region->start >= range->end)
            break;
        part.start = max_u64(at, part.region->start);
        part.end = min_u64(range->end, part.region->end);
        error = advise_part(as, &part, advice);
        at = part.end;
    }
    return error == -ENOMEM ? -EAGAIN : error != 0 ? error : hole;
}

static bool is_known(int advice)
{
    switch (advice) {
    case LX_MADV_NORMAL:
    case LX_MADV_RANDOM:
    case LX_MADV_SEQUENTIAL:
    case LX_MADV_WILLNEED:
    case LX_MADV_DONTNEED:
    case LX_MADV_FREE:
    case LX_MADV_REMOVE:
    case LX_MADV_DONTFORK:
    case LX_MADV_DOFORK:
    case LX_MADV_DONTDUMP:
    case LX_MADV_DODUMP:
    case LX_MADV_WIPEONFORK:
    case LX_MADV_KEEPONFORK:
    case LX_MADV_COLD:
    case LX_MADV_PAGEOUT:
    case LX_MADV_POPULATE_READ:
    case LX_MADV_POPULATE_WRITE:
        return true;
    default:
        return false; /* those of KSM and of huge pages too: absent */
    }
}

/* MADV_POPULATE_READ and MADV_POPULATE_WRITE. */
static int populate(struct aspace *as, struct hal_range pages, int advice)
{
    bool writes = advice == LX_MADV_POPULATE_WRITE;
    int error = fault_populate(as, pages, writes ? HAL_WRITE : HAL_READ,
                               writes ? LX_PROT_WRITE : LX_PROT_READ);

    switch (error) {
    case 0:
    case -EINTR:
    case -ENOMEM:
        return error;
    case -EFAULT:
        return -ENOMEM;
    case -EACCES:
        return -EINVAL;
    default:
        return -EFAULT;
    }
}

int aspace_advise(struct aspace *as, uaddr_t start, uint64_t size, int advice)
{
    struct cut range = {.start = start};
    struct hal_range pages = {.start = start};
    int error;

    if (!is_known(advice) || start % PAGE_SIZE != 0)
        return -EINVAL;
    range.end = start + round_up(size, PAGE_SIZE);
    if (range.end < start || (size != 0 && range.end == start))
        return -EINVAL;
    pages.count = (range.end - start) / PAGE_SIZE;
    if (advice == LX_MADV_POPULATE_READ || advice == LX_MADV_POPULATE_WRITE)
        return populate(as, pages, advice);

    mutex_lock(&as->lock);
    error = advise_locked(as, &range, advice);
    mutex_unlock(&as->lock);
    return error;
}

/* --- mincore -------------------------------------------------------------- */

static bool is_in_core(struct aspace *as, const struct region *region,
                       uaddr_t addr) REQUIRES(as->lock)
{
    struct vm_object *object = region->object;
    struct page *page = NULL;
    struct hal_mapping found;
    bool mapped;

    if (region->amap != NULL &&
        amap_find(region->amap, region_slot(region, addr)) != NULL)
        return true;
    if (object != NULL && object->ops->find_pages != NULL) {
        object->ops->find_pages(object, region_object_index(region, addr),
                                &page, 1);
        if (page != NULL)
            page_put(page);
        return page != NULL;
    }
    spin_lock(&as->pt_lock);
    mapped = hal_mmu_query(as->mmu, addr, &found);
    spin_unlock(&as->pt_lock);
    return mapped;
}

int aspace_in_core(struct aspace *as, uaddr_t start, size_t count, uint8_t *out)
{
    const struct region *region;
    size_t n = 0;

    ASSERT(start % PAGE_SIZE == 0 && count > 0);
    mutex_lock(&as->lock);
    region = region_find(as, start);
    if (region != NULL && region->start <= start)
        for (; n < count && start + n * PAGE_SIZE < region->end; n++)
            out[n] = is_in_core(as, region, start + n * PAGE_SIZE);
    mutex_unlock(&as->lock);
    return n > 0 ? (int)n : -ENOMEM;
}

/* --- msync ---------------------------------------------------------------- */

/* Writes back what the part's object knows to be dirty. Drops the lock, as it
 * takes its time. */
static int sync_part(struct aspace *as, const struct part *part) NO_TSA
{
    struct vm_object *object = part->region->object;
    uint64_t index, count = part_pages(part);
    int error;

    if (object == NULL || !part->region->shared ||
        object->ops->sync_pages == NULL)
        return 0;
    index = region_object_index(part->region, part->start);
    vm_object_get(object);
    mutex_unlock(&as->lock);
    error = object->ops->sync_pages(object, index, count);
    vm_object_put(object);
    mutex_lock(&as->lock);
    return error;
}

static int sync_locked(struct aspace *as, const struct cut *range,
                       unsigned flags) REQUIRES(as->lock)
{
    uaddr_t at = range->start;
    int error = 0, hole = 0;

    while (at < range->end && error == 0) {
        struct part part = {.region = region_find(as, at), .start = at};

        if (part.region == NULL || part.region->start > at)
            hole = -ENOMEM;
        if (part.region == NULL || part.region->start >= range->end)
            break;
        part.start = max_u64(at, part.region->start);
        part.end = min_u64(range->end, part.region->end);
        if ((flags & LX_MS_INVALIDATE) && (part.region->flags & REGION_LOCKED))
            error = -EBUSY;
        else if (flags & LX_MS_SYNC)
            error = sync_part(as, &part);
        at = part.end;
    }
    return error != 0 ? error : hole;
}

int aspace_sync(struct aspace *as, uaddr_t start, uint64_t size, unsigned flags)
{
    const unsigned known = LX_MS_ASYNC | LX_MS_INVALIDATE | LX_MS_SYNC;
    struct cut range = {.start = start};
    int error;

    if ((flags & ~known) != 0 || start % PAGE_SIZE != 0 ||
        ((flags & LX_MS_ASYNC) && (flags & LX_MS_SYNC)))
        return -EINVAL;
    range.end = start + round_up(size, PAGE_SIZE);
    if (range.end < start)
        return -ENOMEM;
    mutex_lock(&as->lock);
    error = sync_locked(as, &range, flags);
    mutex_unlock(&as->lock);
    return error;
}
