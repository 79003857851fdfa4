/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/cpu.h - a virtual CPU, inside the kernel side.
 *
 * A virtual CPU is a host thread pinned to one host core. Interrupts are bits
 * in `pending`: any host thread sets them with hosted_cpu_raise(), and the CPU
 * itself looks at them where it enables interrupts, relaxes, idles, or is
 * about to run user code. Nothing is ever interrupted by a host signal.
 *
 * The two ways to wait have one protocol: the waiter sets its flag (`in_user`
 * or `idle`) with a seq_cst exchange and then takes a last look at `pending`;
 * who raises sets `pending` with a seq_cst read-modify-write and then looks at
 * the flags. One of the two sees the other.
 *
 * Every word is reached through the __atomic builtins, also where only its own
 * CPU touches it: to TSan the fibers of one CPU are threads of their own.
 */
#ifndef HAL_HOSTED_CPU_H
#define HAL_HOSTED_CPU_H

#include "hal/types.h"

enum { HOSTED_CPUS_MAX = 16 };

/* Bits of `pending`, taken lowest first. */
enum hosted_irq {
    HOSTED_IRQ_STOP = 1 << 0,    /* the machine ends */
    HOSTED_IRQ_TIMER = 1 << 1,   /* core_timer() */
    HOSTED_IRQ_KICK = 1 << 2,    /* core_kick() */
    HOSTED_IRQ_CONSOLE = 1 << 3, /* the ready function of the console */
    HOSTED_IRQ_LINE = 1 << 4,    /* some line of hal/irq.h */
    HOSTED_IRQ_USER = 1 << 5     /* no handler: only ends the run of user code,
                                    for hal_user_interrupt() */
};

struct hal_context;
struct hosted_engine;

struct hosted_cpu {
    unsigned number;  /* constant */
    uint32_t running; /* 1 from its start on */
    uint32_t irq_off; /* this CPU only */
    uint32_t pending; /* any thread; enum hosted_irq */
    uint32_t idle;    /* futex word: 1 while it waits */
    uint32_t in_user; /* 1 while its engine runs user code */

    /* This CPU only. */
    void *local;                 /* hal_cpu_local() */
    struct hal_context *current; /* runs now */
    struct hal_context *boot;    /* hal_context_boot() */
    struct hal_context *native;  /* the host thread's own stack */
    uint64_t deadline_ns;        /* armed; HAL_CLOCK_NEVER: none */
    uint32_t spins;              /* calls of hal_cpu_relax() */
    struct hal_context *kept;    /* context.c's: stacks to be used again */
    unsigned kept_count;

    /* user.c's: the engine that runs, or last ran, user code here. Written by
     * this CPU before in_user becomes 1; read by hosted_engine_kick(). */
    struct hosted_engine *engine;
};

HAL_DECLS_BEGIN

/* This CPU's struct. Not inlined, so that no address is kept over a switch to
 * a context that later goes on on another host thread. */
struct hosted_cpu *hosted_cpu_self(void);

/* The struct of CPU number < HOSTED_CPUS_MAX. */
struct hosted_cpu *hosted_cpu_at(unsigned number);

/* Sets bits in the CPU's pending word and, where it idles or runs user code,
 * brings it out. Any host thread, any context; takes no lock. */
void hosted_cpu_raise(struct hosted_cpu *cpu, uint32_t bits);

/*
 * Runs the handlers of all that is pending here, by upcall, and returns with
 * nothing pending. Interrupts are off, before and after. A handler may switch
 * contexts, so that this returns on another CPU. Does not return once the
 * machine ends. HOSTED_IRQ_USER is cleared.
 */
void hosted_irq_dispatch(void);

/* Is there anything for hosted_irq_dispatch()? seq_cst. */
bool hosted_irq_pending(void);

/* Raises a line, from any host thread: it reaches its handler when attached
 * and unmasked, else it stays pending. Lines beyond the last are ignored. */
void hosted_irq_line(unsigned line);

/* Implemented by user.c. Makes the engine that runs user code on cpu stop and
 * hand over; called while in_user was seen as 1, from any host thread. A kick
 * that comes too late may do nothing or end the next run early. */
void hosted_engine_kick(struct hosted_cpu *cpu);

/* Implemented by user.c. Puts user state that is live in this CPU's engine
 * away; called by hal_context_switch() with interrupts off. */
void hosted_engine_put_away(struct hosted_cpu *cpu);

HAL_DECLS_END

#endif /* HAL_HOSTED_CPU_H */
