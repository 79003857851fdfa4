/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/epoll.c - epoll(7): how events are told.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "tests/guest/child.h"

static struct epoll_event got[8];
static char buffer[70000];
static int ep, p[2];

static long control(int op, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    return CALL(epoll_ctl, ep, op, fd, &event);
}

/* Collects what there is now, and shows it. */
static void collect(const char *what)
{
    long count = CALL(epoll_wait, ep, got, 8, 0);

    say("%s: %ld", what, count);
    for (long i = 0; i < count; i++)
        say("    %x of %lu", got[i].events, (unsigned long)got[i].data.u64);
}

static void errors(void)
{
    struct epoll_event event = {.events = EPOLLIN};

    EXPECT(-EINVAL, epoll_create, 0);
    EXPECT(-EINVAL, epoll_create, -1);
    EXPECT(3, epoll_create, 1);
    EXPECT(0, fcntl, 3, F_GETFD);
    EXPECT(-EINVAL, epoll_create1, 1);
    ep = (int)CALL(epoll_create1, EPOLL_CLOEXEC);
    EXPECT(1, fcntl, ep, F_GETFD);
    EXPECT(0, pipe2, p, O_NONBLOCK);
    EXPECT(-EBADF, epoll_ctl, 99, EPOLL_CTL_ADD, p[0], &event);
    EXPECT(-EBADF, epoll_ctl, ep, EPOLL_CTL_ADD, 99, &event);
    EXPECT(-EFAULT, epoll_ctl, ep, EPOLL_CTL_ADD, p[0], NULL);
    EXPECT(-EINVAL, epoll_ctl, p[0], EPOLL_CTL_ADD, p[1], &event);
    EXPECT(-EINVAL, epoll_ctl, ep, EPOLL_CTL_ADD, ep, &event);
    EXPECT(-EINVAL, epoll_ctl, ep, 7, p[0], &event);
    EXPECT(-ENOENT, epoll_ctl, ep, EPOLL_CTL_DEL, p[0], NULL);
    EXPECT(-ENOENT, epoll_ctl, ep, EPOLL_CTL_MOD, p[0], &event);
    EXPECT(0, epoll_ctl, ep, EPOLL_CTL_ADD, p[0], &event);
    EXPECT(-EEXIST, epoll_ctl, ep, EPOLL_CTL_ADD, p[0], &event);
    EXPECT(0, epoll_ctl, ep, EPOLL_CTL_DEL, p[0], NULL);
    EXPECT(-EINVAL, epoll_wait, ep, got, 0, 0);
    EXPECT(-EINVAL, epoll_wait, ep, got, -1, 0);
    EXPECT(-EBADF, epoll_wait, 99, got, 1, 0);
    EXPECT(-EINVAL, epoll_wait, p[0], got, 1, 0);
    EXPECT(-EFAULT, epoll_wait, ep, KERNEL_ADDRESS, 1, 0);
    EXPECT(0, epoll_wait, ep, NULL, 1, 0);
    EXPECT(-EINVAL, read, ep, buffer, 8);
    EXPECT(-EINVAL, write, ep, buffer, 8);
}

static void level(void)
{
    CHECK(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 10) == 0);
    CHECK(control(EPOLL_CTL_ADD, p[1], EPOLLOUT, 11) == 0);
    collect("empty");
    CALL(write, p[1], "abc", 3);
    collect("bytes");
    collect("again");
    CALL(read, p[0], buffer, 3);
    collect("read");
    while (CALL(write, p[1], buffer, sizeof(buffer)) > 0)
        ;
    collect("full");
    CHECK(control(EPOLL_CTL_MOD, p[0], 0, 12) == 0);
    collect("none asked");
    CHECK(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLRDNORM, 13) == 0);
    collect("asked again");
    CALL(read, p[0], buffer, 65536);
    collect("room");
    CHECK(control(EPOLL_CTL_DEL, p[1], 0, 0) == 0);
    collect("deleted");
}

static void edge(void)
{
    CHECK(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 20) == 0);
    collect("nothing");
    CALL(write, p[1], "abc", 3);
    collect("bytes");
    collect("told already");
    CALL(read, p[0], buffer, 1);
    collect("some were read");
    CALL(write, p[1], "d", 1);
    collect("another");
    CHECK(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 21) == 0);
    collect("changed");
    collect("told already");
    CALL(read, p[0], buffer, 100);
    collect("all were read");
}

