/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/clock.h - time, and one deadline per CPU.
 *
 * Hosted with --seed, time is virtual: it moves by a fixed charge per HAL call
 * and jumps to the next event when every CPU idles.
 */
#ifndef HAL_CLOCK_H
#define HAL_CLOCK_H

#include "hal/types.h"

#define HAL_CLOCK_NEVER UINT64_MAX

HAL_DECLS_BEGIN

/* Nanoseconds since boot; never goes back, on any CPU. Any context. */
uint64_t hal_clock_now(void);

/* Nanoseconds since 1970-01-01 00:00 UTC, as the machine believes. */
uint64_t hal_clock_wall(void);

/*
 * Arms this CPU's one-shot deadline, replacing the last: core_timer() runs in
 * interrupt context on this CPU as soon as hal_clock_now() >= deadline_ns,
 * never before; at once for a deadline gone by. HAL_CLOCK_NEVER disarms: one
 * that is already on its way may still come. Interrupts are off.
 */
void hal_clock_arm(uint64_t deadline_ns);

HAL_DECLS_END

#endif /* HAL_CLOCK_H */
