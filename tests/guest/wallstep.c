/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/wallstep.c - the wall clock is set: timers for a time of it go
 * off then, or later; those for a time from now do not notice. Not for the
 * host, whose clock stays.
 */
#include <signal.h>
#include <time.h>

#include "tests/guest/child.h"

static volatile int fired;

static void note(int number)
{
    (void)number;
    fired++;
}

static void set_wall(time_t seconds)
{
    struct timespec t = {seconds, 0};

    EXPECT(0, clock_settime, CLOCK_REALTIME, &t);
}

static time_t wall(void)
{
    struct timespec t;

    CALL(clock_gettime, CLOCK_REALTIME, &t);
    return t.tv_sec;
}

static void rest(long ms)
{
    struct timespec t = {0, ms * 1000000};

    while (CALL(nanosleep, &t, &t) == -EINTR)
        continue;
}

static int make(clockid_t clock, int flags, time_t seconds)
{
    struct itimerspec set = {{0, 0}, {seconds, 0}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1};
    int id;

    fired = 0;
    EXPECT(0, timer_create, clock, &event, &id);
    EXPECT(0, timer_settime, id, flags, &set, NULL);
    return id;
}

static void forward(void)
{
    time_t start = wall();
    int id = make(CLOCK_REALTIME, TIMER_ABSTIME, start + 3000);
    struct itimerspec got;

    rest(20);
    CHECK(fired == 0);
    set_wall(start + 2000);
    rest(20);
    CHECK(fired == 0);
    EXPECT(0, timer_gettime, id, &got);
    CHECK(got.it_value.tv_sec > 900 && got.it_value.tv_sec <= 1000);
    set_wall(start + 4000);
    while (fired == 0)
        CALL(sched_yield);
    EXPECT(0, timer_delete, id);
}

/* A timer for two seconds from now, and the clock goes back before they are
 * over. */
static int make_and_go_back(time_t *start)
{
    for (;;) {
        int id;

        *start = wall();
        id = make(CLOCK_REALTIME, TIMER_ABSTIME, *start + 2);
        set_wall(*start - 1000);
        if (fired == 0)
            return id;
        CALL(timer_delete, id);
        set_wall(*start);
    }
}

static void back(void)
{
    time_t start;
    int id = make_and_go_back(&start);

    rest(900);
    rest(900);
    rest(900);
    CHECK(fired == 0);
    set_wall(start + 5);
    while (fired == 0)
        CALL(sched_yield);
    EXPECT(0, timer_delete, id);
}

static void unmoved(clockid_t clock)
{
    int id = make(clock, 0, 100);
    struct itimerspec got;

    set_wall(wall() + 5000);
    rest(20);
    CHECK(fired == 0);
    EXPECT(0, timer_gettime, id, &got);
    CHECK(got.it_value.tv_sec >= 90 && got.it_value.tv_sec <= 100);
    EXPECT(0, timer_delete, id);
}

int main(void)
{
    signal(SIGUSR1, note);
    set_wall(1000000000);
    forward();
    back();
    unmoved(CLOCK_REALTIME);
    unmoved(CLOCK_MONOTONIC);
    return finish();
}
