/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/seed.c - the kernel side's way to virtual time.
 */
#include "hal/hosted/seed.h"

#include "hal/check.h"
#include "hal/cpu.h"
#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/irq.h"

/* One translation in so many is forgotten. */
enum { FORGET_ONE_IN = 16 };

bool hosted_seed_on(void)
{
    return host_facts()->seeded;
}

/* Lets another CPU run; where the machine ends meanwhile, so does this CPU,
 * whatever it was doing: nobody may see it go on. */
static void offer_baton(bool must)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    if (cpu == NULL || host_baton_offer(cpu->number, must))
        return;
    hal_irq_disable();
    hosted_context_quit(cpu);
}

void hosted_seed_charge(void)
{
    if (!hosted_seed_on())
        return;
    host_seed_charge();
    offer_baton(false);
}

void hosted_seed_relax(void)
{
    host_seed_charge();
    offer_baton(true);
}

unsigned hosted_seed_steps(void)
{
    return hosted_seed_on() ? host_seed_steps(hal_cpu_self()) : 0;
}

void hosted_seed_linger(void)
{
    if (hosted_seed_on() && host_seed_lingers(hal_cpu_self()))
        hosted_seed_expire();
}

void hosted_seed_expire(void)
{
    if (!hosted_seed_on())
        return;
    host_seed_expire(hal_cpu_self());
    offer_baton(true);
}

void hosted_seed_unreproducible(void)
{
    if (hosted_seed_on())
        host_trace_unreproducible();
}

bool hosted_seed_forget(void)
{
    return hosted_seed_on() &&
           host_seed_choose(HAL_CHOICE_FORGET, FORGET_ONE_IN) == 1;
}
