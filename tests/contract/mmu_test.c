/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/mmu_test.c - hal/mmu.h.
 */
#include "hal/mmu.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/sched/thread.h"
#include "hal/uaccess.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

#define FAR UINT64_C(0x7ffffef00000) /* below HAL_USER_TOP - 15 MiB */

enum { MANY = 1500 }; /* pages: three tables and more */

static void check_query(void)
{
    struct space space;
    struct hal_mapping m;

    if (space_open(&space)) {
        CHECK(hal_mmu_query(space.mmu, SPACE_DATA + PAGE_SIZE, &m));
        CHECK_EQUAL(page_addr(space.data) + PAGE_SIZE, m.page);
        CHECK_EQUAL(HAL_READ | HAL_WRITE, m.rights);
        CHECK(hal_mmu_query(space.mmu, SPACE_CODE, &m));
        CHECK_EQUAL(HAL_READ | HAL_EXEC, m.rights);
        CHECK(hal_mmu_query(space.mmu, SPACE_CONST, &m));
        CHECK_EQUAL(HAL_READ, m.rights);
        CHECK(!hal_mmu_query(space.mmu, SPACE_HOLE, &m));
        CHECK(!hal_mmu_query(space.mmu, SPACE_DATA + 4 * PAGE_SIZE, &m));
        CHECK(!hal_mmu_query(space.mmu, HAL_USER_TOP - PAGE_SIZE, &m));
    }
    space_close(&space);
}

static void check_more_rights(void)
{
    struct space space;
    struct hal_mapping m;

    if (space_open(&space)) {
        CHECK(space_map(space.mmu, SPACE_CONST, page_addr(space.fixed), 1,
                        HAL_READ | HAL_WRITE));
        CHECK(hal_mmu_query(space.mmu, SPACE_CONST, &m));
        CHECK_EQUAL(HAL_READ | HAL_WRITE, m.rights);
        CHECK_EQUAL(4, hal_copy_out(SPACE_CONST, "new", 4));
    }
    space_close(&space);
}

static void check_unmap(void)
{
    struct space space;
    struct hal_mapping m;
    uint32_t word;

    if (space_open(&space)) {
        CHECK_EQUAL(0, hal_user_load32(SPACE_DATA + PAGE_SIZE, &word));
        space_unmap(space.mmu, SPACE_DATA + PAGE_SIZE, 1);
        CHECK(!hal_mmu_query(space.mmu, SPACE_DATA + PAGE_SIZE, &m));
        CHECK_EQUAL(-EFAULT, hal_user_load32(SPACE_DATA + PAGE_SIZE, &word));
        CHECK(hal_mmu_query(space.mmu, SPACE_DATA, &m));
        CHECK(hal_mmu_query(space.mmu, SPACE_DATA + 2 * PAGE_SIZE, &m));
        space_unmap(space.mmu, SPACE_HOLE, 100000); /* holes are allowed */
    }
    space_close(&space);
}

static void check_protect(void)
{
    struct space space;
    struct hal_gather gather;
    struct hal_mapping m;
    uint32_t word = 0;

    if (space_open(&space)) {
        gather = (struct hal_gather){.mmu = space.mmu};
        CHECK_EQUAL(4, hal_copy_out(SPACE_DATA, "abc", 4));
        hal_mmu_protect(&gather, (struct hal_range){SPACE_DATA, 2}, HAL_READ);
        hal_mmu_flush(&gather);
        CHECK(hal_mmu_query(space.mmu, SPACE_DATA, &m));
        CHECK_EQUAL(HAL_READ, m.rights);
        CHECK(hal_mmu_query(space.mmu, SPACE_DATA + 2 * PAGE_SIZE, &m));
        CHECK_EQUAL(HAL_READ | HAL_WRITE, m.rights);
        CHECK_EQUAL(0, hal_copy_out(SPACE_DATA, "abc", 4));
        CHECK_EQUAL(0, hal_user_load32(SPACE_DATA, &word));
        CHECK_EQUAL(0x00636261, word);
    }
    space_close(&space);
}

