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

void cpu_init_local(unsigned number)
{
    struct cpu *cpu;

    ASSERT(number < HAL_CPUS_MAX);
    ASSERT(hal_irq_are_off());
    cpu = &cpus[number];
    cpu->number = number;
    cpu->pinned = 0;
    cpu->resched = false;
    cpu->in_interrupt = false;
    cpu->current = NULL;
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
    ASSERT(cpu->pinned > 0 || hal_irq_are_off());
    return cpu;
}

void cpu_pin(void)
{
    struct cpu *cpu = hal_cpu_local();

    if (cpu == NULL)
        return;
    cpu->pinned++;
    ASSERT(cpu->pinned > 0);
}

void cpu_unpin(void)
{
    struct cpu *cpu = hal_cpu_local();

    if (cpu == NULL)
        return;
    ASSERT(cpu->pinned > 0);
    cpu->pinned--;
    if (cpu->pinned > 0 || !cpu->resched || cpu->in_interrupt)
        return;
    if (resched_hook != NULL && !hal_irq_are_off())
        resched_hook();
}

bool cpu_is_atomic(void)
{
    const struct cpu *cpu = hal_cpu_local();

    if (cpu == NULL)
        return true;
    return cpu->pinned > 0 || cpu->in_interrupt || hal_irq_are_off();
}

void cpu_set_resched_hook(void (*hook)(void))
{
    resched_hook = hook;
}
