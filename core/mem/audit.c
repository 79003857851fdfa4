/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/audit.c - contract in audit.h.
 */
#include "core/mem/audit.h"

#include "core/base/log.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "hal/context.h"
#include "hal/platform.h"

static uint64_t noted_frames; /* by audit_note() alone */

enum { SHOWN_MAX = 16 };

/* Calls fn(page) for the head of each run that is allocated. */
static void for_each_run(void (*fn)(struct page *page))
{
    const struct hal_boot *facts = hal_boot_facts();

    for (size_t i = 0; i < facts->ram_count; i++) {
        paddr_t at = facts->ram[i].start, end = at + facts->ram[i].size;

        for (; at < end; at += PAGE_SIZE) {
            struct page *page = page_of(at);

            if (__atomic_load_n(&page->refs.count, __ATOMIC_RELAXED) > 0)
                fn(page);
        }
    }
}

static void note_run(struct page *page)
{
    __atomic_fetch_or(&page->flags, PAGE_NOTED, __ATOMIC_RELAXED);
}

static unsigned shown; /* by show_run(), which only audit_report() uses */

static void show_run(struct page *page)
{
    unsigned flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED);

    if ((flags & (PAGE_NOTED | PAGE_SLAB)) != 0 || shown++ >= SHOWN_MAX)
        return;
    log_error("new: %u frames at %#lx, %u references, owner %p, index %llu",
              1U << page->order, page_addr(page), page->refs.count, page->owner,
              (unsigned long long)page->index);
}

/* Runs of object caches, in frames; by count_slab(). */
static uint64_t slab_frames;

static void count_slab(struct page *page)
{
    if ((__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PAGE_SLAB) != 0)
        slab_frames += UINT64_C(1) << page->order;
}

/* Frames that are free, that the HAL keeps for contexts to come, or that hold
 * objects: these are counted one by one, and as many may lie in fewer slabs. */
static uint64_t count_frames(void)
{
    cache_drain_all();
    page_drain_all();
    slab_frames = 0;
    for_each_run(count_slab);
    return page_free_count() + slab_frames + hal_context_frames();
}

void audit_expect(uint64_t frames)
{
    noted_frames += frames;
}

void audit_note(uint64_t lent)
{
    noted_frames = count_frames() + lent;
    cache_note_all();
    for_each_run(note_run);
}

bool audit_holds(void)
{
    return count_frames() == noted_frames && cache_compare_all(false);
}

void audit_report(void)
{
    uint64_t frames = count_frames();

    if (frames != noted_frames)
        log_error("%llu frames are free or of caches, and were %llu",
                  (unsigned long long)frames, (unsigned long long)noted_frames);
    for_each_run(show_run);
    (void)cache_compare_all(true);
}