/* One frame seen through many addresses, in tables of their own. */
static void check_many(void)
{
    struct space space;
    struct hal_mapping m;
    uint32_t word = 0, mark = 77;
    size_t mapped = 0;

    if (space_open(&space)) {
        CHECK_EQUAL(sizeof(mark),
                    hal_copy_out(SPACE_DATA, &mark, sizeof(mark)));
        for (uaddr_t at = UINT64_C(1) << 30; mapped < MANY;
             at += UINT64_C(0x40201000), mapped++)
            if (!CHECK(space_map(space.mmu, at, page_addr(space.data), 1,
                                 HAL_READ)))
                break;
        for (size_t i = 0; i < mapped; i++) {
            uaddr_t at = (UINT64_C(1) << 30) + i * UINT64_C(0x40201000);

            if (!CHECK(hal_mmu_query(space.mmu, at, &m)) ||
                !CHECK_EQUAL(0, hal_user_load32(at, &word)) ||
                !CHECK_EQUAL(mark, word))
                break;
        }
    }
    space_close(&space);
}

static void check_top(void)
{
    struct space space;
    uint32_t word;

    if (space_open(&space)) {
        CHECK(space_map(space.mmu, HAL_USER_TOP - PAGE_SIZE,
                        page_addr(space.data), 1, HAL_READ | HAL_WRITE));
        CHECK(space_map(space.mmu, FAR, page_addr(space.data), 4, HAL_READ));
        CHECK_EQUAL(4, hal_copy_out(HAL_USER_TOP - 4, "end", 4));
        CHECK_EQUAL(0, hal_user_load32(FAR + PAGE_SIZE - 4, &word));
        CHECK_EQUAL(0x00646e65, word);
    }
    space_close(&space);
}

static void check_apart(void)
{
    struct space one = {0}, other = {0};
    uint32_t word = 0;

    if (space_open(&one) && space_open(&other)) {
        CHECK_EQUAL(4, hal_copy_out(SPACE_DATA, "two", 4));
        thread_set_mmu(one.mmu);
        CHECK_EQUAL(4, hal_copy_out(SPACE_DATA, "one", 4));
        thread_set_mmu(other.mmu);
        CHECK_EQUAL(0, hal_user_load32(SPACE_DATA, &word));
        CHECK_EQUAL(0x006f7774, word);
    }
    space_close(&other);
    thread_set_mmu(one.mmu);
    space_close(&one);
}

static void check_no_memory(void)
{
    struct hal_mmu *mmu = NULL;
    struct hal_tables tables;
    int error = -ENOMEM;

    fault_plan_nth(FAULT_ANY, 1);
    CHECK_EQUAL(-ENOMEM, hal_mmu_create(&mmu));
    fault_plan_nth(0, 0);
    for (uint64_t k = 1; k < 8; k++) {
        fault_plan_nth(FAULT_ANY, k);
        error = hal_mmu_reserve(&tables, (struct hal_range){FAR, 600});
        if (error == 0)
            hal_mmu_unreserve(&tables);
        if (fault_failed() == 0)
            break;
        CHECK_EQUAL(-ENOMEM, error);
    }
    fault_plan_nth(0, 0);
    CHECK_EQUAL(0, error);
}

static const struct contract_case cases[] = {
    {"query tells what is mapped, and holes", check_query},
    {"map adds rights to the same page", check_more_rights},
    {"unmap takes back exactly the range", check_unmap},
    {"protect takes rights away and keeps the page", check_protect},
    {"addresses apart have tables apart", check_many},
    {"the last page below HAL_USER_TOP can be mapped", check_top},
    {"address spaces do not see each other", check_apart},
    {"without memory create and reserve say so", check_no_memory},
};
CONTRACT_SUITE(mmu, cases);
