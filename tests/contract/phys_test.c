/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/phys_test.c - hal/phys.h.
 */
#include "hal/phys.h"

#include "core/mem/page.h"
#include "hal/platform.h"
#include "tests/contract/contract.h"

static void check_inverse(void)
{
    const struct hal_boot *boot = hal_boot_facts();

    for (size_t i = 0; i < boot->ram_count; i++) {
        paddr_t first = boot->ram[i].start;
        paddr_t last = first + boot->ram[i].size - 1;

        CHECK_EQUAL(first, hal_phys_of(hal_phys(first)));
        CHECK_EQUAL(last, hal_phys_of(hal_phys(last)));
        CHECK_EQUAL(last - first,
                    (uint8_t *)hal_phys(last) - (uint8_t *)hal_phys(first));
    }
}

static void check_memory(void)
{
    struct page *page = page_alloc(2, MEM_WAIT, NULL);
    volatile uint64_t *words;
    size_t count = 4 * PAGE_SIZE / sizeof(*words);

    if (!CHECK(page != NULL))
        return;
    words = hal_phys(page_addr(page));
    for (size_t i = 0; i < count; i++)
        words[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < count; i++)
        if (!CHECK_EQUAL(i * UINT64_C(0x9e3779b97f4a7c15), words[i]))
            break;
    page_put(page);
}

static const struct contract_case cases[] = {
    {"hal_phys_of() inverts hal_phys() over all RAM", check_inverse},
    {"frames hold what is written", check_memory},
};
CONTRACT_SUITE(phys, cases);
