/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/platform_test.c - hal/platform.h.
 */
#include "hal/platform.h"

#include "core/base/string.h"
#include "tests/contract/contract.h"

/* 2024-01-01, before this was written. */
#define SOME_TIME_AGO UINT64_C(1704067200000000000)

static void check_ram(void)
{
    const struct hal_boot *boot = hal_boot_facts();
    uint64_t end = 0;

    CHECK(boot->ram_count >= 1 && boot->ram_count <= HAL_RAM_RANGES_MAX);
    for (size_t i = 0; i < boot->ram_count; i++) {
        const struct hal_span *range = &boot->ram[i];

        CHECK_EQUAL(0, range->start % PAGE_SIZE);
        CHECK_EQUAL(0, range->size % PAGE_SIZE);
        CHECK(range->size > 0);
        CHECK(range->start >= end && range->start > 0);
        end = range->start + range->size;
    }
}

static void check_facts(void)
{
    const struct hal_boot *boot = hal_boot_facts();

    CHECK(boot == hal_boot_facts());
    CHECK(str_length(boot->command_line, HAL_COMMAND_LINE_MAX) <
          HAL_COMMAND_LINE_MAX);
    CHECK(str_length(boot->machine, 64) > 0);
    CHECK((boot->hwcap & 1) != 0); /* every x86-64 CPU has an FPU */
}

static void check_entropy(void)
{
    uint8_t first[32] = {0}, second[32] = {0};
    static const uint8_t zero[32];

    if (!hal_entropy(first, sizeof(first)))
        return; /* a machine may have none */
    CHECK(hal_entropy(second, sizeof(second)));
    CHECK(!mem_equal(first, second, sizeof(first)));
    CHECK(!mem_equal(first, zero, sizeof(first)));
}

static void check_streams(void)
{
    static const char text[] = "two streams\n";
    char byte;
    int got;

    CHECK_EQUAL(sizeof(text) - 1,
                hal_console_write(HAL_STREAM_ERR, text, sizeof(text) - 1));
    CHECK_EQUAL(0, hal_console_write(HAL_STREAM_OUT, text, 0));
    got = hal_console_read(&byte, 0);
    CHECK(got == 0 || got == HAL_CONSOLE_END);
    hal_log_write(text, sizeof(text) - 1);
}

static const struct contract_case cases[] = {
    {"RAM is page-aligned, ascending and without overlap", check_ram},
    {"boot facts are constant and sane", check_facts},
    {"entropy differs from one call to the next", check_entropy},
    {"streams take bytes and never wait", check_streams},
};
CONTRACT_SUITE(platform, cases);
