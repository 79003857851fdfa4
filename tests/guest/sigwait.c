/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sigwait.c - waiting for signals, and calls that they cut short:
 * sigtimedwait(2), sigsuspend(2), pause(2), SA_RESTART on read(2).
 *
 * Argument `read`: reads stdin, which comes late; a timer's signals come first.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/guest.h"

static volatile int count;

static void note(int number)
{
    (void)number;
    count++;
}

static void handle(int number, int flags)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};

    CHECK(sigaction(number, &action, NULL) == 0);
}

static void after(int ms)
{
    struct itimerval once = {{0, 0}, {0, ms * 1000}};

    CALL(setitimer, ITIMER_REAL, &once, NULL);
}

static uint64_t bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

static void timed(void)
{
    uint64_t set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGALRM);
    uint64_t usr1 = bit(SIGUSR1), none = 0;
    struct timespec zero = {0, 0}, short_time = {0, 10000000};
    struct timespec bad = {0, -1}, long_time = {100, 0};
    long self = CALL(getpid);
    siginfo_t info;

    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    EXPECT(-EINVAL, rt_sigtimedwait, &set, &info, &zero, 4);
    EXPECT(-EINVAL, rt_sigtimedwait, &set, &info, &bad, 8);
    EXPECT(-EFAULT, rt_sigtimedwait, KERNEL_ADDRESS, &info, &zero, 8);
    EXPECT(-EAGAIN, rt_sigtimedwait, &set, &info, &zero, 8);
    EXPECT(-EAGAIN, rt_sigtimedwait, &set, &info, &short_time, 8);
    EXPECT(0, kill, self, SIGUSR2);
    EXPECT(-EAGAIN, rt_sigtimedwait, &usr1, &info, &zero, 8);
    EXPECT(SIGUSR2, rt_sigtimedwait, &set, &info, &zero, 8);
    CHECK(info.si_signo == SIGUSR2 && info.si_pid == self);
    EXPECT(-EAGAIN, rt_sigtimedwait, &set, NULL, &zero, 8);
    after(20);
    EXPECT(SIGALRM, rt_sigtimedwait, &set, &info, NULL, 8);
    CHECK(info.si_code == SI_KERNEL);
    handle(SIGALRM, SA_RESTART);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    ring_every(20);
    EXPECT(-EINTR, rt_sigtimedwait, &usr1, NULL, &long_time, 8);
    hush();
    CHECK(count >= 1);
}

static void suspended(void)
{
    uint64_t set = bit(SIGALRM), none = 0, now = 0;

    count = 0;
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    EXPECT(-EINVAL, rt_sigsuspend, &none, 4);
    EXPECT(-EFAULT, rt_sigsuspend, KERNEL_ADDRESS, 8);
    after(20);
    EXPECT(-EINTR, rt_sigsuspend, &none, 8);
    CHECK(count == 1);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, &now, 8);
    CHECK(now == set);
    ring_every(20);
    EXPECT(-EINTR, pause);
    hush();
    CHECK(count >= 2);
}

enum { ASKS_AT = 3 };

/* Asks for the byte, but not at once: the read waits by then. */
static void note_and_ask(int number)
{
    note(number);
    if (count == ASKS_AT)
        CALL(write, 2, "waiting\n", 8);
}

/* The timer goes off while the read waits: that ends it. */
static void interrupted(void)
{
    char byte;

    handle(SIGALRM, 0);
    ring_every(20);
    EXPECT(-EINTR, read, 0, &byte, 1);
    hush();
    CHECK(count >= 1);
}

/* Or it goes on. */
static void restarted(void)
{
    struct sigaction action = {.sa_handler = note_and_ask,
                               .sa_flags = SA_RESTART};
    char byte;

    count = 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    ring_every(20);
    EXPECT(1, read, 0, &byte, 1);
    hush();
    CHECK(count >= ASKS_AT);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "read") == 0) {
        interrupted();
        restarted();
        return finish();
    }
    timed();
    suspended();
    return finish();
}
