/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/smp.h - the other CPUs: starting and stopping them.
 */
#ifndef HAL_X86_64_SMP_H
#define HAL_X86_64_SMP_H

#include "hal/types.h"

struct cpu_block;
struct madt;

/* What a CPU that starts is told; trampoline.S knows the layout. */
struct start_order {
    paddr_t root;            /* the kernel's tables */
    uint64_t stack;          /* where its rsp begins */
    struct cpu_block *block; /* atomic: NULL when it is taken, or taken back */
    uint32_t apic_id;
};

enum { SMP_LOW_PAGES = 5 }; /* the trampoline and its tables, in this order */

HAL_DECLS_BEGIN

/*
 * Says which CPUs there are: those of madt, at most limit; this CPU is its
 * first. low: SMP_LOW_PAGES below 1 MiB, mapped at DIRECT_BASE, or PADDR_NONE,
 * which leaves one CPU. Boot only.
 */
void smp_setup(const struct madt *madt, unsigned limit, paddr_t low);

/* A CPU that was started, on its boot stack, without its block in GS. */
HAL_NORETURN void cpu_start_main(struct cpu_block *block);

/* Stops every other CPU for good, wherever it is; gives up on one that does
 * not answer for long. Interrupts are off. */
void smp_stop_others(void);

/* Stops this CPU if another asked it to: what an NMI does first. */
void smp_stop_here(void);

HAL_DECLS_END

#endif /* HAL_X86_64_SMP_H */
