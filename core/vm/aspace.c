/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/aspace.c - the contract is in aspace.h. Life of an address space.
 */
#include "core/vm/aspace.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/vm/region.h"

static const struct lock_class aspace_lock_class = {"aspace", LOCK_RANK_ASPACE};
static const struct lock_class pt_lock_class = {"page tables", LOCK_RANK_PT};

static struct mem_cache aspace_cache;

int aspace_init_all(void)
{
    cache_init(&aspace_cache, "aspace", sizeof(struct aspace), 8);
    region_init_all();
    amap_init_all();
    anon_init_all();
    return fault_init_all();
}

int aspace_create(struct mem_account *payer, struct aspace **out)
{
    struct aspace *as = mem_alloc(&aspace_cache, MEM_WAIT | MEM_ZERO, payer);
    int error;

    if (as == NULL)
        return -ENOMEM;
    error = hal_mmu_create(&as->mmu);
    if (error != 0) {
        mem_free(&aspace_cache, as);
        return error;
    }
    refcount_init(&as->refs, 1);
    mutex_init(&as->lock, &aspace_lock_class);
    spin_init(&as->pt_lock, &pt_lock_class);
    as->payer = payer;
    as->mmap_base = ASPACE_MMAP_BASE;
    as->limits =
        (struct aspace_limits){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    *out = as;
    return 0;
}

void aspace_get(struct aspace *as)
{
    refcount_get(&as->refs);
}

/* Takes all regions out of the tree, and of their objects' lists. */
static void unlink_all(struct aspace *as, struct list *removed)
{
    struct tree_node *node;

    mutex_lock(&as->lock);
    while ((node = as->regions.root) != NULL) {
        struct region *region = container_of(node, struct region, node);

        region_unlink(as, region);
        list_push_back(removed, &region->removed);
    }
    ASSERT(as->region_count == 0 && as->mapped == 0);
    mutex_unlock(&as->lock);
}

void aspace_put(struct aspace *as)
{
    struct list removed;

    if (!refcount_put(&as->refs))
        return;
    list_init(&removed);
    unlink_all(as, &removed);
    hal_mmu_unreserve(&as->tables);
    /* Nobody has it active and no object reaches it now: after this no CPU can
     * use a page, and they may go. */
    hal_mmu_destroy(as->mmu);
    removed_free(&removed);
    mem_free(&aspace_cache, as);
}

struct hal_mmu *aspace_mmu(struct aspace *as)
{
    return as->mmu;
}

unsigned aspace_add_barriers(struct aspace *as, unsigned bits)
{
    return __atomic_or_fetch(&as->barriers, bits, __ATOMIC_SEQ_CST);
}

void aspace_set_mmap_base(struct aspace *as, uaddr_t base)
{
    ASSERT(base % PAGE_SIZE == 0 && base > ASPACE_MIN && base <= HAL_USER_TOP);
    mutex_lock(&as->lock);
    as->mmap_base = base;
    mutex_unlock(&as->lock);
}

static uint64_t count_shared(const struct region *region)
{
    if (!region->shared)
        return 0;
    return anon_object_count(region->object,
                             region_object_index(region, region->start),
                             region_page_count(region));
}

uint64_t aspace_count_pages(struct aspace *as)
{
    uint64_t count;

    mutex_lock(&as->lock);
    count = as->resident;
    for (struct tree_node *node = tree_first(&as->regions); node != NULL;
         node = tree_next(node))
        count += count_shared(container_of(node, struct region, node));
    mutex_unlock(&as->lock);
    return count;
}

void aspace_get_usage(struct aspace *as, struct aspace_usage *out)
{
    mutex_lock(&as->lock);
    out->mapped_bytes = as->mapped;
    out->locked_bytes = as->locked;
    out->resident_pages = as->resident;
    out->regions = as->region_count;
    mutex_unlock(&as->lock);
}
