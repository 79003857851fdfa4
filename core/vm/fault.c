/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/fault.c - making pages present.
 *
 * A private page is the one in its slot, or else its source: the object's page
 * or, without an object, the zero page. A write puts a copy of the source in
 * the slot. Everything that can fail comes before the slot or the tables
 * change.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/base/string.h"
#include "core/vm/aspace_impl.h"
#include "hal/check.h"

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

/* The same, where another page may be mapped: that one goes first. */
static void replace_page(struct aspace *as, uaddr_t addr,
                         const struct page *page, unsigned rights)
    REQUIRES(as->lock)
{
    struct hal_gather gather = {.mmu = as->mmu};

    spin_lock(&as->pt_lock);
    hal_mmu_unmap(&gather, page_at(addr));
    if (gather.span.count > 0) {
        spin_unlock(&as->pt_lock);
        hal_mmu_flush(&gather);
        spin_lock(&as->pt_lock);
    }
    hal_mmu_map(as->mmu, page_at(addr), page_addr(page), rights, HAL_NORMAL,
                &as->tables);
    spin_unlock(&as->pt_lock);
}

/* Puts page, a reference included, in the slot of addr: 0, or -ENOMEM. */
static int fill_slot(struct aspace *as, struct region *region, uaddr_t addr,
                     struct page *page) REQUIRES(as->lock)
{
    bool is_new = region->amap == NULL;
    int error;

    if (is_new) {
        error = amap_create(as->payer, &region->amap);
        if (error != 0)
            return error;
    }
    error = amap_insert(region->amap, region_slot(region, addr), page);
    if (error != 0 && is_new) {
        amap_put(region->amap);
        region->amap = NULL;
    }
    if (error == 0)
        as->resident++;
    return error;
}

/* A page of our own with the bytes of source; NULL: with zeros. */
static struct page *copy_page(struct aspace *as, const struct page *source)
{
    unsigned how = source == NULL ? MEM_WAIT | MEM_ZERO : MEM_WAIT;
    struct page *page = page_alloc(0, how, as->payer);

    if (page == NULL)
        return NULL;
    if (source != NULL)
        mem_copy(page_data(page), page_data(source), PAGE_SIZE);
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
        error = fill_slot(as, region, addr, page);
    if (error != 0) {
        page_put(page);
        return error;
    }
    replace_page(as, addr, page, region_rights(region->prot));
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

/* Maps what is in the window, unless the object took a page away meanwhile:
 * then the access comes again. */
static void map_window(struct aspace *as, const struct region *region,
                       const struct window *window, uint64_t unmaps)
    REQUIRES(as->lock)
{
    unsigned rights = source_rights(region);
    size_t n;

    spin_lock(&as->pt_lock);
    if (__atomic_load_n(&region->object->unmaps, __ATOMIC_ACQUIRE) != unmaps) {
        spin_unlock(&as->pt_lock);
        return;
    }
    for (size_t i = 0; i < window->count; i += n) {
        struct hal_range run = {.start = window->start + i * PAGE_SIZE};

        n = 1;
        if (window->page[i] == NULL)
            continue;
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
 * away meanwhile: then the access comes again. */
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
          (found.rights & shared->access) == shared->access))
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

int fault_resolve(struct aspace *as, uaddr_t addr, unsigned access)
{
    struct region *region = region_find(as, addr);
    struct page *page = NULL;
    int error;

    if (region == NULL || region->start > addr)
        return -EFAULT;
    if (!is_allowed(region, access))
        return -EACCES;
    if (region->shared)
        return fault_shared(as, region, addr, access);

    if (region->amap != NULL)
        page = amap_find(region->amap, region_slot(region, addr));
    if (page == NULL)
        return access == HAL_WRITE ? fault_copy(as, region, addr)
                                   : fault_source(as, region, addr);
    error = fill_tables(as, addr);
    if (error == 0)
        map_page(as, addr, page, region_rights(region->prot));
    return error;
}

int aspace_fault(struct aspace *as, uaddr_t addr, unsigned access)
{
    int error;

    ASSERT(access == HAL_READ || access == HAL_WRITE || access == HAL_EXEC);
    if (addr >= HAL_USER_TOP)
        return -EFAULT;
    mutex_lock(&as->lock);
    error = fault_resolve(as, round_down(addr, PAGE_SIZE), access);
    mutex_unlock(&as->lock);
    return error;
}

void fault_populate(struct aspace *as, struct hal_range range, unsigned access)
{
    for (size_t i = 0; i < range.count; i++) {
        int error = mutex_lock_killable(&as->lock);

        if (error != 0)
            return;
        error = fault_resolve(as, range.start + i * PAGE_SIZE, access);
        mutex_unlock(&as->lock);
        if (error != 0)
            return;
    }
}
