/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/signalfd.c - signalfd(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

#include "tests/guest/child.h"

static struct signalfd_siginfo got[4];
static struct epoll_event item = {.events = EPOLLIN};

static uint64_t bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

static long events(int fd)
{
    struct pollfd fds[1] = {{fd, POLLIN | POLLOUT, 0}};

    CALL(poll, fds, 1, 0);
    return fds[0].revents;
}

static void errors(void)
{
    uint64_t set = bit(SIGUSR1) | bit(SIGKILL);

    EXPECT(-EINVAL, signalfd, -1, &set, 4);
    EXPECT(-EINVAL, signalfd4, -1, &set, 4, 0);
    EXPECT(-EINVAL, signalfd4, -1, &set, 8, 1);
    EXPECT(-EFAULT, signalfd4, -1, NULL, 8, 0);
    EXPECT(-EBADF, signalfd4, 99, &set, 8, 0);
    EXPECT(-EINVAL, signalfd4, 1, &set, 8, 0);
    EXPECT(3, signalfd, -1, &set, 8);
    EXPECT(0, fcntl, 3, F_GETFD);
    CALL(close, 3);
    EXPECT(3, signalfd4, -1, &set, 8, SFD_NONBLOCK | SFD_CLOEXEC);
    EXPECT(1, fcntl, 3, F_GETFD);
    EXPECT(-EAGAIN, read, 3, got, sizeof(got));
    EXPECT(-EINVAL, read, 3, got, 127);
    EXPECT(-EINVAL, read, 3, got, 0);
    EXPECT(-EINVAL, write, 3, got, 128);
}

static int end_soon(long status)
{
    return (int)status;
}

static void signals(void)
{
    uint64_t set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGCHLD) | bit(40);
    uint64_t usr2 = bit(SIGUSR2);
    long self = CALL(getpid), pid;
    union sigval value = {.sival_int = 77};

    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    EXPECT(3, signalfd4, 3, &set, 8, 0);
    CHECK(events(3) == 0);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, kill, self, SIGUSR1);
    CHECK(sigqueue((pid_t)self, 40, value) == 0);
    CHECK(events(3) == POLLIN);
    EXPECT(256, read, 3, got, sizeof(got));
    CHECK(got[0].ssi_signo == SIGUSR1 && got[0].ssi_code == SI_USER);
    CHECK(got[0].ssi_pid == (uint32_t)self && got[0].ssi_uid == 0);
    CHECK(got[1].ssi_signo == 40 && got[1].ssi_code == SI_QUEUE);
    CHECK(got[1].ssi_int == 77);
    CHECK(events(3) == 0);
    EXPECT(3, signalfd4, 3, &usr2, 8, 0);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(-EAGAIN, read, 3, got, sizeof(got));
    EXPECT(3, signalfd4, 3, &set, 8, 0);
    EXPECT(128, read, 3, got, 255);
    pid = spawn(end_soon, 9);
    while (events(3) == 0)
        CALL(sched_yield);
    EXPECT(128, read, 3, got, sizeof(got));
    CHECK(got[0].ssi_signo == SIGCHLD && got[0].ssi_code == CLD_EXITED);
    CHECK(got[0].ssi_pid == (uint32_t)pid && got[0].ssi_status == 9);
    reap("child", pid);
}

/* Each process reads its own signals, also from a descriptor it inherits. */
static int read_own(long parent)
{
    EXPECT(-EAGAIN, read, 3, got, sizeof(got));
    EXPECT(0, kill, CALL(getpid), SIGUSR2);
    EXPECT(128, read, 3, got, sizeof(got));
    CHECK(got[0].ssi_signo == SIGUSR2);
    CALL(kill, parent, SIGUSR1); /* whose line comes next */
    return finish();
}

static void inherited(void)
{
    long self = CALL(getpid), ep = CALL(epoll_create1, 0), pid;
    struct epoll_event event;

    EXPECT(0, epoll_ctl, ep, EPOLL_CTL_ADD, 3, &item);
    EXPECT(0, epoll_wait, ep, &event, 1, 0);
    EXPECT(0, kill, self, SIGUSR2);
    EXPECT(1, epoll_wait, ep, &event, 1, 0);
    EXPECT(128, read, 3, got, sizeof(got));
    EXPECT(0, epoll_wait, ep, &event, 1, 0);
    pid = spawn(read_own, self);
    EXPECT(1, epoll_wait, ep, &event, 1, 10000);
    reap("child", pid);
    while (CALL(read, 3, got, sizeof(got)) > 0)
        ;
}

/* The process that registered it ends; the instance lives on with another. */
static int register_and_end(long ep)
{
    uint64_t set = bit(SIGUSR1);
    long fd = CALL(signalfd4, -1, &set, 8, 0);

    return CALL(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &item) != 0;
}

static void outlived(void)
{
    long ep = CALL(epoll_create1, 0);
    struct epoll_event event;

    reap("child", spawn(register_and_end, ep));
    EXPECT(0, epoll_wait, ep, &event, 1, 0);
    EXPECT(0, kill, CALL(getpid), SIGUSR1);
    EXPECT(0, epoll_wait, ep, &event, 1, 0);
    EXPECT(128, read, 3, got, 128);
    CALL(close, ep);
}

static int kill_late(long pid)
{
    struct timespec nap = {0, 20000000};

    CALL(nanosleep, &nap, NULL);
    CALL(kill, pid, SIGUSR1);
    return 0;
}

static void sleeps(void)
{
    uint64_t set = bit(SIGUSR1);
    long fd = CALL(signalfd4, -1, &set, 8, 0);
    long pid = spawn(kill_late, CALL(getpid));

    EXPECT(128, read, fd, got, sizeof(got));
    CHECK(got[0].ssi_pid == (uint32_t)pid);
    reap("killer", pid);
}

static int body(long unused)
{
    (void)unused;
    errors();
    signals();
    inherited();
    outlived();
    sleeps();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
