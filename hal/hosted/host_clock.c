/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_clock.c - host time, and a timerfd per virtual CPU.
 *
 * Most deadlines are replaced by a later one before they pass. A timer is
 * therefore only set anew for an earlier deadline; one that fires too early is
 * set to the deadline that then holds.
 *
 * Not instrumented by TSan: the lock below is taken by all fibers of a CPU, and
 * would order them.
 */
#include <errno.h>
#include <sched.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hal/hosted/cpu.h"
#include "hal/hosted/host_parts.h"
#include "sim/loop.h"

struct timer {
    unsigned lock;
    int fd;              /* 0: none */
    uint64_t wanted;     /* the deadline that holds; under lock */
    uint64_t programmed; /* what fd is set to; under lock */
};

static struct timer timers[HOSTED_CPUS_MAX];
static uint64_t boot_ns;

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t host_clock_now(void)
{
    if (host_facts()->seeded)
        return host_seed_now();
    return read_clock(CLOCK_MONOTONIC) - boot_ns;
}

uint64_t host_clock_wall(void)
{
    /* 2024-01-01 00:00 UTC. */
    static const uint64_t seeded_start = UINT64_C(1704067200) * 1000000000;

    if (host_facts()->seeded)
        return seeded_start + host_seed_now();
    return read_clock(CLOCK_REALTIME);
}

static void lock(struct timer *timer)
{
    while (__atomic_exchange_n(&timer->lock, 1, __ATOMIC_ACQUIRE) != 0)
        sched_yield();
}

static void unlock(struct timer *timer)
{
    __atomic_store_n(&timer->lock, 0, __ATOMIC_RELEASE);
}

/* Sets the timer of the host; deadline 0 would turn it off. */
static void program(struct timer *timer, uint64_t deadline_ns)
{
    uint64_t at = boot_ns + deadline_ns;
    struct itimerspec set = {.it_value = {.tv_sec = (time_t)(at / 1000000000),
                                          .tv_nsec = (long)(at % 1000000000)}};

    timer->programmed = deadline_ns;
    timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &set, NULL);
}

void host_clock_arm(unsigned cpu, uint64_t deadline_ns)
{
    struct timer *timer = &timers[cpu];

    if (host_facts()->seeded) {
        host_seed_arm(cpu, deadline_ns);
        return;
    }
    /* So far off that the sum would wrap. */
    if (deadline_ns > UINT64_MAX / 2)
        deadline_ns = HOST_NEVER;
    lock(timer);
    timer->wanted = deadline_ns;
    if (deadline_ns < timer->programmed)
        program(timer, deadline_ns);
    unlock(timer);
}

/* On the loop's thread: the timer of a CPU fired. */
static void timer_fired(void *arg)
{
    struct timer *timer = arg;
    uint64_t count;
    bool due = false;

    if (read(timer->fd, &count, sizeof(count)) != sizeof(count))
        return;
    lock(timer);
    timer->programmed = HOST_NEVER;
    if (timer->wanted <= host_clock_now()) {
        timer->wanted = HOST_NEVER;
        due = true;
    } else if (timer->wanted != HOST_NEVER) {
        program(timer, timer->wanted);
    }
    unlock(timer);
    if (due)
        hosted_raise_timer((unsigned)(timer - timers));
}

int host_clock_start(struct sim_loop *loop)
{
    boot_ns = read_clock(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < host_facts()->cpus; i++) {
        struct timer *timer = &timers[i];
        int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        int error;

        timer->wanted = HOST_NEVER;
        timer->programmed = HOST_NEVER;
        if (fd >= 0)
            fd = host_fd_high(fd);
        if (fd < 0)
            return host_error("timer", errno);
        timer->fd = fd;
        error = sim_loop_watch(loop, fd, timer_fired, timer);
        if (error != 0)
            return host_error("timer", -error);
    }
    return 0;
}

void host_clock_stop(void)
{
    for (unsigned i = 0; i < HOSTED_CPUS_MAX; i++) {
        if (timers[i].fd != 0)
            close(timers[i].fd);
        timers[i].fd = 0;
    }
}
