/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/sigcontext.h - the machine's state in a signal frame (sigreturn(2)).
 *
 * The FPU image is XSAVE's standard format (SDM volume 1, 13.4), whose legacy
 * region carries Linux's software bytes at its end and which the second magic
 * follows.
 */
#ifndef CORE_ABI_SIGCONTEXT_H
#define CORE_ABI_SIGCONTEXT_H

#include "core/abi/signal.h"
#include "core/abi/types.h"

#define LX_FP_XSTATE_MAGIC1      0x46505853u
#define LX_FP_XSTATE_MAGIC2      0x46505845u
#define LX_FP_XSTATE_MAGIC2_SIZE 4

#define LX_FXSAVE_SIZE           512 /* the legacy region */
#define LX_FXSAVE_SW_OFFSET      464 /* of struct lx_fpx_sw_bytes in it */
#define LX_XSAVE_HEADER_SIZE     64

/* What the software bytes say of the image they stand in. */
struct lx_fpx_sw_bytes {
    uint32_t magic1;        /* LX_FP_XSTATE_MAGIC1 */
    uint32_t extended_size; /* image and second magic, in bytes */
    uint64_t xfeatures;     /* components the image may hold */
    uint32_t xstate_size;   /* image without the second magic */
    uint32_t padding[7];
};
LX_SIZE_IS(struct lx_fpx_sw_bytes, 48);

/* The legacy region: FXSAVE's 64-bit format (SDM volume 1, 10.5). */
struct lx_fpstate {
    uint16_t cwd;
    uint16_t swd;
    uint16_t twd; /* abridged: a bit per register */
    uint16_t fop;
    uint64_t rip;
    uint64_t rdp;
    uint32_t mxcsr;
    uint32_t mxcsr_mask;
    uint32_t st_space[32];
    uint32_t xmm_space[64];
    uint32_t reserved[12];
    struct lx_fpx_sw_bytes sw;
};
LX_SIZE_IS(struct lx_fpstate, LX_FXSAVE_SIZE);

struct lx_xstate_header {
    uint64_t xfeatures;    /* XSTATE_BV */
    uint64_t reserved1[2]; /* XCOMP_BV first: 0 in the standard format */
    uint64_t reserved2[5];
};
LX_SIZE_IS(struct lx_xstate_header, LX_XSAVE_HEADER_SIZE);

/* The general registers; the order is the frame's, not ptrace's. */
struct lx_sigcontext {
    uint64_t r8;
    uint64_t r9;
    uint64_t r10;
    uint64_t r11;
    uint64_t r12;
    uint64_t r13;
    uint64_t r14;
    uint64_t r15;
    uint64_t rdi;
    uint64_t rsi;
    uint64_t rbp;
    uint64_t rbx;
    uint64_t rdx;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rsp;
    uint64_t rip;
    uint64_t eflags;
    uint16_t cs;
    uint16_t gs;
    uint16_t fs;
    uint16_t ss;
    uint64_t err;
    uint64_t trapno;
    uint64_t oldmask;
    uint64_t cr2;
    uint64_t fpstate; /* address of the image, or 0 */
    uint64_t reserved1[8];
};
LX_SIZE_IS(struct lx_sigcontext, 256);

/* uc_flags: the frame holds an XSAVE image; ss is saved and restored. */
#define LX_UC_FP_XSTATE         1u
#define LX_UC_SIGCONTEXT_SS     2u
#define LX_UC_STRICT_RESTORE_SS 4u

struct lx_ucontext {
    uint64_t uc_flags; /* LX_UC_* */
    uint64_t uc_link;
    struct lx_stack uc_stack;
    struct lx_sigcontext uc_mcontext;
    uint64_t uc_sigmask;
};
LX_SIZE_IS(struct lx_ucontext, 304);

/* What a handler finds at rsp: first its return address. The FPU image lies
 * above, at a multiple of 64. */
struct lx_rt_sigframe {
    uint64_t restorer;
    struct lx_ucontext uc;
    struct lx_siginfo info;
};
LX_SIZE_IS(struct lx_rt_sigframe, 440);

#endif /* CORE_ABI_SIGCONTEXT_H */
