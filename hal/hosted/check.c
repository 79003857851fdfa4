/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/check.c - the tools that watch the kernel.
 */
#include "hal/check.h"

#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"

void hal_check_poison(const void *start, size_t size)
{
    host_poison(start, size);
}

void hal_check_unpoison(const void *start, size_t size)
{
    host_unpoison(start, size);
}

bool hal_check_is_watching(void)
{
    return host_is_watched();
}

void hal_check_point(void)
{
    if (hal_irq_are_off())
        hosted_seed_charge();
    else
        hal_irq_enable();
}

void hal_check_event(enum hal_event event, uint64_t a, uint64_t b, uint64_t c)
{
    struct hosted_cpu *cpu;

    if (!host_facts()->traced)
        return;
    cpu = hosted_cpu_self();
    host_trace_event(cpu->number, event, a, b, c);
}

uint64_t hal_check_choose(enum hal_choice choice, uint64_t bound)
{
    return hosted_seed_on() ? host_seed_choose(choice, bound) : 0;
}

void hal_check_coverage(uint64_t pc)
{
    (void)pc;
}

void hal_check_note(const char *note)
{
    host_note(note);
}
