/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/space.c - contract in space.h.
 */
#include "tests/contract/space.h"

#include "core/base/string.h"
#include "core/sched/thread.h"
#include "hal/irq.h"
#include "tests/contract/contract.h"

bool space_map(struct hal_mmu *mmu, uaddr_t at, paddr_t page, size_t count,
               unsigned rights)
{
    struct hal_range range = {at, count};
    struct hal_tables tables;

    if (hal_mmu_reserve(&tables, range) != 0)
        return false;
    hal_mmu_map(mmu, range, page, rights, HAL_NORMAL, &tables);
    hal_mmu_unreserve(&tables);
    return true;
}

void space_unmap(struct hal_mmu *mmu, uaddr_t at, size_t count)
{
    struct hal_gather gather = {.mmu = mmu};

    hal_mmu_unmap(&gather, (struct hal_range){at, count});
    hal_mmu_flush(&gather);
}

bool space_open(struct space *space)
{
    *space = (struct space){0};
    if (!CHECK_EQUAL(0, hal_mmu_create(&space->mmu)))
        return false;
    space->code = page_alloc(1, MEM_WAIT | MEM_ZERO, NULL);
    space->data = page_alloc(2, MEM_WAIT | MEM_ZERO, NULL);
    space->fixed = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);
    space->stack = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);
    if (!CHECK(space->code != NULL && space->data != NULL &&
               space->fixed != NULL && space->stack != NULL))
        return false;
    ASSERT((size_t)(user_code_end - user_code) <= 2 * PAGE_SIZE);
    mem_copy(page_data(space->code), user_code,
             (size_t)(user_code_end - user_code));
    thread_set_mmu(space->mmu);
    return CHECK(space_map(space->mmu, SPACE_CODE, page_addr(space->code), 2,
                           HAL_READ | HAL_EXEC)) &&
           CHECK(space_map(space->mmu, SPACE_DATA, page_addr(space->data), 4,
                           HAL_READ | HAL_WRITE)) &&
           CHECK(space_map(space->mmu, SPACE_CONST, page_addr(space->fixed), 1,
                           HAL_READ)) &&
           CHECK(space_map(space->mmu, SPACE_STACK - PAGE_SIZE,
                           page_addr(space->stack), 1, HAL_READ | HAL_WRITE));
}

static void drop(struct page *page)
{
    if (page != NULL)
        page_put(page);
}

void space_close(struct space *space)
{
    struct hal_gather gather = {.mmu = space->mmu};
    size_t all = (size_t)((HAL_USER_TOP - SPACE_CODE) / PAGE_SIZE);

    if (space->mmu != NULL) {
        hal_mmu_unmap(&gather, (struct hal_range){SPACE_CODE, all});
        hal_mmu_flush(&gather);
        thread_set_mmu(NULL);
        hal_mmu_destroy(space->mmu);
    }
    drop(space->code);
    drop(space->data);
    drop(space->fixed);
    drop(space->stack);
}

uaddr_t space_label(const char *label)
{
    return SPACE_CODE + (uaddr_t)(label - user_code);
}

void space_run(struct hal_user *user, struct hal_trap *trap)
{
    hal_irq_disable();
    hal_user_run(user, trap);
    CHECK(!hal_irq_are_off());
}
