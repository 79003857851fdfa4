/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/seed.h - virtual time and what the seed decides, for the kernel
 * side of hal/hosted.
 *
 * **Model.** With --seed one CPU runs at a time and time is a number: it moves
 * by a fixed charge at each call of the HAL, and to the next event when every
 * CPU idles. Events that are due raise interrupts, which are taken where the
 * HAL takes them anyway. User code costs no time between traps, so it is
 * preempted only after a number of single steps that the seed chooses.
 *
 * Without --seed hosted_seed_on() is false, the charge does nothing and every
 * choice is 0.
 */
#ifndef HAL_HOSTED_SEED_H
#define HAL_HOSTED_SEED_H

#include "hal/types.h"

enum { HOSTED_STEPS_MAX = 64 };

HAL_DECLS_BEGIN

/* Is time virtual? Constant once core_main() runs. */
bool hosted_seed_on(void);

/* One HAL call's worth of time; events that are due then raise their
 * interrupts. For the entry and exit of hal_user_run(), among others. */
void hosted_seed_charge(void);

/*
 * For hal_user_run(), before each entry into user code: after how many single
 * steps (1..HOSTED_STEPS_MAX) to stop and call hosted_seed_expire(); 0: let it
 * run until it traps. quiet counts the entries of this user thread since its
 * last trap of its own (call, fault, exception).
 */
unsigned hosted_seed_steps(uint64_t quiet);

/* The steps ran out without a trap, or the watchdog kicked: time goes on to
 * the next event, whose interrupt is then pending. */
void hosted_seed_expire(void);

/* Something happened that the seed does not decide (the watchdog kicked): the
 * trace is marked "not reproducible from event N", once. Also without a seed
 * harmless. */
void hosted_seed_unreproducible(void);

/* Is a translation of the host's TLB forgotten here? false without a seed. */
bool hosted_seed_forget(void);

HAL_DECLS_END

#endif /* HAL_HOSTED_SEED_H */
