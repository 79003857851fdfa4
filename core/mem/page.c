/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/page.c - contract in page.h.
 *
 * Each range of RAM has a table of descriptors, which lies in RAM itself: in
 * the range where there is room. Free runs are heads on one list per order; a
 * run's buddy is the one whose frame number differs in bit `order` alone, and
 * two free buddies always become one. Only the descriptor of a run's head says
 * anything.
 */
#include "core/mem/page.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page_impl.h"
#include "core/sync/spinlock.h"
#include "hal/check.h"
#include "hal/phys.h"
#include "hal/platform.h"

/* page_init() gives up with fewer free frames: 1 MiB. */
enum { FRAMES_MIN = 256 };

/* The reserve: one frame in so many, within bounds. */
enum { RESERVE_PART = 128, RESERVE_MIN = 16, RESERVE_MAX = 1024 };

/* RAM ranges, their tables, the initrd and page 0. */
enum { HELD_MAX = HAL_RAM_RANGES_MAX + 2 };

_Static_assert(sizeof(struct page) <= 64, "one cache line per frame");

/* Frames [first, end). */
struct frames {
    uint64_t first;
    uint64_t end;
};

/* A range of RAM; constant after page_init(). */
struct range {
    struct frames frames;
    struct page *pages; /* descriptor of the first frame */
};

/* What boot keeps out of the allocator. */
struct held {
    struct frames span[HELD_MAX];
    size_t count;
};

static const struct lock_class pages_class = {"pages", LOCK_RANK_PAGES};

static struct {
    struct spinlock lock;
    struct list free[PAGE_ORDER_MAX + 1] GUARDED_BY(lock);
    uint64_t free_count GUARDED_BY(lock);
    uint64_t total_count GUARDED_BY(lock);
    uint64_t reserve GUARDED_BY(lock);      /* frames */
    struct range range[HAL_RAM_RANGES_MAX]; /* const after page_init() */
    size_t range_count;                     /* const after page_init() */
    struct frames initrd;                   /* held back; empty once released */
} pages;

static uint64_t order_count(unsigned order)
{
    return UINT64_C(1) << order;
}

static unsigned flags_of(const struct page *page)
{
    return __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
}

static void set_flags(struct page *page, unsigned flags)
{
    __atomic_store_n(&page->flags, flags, __ATOMIC_RELAXED);
}

/* The range whose table page lies in. */
static const struct range *range_of(const struct page *page)
{
    uintptr_t at = (uintptr_t)page;

    for (size_t i = 0; i < pages.range_count; i++) {
        const struct range *r = &pages.range[i];
        uint64_t count = r->frames.end - r->frames.first;

        if (at >= (uintptr_t)r->pages && at < (uintptr_t)(r->pages + count))
            return r;
    }
    ASSERT(false && "no descriptor of the allocator's");
    return NULL;
}

static struct page *page_at(const struct range *r, uint64_t frame)
{
    ASSERT(frame >= r->frames.first && frame < r->frames.end);
    return &r->pages[frame - r->frames.first];
}

paddr_t page_addr(const struct page *page)
{
    /* Frame 0 is nobody's. */
    ASSERT(page->frame != 0 && "no descriptor of the allocator's");
    return (paddr_t)page->frame << PAGE_SHIFT;
}

void *page_data(const struct page *page)
{
    return hal_phys(page_addr(page));
}

struct page *page_of(paddr_t addr)
{
    uint64_t frame = addr >> PAGE_SHIFT;

    for (size_t i = 0; i < pages.range_count; i++) {
        const struct range *r = &pages.range[i];

        if (frame >= r->frames.first && frame < r->frames.end)
            return page_at(r, frame);
    }
    ASSERT(false && "address is no RAM of the allocator");
    return NULL;
}

/* The free buddy of a run, or NULL. */
static struct page *find_buddy(const struct range *r, uint64_t frame,
                               unsigned order)
{
    uint64_t buddy = frame ^ order_count(order);
    struct page *page;

    if (buddy < r->frames.first || buddy + order_count(order) > r->frames.end)
        return NULL;
    page = page_at(r, buddy);
    if ((flags_of(page) & PAGE_FREE) == 0 || page->order != order)
        return NULL;
    return page;
}

static void link_block(struct page *page, unsigned order)
{
    ASSERT((flags_of(page) & PAGE_FREE) == 0);
    page->order = order;
    set_flags(page, PAGE_FREE);
    list_init(&page->link);
    list_push_front(&pages.free[order], &page->link);
}

static void unlink_block(struct page *page)
{
    ASSERT((flags_of(page) & PAGE_FREE) != 0);
    list_remove(&page->link);
    set_flags(page, 0);
}