static void one_shot(void)
{
    CHECK(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 30) == 0);
    CALL(write, p[1], "abc", 3);
    collect("bytes");
    CALL(write, p[1], "abc", 3);
    collect("off");
    CHECK(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 31) == 0);
    collect("on again");
    collect("off again");
    CALL(read, p[0], buffer, 100);
    CHECK(control(EPOLL_CTL_DEL, p[0], 0, 0) == 0);
}

/* The array is short: those left out come first the next time. */
static void turns(void)
{
    int fds[4];

    for (int i = 0; i < 4; i++) {
        fds[i] = (int)CALL(eventfd2, 1, 0);
        control(EPOLL_CTL_ADD, fds[i], EPOLLIN, (uint64_t)(40 + i));
    }
    for (int i = 0; i < 3; i++) {
        long count = CALL(epoll_wait, ep, got, 3, 0);

        say("turn: %ld, %lu %lu %lu", count, (unsigned long)got[0].data.u64,
            (unsigned long)got[1].data.u64, (unsigned long)got[2].data.u64);
    }
    EXPECT(-EFAULT, epoll_wait, ep, 8, 8, 0);
    for (int i = 0; i < 4; i++)
        CALL(close, fds[i]);
    collect("closed");
}

/* An item belongs to the open file: a duplicate keeps it. */
static void lives(void)
{
    int copy;

    CHECK(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 50) == 0);
    copy = (int)CALL(dup, p[0]);
    CHECK(control(EPOLL_CTL_ADD, copy, EPOLLIN, 51) == 0);
    CALL(write, p[1], "x", 1);
    collect("both");
    CALL(close, copy);
    collect("the copy is closed");
    CHECK(control(EPOLL_CTL_DEL, copy, 0, 0) == -EBADF);
    CALL(close, p[1]);
    collect("hung up");
    CALL(close, p[0]);
    collect("all are closed");
    EXPECT(0, pipe2, p, O_NONBLOCK);
    CALL(close, p[0]);
    CHECK(control(EPOLL_CTL_ADD, p[1], 0, 52) == 0);
    collect("error");
    CALL(close, p[1]);
}

static volatile int count;

static void note(int number)
{
    (void)number;
    count++;
}

static int write_later(long fd)
{
    struct timespec nap = {0, 20000000};

    CALL(nanosleep, &nap, NULL);
    CALL(write, fd, "x", 1);
    return 0;
}

static void waits(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    uint64_t alarm = UINT64_C(1) << (SIGALRM - 1), none = 0;
    struct timespec zero = {0, 0}, second = {1, 0}, bad = {0, -1};
    long pid;

    EXPECT(0, pipe2, p, O_NONBLOCK);
    CHECK(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 60) == 0);
    EXPECT(0, epoll_wait, ep, got, 8, 5);
    pid = spawn(write_later, p[1]);
    EXPECT(1, epoll_wait, ep, got, 8, -1);
    reap("writer", pid);
    CALL(read, p[0], buffer, 1);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    ring_every(20);
    EXPECT(-EINTR, epoll_wait, ep, got, 8, -1);
    hush();
    CHECK(count >= 1);
    count = 1;
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &alarm, NULL, 8);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    EXPECT(0, epoll_wait, ep, got, 8, 5);
    EXPECT(-EINTR, epoll_pwait, ep, got, 8, 1000, &none, 8);
    CHECK(count == 2);
    EXPECT(0, epoll_pwait, ep, got, 8, 5, NULL, 8);
    EXPECT(-EINVAL, epoll_pwait, ep, got, 8, 0, &none, 4);
    EXPECT(-EFAULT, epoll_pwait, ep, got, 8, 0, BAD_ADDRESS, 8);
    EXPECT(0, epoll_pwait2, ep, got, 8, &zero, NULL, 0);
    EXPECT(-EINVAL, epoll_pwait2, ep, got, 8, &bad, NULL, 0);
    EXPECT(-EFAULT, epoll_pwait2, ep, got, 8, BAD_ADDRESS, NULL, 0);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    EXPECT(-EINTR, epoll_pwait2, ep, got, 8, &second, &none, 8);
    CALL(write, p[1], "x", 1);
    EXPECT(1, epoll_pwait2, ep, got, 8, NULL, NULL, 0);
    CHECK(second.tv_sec == 1 && second.tv_nsec == 0);
}

static int body(long unused)
{
    (void)unused;
    errors();
    level();
    edge();
    one_shot();
    turns();
    lives();
    waits();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
