/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/epollstorm.c - threads that wait, register, close and write at
 * once: epoll(7) while descriptors come and go.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "tests/guest/child.h"

enum { ROUNDS = 400, COLLECTORS = 2, MAKERS = 2 };

#define THREAD \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
     CLONE_CHILD_CLEARTID)

static volatile int makers, collectors, told, fixed[2];
static int ep, top;

/* Descriptors that live for a moment. */
static int come_and_go(void *arg)
{
    struct epoll_event item = {.events = EPOLLIN | EPOLLET};
    uint64_t one = 1;

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        int fd = (int)CALL(eventfd2, 0, EFD_NONBLOCK), p[2];

        item.data.u64 = 1;
        CALL(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &item);
        CALL(write, fd, &one, 8);
        if (i % 3 == 0)
            CALL(epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL);
        CALL(close, fd);
        CALL(pipe2, p, O_NONBLOCK);
        item.data.u64 = 2;
        CALL(epoll_ctl, top, EPOLL_CTL_ADD, p[0], &item);
        CALL(write, p[1], &one, 1);
        CALL(close, p[i % 2]);
        CALL(close, p[1 - i % 2]);
        CALL(write, fixed[0], &one, 8);
    }
    __atomic_sub_fetch(&makers, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int collect(void *arg)
{
    struct epoll_event got[4];
    uint64_t value;

    (void)arg;
    while (__atomic_load_n(&makers, __ATOMIC_SEQ_CST) > 0) {
        long count = CALL(epoll_wait, top, got, 4, 5);

        for (long i = 0; i < count; i++)
            if (got[i].data.u64 == 0)
                CALL(epoll_wait, ep, got + 2, 2, 0);
        if (CALL(read, fixed[0], &value, 8) == 8)
            __atomic_add_fetch(&told, (int)value, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&collectors, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int body(long unused)
{
    struct epoll_event item = {.events = EPOLLIN};
    int words[MAKERS + COLLECTORS][2];
    uint64_t value;

    (void)unused;
    ep = (int)CALL(epoll_create1, 0);
    top = (int)CALL(epoll_create1, 0);
    EXPECT(0, epoll_ctl, top, EPOLL_CTL_ADD, ep, &item);
    fixed[0] = (int)CALL(eventfd2, 0, EFD_NONBLOCK);
    EXPECT(0, epoll_ctl, ep, EPOLL_CTL_ADD, fixed[0], &item);
    makers = MAKERS;
    collectors = COLLECTORS;
    for (int i = 0; i < MAKERS; i++)
        CHECK(start(THREAD, come_and_go, NULL, words[i]) > 0);
    for (int i = 0; i < COLLECTORS; i++)
        CHECK(start(THREAD, collect, NULL, words[MAKERS + i]) > 0);
    await(&makers, 0);
    await(&collectors, 0);
    if (CALL(read, fixed[0], &value, 8) == 8)
        told += (int)value;
    CHECK(told == MAKERS * ROUNDS);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
