/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/irq_test.c - hal/irq.h.
 */
#include "hal/irq.h"

#include "core/abi/errno.h"
#include "core/sched/timer.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "tests/contract/contract.h"

enum { SPARE_LINE = 9, NO_LINE = 100000, WAIT_NS = 2000000000 };

static void ignore(void *arg)
{
    (void)arg;
}

static void check_nesting(void)
{
    unsigned outer, inner_state;

    CHECK(!hal_irq_are_off());
    outer = hal_irq_save();
    CHECK(hal_irq_are_off());
    inner_state = hal_irq_save();
    CHECK(hal_irq_are_off());
    hal_irq_restore(inner_state);
    CHECK(hal_irq_are_off());
    hal_irq_restore(outer);
    CHECK(!hal_irq_are_off());
    hal_irq_disable();
    CHECK(hal_irq_are_off());
    hal_irq_enable();
    CHECK(!hal_irq_are_off());
}

static void check_lines(void)
{
    CHECK_EQUAL(-EINVAL, hal_irq_attach(NO_LINE, ignore, NULL));
    if (!CHECK_EQUAL(0, hal_irq_attach(SPARE_LINE, ignore, NULL)))
        return;
    CHECK_EQUAL(-EBUSY, hal_irq_attach(SPARE_LINE, ignore, NULL));
    hal_irq_unmask(SPARE_LINE);
    hal_irq_mask(SPARE_LINE);
    hal_irq_detach(SPARE_LINE);
    CHECK_EQUAL(0, hal_irq_attach(SPARE_LINE, ignore, NULL));
    hal_irq_detach(SPARE_LINE);
}

static void check_messages(void)
{
    struct hal_message first = {0}, second = {0};
    int line, other;

    CHECK_EQUAL(-EINVAL, hal_irq_message(HAL_CPUS_MAX, ignore, NULL, &first));
    line = hal_irq_message(0, ignore, NULL, &first);
    other = hal_irq_message(0, ignore, NULL, &second);
    if (CHECK(line >= 0) && CHECK(other >= 0)) {
        CHECK(line != other);
        CHECK(first.address != second.address || first.data != second.data);
    }
    if (line >= 0)
        hal_irq_detach((unsigned)line);
    if (other >= 0)
        hal_irq_detach((unsigned)other);
}

static void set_flag(void *arg)
{
    volatile bool *flag = arg;

    *flag = true;
}

/* A timer that is due while interrupts are off waits for them. */
static void check_deferral(void)
{
    volatile bool fired = false;
    struct timer timer;
    uint64_t until;

    timer_init(&timer, set_flag, (void *)&fired);
    hal_irq_disable();
    timer_arm(&timer, 0);
    until = hal_clock_now() + 2000000;
    while (hal_clock_now() < until)
        hal_cpu_relax();
    CHECK(!fired);
    hal_irq_enable();
    until = hal_clock_now() + WAIT_NS;
    while (!fired && hal_clock_now() < until)
        hal_cpu_relax();
    CHECK(fired);
}

static const struct contract_case cases[] = {
    {"save and restore nest", check_nesting},
    {"a line has one handler; what is no line is refused", check_lines},
    {"message interrupts are distinct", check_messages},
    {"what comes while off arrives when enabled", check_deferral},
};
CONTRACT_SUITE(irq, cases);
