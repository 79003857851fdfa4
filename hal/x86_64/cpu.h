/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/cpu.h - what one processor has to itself, and what it can do.
 *
 * Each CPU's block lies at its kernel GS base. Only that CPU touches it, with
 * interrupts off where it matters; what others touch says so.
 */
#ifndef HAL_X86_64_CPU_H
#define HAL_X86_64_CPU_H

#include "hal/types.h"
#include "hal/x86_64/layout.h"
#include "hal/x86_64/shoot.h"

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

/* The stacks of a CPU: one per IST, and the one of its boot context. */
enum { CPU_STACKS = IST_COUNT + 1, CPU_BOOT_STACK = IST_COUNT };

/* How far a CPU that is started has come. */
enum cpu_state { CPU_ABSENT, CPU_HERE, CPU_RUNS, CPU_STOPPED };

struct cpu_block {
    struct cpu_block *self;
    uint64_t scratch;  /* of the entry code */
    uint64_t user_top; /* where the frame of the user thread loaded ends */
    uint64_t run_sp;   /* the kernel's rsp inside user_enter() */
    void *local;       /* hal_cpu_set_local() */
    uint64_t vector;   /* of an exception at the return to user mode */

    unsigned number;   /* const */
    uint32_t apic_id;  /* const */
    unsigned state;    /* enum cpu_state; atomic */
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

    /* The time-stamp counter: what is to be added to it (constant once the CPU
     * runs), and the comparison with that of the CPU that starts this one. */
    int64_t tsc_offset;
    struct {
        unsigned turn; /* odd: this CPU is to answer; atomic */
        uint64_t tsc;  /* the answer; atomic */
    } compare;

    struct shoot_queue shoot; /* what others want forgotten */

    struct tss tss;
    uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(16)));
};

/* What the processors have; the same for all. */
struct cpu_features {
    bool smep, smap, umip, pge, mce, large_1g, xsaveopt;
    bool rdrand, rdseed, rdtscp, hypervisor;
};

extern struct cpu_features cpu_features;

/* Those that run, NULL for others; atomic. */
extern struct cpu_block *cpu_blocks[HAL_CPUS_MAX];

#define CR4_PGE (UINT64_C(1) << 7)

HAL_DECLS_BEGIN

/* Makes CPU 0's block this CPU's: the first thing at boot. */
void cpu_claim_block(void);

/* Makes a block that of CPU number, which does not run yet. */
void cpu_block_init(struct cpu_block *block, unsigned number, uint32_t apic_id);

/* Makes one of the stacks (0 to CPU_STACKS - 1) of a block, or frees it. 0 or
 * -ENOMEM. */
HAL_MUST_USE int cpu_stack_create(struct cpu_block *block, unsigned index);
void cpu_stack_destroy(struct cpu_block *block, unsigned index);

/* From here on the CPU gets what is sent to all that run. */
void cpu_publish(struct cpu_block *block);

/* A bit for every CPU that runs. */
uint64_t cpu_running(void);

/*
 * Fills cpu_features. Returns NULL, or the name of a feature that is required
 * and missing.
 */
const char *cpu_probe(void);

/* Sets this CPU up on its block, whose stacks are made: GDT, TSS,
 * model-specific and control registers. */
void cpu_setup(struct cpu_block *block);

/* Logs at debug level which mitigations are missing. */
void cpu_log_exposure(void);

/* This CPU's block. */
static inline struct cpu_block *cpu_block(void)
{
    struct cpu_block *block;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(block) : "i"(CPU_SELF));
    return block;
}

/* The block of a CPU that runs; NULL for one that does not. */
static inline struct cpu_block *cpu_block_of(unsigned number)
{
    return __atomic_load_n(&cpu_blocks[number], __ATOMIC_ACQUIRE);
}

HAL_DECLS_END

#endif /* HAL_X86_64_CPU_H */
