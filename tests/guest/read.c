/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/read.c - read(2) and the ioctls of a raw stream, with
 * "0123456789" on stdin, then its end.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

/* Bytes may come one by one. */
static void wait_for(int count)
{
    int ready = 0;

    while (ready < count)
        if (CALL(ioctl, 0, FIONREAD, &ready) != 0)
            break;
    say("ready %d", ready);
}

static void read_errors(char *buffer, char *border)
{
    EXPECT(0, read, 0, buffer, 0);
    EXPECT(0, read, 0, NULL, 0);
    EXPECT(-EBADF, read, 99, buffer, 1);
    EXPECT(-EBADF, read, -1, buffer, 1);
    EXPECT(-EBADF, read, 1, buffer, 1);
    EXPECT(-EBADF, read, 2, buffer, 0);
    EXPECT(-EBADF, read, 1, KERNEL_ADDRESS, 1);
    EXPECT(-EFAULT, read, 0, NULL, 1);
    EXPECT(-EFAULT, read, 0, border, 1);
    EXPECT(-EFAULT, read, 0, "constant", 1);
    EXPECT(-EFAULT, read, 0, KERNEL_ADDRESS, 1);
    EXPECT(-EFAULT, read, 0, buffer, -1);
    EXPECT(-EFAULT, read, 0, KERNEL_ADDRESS, 0);
}

static void ioctl_errors(void)
{
    int count = -1;
    char space[256];

    EXPECT(-EBADF, ioctl, 99, FIONREAD, &count);
    EXPECT(-EFAULT, ioctl, 0, FIONREAD, NULL);
    EXPECT(-ENOTTY, ioctl, 0, TCGETS, space);
    EXPECT(-ENOTTY, ioctl, 1, TCGETS, NULL);
    EXPECT(-ENOTTY, ioctl, 1, TIOCGWINSZ, space);
    EXPECT(-ENOTTY, ioctl, 2, TIOCSPGRP, space);
    EXPECT(-ENOTTY, ioctl, 0, 0xdeadbeef, space);
}

int main(void)
{
    char *border = get_border(), *buffer = border - 16;

    wait_for(10);
    read_errors(buffer, border);
    ioctl_errors();
    EXPECT(3, read, 0, buffer, 3);
    EXPECT(1, read, 0xffffffff00000000, border - 1, 1);
    EXPECT(6, read, 0, buffer + 3, 10);
    say("got %.9s and %.1s", buffer, border - 1);
    EXPECT(0, read, 0, buffer, 10);
    EXPECT(0, read, 0, buffer, 10);
    EXPECT(0, read, 0, NULL, 10);
    wait_for(0);
    return finish();
}
