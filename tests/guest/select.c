/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/select.c - select(2), pselect(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/child.h"

static int p[2];
static fd_set in, out, except;

static void ask(int reader, int writer)
{
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    if (reader >= 0)
        FD_SET(reader, &in);
    if (writer >= 0)
        FD_SET(writer, &out);
}

/* Is t, as select(2) left it, what is left of set_ms? */
static bool is_left(const struct timeval *t, int64_t set_ms, int64_t since_ms)
{
    return is_rest(t->tv_sec * 1000 + t->tv_usec / 1000, set_ms, since_ms, 1);
}

static void states(void)
{
    int64_t start;
    struct timeval zero = {0, 0}, some = {0, 5000}, odd = {0, 9500000};
    struct timeval bad = {-1, 0}, worse = {0, -1};

    EXPECT(0, pipe2, p, 0);
    ask(p[0], p[1]);
    EXPECT(1, select, 10, &in, &out, &except, &zero);
    CHECK(!FD_ISSET(p[0], &in) && FD_ISSET(p[1], &out));
    ask(p[0], -1);
    EXPECT(0, select, 10, &in, NULL, NULL, &some);
    CHECK(some.tv_sec == 0 && some.tv_usec == 0 && !FD_ISSET(p[0], &in));
    CALL(write, p[1], "x", 1);
    ask(p[0], p[1]);
    FD_SET(p[0], &except);
    EXPECT(2, select, 10, &in, &out, &except, NULL);
    CHECK(FD_ISSET(p[0], &in) && FD_ISSET(p[1], &out));
    CHECK(!FD_ISSET(p[0], &except));
    ask(p[0], p[1]);
    EXPECT(0, select, p[0], &in, &out, NULL, &zero);
    ask(p[0], -1);
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(1, select, 10, &in, NULL, NULL, &odd);
    CHECK(odd.tv_sec > 0 && odd.tv_usec < 1000000);
    CHECK(is_left(&odd, 9500, start));
    EXPECT(0, select, 0, NULL, NULL, NULL, &zero);
    EXPECT(-EINVAL, select, -1, NULL, NULL, NULL, &zero);
    EXPECT(-EINVAL, select, 1, NULL, NULL, NULL, &bad);
    EXPECT(-EINVAL, select, 1, NULL, NULL, NULL, &worse);
    EXPECT(-EFAULT, select, 1, BAD_ADDRESS, NULL, NULL, &zero);
    EXPECT(-EFAULT, select, 1, NULL, NULL, NULL, BAD_ADDRESS);
    ask(40, -1);
    EXPECT(-EBADF, select, 41, &in, NULL, NULL, &zero);
    CHECK(FD_ISSET(40, &in));
    /* The other side goes. */
    CALL(read, p[0], &in, 1);
    CALL(close, p[1]);
    ask(p[0], -1);
    EXPECT(1, select, 10, &in, NULL, NULL, NULL);
    CALL(close, p[0]);
}

static int write_later(long fd)
{
    struct timespec nap = {0, 20000000};

    CALL(nanosleep, &nap, NULL);
    CALL(write, fd, "x", 1);
    return 0;
}

static void wakes(void)
{
    struct timeval left = {50, 0};
    int64_t start;
    long pid;

    EXPECT(0, pipe2, p, 0);
    start = clock_ms(CLOCK_MONOTONIC);
    pid = spawn(write_later, p[1]);
    ask(p[0], -1);
    EXPECT(1, select, 10, &in, NULL, NULL, &left);
    CHECK(left.tv_sec < 50 && is_left(&left, 50000, start));
    reap("writer", pid);
    CALL(read, p[0], &in, 1);
}

/* Sets of a thousand descriptors and more. */
static void large(void)
{
    static uint64_t wide[200];
    struct timeval zero = {0, 0};
    struct rlimit limit = {4096, 4096};

    EXPECT(0, setrlimit, RLIMIT_NOFILE, &limit);
    EXPECT(1010, dup2, p[1], 1010);
    EXPECT(900, dup2, p[0], 900);
    wide[1010 / 64] |= UINT64_C(1) << (1010 % 64);
    EXPECT(1, select, 1024, NULL, wide, NULL, &zero);
    EXPECT(0, select, 1010, NULL, wide, NULL, &zero);
    EXPECT(4000, fcntl, p[0], F_DUPFD, 4000);
    memset(wide, 0, sizeof(wide));
    wide[900 / 64] |= UINT64_C(1) << (900 % 64);
    wide[4000 / 64] |= UINT64_C(1) << (4000 % 64);
    EXPECT(0, select, 8000, wide, NULL, NULL, &zero);
    CALL(write, p[1], "x", 1);
    wide[900 / 64] |= UINT64_C(1) << (900 % 64);
    wide[4000 / 64] |= UINT64_C(1) << (4000 % 64);
    EXPECT(2, select, 8000, wide, NULL, NULL, &zero);
    CALL(read, p[0], wide, 1);
}

static volatile int count;

static void note(int number)
{
    (void)number;
    count++;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    uint64_t alarm = UINT64_C(1) << (SIGALRM - 1), none = 0, now;
    struct {
        const void *mask;
        size_t size;
    } mask = {&none, 8}, wrong = {&none, 4}, lost = {(void *)BAD_ADDRESS, 8};
    struct timespec left = {50, 0}, bad = {0, -1}, zero = {0, 0};
    int64_t start;

    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    ask(p[0], -1);
    ring_every(20);
    EXPECT(-EINTR, select, 10, &in, NULL, NULL, NULL);
    hush();
    CHECK(count >= 1 && FD_ISSET(p[0], &in));
    count = 1;
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &alarm, NULL, 8);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(-EINTR, pselect6, 10, &in, NULL, NULL, &left, &mask);
    CHECK(count == 2 && left.tv_sec < 50);
    CHECK(
        is_rest(left.tv_sec * 1000 + left.tv_nsec / 1000000, 50000, start, 1));
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
    CHECK(now == alarm);
    EXPECT(-EINVAL, pselect6, 10, &in, NULL, NULL, &bad, &mask);
    EXPECT(-EINVAL, pselect6, 10, &in, NULL, NULL, &left, &wrong);
    EXPECT(-EFAULT, pselect6, 10, &in, NULL, NULL, &left, &lost);
    EXPECT(-EFAULT, pselect6, 10, &in, NULL, NULL, &left, BAD_ADDRESS);
    EXPECT(0, pselect6, 10, &in, NULL, NULL, &zero, NULL);
    ask(-1, p[1]);
    EXPECT(1, pselect6, 10, NULL, &out, NULL, NULL, &mask);
}

static int body(long unused)
{
    (void)unused;
    states();
    wakes();
    signals();
    large();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
