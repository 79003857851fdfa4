/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/percpu.c - contract in percpu.h.
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
    STORE(cpu->rcu_wanted, false);
    STORE(cpu->reading, 0);
    STORE(cpu->current, NULL);
    if (rcu_count_is_quiet(&cpu->rcu))
        rcu_count_leave_quiet(&cpu->rcu);
    hal_cpu_set_local(cpu);
}

struct cpu *cpu_by_number(unsigned number)
{
    ASSERT(number < HAL_CPUS_MAX);
    return &cpus[number];
}

void cpu_unpinned(void)
{
    if (resched_hook != NULL && !hal_irq_are_off())
        resched_hook();
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
    bool was_quiet = rcu_count_is_quiet(&cpu->rcu);

    ASSERT(hal_irq_are_off());
    ASSERT(!LOAD(cpu->in_interrupt));
    if (was_quiet)
        rcu_count_leave_quiet(&cpu->rcu);
    else if (LOAD(cpu->pinned) == 0)
        rcu_count_pass(&cpu->rcu); /* readers are pinned */
    else if (LOAD(cpu->rcu_wanted))
        STORE(cpu->resched, true); /* the last unpin passes */
    STORE(cpu->rcu_wanted, false);
    STORE(cpu->was_quiet, was_quiet);
    STORE(cpu->in_interrupt, true);
}

void cpu_leave_interrupt(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(LOAD(cpu->in_interrupt));
    STORE(cpu->in_interrupt, false);
    if (LOAD(cpu->was_quiet))
        rcu_count_enter_quiet(&cpu->rcu);
}
