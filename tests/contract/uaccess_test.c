/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/uaccess_test.c - hal/uaccess.h.
 */
#include "hal/uaccess.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/sched/thread.h"
#include "hal/check.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

#define DATA_END   (SPACE_DATA + 4 * (uaddr_t)PAGE_SIZE)
#define KERNEL_ISH UINT64_C(0xffffffff80000000)

enum { BIG = 3 * PAGE_SIZE + 123 };

static uint8_t from_buffer[BIG], to_buffer[BIG];

static void check_copies(void)
{
    struct space space;

    if (space_open(&space)) {
        for (size_t i = 0; i < BIG; i++)
            from_buffer[i] = (uint8_t)(i * 31 + 7);
        CHECK_EQUAL(BIG, hal_copy_out(SPACE_DATA + 45, from_buffer, BIG));
        CHECK_EQUAL(BIG, hal_copy_in(to_buffer, SPACE_DATA + 45, BIG));
        CHECK(mem_equal(from_buffer, to_buffer, BIG));
        CHECK_EQUAL(5000, hal_clear_out(SPACE_DATA + 100, 5000));
        CHECK_EQUAL(BIG, hal_copy_in(to_buffer, SPACE_DATA + 45, BIG));
        CHECK_EQUAL(0, to_buffer[55]);
        CHECK_EQUAL(0, to_buffer[55 + 4999]);
        CHECK_EQUAL(from_buffer[54], to_buffer[54]);
        CHECK_EQUAL(from_buffer[55 + 5000], to_buffer[55 + 5000]);
        CHECK_EQUAL(0, hal_copy_in(to_buffer, SPACE_DATA, 0));
    }
    space_close(&space);
}

static void check_stops(void)
{
    struct space space;

    if (space_open(&space)) {
        CHECK_EQUAL(10, hal_copy_in(to_buffer, DATA_END - 10, 100));
        CHECK_EQUAL(10, hal_copy_out(DATA_END - 10, from_buffer, 100));
        CHECK_EQUAL(PAGE_SIZE + 10,
                    hal_clear_out(DATA_END - PAGE_SIZE - 10, BIG));
        CHECK_EQUAL(0, hal_copy_in(to_buffer, SPACE_HOLE, 8));
        CHECK_EQUAL(0, hal_copy_out(SPACE_CONST, from_buffer, 8));
        CHECK_EQUAL(0, hal_clear_out(SPACE_CONST, 8));
        CHECK_EQUAL(8, hal_copy_in(to_buffer, SPACE_CONST, 8));
        CHECK_EQUAL(0, hal_copy_out(SPACE_CODE, from_buffer, 8));
    }
    space_close(&space);
}

static void check_limits(void)
{
    struct space space;
    uint32_t word = 5;
    bool ended = false;

    if (space_open(&space)) {
        CHECK_EQUAL(0, hal_copy_in(to_buffer, HAL_USER_TOP, 8));
        CHECK_EQUAL(0, hal_copy_in(to_buffer, KERNEL_ISH, 8));
        CHECK_EQUAL(0, hal_copy_out(KERNEL_ISH, from_buffer, 8));
        CHECK_EQUAL(0, hal_copy_out(UINT64_MAX - 3, from_buffer, 8));
        CHECK_EQUAL(0, hal_clear_out(UINT64_C(0x800000000000), 8));
        CHECK_EQUAL(0, hal_string_in((char *)to_buffer, KERNEL_ISH, 8, &ended));
        CHECK(!ended);
        CHECK_EQUAL(-EFAULT, hal_user_load32(KERNEL_ISH, &word));
        CHECK_EQUAL(-EFAULT, hal_user_cas32(KERNEL_ISH, &word, 1));
        CHECK_EQUAL(5, word);
        thread_set_mmu(NULL);
        CHECK_EQUAL(0, hal_copy_in(to_buffer, SPACE_DATA, 8));
        CHECK_EQUAL(0, hal_copy_out(SPACE_DATA, from_buffer, 8));
        thread_set_mmu(space.mmu);
    }
    space_close(&space);
}

