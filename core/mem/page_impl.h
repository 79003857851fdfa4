/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/page_impl.h - what the files of core/mem share about frames.
 */
#ifndef CORE_MEM_PAGE_IMPL_H
#define CORE_MEM_PAGE_IMPL_H

#include "core/mem/page.h"

enum { PAGE_CPU_ORDERS = 5 }; /* runs of orders below are kept per CPU */

C_DECLS_BEGIN

/* Runs asked for: 2^order frames each, as MEM_* in how says. */
struct page_wish {
    unsigned order;
    unsigned how;
};

/* Takes up to count runs out of the buddy; returns how many. Or gives runs of
 * any order back to it. Their descriptors are those of free runs but for
 * PAGE_FREE. Any context. */
MUST_USE unsigned page_take_blocks(struct page_wish wish, struct page **out,
                                   unsigned count);
void page_give_blocks(struct page *const *blocks, unsigned count);

/* A run from this CPU's list, filled from the buddy if need be; NULL: none. Or
 * gives one back. Any context. */
struct page *page_cpu_take(struct page_wish wish);
void page_cpu_give(struct page *page);

/* Frames on the lists of all CPUs. */
uint64_t page_cpu_count(void);

/* page_alloc(order, MEM_NOWAIT, NULL), but no fault point and no last effort:
 * for what can be done without. */
MUST_USE struct page *page_alloc_spare(unsigned order);

C_DECLS_END

#endif /* CORE_MEM_PAGE_IMPL_H */
