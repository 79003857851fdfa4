/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/timerfd.c - timerfd_create(2).
 *
 * Argument `set`: sets the wall clock, which cancels timers; not on the host.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "tests/guest/child.h"

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

enum { MS = 1000000 };

static uint64_t ticks;

static long set(int fd, int flags, long value_ns, long interval_ns)
{
    struct itimerspec spec = {{0, interval_ns}, {0, value_ns}};

    return CALL(timerfd_settime, fd, flags, &spec, NULL);
}

static long events(int fd, int timeout)
{
    struct pollfd fds[1] = {{fd, POLLIN | POLLOUT, 0}};

    CALL(poll, fds, 1, timeout);
    return fds[0].revents;
}

static void errors(void)
{
    struct itimerspec bad = {{0, 0}, {0, 1000000000}}, good = {{0, 0}, {0, 0}};

    EXPECT(-EINVAL, timerfd_create, 77, 0);
    EXPECT(-EINVAL, timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0);
    EXPECT(-EINVAL, timerfd_create, CLOCK_MONOTONIC, 1);
    EXPECT(3, timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    EXPECT(1, fcntl, 3, F_GETFD);
    EXPECT(O_RDWR | O_NONBLOCK, fcntl, 3, F_GETFL);
    EXPECT(-EINVAL, timerfd_settime, 3, 0, &bad, NULL);
    EXPECT(-EINVAL, timerfd_settime, 3, 8, &good, NULL);
    EXPECT(-EFAULT, timerfd_settime, 3, 0, NULL, NULL);
    EXPECT(-EINVAL, timerfd_settime, 1, 0, &good, NULL);
    EXPECT(-EBADF, timerfd_settime, 99, 0, &good, NULL);
    EXPECT(-EBADF, timerfd_gettime, 99, &good);
    EXPECT(-EINVAL, timerfd_gettime, 1, &good);
    EXPECT(-EFAULT, timerfd_gettime, 3, NULL);
    EXPECT(0, timerfd_gettime, 3, &good);
    CHECK(good.it_value.tv_sec == 0 && good.it_value.tv_nsec == 0);
    EXPECT(-EAGAIN, read, 3, &ticks, 8);
    EXPECT(-EINVAL, read, 3, &ticks, 7);
    EXPECT(-EINVAL, write, 3, &ticks, 8);
    CALL(close, 3);
}

static void times(int clock)
{
    int fd = (int)CALL(timerfd_create, clock, 0);
    struct itimerspec left, spec = {{0, 7 * MS}, {100, 0}};
    struct timespec now;
    int64_t start;

    say("clock %d", clock);
    CHECK(events(fd, 0) == 0);
    CHECK(set(fd, 0, 10 * MS, 0) == 0);
    EXPECT(8, read, fd, &ticks, 8);
    CHECK(ticks == 1 && events(fd, 0) == 0);
    EXPECT(0, timerfd_gettime, fd, &left);
    CHECK(left.it_value.tv_nsec == 0 && left.it_interval.tv_nsec == 0);
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(0, timerfd_settime, fd, 0, &spec, &left);
    CHECK(left.it_value.tv_sec == 0);
    EXPECT(0, timerfd_gettime, fd, &left);
    CHECK(left.it_value.tv_sec < 100 && left.it_interval.tv_nsec == 7 * MS);
    CHECK(is_rest(left.it_value.tv_sec * 1000 + left.it_value.tv_nsec / MS,
                  100000, start, 1));
    CHECK(set(fd, 0, 0, 0) == 0);
    spec = (struct itimerspec){{0, 0}, {0, 1}};
    EXPECT(0, timerfd_settime, fd, TFD_TIMER_ABSTIME, &spec, NULL);
    EXPECT(8, read, fd, &ticks, 8);
    CHECK(ticks == 1);
    CALL(clock_gettime, clock, &spec.it_value);
    spec.it_value.tv_nsec += 10 * MS;
    if (spec.it_value.tv_nsec >= 1000 * MS) {
        spec.it_value.tv_sec++;
        spec.it_value.tv_nsec -= 1000 * MS;
    }
    EXPECT(0, timerfd_settime, fd, TFD_TIMER_ABSTIME, &spec, NULL);
    CHECK(events(fd, -1) == POLLIN);
    CALL(clock_gettime, clock, &now);
    CHECK(now.tv_sec > spec.it_value.tv_sec ||
          now.tv_nsec >= spec.it_value.tv_nsec);
    CALL(close, fd);
}

static void intervals(void)
{
    int fd = (int)CALL(timerfd_create, CLOCK_MONOTONIC, 0);
    struct timespec nap = {0, 35 * MS};
    struct itimerspec left;

    CHECK(set(fd, 0, 10 * MS, 10 * MS) == 0);
    CALL(nanosleep, &nap, NULL);
    EXPECT(8, read, fd, &ticks, 8);
    CHECK(ticks >= 3);
    EXPECT(8, read, fd, &ticks, 8);
    CHECK(ticks >= 1);
    EXPECT(0, timerfd_gettime, fd, &left);
    CHECK(left.it_interval.tv_nsec == 10 * MS);
    CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 10 * MS);
    /* The shortest there is. */
    CHECK(set(fd, 0, 1, 1) == 0);
    CALL(nanosleep, &nap, NULL);
    EXPECT(8, read, fd, &ticks, 8);
    CHECK(ticks > 1000000);
    CHECK(set(fd, 0, 0, 1) == 0);
    CALL(close, fd);
}

/* The clock goes a day ahead, and back. */
static void step(void)
{
    struct itimerspec spec = {{0, 0}, {0, 0}};
    int fd = (int)CALL(timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
    int plain = (int)CALL(timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
    struct timespec now;

    CALL(clock_gettime, CLOCK_REALTIME, &now);
    spec.it_value.tv_sec = now.tv_sec + 3600;
    EXPECT(0, timerfd_settime, fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
           &spec, NULL);
    EXPECT(0, timerfd_settime, plain, TFD_TIMER_ABSTIME, &spec, NULL);
    CHECK(events(fd, 0) == 0 && events(plain, 0) == 0);
    now.tv_sec -= 10;
    EXPECT(0, clock_settime, CLOCK_REALTIME, &now);
    CHECK(events(fd, 0) == POLLIN && events(plain, 0) == 0);
    EXPECT(-ECANCELED, read, fd, &ticks, 8);
    EXPECT(-EAGAIN, read, fd, &ticks, 8);
    now.tv_sec += 86400;
    EXPECT(0, clock_settime, CLOCK_REALTIME, &now);
    CHECK(events(plain, 60000) == POLLIN);
    EXPECT(8, read, plain, &ticks, 8);
    EXPECT(-ECANCELED, read, fd, &ticks, 8);
}

static int body(long wants_step)
{
    if (wants_step) {
        step();
        return finish();
    }
    errors();
    times(CLOCK_MONOTONIC);
    times(CLOCK_REALTIME);
    times(CLOCK_BOOTTIME);
    intervals();
    return finish();
}

static int body_plain(long unused)
{
    (void)unused;
    return body(0);
}

static int body_step(long unused)
{
    (void)unused;
    return body(1);
}

int main(int argc, char **argv)
{
    share();
    return run_in_child(argc > 1 && strcmp(argv[1], "set") == 0 ? body_step
                                                                : body_plain);
}
