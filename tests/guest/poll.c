/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/poll.c - poll(2), ppoll(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/guest/child.h"

static char buffer[70000];
static int p[2];

static void states(void)
{
    struct pollfd fds[4] = {{-1, POLLIN, 77}, {99, POLLIN, 0}};

    EXPECT(1, poll, fds, 2, 0);
    CHECK(fds[0].revents == 0 && fds[1].revents == POLLNVAL);
    EXPECT(0, pipe2, p, O_NONBLOCK);
    fds[0] = (struct pollfd){p[0], POLLIN | POLLRDNORM | POLLOUT, 0};
    fds[1] = (struct pollfd){p[1], POLLOUT | POLLWRNORM | POLLIN, 0};
    EXPECT(1, poll, fds, 2, 0);
    say("empty: %x %x", fds[0].revents, fds[1].revents);
    CALL(write, p[1], "x", 1);
    EXPECT(2, poll, fds, 2, -1);
    say("a byte: %x %x", fds[0].revents, fds[1].revents);
    while (CALL(write, p[1], buffer, sizeof(buffer)) > 0)
        ;
    EXPECT(1, poll, fds, 2, 10);
    say("full: %x %x", fds[0].revents, fds[1].revents);
    fds[0].events = fds[1].events = 0;
    EXPECT(0, poll, fds, 2, 0);
    CALL(close, p[1]);
    EXPECT(2, poll, fds, 2, 0);
    say("no writer: %x %x", fds[0].revents, fds[1].revents);
    CALL(close, p[0]);
    EXPECT(0, pipe2, p, 0);
    CALL(close, p[0]);
    fds[1] = (struct pollfd){p[1], POLLOUT, 0};
    EXPECT(1, poll, fds + 1, 1, 0);
    say("no reader: %x", fds[1].revents);
    CALL(close, p[1]);
}

static void errors(void)
{
    struct rlimit limit = {20, 1000};
    struct pollfd fds[30] = {{0, 0, 0}};

    EXPECT(0, poll, NULL, 0, 0);
    EXPECT(-EFAULT, poll, BAD_ADDRESS, 0, 1);
    EXPECT(-EFAULT, poll, NULL, 1, 0);
    EXPECT(-EFAULT, poll, get_border() - 8, 2, 0);
    EXPECT(-EINVAL, poll, fds, -1, 0);
    for (int i = 0; i < 30; i++)
        fds[i].fd = -1;
    EXPECT(0, setrlimit, RLIMIT_NOFILE, &limit);
    EXPECT(-EINVAL, poll, fds, 21, 0);
    EXPECT(0, poll, fds, 20, 0);
}

static int fill_later(long fd)
{
    struct timespec nap = {0, 20000000};

    CALL(nanosleep, &nap, NULL);
    CALL(write, fd, "x", 1);
    return 0;
}

/* More than fit any array of the kernel's own stack. */
static void many(void)
{
    static struct pollfd fds[1200];
    long pid;

    EXPECT(0, pipe2, p, 0);
    for (int i = 0; i < 1000; i++)
        fds[i] = (struct pollfd){i % 3 == 0 ? -1 : p[0], POLLIN, 0};
    EXPECT(0, poll, fds, 1000, 0);
    EXPECT(0, poll, fds, 1000, 5);
    pid = spawn(fill_later, p[1]);
    EXPECT(666, poll, fds, 1000, -1);
    CHECK(fds[0].revents == 0 && fds[1].revents == POLLIN);
    CHECK(fds[998].revents == POLLIN && fds[999].revents == 0);
    reap("writer", pid);
    CALL(close, p[0]);
    CALL(close, p[1]);
}

static volatile int count;

static void note(int number)
{
    (void)number;
    count++;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    struct timespec zero = {0, 0}, second = {1, 0}, bad = {0, 1000000000};
    struct timespec negative = {-1, 0}, left = {50, 0};
    uint64_t alarm = UINT64_C(1) << (SIGALRM - 1), none = 0, now;
    struct pollfd fds[1];
    int64_t start;

    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    EXPECT(0, pipe2, p, 0);
    fds[0] = (struct pollfd){p[0], POLLIN, 0};
    ring_every(20);
    EXPECT(-EINTR, poll, fds, 1, 100000);
    hush();
    CHECK(count >= 1);
    count = 1;
    EXPECT(-EINVAL, ppoll, fds, 1, &bad, NULL, 8);
    EXPECT(-EINVAL, ppoll, fds, 1, &negative, NULL, 8);
    EXPECT(-EFAULT, ppoll, fds, 1, BAD_ADDRESS, NULL, 8);
    EXPECT(-EINVAL, ppoll, fds, 1, &zero, &none, 4);
    EXPECT(-EFAULT, ppoll, fds, 1, &zero, BAD_ADDRESS, 8);
    EXPECT(0, ppoll, fds, 1, &zero, NULL, 8);
    /* A signal that waits is let in for the call alone. */
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &alarm, NULL, 8);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    EXPECT(0, poll, fds, 1, 0);
    CHECK(count == 1);
    EXPECT(-EINTR, ppoll, fds, 1, &second, &none, 8);
    CHECK(count == 2);
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
    CHECK(now == alarm);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    EXPECT(-EINTR, ppoll, fds, 1, &zero, &none, 8);
    CHECK(count == 3);
    /* One that is ready comes before the signal. */
    CALL(write, p[1], "x", 1);
    EXPECT(0, kill, CALL(getpid), SIGALRM);
    EXPECT(1, ppoll, fds, 1, &second, &none, 8);
    CHECK(count == 3);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    CHECK(count == 4);
    /* What is left of the time. */
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(1, ppoll, fds, 1, &left, NULL, 8);
    CHECK(left.tv_sec < 50);
    CHECK(
        is_rest(left.tv_sec * 1000 + left.tv_nsec / 1000000, 50000, start, 1));
    CALL(read, p[0], buffer, 1);
    left = (struct timespec){0, 5000000};
    EXPECT(0, ppoll, fds, 1, &left, NULL, 8);
    CHECK(left.tv_sec == 0 && left.tv_nsec == 0);
}

/* A stop and its end do not shorten the wait. */
static int wait_long(long fd)
{
    struct pollfd fds[1] = {{(int)fd, POLLIN, 0}};

    EXPECT(1, poll, fds, 1, 20000);
    return finish();
}

static void stopped(void)
{
    struct timespec nap = {0, 20000000};
    long pid = spawn(wait_long, p[0]);
    int status;

    CALL(nanosleep, &nap, NULL);
    EXPECT(0, kill, pid, SIGSTOP);
    CHECK(CALL(wait4, pid, &status, WUNTRACED, NULL) == pid);
    EXPECT(0, kill, pid, SIGCONT);
    CALL(nanosleep, &nap, NULL);
    CALL(write, p[1], "x", 1);
    reap("poller", pid);
}

static int body(long unused)
{
    (void)unused;
    states();
    many();
    signals();
    stopped();
    errors();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
