/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/seed.h - virtual time and what the seed decides, for the kernel
 * side of hal/hosted.
 *
 * **Model.** With --seed one CPU runs at a time and time is a number: it moves
 * by a fixed charge at each call of the HAL, and to the next event when every
 * CPU idles. Events that are due raise interrupts, which are taken where the
 * HAL takes them anyway. At each charge the seed may let another CPU run; one
 * that idles, or spins in hal_cpu_relax(), always does.
 *
 * **User code** costs no time between traps, and nobody else runs meanwhile:
 * what a stretch from trap to trap does, follows from what it found. So it
 * replays, however fast the host is, and must be cut in two only where that
 * makes a difference:
 * - In an address space where another user thread ran lately the order of
 *   loads and stores is worth trying, and a thread may spin until the other
 *   one has stored. It is stepped: after each 1..HOSTED_STEPS_MAX instructions
 *   another CPU runs or time passes.
 * - A thread that is alone with its memory does the same wherever it is
 *   interrupted. The interruption is put before the stretch
 *   (hosted_seed_linger()), which then runs at full speed to its trap.
 * - A thread may be alone and spin until a signal comes. Only single steps
 *   could tell it from a long computation, a thousand times slower than that.
 *   So each has a credit of entries that are stepped, half of which goes to
 *   each clone: images and small programs live on that, and are interrupted
 *   anywhere.
 *   Whoever spins when it is used up runs until the watchdog kicks, after two
 *   seconds of the host's CPU time; that is the host's decision, and the trace
 *   is marked. With a new credit it goes on.
 * What the rule goes by (who ran where, and how often) replays by itself.
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
 * interrupts, and another CPU may run before this returns. For the entry and
 * exit of hal_user_run(), among others. Does not return once the machine
 * ends. */
void hosted_seed_charge(void);

/* The same, and another CPU runs if there is one that is ready. Only under a
 * seed. */
void hosted_seed_relax(void);

/*
 * For user code that is to be stepped, before each entry: after how many single
 * steps (1..HOSTED_STEPS_MAX) to stop and call hosted_seed_expire(); 0: let it
 * run until it traps, for no event is near and no other CPU ready.
 */
unsigned hosted_seed_steps(void);

/* For user code that is not, before each stretch: as if its end were now, one
 * time in a few; see hosted_seed_expire(). */
void hosted_seed_linger(void);

/* The steps ran out without a trap, or the watchdog kicked: another CPU runs,
 * or time goes on to the next event, whose interrupt is then pending. */
void hosted_seed_expire(void);

/* Something happened that the seed does not decide (the watchdog kicked): the
 * trace is marked "not reproducible from event N", once. Also without a seed
 * harmless. */
void hosted_seed_unreproducible(void);

/* Is a translation of the host's TLB forgotten here? false without a seed. */
bool hosted_seed_forget(void);

HAL_DECLS_END

#endif /* HAL_HOSTED_SEED_H */
