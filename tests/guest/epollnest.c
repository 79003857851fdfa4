/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/epollnest.c - instances of epoll(7) that watch instances.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "tests/guest/child.h"

enum { ROW = 8 };

static struct epoll_event got[8];

static long add(int ep, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};

    return CALL(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event);
}

static int make(void)
{
    return (int)CALL(epoll_create1, 0);
}

static long ready(int fd)
{
    struct pollfd fds[1] = {{fd, POLLIN | POLLRDNORM, 0}};

    CALL(poll, fds, 1, 0);
    return fds[0].revents;
}

static void two(void)
{
    int outer = make(), inner = make();
    int event = (int)CALL(eventfd2, 0, 0);
    uint64_t value = 1;

    CHECK(add(inner, event, EPOLLIN) == 0);
    CHECK(add(outer, inner, EPOLLIN) == 0);
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    say("polled: %lx", ready(inner));
    CALL(write, event, &value, 8);
    say("polled: %lx %lx", ready(inner), ready(outer));
    EXPECT(1, epoll_wait, outer, got, 8, 0);
    CHECK(got[0].data.u64 == (uint64_t)inner && got[0].events == EPOLLIN);
    EXPECT(1, epoll_wait, inner, got, 8, 0);
    EXPECT(1, epoll_wait, outer, got, 8, 0);
    CALL(read, event, &value, 8);
    say("polled: %lx %lx", ready(inner), ready(outer));
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    CALL(write, event, &value, 8);
    CALL(close, event);
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    CALL(close, inner);
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    CALL(close, outer);
}

static void edges(void)
{
    int outer = make(), inner = make();
    int event = (int)CALL(eventfd2, 0, 0);
    uint64_t value = 1;

    CHECK(add(inner, event, EPOLLIN) == 0);
    CHECK(add(outer, inner, EPOLLIN | EPOLLET) == 0);
    CALL(write, event, &value, 8);
    EXPECT(1, epoll_wait, outer, got, 8, 0);
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    CALL(write, event, &value, 8);
    EXPECT(1, epoll_wait, outer, got, 8, 0);
    EXPECT(0, epoll_wait, outer, got, 8, 0);
    CALL(close, outer);
    CALL(close, inner);
    CALL(close, event);
}

/* A row may be so long, whichever end grows; and bites no tail. */
static void rows(void)
{
    int row[ROW], other, event = (int)CALL(eventfd2, 1, 0);

    for (int i = 0; i < ROW; i++)
        row[i] = make();
    for (int i = 1; i < ROW; i++)
        say("down %d: %ld", i, add(row[i - 1], row[i], EPOLLIN));
    say("cycle: %ld", add(row[3], row[0], EPOLLIN));
    say("two: %ld", add(row[1], row[0], EPOLLIN));
    say("event: %ld", add(row[3], event, EPOLLIN));
    EXPECT(1, epoll_wait, row[0], got, 8, 0);
    other = make();
    say("above: %ld", add(other, row[0], EPOLLIN));
    say("beside: %ld", add(other, row[2], EPOLLIN));
    for (int i = 0; i < ROW; i++)
        CALL(close, row[i]);
    for (int i = 0; i < ROW; i++)
        row[i] = make();
    for (int i = 1; i < ROW; i++)
        say("up %d: %ld", i, add(row[i], row[i - 1], EPOLLIN));
    CHECK(add(row[0], event, EPOLLIN) == 0);
    EXPECT(1, epoll_wait, row[3], got, 8, 0);
    for (int i = 0; i < ROW; i++)
        CALL(close, row[i]);
    CALL(close, other);
    CALL(close, event);
}

/* Who sleeps at the end of a row is woken through all of it. */
static int wait_at(long ep)
{
    EXPECT(1, epoll_wait, ep, got, 8, 10000);
    return finish();
}

static void wakes(void)
{
    struct timespec nap = {0, 20000000};
    int row[4], event = (int)CALL(eventfd2, 0, 0);
    uint64_t value = 1;
    long pid;

    for (int i = 0; i < 4; i++)
        row[i] = make();
    CHECK(add(row[0], event, EPOLLIN) == 0);
    for (int i = 1; i < 4; i++)
        CHECK(add(row[i], row[i - 1], EPOLLIN) == 0);
    pid = spawn(wait_at, row[3]);
    CALL(nanosleep, &nap, NULL);
    CALL(write, event, &value, 8);
    reap("waiter", pid);
}

static int body(long unused)
{
    (void)unused;
    two();
    edges();
    rows();
    wakes();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
