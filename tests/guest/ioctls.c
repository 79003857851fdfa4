/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/ioctls.c - ioctl(2)'s requests for every descriptor: FIOCLEX,
 * FIONCLEX, FIONBIO, FIOASYNC, FIONREAD.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "tests/guest/child.h"

static char byte, room[100];

static void marks(int fd)
{
    EXPECT(0, ioctl, fd, FIOCLEX, 0);
    EXPECT(FD_CLOEXEC, fcntl, fd, F_GETFD);
    EXPECT(0, ioctl, fd, FIOCLEX, KERNEL_ADDRESS);
    EXPECT(0, ioctl, fd, FIONCLEX, 0);
    EXPECT(0, fcntl, fd, F_GETFD);
}

static void modes(int fd)
{
    int on = 1, off = 0;
    long before = CALL(fcntl, fd, F_GETFL);

    EXPECT(0, ioctl, fd, FIONBIO, &on);
    CHECK(CALL(fcntl, fd, F_GETFL) == (before | O_NONBLOCK));
    EXPECT(0, ioctl, fd, FIONBIO, &on);
    EXPECT(0, ioctl, fd, FIONBIO, &off);
    CHECK(CALL(fcntl, fd, F_GETFL) == before);
    EXPECT(-EFAULT, ioctl, fd, FIONBIO, NULL);
    EXPECT(0, ioctl, fd, FIOASYNC, &off);
    EXPECT(-EFAULT, ioctl, fd, FIOASYNC, NULL);
}

static void files(void)
{
    int on = 1, left = -1;

    EXPECT(0, ioctl, 3, FIONREAD, &left);
    CHECK(left == 0);
    EXPECT(4, lseek, 3, 4, SEEK_SET);
    EXPECT(0, ioctl, 3, FIONREAD, &left);
    CHECK(left == 6);
    EXPECT(15, lseek, 3, 15, SEEK_SET);
    EXPECT(0, ioctl, 3, FIONREAD, &left);
    CHECK(left == -5);
    EXPECT(-EFAULT, ioctl, 3, FIONREAD, NULL);
    EXPECT(-ENOTTY, ioctl, 3, FIOASYNC, &on);
    EXPECT(-ENOTTY, ioctl, 4, FIONREAD, &left);
    EXPECT(-ENOTTY, ioctl, 3, 0x12345, &left);
    EXPECT(-ENOTTY, ioctl, 3, TCGETS, room);
    EXPECT(-EBADF, ioctl, 99, FIOCLEX, 0);
    EXPECT(5, open, "f", O_PATH);
    EXPECT(-EBADF, ioctl, 5, FIOCLEX, 0);
    EXPECT(-EBADF, ioctl, 5, FIONBIO, &on);
    EXPECT(0, close, 5);
}

static void pipes(void)
{
    int ends[2], on = 1, queued = -1;

    EXPECT(0, pipe, ends);
    marks(ends[0]);
    modes(ends[0]);
    EXPECT(0, ioctl, ends[0], FIONBIO, &on);
    EXPECT(-EAGAIN, read, ends[0], &byte, 1);
    EXPECT(3, write, ends[1], "abc", 3);
    EXPECT(0, ioctl, ends[0], FIONREAD, &queued);
    CHECK(queued == 3);
    EXPECT(0, ioctl, ends[1], FIONREAD, &queued);
    CHECK(queued == 3);
}

static void events(void)
{
    int on = 1, count;
    long fd = CALL(eventfd2, 0, 0);

    marks((int)fd);
    modes((int)fd);
    EXPECT(0, ioctl, (int)fd, FIONBIO, &on);
    EXPECT(-EINVAL, read, (int)fd, &byte, 1);
    EXPECT(-ENOTTY, ioctl, (int)fd, FIONREAD, &count);
    EXPECT(-ENOTTY, ioctl, (int)fd, FIOASYNC, &on);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    EXPECT(3, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(10, write, 3, "0123456789", 10);
    EXPECT(4, open, ".", O_RDONLY | O_DIRECTORY);
    marks(3);
    modes(3);
    marks(4);
    modes(4);
    files();
    pipes();
    events();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