/* Puts a run on its list, joined with what is free beside it. */
static void insert_block(const struct range *r, uint64_t frame, unsigned order)
    REQUIRES(pages.lock)
{
    ASSERT((frame & (order_count(order) - 1)) == 0);
    pages.free_count += order_count(order);
    ASSERT(pages.free_count <= pages.total_count);
    while (order < PAGE_ORDER_MAX) {
        struct page *buddy = find_buddy(r, frame, order);

        if (buddy == NULL)
            break;
        unlink_block(buddy);
        frame &= ~order_count(order);
        order++;
    }
    link_block(page_at(r, frame), order);
}

/* Takes a run off the lists, split from a larger one; NULL: there is none. */
static struct page *take_block(unsigned order) REQUIRES(pages.lock)
{
    unsigned from = order;
    struct page *page;

    while (from <= PAGE_ORDER_MAX && list_is_empty(&pages.free[from]))
        from++;
    if (from > PAGE_ORDER_MAX)
        return NULL;
    page = list_entry(pages.free[from].next, struct page, link);
    ASSERT(page->order == from);
    unlink_block(page);
    while (from > order) {
        from--;
        link_block(page + order_count(from), from);
    }
    page->order = order;
    ASSERT(pages.free_count >= order_count(order));
    pages.free_count -= order_count(order);
    return page;
}

/* May a run be taken, as far as the reserve is concerned? */
static bool is_to_be_had(struct page_wish wish) REQUIRES(pages.lock)
{
    uint64_t left = pages.reserve / 2;

    if ((wish.how & MEM_LAST) != 0)
        left = 0;
    else if ((wish.how & MEM_USER) != 0)
        left = pages.reserve;
    return pages.free_count >= left + order_count(wish.order);
}

unsigned page_take_blocks(struct page_wish wish, struct page **out,
                          unsigned count)
{
    unsigned saved = spin_lock_irq(&pages.lock);
    unsigned done = 0;

    while (done < count && is_to_be_had(wish) &&
           (out[done] = take_block(wish.order)) != NULL)
        done++;
    spin_unlock_irq(&pages.lock, saved);
    return done;
}

void page_give_blocks(struct page *const *blocks, unsigned count)
{
    unsigned saved = spin_lock_irq(&pages.lock);

    for (unsigned i = 0; i < count; i++) {
        const struct range *r = range_of(blocks[i]);

        insert_block(r, blocks[i]->frame, blocks[i]->order);
    }
    spin_unlock_irq(&pages.lock, saved);
}

/* What lies in magazines and on lists may be what is missing. */
static struct page *take_after_drain(struct page_wish wish)
{
    cache_drain_all();
    page_drain_all();
    return page_cpu_take(wish);
}

/* Makes a run that was free the caller's. */
static void open_run(struct page *page, struct mem_account *payer)
{
    ASSERT(__atomic_load_n(&page->refs.count, __ATOMIC_RELAXED) == 0);
    refcount_init(&page->refs, 1);
    page->owner = NULL;
    page->index = 0;
    page->payer = payer;
    if (CHECKED)
        hal_check_unpoison(page_data(page), order_count(page->order)
                                                << PAGE_SHIFT);
}

struct page *page_alloc(unsigned order, unsigned how, struct mem_account *payer)
{
    uint64_t size = order_count(order) << PAGE_SHIFT;
    struct page_wish wish = {order, how};
    struct page *page;

    ASSERT(order <= PAGE_ORDER_MAX);
    mem_check_how(how);
    if (fault_point(FAULT_FRAME) || account_charge(payer, size) != 0)
        return NULL;
    page = page_cpu_take(wish);
    if (page == NULL)
        page = take_after_drain(wish);
    if (page == NULL) {
        account_release(payer, size);
        return NULL;
    }
    open_run(page, payer);
    if ((how & MEM_ZERO) != 0)
        mem_set(page_data(page), 0, size);
    return page;
}

struct page *page_alloc_row(unsigned order, struct mem_account *payer)
{
    uint64_t size = order_count(order) << PAGE_SHIFT;
    struct page *first;

    ASSERT(order <= PAGE_ORDER_MAX);
    if (fault_point(FAULT_FRAME) || account_charge(payer, size) != 0)
        return NULL;
    first = page_cpu_take((struct page_wish){order, MEM_NOWAIT | MEM_USER});
    if (first == NULL) {
        account_release(payer, size);
        return NULL;
    }
    for (unsigned i = 0; i < order_count(order); i++) {
        first[i].order = 0;
        list_init(&first[i].link);
        open_run(&first[i], payer);
    }
    mem_set(page_data(first), 0, size);
    return first;
}

