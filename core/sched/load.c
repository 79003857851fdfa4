/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/load.c - contract in load.h.
 *
 * Samples are taken by the CPU that ended the sleep of all. They go on until
 * two in a row found nobody that runs: a thread on its way from one CPU to
 * another is on no queue, and may be missed by one.
 */
#include "core/sched/load.h"

#include "core/sched/sched_impl.h"
#include "hal/clock.h"

enum {
    VALUE_BITS = 24,  /* of an average, behind the point */
    FACTOR_BITS = 16, /* of a factor */
    QUIET_SAMPLES = 2
};

/* After so many equal samples the slowest average stands still: 5,000 times
 * 5 s / 900 s is more than 27 halvings of 2^39. */
enum { SAMPLES_MAX = 5000 };

/* What an average keeps of itself: e^(-5/60), e^(-5/300), e^(-5/900). */
static const uint64_t factors[LOAD_COUNT] = {60296, 64453, 65173};

static const struct lock_class load_class = {"load", LOCK_RANK_LOAD};

static struct {
    struct spinlock lock;
    struct load_averages averages GUARDED_BY(lock);
    uint64_t next_ns GUARDED_BY(lock); /* when the next sample is due */
    unsigned quiet GUARDED_BY(lock);   /* samples in a row, nobody running */
    unsigned deaf GUARDED_BY(lock);    /* who waits while none is taken */
    bool is_asleep;                    /* none is; atomic, written under lock */
} load;

void load_advance(struct load_averages *averages, unsigned active,
                  uint64_t samples)
{
    const uint64_t whole = UINT64_C(1) << FACTOR_BITS;
    uint64_t aim = (uint64_t)active << VALUE_BITS;

    for (uint64_t n = min_u64(samples, SAMPLES_MAX); n > 0; n--)
        for (unsigned i = 0; i < LOAD_COUNT; i++)
            averages->value[i] = (averages->value[i] * factors[i] +
                                  aim * (whole - factors[i])) >>
                                 FACTOR_BITS;
}

uint64_t load_shown(const struct load_averages *averages, unsigned which)
{
    return averages->value[which] >> (VALUE_BITS - LOAD_SHIFT);
}

unsigned load_running(void)
{
    uint64_t online = sched_online();
    unsigned count = 0;

    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        const struct runq *rq = sched_runq(i);

        if ((online & UINT64_C(1) << i) == 0)
            continue;
        count += __atomic_load_n(&rq->ready, __ATOMIC_RELAXED);
        if (!__atomic_load_n(&rq->is_idle, __ATOMIC_RELAXED))
            count++;
    }
    return count;
}

/* A thread may begin to wait on one CPU and end it on another, so the sum alone
 * means something. */
static unsigned count_deaf(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        sum += __atomic_load_n(&sched_runq(i)->deaf, __ATOMIC_RELAXED);
    return sum;
}

void sched_set_deaf(struct thread *self, bool is_deaf)
{
    unsigned saved, so_far;
    struct runq *rq;

    if (self->task == NULL)
        return; /* the kernel's own wait for work so */
    __atomic_store_n(&self->is_deaf, is_deaf, __ATOMIC_RELAXED);
    saved = hal_irq_save();
    rq = sched_runq(hal_cpu_self());
    so_far = __atomic_load_n(&rq->deaf, __ATOMIC_RELAXED);
    __atomic_store_n(&rq->deaf, is_deaf ? so_far + 1 : so_far - 1,
                     __ATOMIC_RELAXED);
    hal_irq_restore(saved);
}

/* Samples that are due by now. */
static uint64_t take_due(void) REQUIRES(load.lock)
{
    uint64_t now = hal_clock_now(), count;

    if (now < load.next_ns)
        return 0;
    count = (now - load.next_ns) / LOAD_PERIOD_NS + 1;
    load.next_ns += count * LOAD_PERIOD_NS;
    return count;
}

void sched_take_sample(void)
{
    unsigned running = load_running(), deaf = count_deaf();
    uint64_t next_ns;
    bool is_asleep;

    spin_lock(&load.lock);
    load_advance(&load.averages, running + deaf, take_due());
    load.quiet = running > 0 ? 0 : load.quiet + 1;
    load.deaf = deaf;
    is_asleep = load.quiet >= QUIET_SAMPLES;
    next_ns = load.next_ns;
    __atomic_store_n(&load.is_asleep, is_asleep, __ATOMIC_RELAXED);
    spin_unlock(&load.lock);
    if (!is_asleep)
        timer_await_sample(next_ns);
}

SELDOM void sched_sample_load(struct runq *rq)
{
    uint64_t next_ns;
    bool was_asleep;

    (void)rq;
    if (!__atomic_load_n(&load.is_asleep, __ATOMIC_RELAXED))
        return;
    spin_lock(&load.lock);
    was_asleep = load.is_asleep;
    if (was_asleep)
        load_advance(&load.averages, load.deaf, take_due());
    load.quiet = 0;
    next_ns = load.next_ns;
    __atomic_store_n(&load.is_asleep, false, __ATOMIC_RELAXED);
    spin_unlock(&load.lock);
    if (was_asleep)
        timer_await_sample(next_ns);
}

void load_get(uint64_t out[LOAD_COUNT])
{
    unsigned saved = spin_lock_irq(&load.lock);

    for (unsigned i = 0; i < LOAD_COUNT; i++)
        out[i] = load_shown(&load.averages, i);
    spin_unlock_irq(&load.lock, saved);
}

void load_init_all(void)
{
    spin_init(&load.lock, &load_class);
    load.next_ns = LOAD_PERIOD_NS;
    load.is_asleep = true;
}
