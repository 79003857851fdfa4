/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/fault.c - making pages present.
 *
 * A private page is the one in its slot, or else its source: the object's page
 * or, without an object, the zero page. A write puts a copy of the source in
 * the slot, or, where an address space after a fork holds the page in the slot
 * as well, a copy of that. Everything that can fail comes before the slot or
 * the tables change.
 *
 * Faults of one address space come one after the other; who finds that another
 * has made his page present maps the same once more, which changes nothing. Who
 * finds an object's page that is being taken out waits until it is gone.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/sched/thread.h"
#include "core/vm/region.h"
#include "hal/check.h"
#include "hal/uaccess.h"

#define WINDOW_SIZE ((uint64_t)FAULT_WINDOW * PAGE_SIZE)

static struct page *zero_page;

int fault_init_all(void)
{
    zero_page = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);
    return zero_page != NULL ? 0 : -ENOMEM;
}

bool fault_is_zero_page(const struct page *page)
{
    return page == zero_page;
}

static struct hal_range page_at(uaddr_t addr)
{
    struct hal_range one = {.start = addr, .count = 1};

    return one;
}

static bool is_allowed(const struct region *region, unsigned access)
{
    return (region_rights(region->prot) & access) == access;
}

/* The rights of a page that must not be written where it is. */
static unsigned source_rights(const struct region *region)
{
    return region_rights(region->prot) & ~(unsigned)HAL_WRITE;
}

/*
 * Sees to it that as->tables can serve a map in the window of addr. A window
 * never reaches over the end of a table, so all need the same number; what one
 * fault leaves serves the next.
 */
static int fill_tables(struct aspace *as, uaddr_t addr) REQUIRES(as->lock)
{
    int error;

    if (as->tables_need > 0 && as->tables.count >= as->tables_need)
        return 0;
    hal_mmu_unreserve(&as->tables);
    error = hal_mmu_reserve(&as->tables, page_at(addr));
    if (error == 0)
        as->tables_need = as->tables.count;
    return error;
}

/* Gives page at addr these rights; nothing else is mapped there. */
static void map_page(struct aspace *as, uaddr_t addr, const struct page *page,
                     unsigned rights) REQUIRES(as->lock)
{
    spin_lock(&as->pt_lock);
    hal_mmu_map(as->mmu, page_at(addr), page_addr(page), rights, HAL_NORMAL,
                &as->tables);
    spin_unlock(&as->pt_lock);
}

/* The same for pages that follow each other, where others may be mapped: those
 * go first. */
static void replace_row(struct aspace *as, struct hal_range range,
                        const struct page *first, unsigned rights)
    REQUIRES(as->lock)
{
    struct hal_gather gather = {.mmu = as->mmu};

    spin_lock(&as->pt_lock);
    hal_mmu_unmap(&gather, range);
    if (gather.span.count > 0) {
        spin_unlock(&as->pt_lock);
        hal_mmu_flush(&gather);
        spin_lock(&as->pt_lock);
    }
    hal_mmu_map(as->mmu, range, page_addr(first), rights, HAL_NORMAL,
                &as->tables);
    spin_unlock(&as->pt_lock);
}

static void replace_page(struct aspace *as, uaddr_t addr,
                         const struct page *page, unsigned rights)
    REQUIRES(as->lock)
{
    struct hal_mapping old;
    bool is_mapped;

    spin_lock(&as->pt_lock);
    is_mapped = hal_mmu_query(as->mmu, addr, &old);
    if (!is_mapped)
        hal_mmu_map(as->mmu, page_at(addr), page_addr(page), rights, HAL_NORMAL,
                    &as->tables);
    spin_unlock(&as->pt_lock);
    if (is_mapped)
        replace_row(as, page_at(addr), page, rights);
}

/* Gives a page that other amaps hold too, to be read. Where the tables already
 * grant more (it was ours alone before somebody looked at it), that stays. */
static void map_common(struct aspace *as, uaddr_t addr, const struct page *page,
                       unsigned rights) REQUIRES(as->lock)
{
    struct hal_mapping found;

    spin_lock(&as->pt_lock);
    if (hal_mmu_query(as->mmu, addr, &found))
        rights |= found.rights;
    hal_mmu_map(as->mmu, page_at(addr), page_addr(page), rights, HAL_NORMAL,
                &as->tables);
    spin_unlock(&as->pt_lock);
}

/* Puts pages, a reference each included, in the slots of range: 0, or
 * -ENOMEM. */