struct page *page_alloc_spare(unsigned order)
{
    struct page *page = page_cpu_take((struct page_wish){order, MEM_NOWAIT});

    if (page != NULL)
        open_run(page, NULL);
    return page;
}

void page_get(struct page *page)
{
    refcount_get(&page->refs);
}

static void free_run(struct page *page)
{
    uint64_t size = order_count(page->order) << PAGE_SHIFT;

    ASSERT((flags_of(page) & (PAGE_FREE | PAGE_BUSY | PAGE_WRITEBACK)) == 0);
    ASSERT(!list_is_linked(&page->link));
    account_release(page->payer, size);
    page->payer = NULL;
    set_flags(page, 0);
    if (CHECKED)
        hal_check_poison(page_data(page), size);
    page_cpu_give(page);
}

void page_put(struct page *page)
{
    if (refcount_put(&page->refs))
        free_run(page);
}

/* Gives frames of a range to the allocator, in runs as large as they may be. */
static void insert_frames(const struct range *r, uint64_t first, uint64_t end)
    REQUIRES(pages.lock)
{
    ASSERT(first >= r->frames.first && end <= r->frames.end);
    pages.total_count += end - first;
    while (first < end) {
        unsigned order = PAGE_ORDER_MAX;

        while ((first & (order_count(order) - 1)) != 0 ||
               order_count(order) > end - first)
            order--;
        insert_block(r, first, order);
        first += order_count(order);
    }
}

/* The held span that ends behind frame and begins first; NULL: none does. */
static const struct frames *next_held(const struct held *held, uint64_t frame)
{
    const struct frames *next = NULL;

    for (size_t i = 0; i < held->count; i++) {
        const struct frames *span = &held->span[i];

        if (span->end > frame && (next == NULL || span->first < next->first))
            next = span;
    }
    return next;
}

static void hold(struct held *held, uint64_t first, uint64_t end)
{
    if (first >= end)
        return;
    ASSERT(held->count < COUNT_OF(held->span));
    held->span[held->count++] = (struct frames){first, end};
}

/* Gives the allocator what is not held of a range. */
static void insert_range(const struct range *r, const struct held *held)
    REQUIRES(pages.lock)
{
    uint64_t at = r->frames.first;

    while (at < r->frames.end) {
        const struct frames *span = next_held(held, at);

        if (span == NULL || span->first >= r->frames.end) {
            insert_frames(r, at, r->frames.end);
            return;
        }
        if (span->first > at)
            insert_frames(r, at, span->first);
        at = span->end;
    }
}

/* Finds count frames of a range that nobody holds; 0: there are none. */
static uint64_t find_room(const struct frames *range, const struct held *held,
                          uint64_t count)
{
    uint64_t at = range->first;

    while (at + count <= range->end) {
        const struct frames *span = next_held(held, at);

        if (span == NULL || span->first >= at + count)
            return at;
        at = span->end;
    }
    return 0;
}

/* Finds and clears memory for a range's descriptors; false: nowhere. */
static bool place_table(struct range *r, const struct hal_boot *facts,
                        struct held *held)
{
    uint64_t size = (r->frames.end - r->frames.first) * sizeof(*r->pages);
    uint64_t count = round_up(size, PAGE_SIZE) >> PAGE_SHIFT;
    uint64_t at = find_room(&r->frames, held, count);

    for (size_t i = 0; at == 0 && i < facts->ram_count; i++) {
        struct frames other = {facts->ram[i].start >> PAGE_SHIFT, 0};

        other.end = other.first + (facts->ram[i].size >> PAGE_SHIFT);
        at = find_room(&other, held, count);
    }
    if (at == 0)
        return false;
    hold(held, at, at + count);
    r->pages = hal_phys(at << PAGE_SHIFT);
    hal_check_unpoison(r->pages, size);
    mem_set(r->pages, 0, size);
    for (uint64_t frame = r->frames.first; frame < r->frames.end; frame++)
        r->pages[frame - r->frames.first].frame = (uint32_t)frame;
    return true;
}

static void add_range(const struct hal_span *span, const struct hal_boot *facts,
                      struct held *held)
{
    struct range *r = &pages.range[pages.range_count];

    ASSERT(span->start % PAGE_SIZE == 0 && span->size % PAGE_SIZE == 0);
    r->frames.first = span->start >> PAGE_SHIFT;
    r->frames.end = r->frames.first + (span->size >> PAGE_SHIFT);
    if (r->frames.first == r->frames.end)
        return;
    ASSERT(r->frames.end <= UINT32_MAX); /* 16 TiB */
    if (place_table(r, facts, held))
        pages.range_count++;
    else
        log_warning("no room to describe RAM at %#lx", span->start);
}

