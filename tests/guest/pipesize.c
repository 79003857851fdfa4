/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pipesize.c - a pipe's size and packets: F_SETPIPE_SZ of fcntl(2),
 * O_DIRECT of pipe(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/guest/child.h"

static char buffer[70000];

static void sizes(void)
{
    int p[2];

    EXPECT(0, pipe2, p, O_NONBLOCK);
    EXPECT(65536, fcntl, p[0], F_GETPIPE_SZ);
    EXPECT(65536, fcntl, p[1], F_GETPIPE_SZ);
    EXPECT(4096, fcntl, p[0], F_SETPIPE_SZ, 0);
    EXPECT(4096, fcntl, p[0], F_SETPIPE_SZ, 1);
    EXPECT(4096, write, p[1], buffer, 5000);
    EXPECT(-EAGAIN, write, p[1], buffer, 1);
    EXPECT(8192, fcntl, p[0], F_SETPIPE_SZ, 4097);
    EXPECT(4096, write, p[1], buffer, 5000);
    EXPECT(-EBUSY, fcntl, p[0], F_SETPIPE_SZ, 4096);
    EXPECT(4096, read, p[0], buffer, 4096);
    EXPECT(4096, fcntl, p[0], F_SETPIPE_SZ, 4096);
    EXPECT(1 << 20, fcntl, p[0], F_SETPIPE_SZ, 1 << 20);
    EXPECT(4096, read, p[0], buffer, 5000);
    EXPECT(70000, write, p[1], buffer, 70000);
    EXPECT(131072, fcntl, p[1], F_SETPIPE_SZ, 70000);
    EXPECT(70000, read, p[0], buffer, 70000);
    EXPECT(-EINVAL, fcntl, p[0], F_SETPIPE_SZ, 0x80000001);
    EXPECT(-EBADF, fcntl, 0x7777, F_GETPIPE_SZ);
    CALL(close, p[0]);
    CALL(close, p[1]);
}

/* Somebody without privileges may not have more than a MiB. */
static int poor(long unused)
{
    int p[2];

    (void)unused;
    EXPECT(0, pipe2, p, 0);
    EXPECT(0, setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, fcntl, p[0], F_SETPIPE_SZ, 2 << 20);
    EXPECT(1 << 20, fcntl, p[0], F_SETPIPE_SZ, 1 << 20);
    return finish();
}

static void packets(void)
{
    int p[2];

    EXPECT(0, pipe2, p, O_DIRECT | O_NONBLOCK);
    EXPECT(O_NONBLOCK, fcntl, p[0], F_GETFL);
    EXPECT(O_DIRECT | O_NONBLOCK | O_WRONLY, fcntl, p[1], F_GETFL);
    EXPECT(3, write, p[1], "one", 3);
    EXPECT(5, write, p[1], "three", 5);
    EXPECT(3, read, p[0], buffer, 100);
    EXPECT(2, read, p[0], buffer, 2);
    EXPECT(-EAGAIN, read, p[0], buffer, 100);
    EXPECT(5000, write, p[1], buffer, 5000);
    EXPECT(4096, read, p[0], buffer, 70000);
    EXPECT(904, read, p[0], buffer, 70000);
    for (int i = 0; i < 16; i++)
        CALL(write, p[1], buffer, 1);
    EXPECT(-EAGAIN, write, p[1], buffer, 1);
    EXPECT(1, read, p[0], buffer, 70000);
    EXPECT(1, write, p[1], buffer, 1);
    CALL(close, p[0]);
    CALL(close, p[1]);
}

static int body(long unused)
{
    (void)unused;
    sizes();
    reap("poor", spawn(poor, 0));
    packets();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
