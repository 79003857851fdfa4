/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/epollexcl.c - many that wait for one event: EPOLLEXCLUSIVE of
 * epoll_ctl(2), several threads in epoll_wait(2).
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "tests/guest/child.h"

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

enum { WAITERS = 4, DONE = 100 };

static struct epoll_event got[8];
static int event;

static long control(int ep, int op, int fd, uint32_t events)
{
    struct epoll_event item = {.events = events};

    return CALL(epoll_ctl, ep, op, fd, &item);
}

static void rules(void)
{
    int ep = (int)CALL(epoll_create1, 0), other = (int)CALL(epoll_create1, 0);

    event = (int)CALL(eventfd2, 0, EFD_NONBLOCK);
    CHECK(control(ep, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE) == 0);
    CHECK(control(ep, EPOLL_CTL_MOD, event, EPOLLIN) == -EINVAL);
    CHECK(control(ep, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLEXCLUSIVE) ==
          -EINVAL);
    CHECK(control(ep, EPOLL_CTL_DEL, event, 0) == 0);
    CHECK(control(ep, EPOLL_CTL_ADD, event,
                  EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT) == -EINVAL);
    CHECK(control(ep, EPOLL_CTL_ADD, event,
                  EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP) == -EINVAL);
    CHECK(control(ep, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE) ==
          -EINVAL);
    CHECK(control(ep, EPOLL_CTL_ADD, event,
                  EPOLLIN | EPOLLOUT | EPOLLET | EPOLLWAKEUP |
                      EPOLLEXCLUSIVE) == 0);
    EXPECT(1, epoll_wait, ep, got, 8, 0);
    CHECK(got[0].events == EPOLLOUT);
    CHECK(control(ep, EPOLL_CTL_DEL, event, 0) == 0);
    CHECK(control(ep, EPOLL_CTL_ADD, event, EPOLLRDHUP | EPOLLPRI) == 0);
    EXPECT(0, epoll_wait, ep, got, 8, 0);
    CALL(close, ep);
    CALL(close, other);
}

/* Each takes as many events as it can, until all are taken. */
static int take(long ep)
{
    uint64_t value;

    while (__atomic_load_n(shared, __ATOMIC_SEQ_CST) < DONE) {
        if (CALL(epoll_wait, ep, got, 1, 20) < 0)
            return 1;
        if (CALL(read, event, &value, 8) == 8)
            __atomic_add_fetch(shared, 1, __ATOMIC_SEQ_CST);
    }
    return 0;
}

static int take_exclusively(long unused)
{
    int ep = (int)CALL(epoll_create1, 0);

    (void)unused;
    if (control(ep, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE) != 0)
        return 2;
    return take(ep);
}

static void give_all(void)
{
    uint64_t one = 1;

    for (int i = 0; i < DONE; i++) {
        CALL(write, event, &one, 8);
        if (i % 10 == 0)
            CALL(sched_yield);
    }
}

static void share_out(int (*body)(long ep), long ep)
{
    long pids[WAITERS];

    *shared = 0;
    event = (int)CALL(eventfd2, 0, EFD_NONBLOCK | EFD_SEMAPHORE);
    if (ep >= 0)
        CHECK(control((int)ep, EPOLL_CTL_ADD, event, EPOLLIN) == 0);
    for (int i = 0; i < WAITERS; i++)
        pids[i] = spawn(body, ep);
    give_all();
    for (int i = 0; i < WAITERS; i++)
        reap("waiter", pids[i]);
    CHECK(*shared == DONE);
    CALL(close, event);
}

static int body(long unused)
{
    (void)unused;
    rules();
    share_out(take_exclusively, -1);
    share_out(take, CALL(epoll_create1, 0));
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
