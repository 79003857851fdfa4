/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/cpu.c - virtual CPUs: who runs, how they wait and are woken.
 *
 * Not instrumented by TSan, like irq.c, clock.c and context.c: what the
 * fibers of one CPU exchange through these words is no order that core may
 * rely on, and would hide its races.
 */
#include "hal/cpu.h"
#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/clock.h"
#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"
#include "hal/upcall.h"

/* hal_cpu_relax(): of so many rounds, one yields the host core; of so many
 * yields, one sleeps, since the host may choose who yields again. */
enum { SPINS_PER_YIELD = 32, YIELDS_PER_NAP = 64, NAP_NS = 20000 };

static struct hosted_cpu cpus[HOSTED_CPUS_MAX];
static uint32_t stopping; /* hosted_raise_stop() was called */

static __thread struct hosted_cpu *self;

__attribute__((noinline)) struct hosted_cpu *hosted_cpu_self(void)
{
    /* Keeps the compiler from taking two calls for the same value. */
    __asm__ volatile("" ::: "memory");
    return self;
}

struct hosted_cpu *hosted_cpu_at(unsigned number)
{
    ASSERT(number < HOSTED_CPUS_MAX);
    return &cpus[number];
}

void hosted_cpu_raise(struct hosted_cpu *cpu, uint32_t bits)
{
    __atomic_fetch_or(&cpu->pending, bits, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->in_user, __ATOMIC_SEQ_CST) != 0)
        hosted_engine_kick(cpu);
    if (__atomic_load_n(&cpu->idle, __ATOMIC_SEQ_CST) != 0 &&
        __atomic_exchange_n(&cpu->idle, 0, __ATOMIC_SEQ_CST) != 0) {
        if (hosted_seed_on())
            host_baton_ready(cpu->number);
        else
            host_futex_wake(&cpu->idle);
    }
}

void hosted_raise_timer(unsigned cpu)
{
    hosted_cpu_raise(hosted_cpu_at(cpu), HOSTED_IRQ_TIMER);
}

void hosted_raise_console(void)
{
    hosted_cpu_raise(&cpus[0], HOSTED_IRQ_CONSOLE);
}

void hosted_raise_stop(void)
{
    /* A CPU that starts meanwhile is seen here, or sees this. */
    (void)__atomic_exchange_n(&stopping, 1, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < COUNT_OF(cpus); i++) {
        if (__atomic_load_n(&cpus[i].running, __ATOMIC_ACQUIRE) != 0)
            hosted_cpu_raise(&cpus[i], HOSTED_IRQ_STOP);
    }
    if (hosted_seed_on())
        host_baton_stop();
}

/* What the boot context of a CPU runs. */
static void start_core(void *arg)
{
    struct hosted_cpu *cpu = (struct hosted_cpu *)arg;

    if (cpu->number == 0)
        core_main();
    core_cpu_main(cpu->number);
}

bool hosted_cpu_run(unsigned number)
{
    struct hosted_cpu *cpu = hosted_cpu_at(number);
    bool ran;

    if (hosted_seed_on())
        host_baton_begin(number);
    cpu->number = number;
    cpu->deadline_ns = HAL_CLOCK_NEVER;
    __atomic_store_n(&cpu->irq_off, 1, __ATOMIC_RELAXED);
    self = cpu;
    (void)__atomic_exchange_n(&cpu->running, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST) != 0)
        return true;
    ran = hosted_context_run(cpu, start_core, cpu);
    __atomic_store_n(&cpu->running, 0, __ATOMIC_SEQ_CST);
    return ran;
}

unsigned hal_cpu_count(void)
{
    return host_facts()->cpus;
}

unsigned hal_cpu_self(void)
{
    return hosted_cpu_self()->number;
}

int hal_cpu_start(unsigned cpu)
{
    if (cpu >= hal_cpu_count())
        return -EINVAL;
    if (__atomic_load_n(&cpus[cpu].running, __ATOMIC_SEQ_CST) != 0)
        return -EINVAL;
    if (host_cpu_start(cpu) != 0)
        return -ENOMEM;
    while (__atomic_load_n(&cpus[cpu].running, __ATOMIC_SEQ_CST) == 0)
        hal_cpu_relax();
    return 0;
}

void hal_cpu_set_local(void *local)
{
    __atomic_store_n(&hosted_cpu_self()->local, local, __ATOMIC_RELAXED);
}

void *hal_cpu_local(void)
{
    return __atomic_load_n(&hosted_cpu_self()->local, __ATOMIC_RELAXED);
}

/* Waits on the host until something is pending or the deadline passes. */
static void wait_real(struct hosted_cpu *cpu)
{
    uint64_t deadline = cpu->deadline_ns;
    uint64_t timeout = HOST_NEVER;
    uint64_t now;

    __atomic_exchange_n(&cpu->idle, 1, __ATOMIC_SEQ_CST);
    if (!hosted_irq_pending()) {
        if (deadline != HAL_CLOCK_NEVER) {
            now = host_clock_now();
            timeout = deadline > now ? deadline - now : 0;
        }
        if (timeout != 0)
            host_futex_wait(&cpu->idle, 1, timeout);
    }
    __atomic_store_n(&cpu->idle, 0, __ATOMIC_SEQ_CST);
    if (deadline != HAL_CLOCK_NEVER && host_clock_now() >= deadline)
        __atomic_fetch_or(&cpu->pending, HOSTED_IRQ_TIMER, __ATOMIC_SEQ_CST);
}

/* The same in virtual time. */
static void wait_virtual(struct hosted_cpu *cpu)
{
    (void)__atomic_exchange_n(&cpu->idle, 1, __ATOMIC_SEQ_CST);
    if (!hosted_irq_pending() && !host_baton_idle(cpu->number))
        hosted_context_quit(cpu);
    __atomic_store_n(&cpu->idle, 0, __ATOMIC_SEQ_CST);
}

void hal_cpu_idle(void)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    ASSERT(hal_irq_are_off());
    if (!hosted_irq_pending()) {
        if (hosted_seed_on())
            wait_virtual(cpu);
        else
            wait_real(cpu);
    }
    hal_irq_enable();
}

void hal_cpu_kick(unsigned cpu)
{
    hosted_cpu_raise(hosted_cpu_at(cpu), HOSTED_IRQ_KICK);
}

static bool is_to_stop(struct hosted_cpu *cpu)
{
    return (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) &
            HOSTED_IRQ_STOP) != 0;
}

/* Whom this CPU waits for may be on the same host core. */
static void let_others_run(struct hosted_cpu *cpu)
{
    uint32_t spins = ++cpu->spins;

    if (spins % SPINS_PER_YIELD != 0)
        __builtin_ia32_pause();
    else if (spins % (SPINS_PER_YIELD * YIELDS_PER_NAP) != 0)
        host_yield();
    else
        host_nap(NAP_NS);
}

void hal_cpu_relax(void)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    if (hosted_seed_on())
        hosted_seed_relax();
    else
        let_others_run(cpu);
    if (!hal_irq_are_off())
        hal_irq_enable();
    else if (is_to_stop(cpu))
        hosted_context_quit(cpu); /* whom it waits for may have stopped */
}

void hal_cpu_halt(void)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    hal_irq_disable();
    for (;;) {
        (void)__atomic_exchange_n(&cpu->idle, 1, __ATOMIC_SEQ_CST);
        if (is_to_stop(cpu))
            hosted_context_quit(cpu);
        if (hosted_seed_on())
            (void)host_baton_idle(cpu->number);
        else
            host_futex_wait(&cpu->idle, 1, HOST_NEVER);
    }
}
