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

/* Nanoseconds since 1970-01-01 00:00 UTC, as the machine believes, or as it was
 * told. Any context. */
uint64_t hal_clock_wall(void);

/* Makes hal_clock_wall() ns now. Any context. */
void hal_clock_set_wall(uint64_t ns);

/*
 * The vDSO of this machine (vdso(7)): an ELF image of *size bytes, to be mapped
 * read-only and executable for user code, and right below it, read-only, page:
 * PAGE_SIZE bytes of the kernel's memory that the HAL keeps up to date from
 * now on. Where user code must not read the clock itself (--seed), the image
 * makes system calls. Once, before there is user code. Takes no lock.
 */
const void *hal_clock_vdso(void *page, size_t *size);

/*
 * Arms this CPU's one-shot deadline, replacing the last: core_timer() runs in
 * interrupt context on this CPU as soon as hal_clock_now() >= deadline_ns,
 * never before; at once for a deadline gone by. HAL_CLOCK_NEVER disarms: one
 * that is already on its way may still come. Interrupts are off.
 */
void hal_clock_arm(uint64_t deadline_ns);

HAL_DECLS_END

#endif /* HAL_CLOCK_H */