static int fill_slots(struct aspace *as, struct region *region,
                      struct hal_range range, struct page *first)
    REQUIRES(as->lock)
{
    struct amap *amap = region->amap;
    int error = 0;

    if (amap == NULL)
        error = amap_create(as->payer, &amap);
    if (error != 0)
        return error;
    error = amap_insert_row(amap, region_slot(region, range.start), first,
                            (unsigned)range.count);
    if (region->amap == NULL && error == 0)
        region_set_amap(region, amap);
    else if (region->amap == NULL)
        amap_put(amap);
    if (error == 0)
        as->resident += range.count;
    return error;
}

/* --- writes ahead --------------------------------------------------------- */

/*
 * Memory that is written for the first time page after page is brought in ahead
 * of the writes, as much as has come so far, up to the end of a window. So at
 * most twice of what is used is there.
 */
enum { STREAK_MIN = 4 };

/* The row that a write at addr brings in, one page at least; its count is a
 * power of two. */
static struct hal_range row_at(const struct region *region, uaddr_t addr)
{
    uaddr_t end =
        min_u64(round_down(addr, WINDOW_SIZE) + WINDOW_SIZE, region->end);
    struct hal_range row = {.start = addr, .count = 1};
    unsigned room;

    if (addr != region->streak_end || region->streak < STREAK_MIN)
        return row;
    room = (unsigned)min_u64(region->streak, (end - addr) / PAGE_SIZE);
    if (region->amap != NULL)
        room = amap_room(region->amap, region_slot(region, addr), room);
    while (row.count * 2 <= room)
        row.count *= 2;
    return row;
}

static void note_row(struct region *region, struct hal_range row)
{
    if (row.start != region->streak_end)
        region->streak = 0;
    if (region->streak < FAULT_WINDOW)
        region->streak += (unsigned)row.count;
    region->streak_end = row.start + row.count * PAGE_SIZE;
}

/* Makes zeroed pages, where there are none, present: 0; -ENOMEM: not so many,
 * but perhaps one. */
static int add_row(struct aspace *as, struct region *region,
                   struct hal_range row) REQUIRES(as->lock)
{
    unsigned order = (unsigned)__builtin_ctzll(row.count);
    struct page *first = page_alloc_row(order, as->payer);
    int error;

    if (first == NULL)
        return -ENOMEM;
    hal_check_poison(page_data(first), row.count * PAGE_SIZE);
    error = fill_tables(as, row.start);
    if (error == 0)
        error = fill_slots(as, region, row, first);
    for (unsigned i = 0; error != 0 && i < row.count; i++)
        page_put(page_behind(first, i));
    if (error == 0)
        replace_row(as, row, first, region_rights(region->prot));
    return error;
}

/* --- single pages --------------------------------------------------------- */

unsigned fault_how(void)
{
    return MEM_WAIT | (thread_is_ending() ? MEM_LAST : MEM_USER);
}

/* A page of our own with the bytes of source; NULL: with zeros. */
static struct page *copy_page(struct aspace *as, const struct page *source)
{
    unsigned zero = source == NULL ? MEM_ZERO : 0;
    struct page *page = page_alloc(0, fault_how() | zero, as->payer);

    if (page == NULL)
        return NULL;
    if (source != NULL)
        hal_copy_page(page_addr(page), page_addr(source));
    hal_check_poison(page_data(page), PAGE_SIZE); /* the user's from here */
    return page;
}

/* A write to a private page that has no slot yet. */
static int fault_copy(struct aspace *as, struct region *region, uaddr_t addr)
    REQUIRES(as->lock)
{
    struct vm_object *object = region->object;
    struct page *source = NULL;
    struct page *page;
    int error = 0;

    if (object != NULL)
        error = object->ops->get_page(object, region_object_index(region, addr),
                                      &source);
    if (error != 0)
        return error;
    page = copy_page(as, source);
    if (source != NULL)
        page_put(source);
    if (page == NULL)
        return -ENOMEM;

    error = fill_tables(as, addr);
    if (error == 0)
        error = fill_slots(as, region, page_at(addr), page);
    if (error != 0) {
        page_put(page);
        return error;
    }
    replace_page(as, addr, page, region_rights(region->prot));
    return 0;
}

/* A write to anonymous memory where there is no page yet. */
static int fault_anonymous(struct aspace *as, struct region *region,
                           uaddr_t addr) REQUIRES(as->lock)
{
    struct hal_range row = row_at(region, addr);
    int error = -ENOMEM;

    if (row.count > 1)
        error = add_row(as, region, row);
    if (error != 0) {
        row.count = 1;
        error = fault_copy(as, region, addr);
    }
    if (error == 0)
        note_row(region, row);
    return error;
}

