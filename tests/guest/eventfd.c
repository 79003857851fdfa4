/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/eventfd.c - eventfd(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "tests/guest/child.h"

static uint64_t value;

static long put(int fd, uint64_t n)
{
    return CALL(write, fd, &n, 8);
}

static long events(int fd)
{
    struct pollfd fds[1] = {{fd, POLLIN | POLLOUT | POLLRDNORM, 0}};

    CALL(poll, fds, 1, 0);
    return fds[0].revents;
}

static void counts(void)
{
    uint64_t two[2] = {5, 7};
    struct iovec parts[2] = {{two, 4}, {(char *)two + 4, 4}};
    int fd;

    EXPECT(-EINVAL, eventfd2, 0, 2);
    EXPECT(3, eventfd, 3);
    EXPECT(O_RDWR, fcntl, 3, F_GETFL);
    EXPECT(8, read, 3, &value, 8);
    CHECK(value == 3);
    CALL(close, 3);
    fd = (int)CALL(eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC);
    EXPECT(1, fcntl, fd, F_GETFD);
    EXPECT(-EAGAIN, read, fd, &value, 8);
    EXPECT(-EINVAL, read, fd, &value, 7);
    EXPECT(-EINVAL, read, fd, &value, 0);
    EXPECT(-EINVAL, write, fd, &value, 7);
    EXPECT(-EINVAL, write, fd, &value, 0);
    EXPECT(-EFAULT, write, fd, NULL, 8);
    say("events %lx", events(fd));
    CHECK(put(fd, 3) == 8 && put(fd, 4) == 8 && put(fd, 0) == 8);
    say("events %lx", events(fd));
    EXPECT(8, read, fd, two, 16);
    CHECK(two[0] == 7 && two[1] == 7);
    CHECK(put(fd, UINT64_MAX) == -EINVAL);
    CHECK(put(fd, UINT64_MAX - 1) == 8);
    CHECK(put(fd, 1) == -EAGAIN && put(fd, 0) == 8);
    say("events %lx", events(fd));
    EXPECT(8, read, fd, &value, 8);
    CHECK(value == UINT64_MAX - 1);
    two[0] = 9;
    EXPECT(-EINVAL, writev, fd, parts, 2);
    CHECK(put(fd, 9) == 8);
    two[0] = 0;
    EXPECT(8, readv, fd, parts, 2);
    CHECK(two[0] == 9);
    EXPECT(-ESPIPE, pread64, fd, &value, 8, 0L);
    CALL(close, fd);
}

static void semaphore(void)
{
    int fd = (int)CALL(eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK);

    EXPECT(8, read, fd, &value, 8);
    CHECK(value == 1);
    EXPECT(8, read, fd, &value, 8);
    EXPECT(-EAGAIN, read, fd, &value, 8);
    CALL(close, fd);
}

/* Back and forth between processes, by sleeping reads and by epoll(7). */
static int ping[2], ep[2];

static int answer(long by_epoll)
{
    struct epoll_event got;

    for (int i = 0; i < 300; i++) {
        if (by_epoll && CALL(epoll_wait, ep[1], &got, 1, -1) != 1)
            return 1;
        if (CALL(read, ping[1], &value, 8) != 8 || put(ping[0], value) != 8)
            return 1;
    }
    return 0;
}

static void back_and_forth(long by_epoll)
{
    struct epoll_event item = {.events = EPOLLIN}, got;
    int good = 0;
    long pid;

    for (int i = 0; i < 2; i++) {
        ping[i] = (int)CALL(eventfd2, 0, 0);
        ep[i] = (int)CALL(epoll_create1, 0);
        CALL(epoll_ctl, ep[i], EPOLL_CTL_ADD, ping[i], &item);
    }
    pid = spawn(answer, by_epoll);
    for (uint64_t i = 1; i <= 300; i++) {
        put(ping[1], i);
        if (by_epoll)
            CALL(epoll_wait, ep[0], &got, 1, -1);
        good += CALL(read, ping[0], &value, 8) == 8 && value == i;
    }
    CHECK(good == 300);
    reap("answer", pid);
}

/* A writer sleeps until there is room. */
static int put_late(long fd)
{
    return put((int)fd, 5) != 8;
}

static void room(void)
{
    int fd = (int)CALL(eventfd2, 0, 0);
    struct pollfd none = {-1, 0, 0};
    long pid;

    CHECK(put(fd, UINT64_MAX - 3) == 8);
    pid = spawn(put_late, fd);
    CALL(poll, &none, 1, 20);
    EXPECT(8, read, fd, &value, 8);
    CHECK(value == UINT64_MAX - 3);
    reap("writer", pid);
    EXPECT(8, read, fd, &value, 8);
    CHECK(value == 5);
}

static int body(long unused)
{
    (void)unused;
    counts();
    semaphore();
    back_and_forth(0);
    back_and_forth(1);
    room();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
