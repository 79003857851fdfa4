/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/wall.c - contract in wall.h.
 */
#include "core/sched/wall.h"

#include "hal/clock.h"

static uint64_t offset; /* atomic; added to hal_clock_wall(), may wrap */

uint64_t wall_now_ns(void)
{
    return hal_clock_wall() + __atomic_load_n(&offset, __ATOMIC_RELAXED);
}

void wall_set_ns(uint64_t ns)
{
    __atomic_store_n(&offset, ns - hal_clock_wall(), __ATOMIC_RELAXED);
}
