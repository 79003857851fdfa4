/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/wall.c - contract in wall.h.
 */
#include "core/sched/wall.h"

#include "hal/clock.h"

uint64_t wall_now_ns(void)
{
    return hal_clock_wall();
}

void wall_set_ns(uint64_t ns)
{
    hal_clock_set_wall(ns);
}
