/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/lock.c - mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2).
 *
 * Nothing is ever paged out, so to lock is to count and to make present.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

/* Gives what is mapped of range these lock flags: 0, -ENOMEM where there is a
 * hole (what lies before it is done) or no memory for a split. */
static int set_flags(struct aspace *as, const struct cut *range, unsigned flags)
    REQUIRES(as->lock)
{
    uaddr_t at = range->start;

    while (at < range->end) {
        struct region *region = region_find(as, at);
        struct cut cut = {.start = at};
        unsigned now;
        int error;

        if (region == NULL || region->start > at)
            return -ENOMEM;
        cut.end = min_u64(region->end, range->end);
        at = cut.end;
        now = (region->flags & ~(unsigned)REGION_LOCK_FLAGS) | flags;
        if (now == region->flags)
            continue;
        error = cut_prepare(as, &cut, false);
        if (error == 0) {
            cut_apply(as, &cut);
            region = region_find(as, cut.start);
            region_set_kind(as, region, region->prot, now);
            region_merge(as, region);
        }
        cut_fini(&cut);
        if (error != 0)
            return error;
    }
    return 0;
}

/* Bytes of range that are mapped and not locked. */
static uint64_t unlocked_bytes(struct aspace *as, const struct cut *range)
    REQUIRES(as->lock)
{
    const struct region *region = region_find(as, range->start);
    uint64_t size = range->end - range->start;

    for (; region != NULL && region->start < range->end;
         region = region_next(region))
        if (region->flags & REGION_LOCKED)
            size -= min_u64(region->end, range->end) -
                    max_u64(region->start, range->start);
    return size;
}

/* Reads a range that need not begin at a page: 0, or -EINVAL. */
static int read_range(uaddr_t start, uint64_t size, struct cut *range)
{
    uaddr_t end = start + size;

    range->start = round_down(start, PAGE_SIZE);
    range->end = round_up(end, PAGE_SIZE);
    return end < start || range->end < range->start ? -EINVAL : 0;
}

/* Makes a locked range present. mlock(2) on what cannot be: ENOMEM. */
static int bring_in(struct aspace *as, const struct cut *range)
{
    uaddr_t at = range->start;
    int error = 0;

    while (at < range->end && error == 0) {
        struct hal_range pages = {.start = at};
        unsigned access = 0;
        const struct region *region;

        mutex_lock(&as->lock);
        region = region_find(as, at);
        if (region != NULL && region->start <= at) {
            access = fault_populate_access(region);
            pages.count = (min_u64(region->end, range->end) - at) / PAGE_SIZE;
        }
        mutex_unlock(&as->lock);
        if (access == 0)
            return -ENOMEM;
        error = fault_populate(as, pages, access, 0);
        at += pages.count * PAGE_SIZE;
    }
    if (error == -ENOMEM)
        return -EAGAIN;
    return error == 0 || error == -EINTR ? error : -ENOMEM;
}

int aspace_lock(struct aspace *as, uaddr_t start, uint64_t size, bool on_fault)
{
    struct cut range;
    unsigned flags = REGION_LOCKED | (on_fault ? REGION_ON_FAULT : 0);
    int error;

    if (region_lock_limit(as) == 0)
        return -EPERM;
    error = read_range(start, size, &range);
    if (error != 0)
        return error;
    mutex_lock(&as->lock);
    if (!region_may_lock(as, unlocked_bytes(as, &range)))
        error = -ENOMEM;
    else
        error = set_flags(as, &range, flags);
    mutex_unlock(&as->lock);
    return error != 0 || on_fault ? error : bring_in(as, &range);
}

int aspace_unlock(struct aspace *as, uaddr_t start, uint64_t size)
{
    struct cut range;
    int error = read_range(start, size, &range);

    if (error != 0)
        return error;
    mutex_lock(&as->lock);
    error = set_flags(as, &range, 0);
    mutex_unlock(&as->lock);
    return error;
}

/* Every region; one that cannot be split has no need to. */
static void set_all(struct aspace *as, unsigned flags) REQUIRES(as->lock)
{
    struct region *region = region_find(as, 0);

    while (region != NULL) {
        uaddr_t end = region->end;

        region_set_kind(as, region, region->prot,
                        (region->flags & ~(unsigned)REGION_LOCK_FLAGS) | flags);
        region_merge(as, region);
        region = region_find(as, end);
    }
}

/* Makes all regions present, as far as can be. */
static void bring_in_all(struct aspace *as)
{
    struct cut next = {.start = 0};
    const struct region *region;

    do {
        mutex_lock(&as->lock);
        region = region_find(as, next.start);
        if (region != NULL) {
            next.start = region->start;
            next.end = region->end;
        }
        mutex_unlock(&as->lock);
        if (region == NULL || bring_in(as, &next) == -EINTR)
            return;
        next.start = next.end;
    } while (next.start < HAL_USER_TOP);
}

int aspace_lock_all(struct aspace *as, unsigned flags)
{
    const unsigned known = LX_MCL_CURRENT | LX_MCL_FUTURE | LX_MCL_ONFAULT;
    unsigned lock = REGION_LOCKED;
    int error = 0;

    if (flags == 0 || (flags & ~known) != 0 || flags == LX_MCL_ONFAULT)
        return -EINVAL;
    if (region_lock_limit(as) == 0)
        return -EPERM;
    if (flags & LX_MCL_ONFAULT)
        lock |= REGION_ON_FAULT;
    mutex_lock(&as->lock);
    if ((flags & LX_MCL_CURRENT) && as->mapped > region_lock_limit(as)) {
        error = -ENOMEM;
    } else {
        as->map_flags = flags & LX_MCL_FUTURE ? lock : 0;
        if (flags & LX_MCL_CURRENT)
            set_all(as, lock);
    }
    mutex_unlock(&as->lock);
    if (error == 0 && (flags & LX_MCL_CURRENT) && !(flags & LX_MCL_ONFAULT))
        bring_in_all(as);
    return error;
}

void aspace_unlock_all(struct aspace *as)
{
    mutex_lock(&as->lock);
    as->map_flags = 0;
    set_all(as, 0);
    mutex_unlock(&as->lock);
}
