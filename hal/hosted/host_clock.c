/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_clock.c - a timerfd per virtual CPU.
 *
 * Most deadlines are replaced by a later one before they pass. A timer is
 * therefore only set anew for an earlier deadline; one that fires too early is
 * set to the deadline that then holds.
 *
 * Not instrumented by TSan: the lock below is taken by all fibers of a CPU, and
 * would order them.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "hal/hosted/cpu.h"
#include "hal/hosted/host_parts.h"
#include "sim/loop.h"

struct timer {
    struct host_lock lock;
    int fd;              /* 0: none */
    uint64_t wanted;     /* the deadline that holds; under lock */
    uint64_t programmed; /* what fd is set to; under lock */
};

static struct timer timers[HOSTED_CPUS_MAX];

/* Sets the timer of the host; deadline 0 would turn it off. */
static void program(struct timer *timer, uint64_t deadline_ns)
{
    uint64_t at = host_time_boot_ns() + deadline_ns;
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
    host_lock_take(&timer->lock);
    timer->wanted = deadline_ns;
    if (deadline_ns < timer->programmed)
        program(timer, deadline_ns);
    host_lock_give(&timer->lock);
}

/* On the loop's thread: the timer of a CPU fired. */
static void timer_fired(void *arg)
{
    struct timer *timer = arg;
    uint64_t count;
    bool due = false;

    if (read(timer->fd, &count, sizeof(count)) != sizeof(count))
        return;
    host_lock_take(&timer->lock);
    timer->programmed = HOST_NEVER;
    if (timer->wanted <= host_clock_now()) {
        timer->wanted = HOST_NEVER;
        due = true;
    } else if (timer->wanted != HOST_NEVER) {
        program(timer, timer->wanted);
    }
    host_lock_give(&timer->lock);
    if (due)
        hosted_raise_timer((unsigned)(timer - timers));
}

int host_clock_start(struct sim_loop *loop)
{
    host_time_start();
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
