/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/clock_test.c - hal/clock.h, through core/sched/timer.h, which
 * owns this CPU's deadline.
 */
#include "hal/clock.h"

#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "tests/contract/contract.h"

#define SOME_TIME_AGO UINT64_C(1700000000000000000) /* November 2023 */

/* Only what never comes is too late: the host may keep any of its threads. */
#define LATE_NS       UINT64_C(20000000000)

enum { TICK_NS = 2000000 };

struct shot {
    struct timer timer;
    volatile uint64_t fired_at; /* 0: not yet */
    volatile unsigned count;
};

static void note(void *arg)
{
    struct shot *shot = arg;

    shot->fired_at = hal_clock_now();
    shot->count = shot->count + 1;
}

static bool wait_for(struct shot *shot)
{
    uint64_t until = hal_clock_now() + LATE_NS;

    while (shot->count == 0 && hal_clock_now() < until)
        hal_cpu_relax();
    return shot->count > 0;
}

static void check_monotonic(void)
{
    uint64_t last = hal_clock_now(), start = last;

    for (int i = 0; i < 20000; i++) {
        uint64_t now = hal_clock_now();

        if (!CHECK(now >= last))
            return;
        last = now;
    }
    CHECK(last > start);
    CHECK(hal_clock_wall() > SOME_TIME_AGO);
}

static void check_never_early(void)
{
    for (int i = 0; i < 20; i++) {
        struct shot shot = {.count = 0};
        uint64_t deadline = hal_clock_now() + TICK_NS / 4;

        timer_init(&shot.timer, note, &shot);
        timer_arm(&shot.timer, deadline);
        if (!CHECK(wait_for(&shot)))
            return;
        CHECK(shot.fired_at >= deadline);
    }
}

static void check_past(void)
{
    struct shot shot = {.count = 0};

    timer_init(&shot.timer, note, &shot);
    timer_arm(&shot.timer, 1);
    CHECK(wait_for(&shot));
    CHECK_EQUAL(1, shot.count);
}

static void check_replaced(void)
{
    struct shot late = {.count = 0}, soon = {.count = 0};

    timer_init(&late.timer, note, &late);
    timer_init(&soon.timer, note, &soon);
    timer_arm(&late.timer, hal_clock_now() + UINT64_C(3600000000000));
    timer_arm(&soon.timer, hal_clock_now() + TICK_NS);
    CHECK(wait_for(&soon));
    CHECK_EQUAL(0, late.count);
    CHECK(timer_cancel(&late.timer));
    CHECK(!timer_cancel(&soon.timer));
}

static void check_disarmed(void)
{
    struct shot shot = {.count = 0};
    unsigned saved;
    uint64_t until;
    bool was_armed;

    timer_init(&shot.timer, note, &shot);
    saved = hal_irq_save(); /* however long the host takes to come back */
    timer_arm(&shot.timer, hal_clock_now() + TICK_NS);
    was_armed = timer_cancel(&shot.timer);
    hal_irq_restore(saved);
    CHECK(was_armed);
    until = hal_clock_now() + 2 * TICK_NS;
    while (hal_clock_now() < until)
        hal_cpu_relax();
    CHECK_EQUAL(0, shot.count);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* The CPU idles meanwhile: the deadline ends hal_cpu_idle(). */
static void check_idle(void)
{
    struct waitq q;
    uint64_t deadline;
    int error;

    waitq_init(&q);
    for (int i = 0; i < 20; i++) {
        deadline = hal_clock_now() + TICK_NS / 2;
        error = waitq_wait(&q, never, NULL, deadline);
        CHECK(error != 0);
        CHECK(hal_clock_now() >= deadline);
    }
}

/* Sets the wall clock: from then on it goes as time does. */
static void set_wall(uint64_t ns)
{
    uint64_t start = hal_clock_now(), wall;

    hal_clock_set_wall(ns);
    wall = hal_clock_wall();
    CHECK(wall >= ns);
    CHECK(wall <= ns + (hal_clock_now() - start) + TICK_NS);
}

static void check_wall_is_set(void)
{
    uint64_t was = hal_clock_wall();

    set_wall(SOME_TIME_AGO * 2);
    set_wall(was);
}

static const struct contract_case cases[] = {
    {"time never goes back", check_monotonic},
    {"a deadline never comes early", check_never_early},
    {"a deadline gone by comes at once", check_past},
    {"a new deadline replaces the old", check_replaced},
    {"a disarmed deadline does not come", check_disarmed},
    {"a deadline ends idling", check_idle},
    {"the wall clock is what it was set to", check_wall_is_set},
};
CONTRACT_SUITE(clock, cases);
