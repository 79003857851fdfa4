/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/seed.c - the kernel side's way to virtual time.
 */
#include "hal/hosted/seed.h"

#include "hal/check.h"
#include "hal/hosted/host.h"

/* One translation in so many is forgotten. */
enum { FORGET_ONE_IN = 16 };

bool hosted_seed_on(void)
{
    return host_facts()->seeded;
}

void hosted_seed_charge(void)
{
    if (hosted_seed_on())
        host_seed_charge();
}

unsigned hosted_seed_steps(uint64_t quiet)
{
    return hosted_seed_on() ? host_seed_steps(quiet) : 0;
}

void hosted_seed_expire(void)
{
    if (hosted_seed_on())
        (void)host_seed_skip();
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
