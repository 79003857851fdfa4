/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/percpu.h - this CPU's own data, and not being moved off it.
 *
 * Code that reads per-CPU data must not migrate: it holds cpu_pin(), a
 * spinlock, or has interrupts off. cpu_this() asserts that. The preemption
 * count is per CPU; a thread that is switched out has it at zero, save for the
 * lock the scheduler itself hands over.
 */
#ifndef CORE_SYNC_PERCPU_H
#define CORE_SYNC_PERCPU_H

#include "core/base/defs.h"
#include "hal/cpu.h"

struct thread;

/*
 * One per CPU; hal_cpu_local() points at it. Owned by its CPU, that is by all
 * threads that take turns there: fields are read and written by relaxed
 * atomics, so that no order among those threads is made, nor missed by TSan.
 */
struct cpu {
    unsigned number;   /* const */
    unsigned pinned;   /* preemption count: spinlocks held and pins */
    bool resched;      /* a switch is due at the next unpin or trap */
    bool in_interrupt; /* inside an upcall of the HAL */
    struct thread *current;
};

C_DECLS_BEGIN

/* Sets up this CPU's struct; first thing on every CPU. */
void cpu_init_local(unsigned number);

/* The struct of a CPU that has been set up. */
struct cpu *cpu_by_number(unsigned number);

/* This CPU's struct; the caller cannot be moved (asserted). */
struct cpu *cpu_this(void);

/* Keeps the caller on this CPU; nests. Does not turn interrupts off. */
void cpu_pin(void);

/* Ends it. The last unpin with a switch due and interrupts on calls what
 * cpu_set_resched_hook() named. */
void cpu_unpin(void);

/* Is the caller unable to sleep: pinned, in an interrupt, or interrupts off? */
bool cpu_is_atomic(void);

/* Is the caller pinned or in an interrupt? What may sleep asserts that it is
 * not; unlike cpu_is_atomic(), this lets the boot path, which has interrupts
 * off, pass. */
bool cpu_is_pinned(void);

/* Around whatever the HAL calls in interrupt context (upcalls, handlers of
 * lines and streams), first and last: interrupts are off and do not nest. */
void cpu_enter_interrupt(void);
void cpu_leave_interrupt(void);

/* What the last cpu_unpin() calls when a switch is due (the scheduler's). */
void cpu_set_resched_hook(void (*hook)(void));

C_DECLS_END

#endif /* CORE_SYNC_PERCPU_H */
