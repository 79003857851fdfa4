/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/upcall.c - the frames that the HAL asks core for; contract in
 * hal/upcall.h.
 */
#include "hal/upcall.h"
#include "core/mem/page.h"

paddr_t core_frames_alloc(unsigned order)
{
    struct page *page = page_alloc(order, MEM_NOWAIT, NULL);

    return page != NULL ? page_addr(page) : PADDR_NONE;
}

void core_frames_free(paddr_t first, unsigned order)
{
    struct page *page = page_of(first);

    ASSERT(page->order == order);
    page_put(page);
}
