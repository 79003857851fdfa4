/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/cpu_test.c - hal/cpu.h.
 */
#include "hal/cpu.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/contract/contract.h"

static void check_numbers(void)
{
    CHECK(hal_cpu_count() >= 1 && hal_cpu_count() <= HAL_CPUS_MAX);
    CHECK_EQUAL(0, hal_cpu_self());
    CHECK_EQUAL(-EINVAL, hal_cpu_start(0)); /* it runs */
    CHECK_EQUAL(-EINVAL, hal_cpu_start(HAL_CPUS_MAX));
}

static void check_local(void)
{
    unsigned saved = hal_irq_save();
    void *before = hal_cpu_local();
    int other;

    hal_cpu_set_local(&other);
    CHECK(hal_cpu_local() == &other);
    hal_cpu_set_local(before);
    hal_irq_restore(saved);
    CHECK(before != NULL);
}

/* A kick that came while interrupts were off must end the idling. */
static void check_kick(void)
{
    for (int i = 0; i < 1000; i++) {
        hal_irq_disable();
        hal_cpu_kick(0);
        hal_cpu_idle();
        CHECK(!hal_irq_are_off());
    }
}

static void check_relax(void)
{
    for (int i = 0; i < 1000; i++)
        hal_cpu_relax();
    hal_irq_disable();
    hal_cpu_relax();
    CHECK(hal_irq_are_off());
    hal_irq_enable();
}

__attribute__((noinline)) static size_t inner(uint64_t *pc, size_t max)
{
    size_t count = hal_backtrace(pc, max);

    __asm__ volatile(""); /* no tail call */
    return count;
}

static void check_backtrace(void)
{
    uint64_t pc[HAL_BACKTRACE_MAX];
    size_t count = inner(pc, COUNT_OF(pc));
    const char *name = "";
    uint64_t offset = 0;

    if (!CHECK(count >= 2 && count <= COUNT_OF(pc)))
        return;
    CHECK(hal_symbol(pc[0], &name, &offset));
    CHECK(str_equal(name, "inner") || str_equal(name, "check_backtrace"));
    CHECK(offset > 0 && offset < 4096);
    CHECK_EQUAL(1, inner(pc, 1));
    CHECK(!hal_symbol(8, &name, &offset));
}

static const struct contract_case cases[] = {
    {"CPU 0 runs this and cannot be started again", check_numbers},
    {"the local pointer is what was set", check_local},
    {"a kick before idle is not slept through", check_kick},
    {"relax keeps the interrupt state", check_relax},
    {"the backtrace names its callers", check_backtrace},
};
CONTRACT_SUITE(cpu, cases);
