/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/engine.h - what user.c, mmu.c and uaccess.c share: address spaces
 * and the host threads that run user code in them.
 *
 * **The host's mappings are a TLB.** The truth is the x86-format tables in
 * guest RAM (hal/common/ptable.h). When user code faults, they are walked
 * first; if they permit the access, the pages around it are mapped into the
 * stub and core hears nothing. What was taken out of the tables is unmapped by
 * the flush. Any mapping may go at any time: it comes back by a fault.
 *
 * **Taking back.** With one CPU, a flush leaves its range in `pending`: the
 * engine does not run user code before it has unmapped it. With more CPUs the
 * flush waits until no CPU is in a section that may still use what a walk of
 * the old tables found (uaccess: `section`; a refill under way: `refill`),
 * then unmaps by its own engine, which is idle while the kernel runs, or by
 * the servant; that reaches all engines, for they share the process.
 *
 * These files are not instrumented by TSan, for the reason in cpu.c.
 */
#ifndef HAL_HOSTED_ENGINE_H
#define HAL_HOSTED_ENGINE_H

#include "hal/common/ptable.h"
#include "hal/hosted/cpu.h"
#include "hal/hosted/host_user.h"
#include "hal/user.h"

enum { HOSTED_PENDING_MAX = 16, HOSTED_RECENT_MAX = 8 };

/* A thread of a stub; used by its CPU alone, the servant under its lock. */
struct hosted_engine {
    struct host_engine *host; /* const; the stub's */
    struct hal_mmu *mmu;      /* const */
};

struct hal_mmu {
    struct ptable tables;
    struct host_stub *stub;
    uint32_t dead;      /* any CPU: its process is of no use any more */
    uint32_t servant;   /* lock: thread 0, where there is more than one CPU */
    uint32_t host_maps; /* any CPU: at least as many as the host counts; 0:
                           nothing was ever mapped */

    /* With one CPU: ranges to unmap before user code runs. */
    unsigned pending_count;
    struct hal_range pending[HOSTED_PENDING_MAX];

    /* Under a seed: the last pages mapped, in turn; one of them may be
     * forgotten. The tables that this takes out wait for a flush. */
    uaddr_t recent[HOSTED_RECENT_MAX];
    unsigned recent_count;
    struct hal_tables spare;

    /* Under a seed: who ran here last, and for how many entries more others
     * count as being about. */
    const struct hal_user *last_user; /* only compared */
    unsigned company;

    /* By block: see host_user.h. */
    struct hosted_engine engines[STUB_BLOCKS_MAX];
};

/* What a CPU has in hand; written by itself only. Any CPU reads the first
 * five, which therefore name nothing that can go away. */
struct hosted_user_cpu {
    uint64_t section;                    /* odd: it walks tables and copies */
    uint64_t refill;                     /* odd: it maps what a walk found */
    const struct hal_mmu *refill_mmu;    /* of these tables, */
    const struct stub_control *refiller; /* by the engine of this page, */
    uint32_t refill_order;               /* done when that says so */
    struct hal_mmu *active;
    struct hal_user *live;             /* its FPU state is not in its image */
    struct hosted_engine *live_engine; /* but here */
} __attribute__((aligned(64)));

/* An access that user code is known to need. rights 0: none. */
struct hosted_access {
    uaddr_t address;
    unsigned rights; /* one of HAL_READ, HAL_WRITE, HAL_EXEC */
};

/* How one round of an engine ended. */
enum hosted_round {
    HOSTED_ROUND_TRAP,    /* user code ran: there is a report */
    HOSTED_ROUND_OVERRUN, /* the same, after the watchdog's kick */
    HOSTED_ROUND_AGAIN,   /* it did not run: try again */
    HOSTED_ROUND_DEAD     /* the stub is gone: logged, and marked in mmu */
};

HAL_DECLS_BEGIN

struct hosted_user_cpu *hosted_user_cpu_at(unsigned number);

/* The address space that is active on this CPU, or NULL. */
struct hal_mmu *hosted_mmu_active(void);

/* This CPU's engine in mmu, started when it is not; NULL when the host refuses
 * or mmu is dead. Interrupts are off. */
struct hosted_engine *hosted_mmu_engine(struct hal_mmu *mmu);

/* Does mmu permit the access? Marks nothing. Not inside a section. */
bool hosted_mmu_permits(const struct hal_mmu *mmu, struct hosted_access what);

/*
 * Has the engine unmap what is pending, map what `what` needs where the tables
 * permit it, and run the user code that its control page holds. Interrupts are
 * off.
 */
enum hosted_round hosted_mmu_round(struct hosted_engine *engine,
                                   struct hosted_access what, bool watch);

/* Under a seed, before user enters mmu: has another one run there lately? */
bool hosted_mmu_has_company(struct hal_mmu *mmu, const struct hal_user *user);

/* The stub broke the protocol: says so in the log, ends the process, and marks
 * the address space dead. */
void hosted_mmu_break(struct hal_mmu *mmu, const char *why);

/* Around each walk of tables and the use of what it found, on this CPU, with
 * no point in between where interrupts are taken. */
void hosted_section_enter(void);
void hosted_section_leave(void);

HAL_DECLS_END

/* Copies bytes, unseen by sanitizers: for memory that user code or a stub may
 * write at the same time. It reads each byte once. */
static inline void hosted_copy(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb"
                     : "+D"(to), "+S"(from), "+c"(size)
                     :
                     : "memory");
}

#endif /* HAL_HOSTED_ENGINE_H */
