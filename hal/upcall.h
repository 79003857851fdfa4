/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/upcall.h - all that a HAL calls in core, and each image defines.
 */
#ifndef HAL_UPCALL_H
#define HAL_UPCALL_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* CPU 0, once the machine stands: on its boot context, interrupts off. */
HAL_NORETURN void core_main(void);

/* A CPU that hal_cpu_start() brought up, the same way. */
HAL_NORETURN void core_cpu_main(unsigned cpu);

/* This CPU's deadline has passed. Interrupt context. */
void core_timer(void);

/* hal_cpu_kick() reached this CPU. Interrupt context. */
void core_kick(void);

/*
 * 2^order frames that follow each other, not cleared, for page tables, stacks
 * and user states; PADDR_NONE when there are none (a fault point). Sleeps not.
 */
HAL_MUST_USE paddr_t core_frames_alloc(unsigned order);
void core_frames_free(paddr_t first, unsigned order);

HAL_DECLS_END

#endif /* HAL_UPCALL_H */
