/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/cpu.h - what one processor has to itself, and what it can do.
 *
 * Each CPU's block lies at its kernel GS base. Only that CPU touches it, with
 * interrupts off where it matters.
 */
#ifndef HAL_X86_64_CPU_H
#define HAL_X86_64_CPU_H

#include "hal/types.h"
#include "hal/x86_64/layout.h"

struct hal_context;
struct hal_mmu;
struct hal_user;

/* SDM volume 3, figure 8-11; packed, as the processor has it. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3]; /* rsp[0]: the frame of the user thread loaded */
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[i - 1] is IST i */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* past the limit: no port for user code */
} __attribute__((packed));

enum { GDT_ENTRIES = 10 };

struct cpu_block {
    struct cpu_block *self;
    uint64_t scratch;  /* of the entry code */
    uint64_t user_top; /* where the frame of the user thread loaded ends */
    uint64_t run_sp;   /* the kernel's rsp inside user_enter() */
    void *local;       /* hal_cpu_set_local() */
    uint64_t vector;   /* of an exception at the return to user mode */

    unsigned number;
    uint64_t deadline; /* hal_clock_arm(); HAL_CLOCK_NEVER: none */
    struct hal_mmu *mmu;
    struct hal_context *boot_context;

    /*
     * live: the user thread whose FPU state and bases are in the registers
     * and nowhere else. loaded: the one they were last loaded from; only
     * compared, since it may be gone.
     */
    struct hal_user *live;
    struct hal_user *loaded;

    struct tss tss;
    uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(16)));
};

/* What the processors have; the same for all. */
struct cpu_features {
    bool smep, smap, umip, pge, mce, large_1g, xsaveopt;
    bool rdrand, rdseed, hypervisor;
};

extern struct cpu_features cpu_features;

HAL_DECLS_BEGIN

/* Makes CPU 0's block this CPU's: the first thing at boot. */
void cpu_claim_block(void);

/*
 * Fills cpu_features. Returns NULL, or the name of a feature that is required
 * and missing.
 */
const char *cpu_probe(void);

/* Sets up CPU 0's block and control registers, the GDT and the TSS on stacks
 * that the caller mapped; ist_top[i] is the end of the stack of IST i + 1. */
void cpu_setup(const uint64_t ist_top[IST_COUNT]);

/* Logs at debug level which mitigations are missing. */
void cpu_log_exposure(void);

/* This CPU's block. */
static inline struct cpu_block *cpu_block(void)
{
    struct cpu_block *block;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(block) : "i"(CPU_SELF));
    return block;
}

HAL_DECLS_END

#endif /* HAL_X86_64_CPU_H */
