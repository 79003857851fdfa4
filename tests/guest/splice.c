/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/splice.c - bytes that move between pipes: splice(2), tee(2),
 * vmsplice(2), sendfile(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/guest/child.h"

static char buffer[70000];
static int a[2], b[2];

static long queued(int fd)
{
    int count = -1;

    CALL(ioctl, fd, FIONREAD, &count);
    return count;
}

static void errors(void)
{
    long event = CALL(eventfd2, 1, 0);
    struct iovec row = {"x", 1};
    long long at = 0;

    EXPECT(0, splice, 99, NULL, 98, NULL, 0, 0);
    EXPECT(-EBADF, splice, 99, NULL, b[1], NULL, 1, 0);
    EXPECT(-EBADF, splice, a[0], NULL, 99, NULL, 1, 0);
    EXPECT(-EBADF, splice, a[1], NULL, b[1], NULL, 1, 0);
    EXPECT(-EBADF, splice, a[0], NULL, b[0], NULL, 1, 0);
    EXPECT(-EINVAL, splice, a[0], NULL, a[1], NULL, 1, 0);
    EXPECT(-EINVAL, splice, a[0], NULL, b[1], NULL, 1, 16);
    EXPECT(-ESPIPE, splice, a[0], &at, b[1], NULL, 1, 0);
    EXPECT(-ESPIPE, splice, a[0], NULL, b[1], &at, 1, 0);
    EXPECT(-EINVAL, tee, a[0], a[1], 1, 0);
    EXPECT(-EINVAL, tee, a[0], b[1], 1, 16);
    EXPECT(-EBADF, tee, 99, b[1], 1, 0);
    EXPECT(-EBADF, tee, a[1], b[1], 1, 0);
    EXPECT(0, tee, a[0], b[1], 0, 0);
    EXPECT(-EINVAL, tee, event, b[1], 1, 0);
    EXPECT(-EBADF, vmsplice, 99, NULL, 0, 0);
    EXPECT(0, vmsplice, event, NULL, 0, 0);
    EXPECT(-EBADF, vmsplice, event, &row, 1, 0);
    EXPECT(-EBADF, sendfile, b[1], 99, NULL, 1);
    EXPECT(-EBADF, sendfile, 99, a[0], NULL, 1);
    EXPECT(-EBADF, sendfile, b[1], a[1], NULL, 1);
    EXPECT(-EAGAIN, splice, a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK);
    EXPECT(-EAGAIN, tee, a[0], b[1], 1, SPLICE_F_NONBLOCK);
    CALL(close, (int)event);
}

static void pipes(void)
{
    EXPECT(10, write, a[1], "0123456789", 10);
    EXPECT(4, splice, a[0], NULL, b[1], NULL, 4, SPLICE_F_MOVE);
    EXPECT(6, splice, a[0], NULL, b[1], NULL, 100,
           SPLICE_F_MORE | SPLICE_F_NONBLOCK);
    CHECK(queued(a[0]) == 0 && queued(b[0]) == 10);
    EXPECT(1, write, b[1], "x", 1);
    EXPECT(11, read, b[0], buffer, 100);
    CHECK(memcmp(buffer, "0123456789x", 11) == 0);
    EXPECT(70000 - 4464, write, a[1], buffer, 70000 - 4464);
    EXPECT(65536, splice, a[0], NULL, b[1], NULL, 70000, 0);
    EXPECT(3, write, a[1], "abc", 3);
    EXPECT(-EAGAIN, splice, a[0], NULL, b[1], NULL, 3, SPLICE_F_NONBLOCK);
    EXPECT(65536, read, b[0], buffer, 70000);
    EXPECT(3, splice, a[0], NULL, b[1], NULL, 3, SPLICE_F_GIFT);
    EXPECT(3, read, b[0], buffer, 3);
}

static void twice(void)
{
    EXPECT(5, write, a[1], "fives", 5);
    EXPECT(3, tee, a[0], b[1], 3, 0);
    EXPECT(5, tee, a[0], b[1], 100, SPLICE_F_NONBLOCK);
    EXPECT(2, write, a[1], "+2", 2);
    CHECK(queued(a[0]) == 7 && queued(b[0]) == 8);
    EXPECT(8, read, b[0], buffer, 100);
    CHECK(memcmp(buffer, "fivfives", 8) == 0);
    EXPECT(7, read, a[0], buffer, 100);
    CHECK(memcmp(buffer, "fives+2", 7) == 0);
    /* Both sides change what they have. */
    EXPECT(5, write, a[1], "first", 5);
    EXPECT(5, tee, a[0], b[1], 5, 0);
    EXPECT(5, read, a[0], buffer, 5);
    EXPECT(6, write, a[1], "second", 6);
    EXPECT(5, read, b[0], buffer, 5);
    CHECK(memcmp(buffer, "first", 5) == 0);
    EXPECT(6, read, a[0], buffer, 6);
    CHECK(memcmp(buffer, "second", 6) == 0);
}

static void memory(void)
{
    struct iovec row[2] = {{"user ", 5}, {"memory", 6}};
    struct iovec to[2] = {{buffer, 3}, {buffer + 3, 100}};
    struct iovec bad[1] = {{(void *)BAD_ADDRESS, 5}};

    EXPECT(11, vmsplice, a[1], row, 2, 0);
    EXPECT(11, vmsplice, a[0], to, 2, 0);
    CHECK(memcmp(buffer, "user memory", 11) == 0);
    EXPECT(-EFAULT, vmsplice, a[1], bad, 1, 0);
    EXPECT(-EAGAIN, vmsplice, a[0], to, 2, SPLICE_F_NONBLOCK);
    EXPECT(-EINVAL, vmsplice, a[1], row, 2, 16);
}

static volatile int broken;

static void note(int number)
{
    broken += number == SIGPIPE;
}

static int write_late(long unused)
{
    struct timespec nap = {0, 20000000};

    (void)unused;
    CALL(nanosleep, &nap, NULL);
    CALL(write, a[1], "late", 4);
    return 0;
}

static void ends(void)
{
    struct sigaction action = {.sa_handler = note};
    long pid = spawn(write_late, 0);

    EXPECT(4, splice, a[0], NULL, b[1], NULL, 100, 0);
    reap("writer", pid);
    pid = spawn(write_late, 0);
    EXPECT(4, tee, a[0], b[1], 100, 0);
    reap("writer", pid);
    CALL(close, a[1]);
    EXPECT(4, splice, a[0], NULL, b[1], NULL, 100, 0);
    EXPECT(0, splice, a[0], NULL, b[1], NULL, 100, 0);
    EXPECT(0, tee, a[0], b[1], 100, 0);
    EXPECT(12, read, b[0], buffer, 100);
    CHECK(memcmp(buffer, "latelatelate", 12) == 0);
    CALL(close, a[0]);
    EXPECT(0, pipe, a);
    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    EXPECT(1, write, a[1], "x", 1);
    CALL(close, b[0]);
    EXPECT(-EPIPE, splice, a[0], NULL, b[1], NULL, 1, 0);
    EXPECT(-EPIPE, tee, a[0], b[1], 1, 0);
    CHECK(broken == 2);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, pipe, a);
    EXPECT(0, pipe, b);
    errors();
    pipes();
    twice();
    memory();
    ends();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
