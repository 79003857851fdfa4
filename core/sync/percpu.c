/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/percpu.c - contract in percpu.h.
 *
 * Before cpu_init_local() there is one flow of control with interrupts off:
 * pinning is then a fact, and counts nothing.
 */
#include "core/sync/percpu.h"

#include "hal/irq.h"

static struct cpu cpus[HAL_CPUS_MAX];

static void (*resched_hook)(void); /* set once, at boot */

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

void cpu_init_local(unsigned number)
{
    struct cpu *cpu;

    ASSERT(number < HAL_CPUS_MAX);
    ASSERT(hal_irq_are_off());
    cpu = &cpus[number];
    cpu->number = number;
    STORE(cpu->pinned, 0);
    STORE(cpu->resched, false);
    STORE(cpu->in_interrupt, false);
    STORE(cpu->current, NULL);
    hal_cpu_set_local(cpu);
}

struct cpu *cpu_by_number(unsigned number)
{
    ASSERT(number < HAL_CPUS_MAX);
    return &cpus[number];
}

struct cpu *cpu_this(void)
{
    struct cpu *cpu = hal_cpu_local();

    ASSERT(cpu != NULL);
    ASSERT(LOAD(cpu->pinned) > 0 || hal_irq_are_off());
    return cpu;
}

void cpu_pin(void)
{
    struct cpu *cpu = hal_cpu_local();
    unsigned pinned;

    if (cpu == NULL)
        return;
    pinned = LOAD(cpu->pinned) + 1;
    ASSERT(pinned > 0);
    STORE(cpu->pinned, pinned);
}

void cpu_unpin(void)
{
    struct cpu *cpu = hal_cpu_local();
    unsigned pinned;

    if (cpu == NULL)
        return;
    pinned = LOAD(cpu->pinned);
    ASSERT(pinned > 0);
    STORE(cpu->pinned, pinned - 1);
    if (pinned > 1 || !LOAD(cpu->resched) || LOAD(cpu->in_interrupt))
        return;
    if (resched_hook != NULL && !hal_irq_are_off())
        resched_hook();
}

bool cpu_is_pinned(void)
{
    const struct cpu *cpu = hal_cpu_local();

    return cpu != NULL && (LOAD(cpu->pinned) > 0 || LOAD(cpu->in_interrupt));
}

bool cpu_is_atomic(void)
{
    return cpu_is_pinned() || hal_irq_are_off();
}

void cpu_set_resched_hook(void (*hook)(void))
{
    resched_hook = hook;
}

void cpu_enter_interrupt(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(hal_irq_are_off());
    ASSERT(!__atomic_load_n(&cpu->in_interrupt, __ATOMIC_RELAXED));
    __atomic_store_n(&cpu->in_interrupt, true, __ATOMIC_RELAXED);
}

void cpu_leave_interrupt(void)
{
    __atomic_store_n(&cpu_this()->in_interrupt, false, __ATOMIC_RELAXED);
}
