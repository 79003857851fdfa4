/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/user_state.h - a user thread, shared by user.c, which runs it,
 * and user_state.c, which makes it and reads and writes its registers.
 *
 * The general registers are in regs whenever the kernel runs. The FPU state is
 * in image, or still in an engine of this CPU.
 */
#ifndef HAL_HOSTED_USER_STATE_H
#define HAL_HOSTED_USER_STATE_H

#include "core/abi/ptrace.h"
#include "hal/hosted/engine.h"
#include "hal/hosted/fpu.h"

/* The host's selectors of 64-bit user code, which are Linux's. */
enum { USER_CS = 0x33, USER_SS = 0x2b };

/* Under a seed: how many entries of a thread are stepped; see seed.h. */
enum { HOSTED_CREDIT = 4096 };

/* What user code may set of RFLAGS (SDM volume 1, 3.4.3): CF PF AF ZF SF TF DF
 * OF NT RF AC ID; and what is always set: IF and bit 1. */
#define USER_FLAGS        UINT64_C(0x254dd5)
#define USER_FLAGS_FIXED  UINT64_C(0x202)
#define USER_FLAG_TRACE   UINT64_C(0x100)

/* r15 to rdi, which struct lx_user_regs and struct stub_regs begin with. */
#define USER_GENERAL_SIZE offsetof(struct stub_regs, rip)
struct hal_user {
    struct lx_user_regs regs;
    uint64_t time;        /* hal/common/user_time.h, in ns */
    uint32_t interrupted; /* any CPU: hal_user_interrupt() was called */
    uint32_t cpu;         /* any CPU reads: number + 1 of that which runs it */

    /* What the last fault needed: the next round maps it first. */
    struct hosted_access need;
    uint64_t fault_rip; /* where it came */
    uaddr_t fault_address;
    unsigned fault_repeats; /* in a row, with a page that is mapped */

    /* Under a seed: see seed.h. */
    unsigned credit;       /* entries to be stepped until a trap, in company, */
    unsigned credit_alone; /* and alone; shared with its clones */
    unsigned steps;        /* still to go; 0: no limit */
    bool round_chosen;     /* steps was chosen, and is not used up */

    /* hosted_fpu_size() bytes. */
    unsigned char image[] __attribute__((aligned(64)));
};

HAL_DECLS_BEGIN

/* Brings the image up to date; the state stays in the engine. */
void hosted_user_settle(struct hal_user *user);

/* Forgets what is in the engine: the image counts. */
void hosted_user_drop(struct hal_user *user);

HAL_DECLS_END

#endif /* HAL_HOSTED_USER_STATE_H */