/* A write to the page in a slot that others hold too. */
static int fault_unshare(struct aspace *as, struct region *region, uaddr_t addr)
    REQUIRES(as->lock)
{
    struct amap *amap = region->amap;
    uint64_t slot = region_slot(region, addr);
    struct page *page, *old;
    int error = amap_own(amap, slot);

    if (error == 0)
        error = fill_tables(as, addr);
    if (error != 0)
        return error;
    page = amap_find(amap, slot);
    if (amap_is_own(amap, slot)) { /* the others have let go */
        map_page(as, addr, page, region_rights(region->prot));
        return 0;
    }
    page = copy_page(as, page);
    if (page == NULL)
        return -ENOMEM;
    old = amap_replace(amap, slot, page);
    replace_page(as, addr, page, region_rights(region->prot));
    page_put(old); /* no table of ours maps it now */
    return 0;
}

/* The part of a window that a region shows, and the object's pages there. */
struct window {
    uaddr_t start;
    size_t count;
    struct page *page[FAULT_WINDOW]; /* a reference each; NULL: leave out */
};

/* Collects the pages around addr; without the one at addr, an error. */
static int gather_pages(const struct region *region, uaddr_t addr,
                        struct window *window)
{
    struct vm_object *object = region->object;
    size_t at;

    window->start = addr;
    window->count = 1;
    window->page[0] = NULL;
    if (object->ops->find_pages != NULL) {
        uaddr_t base = round_down(addr, WINDOW_SIZE);

        window->start = max_u64(base, region->start);
        window->count =
            (min_u64(base + WINDOW_SIZE, region->end) - window->start) /
            PAGE_SIZE;
        object->ops->find_pages(object,
                                region_object_index(region, window->start),
                                window->page, window->count);
    }
    at = (addr - window->start) / PAGE_SIZE;
    if (window->page[at] != NULL)
        return 0;
    return object->ops->get_page(object, region_object_index(region, addr),
                                 &window->page[at]);
}

static void drop_window(struct window *window)
{
    for (size_t i = 0; i < window->count; i++)
        if (window->page[i] != NULL)
            page_put(window->page[i]);
}

/* Leaves out the pages that have a copy in a slot. */
static void leave_out_copies(const struct region *region, struct window *window)
{
    uint64_t slot = region_slot(region, window->start);

    if (region->amap == NULL)
        return;
    for (size_t i = 0; i < window->count; i++) {
        if (window->page[i] == NULL ||
            amap_find(region->amap, slot + i) == NULL)
            continue;
        page_put(window->page[i]);
        window->page[i] = NULL;
    }
}

/* How many pages from i on follow each other in memory. */
static size_t run_length(const struct window *window, size_t i)
{
    paddr_t first = page_addr(window->page[i]);
    size_t n = 1;

    while (i + n < window->count && window->page[i + n] != NULL &&
           page_addr(window->page[i + n]) == first + n * PAGE_SIZE)
        n++;
    return n;
}

/* Is another page than this still there, which the object is about to take
 * out? Nothing is mapped over it. */
static bool is_stale(struct aspace *as, uaddr_t addr, const struct page *page)
    REQUIRES(as->pt_lock)
{
    struct hal_mapping found;

    return hal_mmu_query(as->mmu, addr, &found) &&
           found.page != page_addr(page);
}

/* Maps what is in the window, unless the object took a page away meanwhile, or
 * is at it: then the access comes again. */
static void map_window(struct aspace *as, const struct region *region,
                       const struct window *window, uint64_t unmaps)
    REQUIRES(as->lock)
{
    const struct vm_object *object = region->object;
    unsigned rights = source_rights(region);
    bool is_removing;
    size_t n;

    spin_lock(&as->pt_lock);
    if (__atomic_load_n(&object->unmaps, __ATOMIC_ACQUIRE) != unmaps) {
        spin_unlock(&as->pt_lock);
        return;
    }
    /* Whoever sees a page in the place of another sees this as well, until the
     * other is in no table. */
    is_removing = __atomic_load_n(&object->removals, __ATOMIC_ACQUIRE) != 0;
    for (size_t i = 0; i < window->count; i += n) {
        struct hal_range run = {.start = window->start + i * PAGE_SIZE};

        n = 1;
        if (window->page[i] == NULL ||
            (is_removing && is_stale(as, run.start, window->page[i])))
            continue;
        if (!is_removing)
            n = run_length(window, i);
        run.count = n;
        hal_mmu_map(as->mmu, run, page_addr(window->page[i]), rights,
                    HAL_NORMAL, &as->tables);
    }
    spin_unlock(&as->pt_lock);
}

/* Shows the object's page, and those around it, to be read. The tables hold
 * nothing here but the same pages with no more rights. */
