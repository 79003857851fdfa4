/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/memdev.c - null, zero, full, random, urandom (null(4), full(4),
 * random(4)).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/guest/pts.h"

static char bytes[100000];

static int open_device(const char *path)
{
    struct stat st = {0};
    int fd = (int)CALL(open, path, O_RDWR);

    fstat(fd, &st);
    say("%s: %o %u:%u", path, (unsigned)st.st_mode, major(st.st_rdev),
        minor(st.st_rdev));
    return fd;
}

static int are_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != 0)
            return 0;
    return 1;
}

static void use_null(void)
{
    int fd = open_device("/dev/null");

    EXPECT(0, read, fd, bytes, 10);
    EXPECT(sizeof(bytes), write, fd, bytes, sizeof(bytes));
    EXPECT(5, write, fd, 8, 5);
    EXPECT(0, lseek, fd, 100, SEEK_SET);
    EXPECT(0, lseek, fd, 100, SEEK_END);
    EXPECT(-ENOTTY, ioctl, fd, TCGETS, bytes);
    EXPECT(0, close, fd);
}

static void use_zero(void)
{
    int fd = open_device("/dev/zero");
    char *at;

    memset(bytes, 1, sizeof(bytes));
    EXPECT(sizeof(bytes), read, fd, bytes, sizeof(bytes));
    CHECK(are_zero(bytes, sizeof(bytes)));
    EXPECT(-EFAULT, read, fd, 8, 10);
    EXPECT(10, read, fd, get_border() - 10, 20);
    EXPECT(7, write, fd, bytes, 7);
    at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED && are_zero(at, 2 * PAGE));
    at[5] = 1;
    EXPECT(0, munmap, at, 2 * PAGE);
    EXPECT(0, close, fd);
}

/* A shared mapping is one memory for parent and child. */
static int write_shared(long at)
{
    *(volatile char *)at = 9;
    return 0;
}

static void share_zero(void)
{
    int fd = (int)CALL(open, "/dev/zero", O_RDWR);
    char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(at != MAP_FAILED && *at == 0);
    reap("child", spawn(write_shared, (long)at));
    CHECK(*at == 9);
    EXPECT(0, close, fd);
}

static void use_full(void)
{
    int fd = open_device("/dev/full");

    memset(bytes, 1, sizeof(bytes));
    EXPECT(10, read, fd, bytes, 10);
    CHECK(are_zero(bytes, 10));
    EXPECT(-ENOSPC, write, fd, bytes, 10);
    EXPECT(0, lseek, fd, 5, SEEK_CUR);
    EXPECT(0, close, fd);
}

static void use_random(const char *path)
{
    static char more[sizeof(bytes)];
    int fd = open_device(path);

    EXPECT(200, read, fd, bytes, 200);
    EXPECT(200, write, fd, bytes, 200);
    EXPECT(200, read, fd, more, 200);
    CHECK(memcmp(bytes, more, 200) != 0);
    EXPECT(sizeof(bytes), read, fd, bytes, sizeof(bytes));
    CHECK(!are_zero(bytes + sizeof(bytes) - 64, 64));
    EXPECT(-EFAULT, read, fd, 8, 10);
    EXPECT(-EFAULT, write, fd, 8, 10);
    EXPECT(0, close, fd);
}

int main(void)
{
    pts_begin();
    use_null();
    use_zero();
    share_zero();
    use_full();
    use_random("/dev/random");
    use_random("/dev/urandom");
    return pts_finish();
}
