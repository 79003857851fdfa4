/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/percpu.h - this CPU's own data, and not being moved off it.
 *
 * Code that reads per-CPU data must not migrate: it holds cpu_pin(), a
 * spinlock, or has interrupts off. cpu_this() asserts that. The preemption
 * count is per CPU; a thread that is switched out has it at zero, save for the
 * lock the scheduler itself hands over.
 *
 * An interrupt switches no threads, in either world: it says that a switch is
 * due, and the kernel code it came upon goes on until it unpins, sleeps or goes
 * to user mode. So cpu_pin() itself, and thread_current(), may read the CPU and
 * then its data with interrupts on.
 */
#ifndef CORE_SYNC_PERCPU_H
#define CORE_SYNC_PERCPU_H

#include "core/base/defs.h"
#include "core/sync/rcu_count.h"
#include "hal/cpu.h"
#include "hal/irq.h"

struct thread;

/*
 * One per CPU; hal_cpu_local() points at it. Owned by its CPU, that is by all
 * threads that take turns there: fields are read and written by relaxed
 * atomics, so that no order among those threads is made, nor missed by TSan.
 */
struct cpu {
    unsigned number;   /* const */
    unsigned pinned;   /* preemption count: spinlocks held and pins */
    bool resched;      /* a switch is due: at an unpin, or before user mode */
    bool in_interrupt; /* inside an upcall of the HAL */
    bool was_quiet;    /* in_interrupt: what for RCU it came upon */
    bool rcu_wanted;   /* a grace period waits for it; set by any CPU */
    unsigned reading;  /* RCU read sections, in checked builds */
    struct thread *current;
    struct rcu_count rcu;
} __attribute__((aligned(64)));

C_DECLS_BEGIN

/* Sets up this CPU's struct; first thing on every CPU. */
void cpu_init_local(unsigned number);

/* The struct of a CPU that has been set up. */
struct cpu *cpu_by_number(unsigned number);

/* What the last cpu_unpin() calls when a switch is due: the hook, unless
 * interrupts are off. */
void cpu_unpinned(void);

/* This CPU's struct; the caller cannot be moved (asserted). */
static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu = (struct cpu *)hal_cpu_local();

    ASSERT(cpu != NULL);
    ASSERT(__atomic_load_n(&cpu->pinned, __ATOMIC_RELAXED) > 0 ||
           hal_irq_are_off());
    return cpu;
}

/* cpu_pin() and cpu_unpin() for who has hal_cpu_local() at hand already. */
static inline void cpu_pin_on(struct cpu *cpu)
{
    unsigned pinned;

    if (cpu == NULL)
        return;
    pinned = __atomic_load_n(&cpu->pinned, __ATOMIC_RELAXED) + 1;
    ASSERT(pinned > 0);
    __atomic_store_n(&cpu->pinned, pinned, __ATOMIC_RELAXED);
}

static inline void cpu_unpin_from(struct cpu *cpu)
{
    unsigned pinned;

    if (cpu == NULL)
        return;
    pinned = __atomic_load_n(&cpu->pinned, __ATOMIC_RELAXED);
    ASSERT(pinned > 0);
    __atomic_store_n(&cpu->pinned, pinned - 1, __ATOMIC_RELAXED);
    if (pinned == 1 && __atomic_load_n(&cpu->resched, __ATOMIC_RELAXED) &&
        !__atomic_load_n(&cpu->in_interrupt, __ATOMIC_RELAXED))
        cpu_unpinned();
}

/* Keeps the caller on this CPU; nests. Does not turn interrupts off. Before
 * cpu_init_local() there is one flow of control with interrupts off: pinning
 * is then a fact, and counts nothing. */
static inline void cpu_pin(void)
{
    cpu_pin_on((struct cpu *)hal_cpu_local());
}

/* Ends it. The last unpin with a switch due and interrupts on calls what
 * cpu_set_resched_hook() named. */
static inline void cpu_unpin(void)
{
    cpu_unpin_from((struct cpu *)hal_cpu_local());
}

/* Is the caller unable to sleep: pinned, in an interrupt, or interrupts off? */
bool cpu_is_atomic(void);

/* Is the caller pinned or in an interrupt? What may sleep asserts that it is
 * not; unlike cpu_is_atomic(), this lets the boot path, which has interrupts
 * off, pass. */
static inline bool cpu_is_pinned(void)
{
    const struct cpu *cpu = (const struct cpu *)hal_cpu_local();

    return cpu != NULL &&
           (__atomic_load_n(&cpu->pinned, __ATOMIC_RELAXED) > 0 ||
            __atomic_load_n(&cpu->in_interrupt, __ATOMIC_RELAXED));
}

/* Is the caller in an interrupt? Any context. */
static inline bool cpu_in_interrupt(void)
{
    const struct cpu *cpu = (const struct cpu *)hal_cpu_local();

    return cpu != NULL && __atomic_load_n(&cpu->in_interrupt, __ATOMIC_RELAXED);
}

/* Around whatever the HAL calls in interrupt context (upcalls, handlers of
 * lines and streams), first and last: interrupts are off and do not nest. */
void cpu_enter_interrupt(void);
void cpu_leave_interrupt(void);

/* What the last cpu_unpin() calls when a switch is due (the scheduler's). */
void cpu_set_resched_hook(void (*hook)(void));

C_DECLS_END

#endif /* CORE_SYNC_PERCPU_H */