static int fault_source(struct aspace *as, struct region *region, uaddr_t addr)
    REQUIRES(as->lock)
{
    struct vm_object *object = region->object;
    struct window window;
    uint64_t unmaps;
    int error = fill_tables(as, addr);

    if (error != 0)
        return error;
    if (object == NULL) {
        map_page(as, addr, zero_page, source_rights(region));
        return 0;
    }
    unmaps = __atomic_load_n(&object->unmaps, __ATOMIC_ACQUIRE);
    error = gather_pages(region, addr, &window);
    if (error == 0) {
        leave_out_copies(region, &window);
        map_window(as, region, &window, unmaps);
    }
    drop_window(&window);
    return error;
}

/* A shared page that may be written, in hand. */
struct shared_page {
    uaddr_t addr;
    struct page *page;
    unsigned access; /* that is asked for */
    uint64_t unmaps; /* of the object, before it gave the page */
};

/* Maps it, unless another fault has given as much, or the object took the page
 * away meanwhile, or the one before it is still there: then the access comes
 * again. */
static void map_shared(struct aspace *as, const struct region *region,
                       const struct shared_page *shared) REQUIRES(as->lock)
{
    const uint64_t *unmaps = &region->object->unmaps;
    unsigned rights = source_rights(region);
    struct hal_mapping found;

    if (shared->access == HAL_WRITE)
        rights |= HAL_WRITE;
    spin_lock(&as->pt_lock);
    if (__atomic_load_n(unmaps, __ATOMIC_ACQUIRE) == shared->unmaps &&
        !(hal_mmu_query(as->mmu, shared->addr, &found) &&
          ((found.rights & shared->access) == shared->access ||
           found.page != page_addr(shared->page))))
        hal_mmu_map(as->mmu, page_at(shared->addr), page_addr(shared->page),
                    rights, HAL_NORMAL, &as->tables);
    spin_unlock(&as->pt_lock);
}

static int fault_shared(struct aspace *as, struct region *region, uaddr_t addr,
                        unsigned access) REQUIRES(as->lock)
{
    struct vm_object *object = region->object;
    uint64_t index = region_object_index(region, addr);
    struct shared_page shared = {.addr = addr, .access = access};
    int error;

    if (!(region->prot & LX_PROT_WRITE))
        return fault_source(as, region, addr);
    error = fill_tables(as, addr);
    if (error != 0)
        return error;
    shared.unmaps = __atomic_load_n(&object->unmaps, __ATOMIC_ACQUIRE);
    error = object->ops->get_page(object, index, &shared.page);
    if (error != 0)
        return error;
    if (access == HAL_WRITE)
        error = object->ops->dirty_page(object, index, shared.page);
    if (error == 0)
        map_shared(as, region, &shared);
    page_put(shared.page);
    return error;
}

/*
 * Lets a region that grows down reach addr, below it: false where it must not.
 * What lies below keeps its distance, unless it grows too or is a guard.
 */
static bool grow_down(struct aspace *as, struct region *region, uaddr_t addr)
    REQUIRES(as->lock)
{
    const struct region *below = region_prev(region);
    uint64_t added = region->start - addr;

    if (!(region->flags & REGION_GROWS_DOWN) || addr < ASPACE_MIN ||
        added / PAGE_SIZE > region->amap_index ||
        region->end - addr > limit_of(&as->limits.stack) ||
        !region_may_add(as, region, added) ||
        ((region->flags & REGION_LOCKED) && !region_may_lock(as, added)))
        return false;
    if (below != NULL && below->prot != 0 &&
        !(below->flags & REGION_GROWS_DOWN) && addr - below->end < REGION_GUARD)
        return false;
    region_grow(as, region, addr, region->end);
    return true;
}

/* An access to the page in a slot. */
static int fault_slot(struct aspace *as, struct region *region, uaddr_t addr,
                      unsigned access) REQUIRES(as->lock)
{
    uint64_t slot = region_slot(region, addr);
    const struct page *page = amap_find(region->amap, slot);
    bool own = amap_is_own(region->amap, slot);
    int error;

    if (!own && access == HAL_WRITE)
        return fault_unshare(as, region, addr);
    error = fill_tables(as, addr);
    if (error != 0)
        return error;
    if (own)
        map_page(as, addr, page, region_rights(region->prot));
    else
        map_common(as, addr, page, source_rights(region));
    return 0;
}

int fault_resolve(struct aspace *as, uaddr_t addr, unsigned access)
{
    struct region *region = region_find(as, addr);

    if (region == NULL ||
        (region->start > addr && !grow_down(as, region, addr)))
        return -EFAULT;
    if (!is_allowed(region, access))
        return -EACCES;
    if (region->shared)
        return fault_shared(as, region, addr, access);
    if (region->amap != NULL &&
        amap_find(region->amap, region_slot(region, addr)) != NULL)
        return fault_slot(as, region, addr, access);
    if (access != HAL_WRITE)
        return fault_source(as, region, addr);
    return region->object == NULL ? fault_anonymous(as, region, addr)
                                  : fault_copy(as, region, addr);
}