static void check_strings(void)
{
    struct space space;
    char text[16];
    bool ended = false;

    if (space_open(&space)) {
        CHECK_EQUAL(6, hal_copy_out(SPACE_DATA + PAGE_SIZE - 3, "hello", 6));
        CHECK_EQUAL(6, hal_string_in(text, SPACE_DATA + PAGE_SIZE - 3,
                                     sizeof(text), &ended));
        CHECK(ended && str_equal(text, "hello"));
        CHECK_EQUAL(3,
                    hal_string_in(text, SPACE_DATA + PAGE_SIZE - 3, 3, &ended));
        CHECK(!ended);
        CHECK_EQUAL(3, hal_copy_out(DATA_END - 3, "abc", 3));
        CHECK_EQUAL(3, hal_string_in(text, DATA_END - 3, sizeof(text), &ended));
        CHECK(!ended); /* it ran into the hole */
    }
    space_close(&space);
}

static void check_words(void)
{
    struct space space;
    uint32_t word = 0, expected;

    if (space_open(&space)) {
        word = 42;
        CHECK_EQUAL(4, hal_copy_out(SPACE_DATA + 8, &word, 4));
        CHECK_EQUAL(0, hal_user_load32(SPACE_DATA + 8, &word));
        CHECK_EQUAL(42, word);
        expected = 41;
        CHECK_EQUAL(0, hal_user_cas32(SPACE_DATA + 8, &expected, 1));
        CHECK_EQUAL(42, expected);
        CHECK_EQUAL(0, hal_user_cas32(SPACE_DATA + 8, &expected, 43));
        CHECK_EQUAL(42, expected);
        CHECK_EQUAL(0, hal_user_load32(SPACE_DATA + 8, &word));
        CHECK_EQUAL(43, word);
        expected = 0;
        CHECK_EQUAL(-EFAULT, hal_user_load32(SPACE_HOLE, &word));
        CHECK_EQUAL(43, word);
        CHECK_EQUAL(-EFAULT, hal_user_cas32(SPACE_CONST, &expected, 1));
        CHECK_EQUAL(-EFAULT, hal_user_cas32(SPACE_HOLE, &expected, 1));
        CHECK_EQUAL(0, hal_user_load32(SPACE_CONST, &word));
        CHECK_EQUAL(0, word);
    }
    space_close(&space);
}

/* Both frames are the user's: no tool may have an opinion. */
static void check_page(void)
{
    struct space space;

    if (space_open(&space)) {
        paddr_t from = page_addr(space.data);

        for (size_t i = 0; i < PAGE_SIZE; i++)
            from_buffer[i] = (uint8_t)(i * 13 + 5);
        CHECK_EQUAL(PAGE_SIZE,
                    hal_copy_out(SPACE_DATA, from_buffer, PAGE_SIZE));
        hal_check_poison(page_data(space.data), 2 * PAGE_SIZE);
        hal_copy_page(from + PAGE_SIZE, from);
        CHECK_EQUAL(PAGE_SIZE,
                    hal_copy_in(to_buffer, SPACE_DATA + PAGE_SIZE, PAGE_SIZE));
        CHECK(mem_equal(from_buffer, to_buffer, PAGE_SIZE));
        hal_check_unpoison(page_data(space.data), 2 * PAGE_SIZE);
    }
    space_close(&space);
}

static const struct contract_case cases[] = {
    {"copies arrive whole across pages", check_copies},
    {"a copy stops at the first byte it may not touch", check_stops},
    {"nothing beyond user space, and nothing without one", check_limits},
    {"strings end at their NUL, the size or a fault", check_strings},
    {"words are read and swapped whole", check_words},
    {"a page is copied between frames", check_page},
};
CONTRACT_SUITE(uaccess, cases);
