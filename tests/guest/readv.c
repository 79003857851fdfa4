/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/readv.c - vectors and positions on streams: readv(2), preadv2(2),
 * pread(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "core/abi/uio.h"
#include "tests/guest/guest.h"

static char a[10], b[10], c[5000];
static int p[2];

static void vectors(void)
{
    struct iovec row[3] = {{"abc", 3}, {"", 0}, {"defgh", 5}};
    struct iovec to[3] = {{a, 2}, {b, 3}, {c, 100}};
    struct iovec bad[2] = {{a, 2}, {(void *)BAD_ADDRESS, 3}};
    struct iovec torn[2] = {{a, 2}, {get_border() - 2, 4}};
    struct iovec negative[2] = {{a, 2}, {b, (size_t)-1}};
    struct iovec many[1025];

    EXPECT(8, writev, p[1], row, 3);
    EXPECT(8, readv, p[0], to, 3);
    CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cde", 3) == 0);
    CHECK(memcmp(c, "fgh", 3) == 0);
    EXPECT(-EAGAIN, readv, p[0], to, 3);
    EXPECT(0, readv, p[0], to, 0);
    EXPECT(0, readv, p[0], NULL, 0);
    EXPECT(-EFAULT, readv, p[0], NULL, 1);
    EXPECT(-EFAULT, readv, p[0], bad, 2);
    EXPECT(-EINVAL, readv, p[0], negative, 2);
    EXPECT(-EINVAL, readv, p[0], to, 1025);
    EXPECT(-EINVAL, readv, p[0], to, -1);
    EXPECT(-EBADF, readv, p[1], to, 3);
    EXPECT(-EBADF, writev, p[0], row, 3);
    EXPECT(-EBADF, readv, 99, to, 3);
    EXPECT(-EFAULT, writev, p[1], torn, 2);
    for (int i = 0; i < 1025; i++)
        many[i] = (struct iovec){"x", 1};
    EXPECT(1024, writev, p[1], many, 1024);
    EXPECT(1024, read, p[0], c, sizeof(c));
    EXPECT(8, writev, p[1], row, 3);
    EXPECT(-EFAULT, readv, p[0], torn, 2);
    EXPECT(8, readv, p[0], to, 3);
}

static void positions(void)
{
    struct iovec to[1] = {{a, 4}};

    EXPECT(-ESPIPE, pread64, p[0], a, 1, 0L);
    EXPECT(-ESPIPE, pwrite64, p[1], a, 1, 0L);
    EXPECT(-ESPIPE, pread64, p[0], a, 0, 0L);
    EXPECT(-EINVAL, pread64, p[0], a, 1, -1L);
    EXPECT(-EINVAL, pwrite64, 99, a, 1, -1L);
    EXPECT(-EBADF, pread64, 99, a, 1, 0L);
    EXPECT(-ESPIPE, preadv, p[0], to, 1, 0L, 0L);
    EXPECT(-ESPIPE, pwritev, p[1], to, 1, 0L, 0L);
    EXPECT(-EINVAL, preadv, p[0], to, 1, -1L, 0L);
    EXPECT(-EINVAL, pwritev, p[1], to, 1, -2L, 0L);
    EXPECT(-EBADF, preadv, 99, to, 1, 0L, 0L);
}

static void flagged(void)
{
    struct iovec to[1] = {{a, 4}}, from[1] = {{"wxyz", 4}};
    int q[2];

    EXPECT(0, pipe2, q, 0);
    EXPECT(-EAGAIN, preadv2, q[0], to, 1, -1L, 0L, LX_RWF_NOWAIT);
    EXPECT(4, pwritev2, q[1], from, 1, -1L, 0L, LX_RWF_NOWAIT);
    EXPECT(4, preadv2, q[0], to, 1, -1L, 0L, LX_RWF_NOWAIT);
    CHECK(memcmp(a, "wxyz", 4) == 0);
    EXPECT(4, pwritev2, q[1], from, 1, -1L, 0L, 0);
    EXPECT(4, preadv2, q[0], to, 1, -1L, 0L, LX_RWF_HIPRI);
    EXPECT(4, pwritev2, q[1], from, 1, -1L, 0L, LX_RWF_APPEND);
    EXPECT(4, pwritev2, q[1], from, 1, -1L, 0L, LX_RWF_DSYNC);
    EXPECT(4, pwritev2, q[1], from, 1, -1L, 0L, LX_RWF_SYNC);
    EXPECT(-EOPNOTSUPP, preadv2, q[0], to, 1, -1L, 0L, 1 << 30);
    EXPECT(-EOPNOTSUPP, pwritev2, q[1], from, 1, -1L, 0L, 1 << 30);
    EXPECT(-ESPIPE, preadv2, q[0], to, 1, 0L, 0L, 0);
    EXPECT(-EINVAL, preadv2, q[0], to, 1, -2L, 0L, 0);
}

int main(void)
{
    EXPECT(0, pipe2, p, O_NONBLOCK);
    vectors();
    positions();
    flagged();
    return finish();
}
