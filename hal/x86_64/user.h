/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/user.h - a user thread's state, and which CPU holds what of it.
 *
 * The general registers are always in the frame while the kernel runs. FPU
 * state, the fs and gs bases and the data selectors stay in the processor
 * until another thread needs it or the context is switched: `live` in
 * cpu_block names their owner.
 */
#ifndef HAL_X86_64_USER_H
#define HAL_X86_64_USER_H

#include "core/abi/ptrace.h"
#include "hal/user.h"

enum { USER_NOWHERE = ~0u }; /* loaded_on: no CPU has its registers */

struct hal_user {
    uint64_t whole; /* 0: the frame is as a SYSCALL instruction left it */
    struct lx_user_regs regs; /* the frame, then bases and selectors */
    uint64_t time;            /* user_time.h, in ticks */
    unsigned interrupted;     /* hal_user_interrupt() was called; atomic */
    unsigned loaded_on;       /* the CPU whose registers were last its; written
                                 by the owner, atomic */
    unsigned char xsave[] __attribute__((aligned(64)));
};

HAL_DECLS_BEGIN

/* Puts the live user state of this CPU into memory; its registers keep it.
 * Interrupts are off. */
void user_save_live(void);

/* Is an interruption of the run in progress asked for? */
static inline bool user_is_interrupted(const struct hal_user *user)
{
    return __atomic_load_n(&user->interrupted, __ATOMIC_ACQUIRE) != 0;
}

HAL_DECLS_END

#endif /* HAL_X86_64_USER_H */
