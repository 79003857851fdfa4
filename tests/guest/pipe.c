/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pipe.c - pipes: pipe2(2), pipe(7).
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/guest/child.h"

static char buffer[70000];

static long queued(int fd)
{
    int count = -1;

    CALL(ioctl, fd, FIONREAD, &count);
    return count;
}

static void make(void)
{
    int p[2];

    EXPECT(-EFAULT, pipe, BAD_ADDRESS);
    EXPECT(-EFAULT, pipe2, NULL, 0);
    EXPECT(-EINVAL, pipe2, p, O_APPEND);
    EXPECT(0, pipe, p);
    CHECK(p[0] == 3 && p[1] == 4);
    EXPECT(0, fcntl, p[0], F_GETFD);
    EXPECT(O_RDONLY, fcntl, p[0], F_GETFL);
    EXPECT(O_WRONLY, fcntl, p[1], F_GETFL);
    EXPECT(-EBADF, write, p[0], "x", 1);
    EXPECT(-EBADF, read, p[1], buffer, 1);
    EXPECT(0, close, p[0]);
    EXPECT(0, close, p[1]);
    EXPECT(0, pipe2, p, O_CLOEXEC | O_NONBLOCK);
    EXPECT(1, fcntl, p[0], F_GETFD);
    EXPECT(1, fcntl, p[1], F_GETFD);
    EXPECT(O_NONBLOCK, fcntl, p[0], F_GETFL);
    EXPECT(O_NONBLOCK | O_WRONLY, fcntl, p[1], F_GETFL);
    EXPECT(-ENOTTY, ioctl, p[0], 0x5401, buffer);
    CALL(close, p[0]);
    CALL(close, p[1]);
}

static void bytes(void)
{
    int p[2];

    EXPECT(0, pipe2, p, O_NONBLOCK);
    EXPECT(-EAGAIN, read, p[0], buffer, 10);
    EXPECT(0, read, p[0], buffer, 0);
    EXPECT(0, write, p[1], buffer, 0);
    EXPECT(5, write, p[1], "hello", 5);
    EXPECT(6, write, p[1], " world", 6);
    CHECK(queued(p[0]) == 11 && queued(p[1]) == 11);
    EXPECT(4, read, p[0], buffer, 4);
    EXPECT(7, read, p[0], buffer + 4, 100);
    CHECK(memcmp(buffer, "hello world", 11) == 0);
    EXPECT(-EFAULT, write, p[1], BAD_ADDRESS, 5);
    EXPECT(-EFAULT, write, p[1], get_border() - 3, 5);
    CHECK(queued(p[0]) == 0);
    EXPECT(5, write, p[1], "12345", 5);
    EXPECT(-EFAULT, read, p[0], BAD_ADDRESS, 5);
    EXPECT(5, read, p[0], buffer, 5);
    EXPECT(-EFAULT, ioctl, p[0], FIONREAD, NULL);
    EXPECT(1, write, p[1], "x", 1);
    EXPECT(0, close, p[1]);
    EXPECT(1, read, p[0], buffer, 5);
    EXPECT(0, read, p[0], buffer, 5);
    CALL(close, p[0]);
}

/* How much a pipe takes, by size of the writes. */
static void fill(size_t size)
{
    long all = 0, done, last = 0;
    int p[2];

    EXPECT(0, pipe2, p, O_NONBLOCK);
    while ((done = CALL(write, p[1], buffer, size)) > 0) {
        all += done;
        last = done;
    }
    say("writes of %zu: %ld in all, the last %ld, then %ld", size, all, last,
        done);
    say("queued %ld", queued(p[0]));
    say("one page less: %ld", CALL(read, p[0], buffer, 4095));
    say("write %ld", CALL(write, p[1], buffer, 1));
    say("one more: %ld", CALL(read, p[0], buffer, 1));
    say("write %ld", CALL(write, p[1], buffer, size));
    CALL(close, p[0]);
    CALL(close, p[1]);
}

static volatile int broken;

static void note(int number)
{
    broken += number == SIGPIPE;
}

static void nobody_reads(void)
{
    struct sigaction action = {.sa_handler = note};
    int p[2];

    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    EXPECT(0, pipe, p);
    EXPECT(0, close, p[0]);
    EXPECT(-EPIPE, write, p[1], "x", 1);
    CHECK(broken == 1);
    EXPECT(0, write, p[1], "x", 0);
    CHECK(broken == 1);
    dispose(SIGPIPE, SIG_IGN);
    EXPECT(-EPIPE, write, p[1], "x", 1);
    CHECK(broken == 1);
    CALL(close, p[1]);
}

/* The reader goes while a long write waits for room: what was written counts,
 * and the signal comes all the same. */
static int take_a_page(long fd)
{
    CALL(read, fd, buffer, 4096);
    while (queued((int)fd) < 65536) /* until the room is used */
        CALL(sched_yield);
    return 0;
}

static void reader_goes(void)
{
    struct sigaction action = {.sa_handler = note};
    int p[2];
    long pid;

    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    broken = 0;
    EXPECT(0, pipe, p);
    pid = spawn(take_a_page, p[0]);
    EXPECT(0, close, p[0]);
    EXPECT(65536 + 4096, write, p[1], buffer, 70000);
    CHECK(broken == 1);
    reap("reader", pid);
    CALL(close, p[1]);
}

static int body(long unused)
{
    (void)unused;
    make();
    bytes();
    fill(1);
    fill(1000);
    fill(4095);
    fill(4096);
    fill(4097);
    fill(70000);
    nobody_reads();
    reader_goes();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
