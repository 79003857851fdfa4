/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/irq.c - when a virtual CPU takes its interrupts.
 */
#include "hal/irq.h"
#include "core/base/defs.h"
#include "hal/check.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/upcall.h"

unsigned hal_irq_save(void)
{
    struct hosted_cpu *cpu = hosted_cpu_self();
    uint32_t off = __atomic_load_n(&cpu->irq_off, __ATOMIC_RELAXED);

    __atomic_store_n(&cpu->irq_off, 1, __ATOMIC_RELAXED);
    return off;
}

void hal_irq_restore(unsigned saved)
{
    if (saved == 0)
        hal_irq_enable();
}

void hal_irq_disable(void)
{
    __atomic_store_n(&hosted_cpu_self()->irq_off, 1, __ATOMIC_RELAXED);
}

void hal_irq_enable(void)
{
    hosted_seed_charge();
    if (hosted_irq_pending()) {
        hal_irq_disable();
        hosted_irq_dispatch();
    }
    __atomic_store_n(&hosted_cpu_self()->irq_off, 0, __ATOMIC_RELAXED);
}

bool hal_irq_are_off(void)
{
    return __atomic_load_n(&hosted_cpu_self()->irq_off, __ATOMIC_RELAXED) != 0;
}

bool hosted_irq_pending(void)
{
    return __atomic_load_n(&hosted_cpu_self()->pending, __ATOMIC_SEQ_CST) != 0;
}

/* Takes the lowest pending bit of this CPU; 0 when there is none. */
static uint32_t take_lowest(struct hosted_cpu *cpu)
{
    uint32_t bits = __atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST);
    uint32_t lowest = bits & -bits;

    if (lowest == 0)
        return 0;
    return __atomic_fetch_and(&cpu->pending, ~lowest, __ATOMIC_SEQ_CST) &
           lowest;
}

/* One interrupt. The handler may return on another CPU. */
static void take_interrupt(struct hosted_cpu *cpu, uint32_t bit)
{
    switch (bit) {
    case HOSTED_IRQ_STOP:
        hosted_context_quit(cpu);
    case HOSTED_IRQ_TIMER:
        hosted_clock_interrupt(cpu);
        break;
    case HOSTED_IRQ_KICK:
        hal_check_event(HAL_EVENT_INTERRUPT, bit, 0, 0);
        core_kick();
        break;
    case HOSTED_IRQ_CONSOLE:
        hal_check_event(HAL_EVENT_INTERRUPT, bit, 0, 0);
        hosted_console_interrupt();
        break;
    case HOSTED_IRQ_LINE:
        /* The others of this CPU are found in the rounds to come. */
        if (hosted_lines_dispatch(cpu))
            hosted_cpu_raise(cpu, HOSTED_IRQ_LINE);
        break;
    default:
        break;
    }
}

void hosted_irq_dispatch(void)
{
    uint32_t bit;

    for (;;) {
        struct hosted_cpu *cpu = hosted_cpu_self();

        bit = take_lowest(cpu);
        if (bit == 0)
            return;
        take_interrupt(cpu, bit);
        ASSERT(hal_irq_are_off());
    }
}
