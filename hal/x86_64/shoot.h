/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/shoot.h - making other CPUs forget translations.
 *
 * Who wants it puts a request into each CPU's queue, sends VECTOR_SHOOT to
 * those that were empty, and waits until each has worked off all that was in
 * its queue. The answer comes from an interrupt handler, so what a CPU began
 * with an old translation before (an instruction of user code, a user copy
 * with interrupts off) is over by then.
 */
#ifndef HAL_X86_64_SHOOT_H
#define HAL_X86_64_SHOOT_H

#include "hal/mmu.h"
#include "hal/x86_64/lock.h"

enum {
    SHOOT_REQUESTS_MAX = 4, /* more become one for everything */
    SHOOT_PAGES_MAX = 32    /* beyond, all is forgotten at once */
};

struct shoot_request {
    const struct hal_mmu *mmu;
    struct hal_range range;
};

struct shoot_queue {
    struct lock lock;
    struct shoot_request requests[SHOOT_REQUESTS_MAX]; /* lock */
    unsigned count;                                    /* lock */
    bool all_user;   /* forget every user translation; lock */
    bool all_kernel; /* and every kernel one; lock */
    uint64_t wanted; /* requests ever put in; lock */
    uint64_t done;   /* and worked off; atomic, written by its CPU */
};

HAL_DECLS_BEGIN

/* Forgets, on this CPU, the user translations of a range. */
void shoot_here(struct hal_range range);

/*
 * Makes the CPUs of a mask, this one perhaps among them, forget range where
 * they have mmu active. Returns when they have. Interrupts on, so that this CPU
 * answers others meanwhile.
 */
void shoot_user(uint64_t cpus, const struct hal_mmu *mmu,
                struct hal_range range);

/* Makes every CPU that runs forget all, the kernel's translations too; the same
 * otherwise. */
void shoot_kernel(void);

/* VECTOR_SHOOT came. */
void shoot_interrupt(void);

HAL_DECLS_END

#endif /* HAL_X86_64_SHOOT_H */