int page_init(void)
{
    const struct hal_boot *facts = hal_boot_facts();
    struct held held = {.count = 0};
    const struct hal_span *initrd = &facts->initrd;
    bool is_enough;
    unsigned saved;

    ASSERT(pages.range_count == 0);
    ASSERT(facts->ram_count <= HAL_RAM_RANGES_MAX);
    spin_init(&pages.lock, &pages_class);
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        list_init(&pages.free[order]);
    pages.initrd.first = initrd->start >> PAGE_SHIFT;
    pages.initrd.end =
        round_up(initrd->start + initrd->size, PAGE_SIZE) >> PAGE_SHIFT;
    if (initrd->size == 0)
        pages.initrd.end = pages.initrd.first;
    hold(&held, 0, 1);
    hold(&held, pages.initrd.first, pages.initrd.end);
    for (size_t i = 0; i < facts->ram_count; i++)
        add_range(&facts->ram[i], facts, &held);
    saved = spin_lock_irq(&pages.lock);
    for (size_t i = 0; i < pages.range_count; i++)
        insert_range(&pages.range[i], &held);
    pages.reserve = min_u64(
        RESERVE_MAX, max_u64(RESERVE_MIN, pages.total_count / RESERVE_PART));
    is_enough = pages.free_count >= FRAMES_MIN;
    spin_unlock_irq(&pages.lock, saved);
    return is_enough ? 0 : -ENOMEM;
}

void page_release_initrd(void)
{
    struct frames initrd = pages.initrd;

    pages.initrd.end = pages.initrd.first;
    for (size_t i = 0; i < pages.range_count; i++) {
        const struct range *r = &pages.range[i];
        uint64_t first = max_u64(initrd.first, r->frames.first);
        uint64_t end = min_u64(initrd.end, r->frames.end);
        unsigned saved;

        if (first >= end)
            continue;
        hal_check_poison(hal_phys(first << PAGE_SHIFT), (end - first)
                                                            << PAGE_SHIFT);
        saved = spin_lock_irq(&pages.lock);
        insert_frames(r, first, end);
        spin_unlock_irq(&pages.lock, saved);
    }
}

uint64_t page_free_count(void)
{
    unsigned saved = spin_lock_irq(&pages.lock);
    uint64_t count = pages.free_count;

    spin_unlock_irq(&pages.lock, saved);
    return count + page_cpu_count();
}

uint64_t page_total_count(void)
{
    unsigned saved = spin_lock_irq(&pages.lock);
    uint64_t count = pages.total_count;

    spin_unlock_irq(&pages.lock, saved);
    return count;
}

uint64_t page_reserve_count(void)
{
    unsigned saved = spin_lock_irq(&pages.lock);
    uint64_t count = pages.reserve;

    spin_unlock_irq(&pages.lock, saved);
    return count;
}

/* Is a head on the list of order what it should be? */
static bool block_is_valid(const struct page *page, unsigned order)
{
    const struct range *r = range_of(page);
    uint64_t frame = page->frame;

    if (flags_of(page) != PAGE_FREE || page->order != order)
        return false;
    if (__atomic_load_n(&page->refs.count, __ATOMIC_RELAXED) != 0)
        return false;
    if ((frame & (order_count(order) - 1)) != 0)
        return false;
    return order == PAGE_ORDER_MAX || find_buddy(r, frame, order) == NULL;
}

/* How many descriptors say that they head a free run. */
static uint64_t count_heads(void)
{
    uint64_t count = 0;

    for (size_t i = 0; i < pages.range_count; i++) {
        const struct range *r = &pages.range[i];

        for (uint64_t f = r->frames.first; f < r->frames.end; f++)
            count += (flags_of(page_at(r, f)) & PAGE_FREE) != 0;
    }
    return count;
}

static bool lists_are_valid(void) REQUIRES(pages.lock)
{
    uint64_t free_count = 0, heads = 0;

    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
        list_for_each(node, &pages.free[order])
        {
            if (!block_is_valid(list_entry(node, struct page, link), order))
                return false;
            free_count += order_count(order);
            heads++;
        }
    }
    return free_count == pages.free_count && heads == count_heads();
}

bool page_check(void)
{
    unsigned saved = spin_lock_irq(&pages.lock);
    bool is_valid = lists_are_valid();

    spin_unlock_irq(&pages.lock, saved);
    return is_valid;
}
