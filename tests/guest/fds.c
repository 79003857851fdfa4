/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/fds.c - descriptors: close(2), dup(2), fcntl(2), close_range(2).
 */
#include <fcntl.h>

#include "core/abi/fcntl.h"
#include "tests/guest/child.h"

static void duplicates(void)
{
    EXPECT(3, dup, 1);
    EXPECT(4, dup, 2);
    EXPECT(0, close, 3);
    EXPECT(3, dup, 1);
    EXPECT(-EBADF, dup, 77);
    EXPECT(-EBADF, dup, -1);
    EXPECT(77, dup2, 1, 77);
    EXPECT(77, dup2, 77, 77);
    EXPECT(1, write, 77, "\n", 1);
    EXPECT(-EBADF, dup2, 78, 79);
    EXPECT(-EBADF, dup2, 78, 78);
    EXPECT(-EBADF, dup2, 1, -1);
    EXPECT(-EBADF, dup2, 1, 1 << 30);
    EXPECT(500, dup3, 1, 500, O_CLOEXEC);
    EXPECT(1, fcntl, 500, F_GETFD);
    EXPECT(500, dup3, 1, 500, 0);
    EXPECT(0, fcntl, 500, F_GETFD);
    EXPECT(-EINVAL, dup3, 1, 1, 0);
    EXPECT(-EINVAL, dup3, 1, 5, O_NONBLOCK);
    EXPECT(-EBADF, dup3, 99, 5, 0);
    EXPECT(0, close, 500);
    EXPECT(-EBADF, close, 500);
    EXPECT(-EBADF, close, -1);
    EXPECT(-EBADF, write, 500, "x", 1);
}

static void commands(void)
{
    EXPECT(10, fcntl, 1, F_DUPFD, 10);
    EXPECT(11, fcntl, 1, F_DUPFD, 10);
    EXPECT(12, fcntl, 1, F_DUPFD_CLOEXEC, 10);
    EXPECT(0, fcntl, 10, F_GETFD);
    EXPECT(1, fcntl, 12, F_GETFD);
    EXPECT(0, fcntl, 10, F_SETFD, FD_CLOEXEC);
    EXPECT(1, fcntl, 10, F_GETFD);
    EXPECT(0, fcntl, 10, F_SETFD, 0);
    EXPECT(0, fcntl, 10, F_GETFD);
    CHECK((CALL(fcntl, 1, F_GETFL) & O_ACCMODE) != O_RDONLY);
    EXPECT(-EBADF, fcntl, 99, F_GETFD);
    EXPECT(-EBADF, fcntl, 99, F_DUPFD, 0);
    EXPECT(-EINVAL, fcntl, 1, F_DUPFD, -1);
    EXPECT(-EINVAL, fcntl, 1, F_DUPFD, 1 << 30);
    EXPECT(-EINVAL, fcntl, 1, 9999, 0);
}

static void ranges(void)
{
    for (int i = 20; i < 30; i++)
        CALL(dup2, 1, i);
    EXPECT(0, close_range, 22, 24, LX_CLOSE_RANGE_CLOEXEC);
    EXPECT(0, fcntl, 21, F_GETFD);
    EXPECT(1, fcntl, 22, F_GETFD);
    EXPECT(1, fcntl, 24, F_GETFD);
    EXPECT(0, fcntl, 25, F_GETFD);
    EXPECT(0, close_range, 25, 27, 0);
    EXPECT(-EBADF, fcntl, 25, F_GETFD);
    EXPECT(0, fcntl, 28, F_GETFD);
    EXPECT(0, close_range, 20, ~0u, LX_CLOSE_RANGE_UNSHARE);
    EXPECT(-EBADF, fcntl, 28, F_GETFD);
    EXPECT(-EBADF, fcntl, 77, F_GETFD);
    EXPECT(0, fcntl, 11, F_GETFD);
    EXPECT(-EINVAL, close_range, 5, 4, 0);
    EXPECT(-EINVAL, close_range, 5, 6, 1);
    EXPECT(0, close_range, 100000, 200000, 0);
}

static int close_some(long unused)
{
    (void)unused;
    EXPECT(0, close, 10);
    EXPECT(0, close, 11);
    EXPECT(30, dup2, 1, 30);
    return finish();
}

static int dup_many(long unused)
{
    long fd = 0;

    (void)unused;
    for (int i = 0; i < 900 && fd >= 0; i++)
        fd = CALL(dup, 1);
    CHECK(fd > 900);
    for (int i = 100; i < 200; i++)
        CALL(close, i);
    EXPECT(100, dup, 1);
    EXPECT(101, dup, 1);
    return finish();
}

/* A child's table is its own. */
static void children(void)
{
    reap("close_some", spawn(close_some, 0));
    EXPECT(0, fcntl, 10, F_GETFD);
    EXPECT(-EBADF, fcntl, 30, F_GETFD);
    reap("dup_many", spawn(dup_many, 0));
}

static int body(long unused)
{
    (void)unused;
    duplicates();
    commands();
    ranges();
    children();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
