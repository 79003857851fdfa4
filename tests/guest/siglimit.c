/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/siglimit.c - queues of signals: real-time ones in order of number
 * and time, with their values, up to RLIMIT_SIGPENDING; standard ones once.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

enum { LIMIT = 20, USER = 54398 };

#define BIT(n) (UINT64_C(1) << ((n)-1))

static void block(uint64_t set)
{
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

static long queue(int number, int value)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    info.si_pid = (int)CALL(getpid);
    info.si_uid = (unsigned)CALL(getuid);
    info.si_value.sival_int = value;
    return CALL(rt_sigqueueinfo, CALL(getpid), number, &info);
}

/* The next of a set, with its value; 0: none is pending. */
static void show_next(uint64_t set)
{
    struct timespec none = {0, 0};
    siginfo_t info;
    long number = CALL(rt_sigtimedwait, &set, &info, &none, 8);

    if (number > 0)
        say("signal %ld, code %d, value %d", number, info.si_code,
            info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
    else
        say("none: %ld", number);
}

static void order(void)
{
    uint64_t pending = 0;

    block(~UINT64_C(0));
    CHECK(queue(40, 1) == 0 && queue(36, 2) == 0 && queue(40, 3) == 0);
    CHECK(queue(SIGUSR2, 4) == 0 && queue(SIGUSR1, 5) == 0);
    CHECK(queue(SIGUSR1, 6) == 0); /* it is there: this one is lost */
    CHECK(queue(36, 7) == 0);
    EXPECT(0, rt_sigpending, &pending, 8);
    CHECK(pending == (BIT(40) | BIT(36) | BIT(SIGUSR1) | BIT(SIGUSR2)));
    show_next(BIT(40) | BIT(36));
    show_next(~UINT64_C(0));
    show_next(~UINT64_C(0));
    for (int i = 0; i < 4; i++)
        show_next(~UINT64_C(0));
    show_next(~UINT64_C(0));
}

static int handled[8], count;

static void handle(int number, siginfo_t *info, void *context)
{
    (void)context;
    handled[count++] = number * 100 + info->si_value.sival_int;
}

/* All at once: the lowest number's handler runs first, nothing between. */
static void handlers(void)
{
    static const int numbers[] = {44, 41, 44, 42};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};

    sigfillset(&action.sa_mask);
    for (int i = 41; i < 45; i++)
        sigaction(i, &action, NULL);
    for (int i = 0; i < 4; i++)
        queue(numbers[i], i);
    block(0);
    for (int i = 0; i < count; i++)
        say("handled %d", handled[i]);
    block(~UINT64_C(0));
}

static int limited(long unused)
{
    struct rlimit limit = {LIMIT, LIMIT};
    int queued = 0;

    (void)unused;
    block(~UINT64_C(0));
    CALL(setresuid, USER, USER, USER);
    EXPECT(0, setrlimit, RLIMIT_SIGPENDING, &limit);
    while (queued < 2 * LIMIT && queue(50, queued) == 0)
        queued++;
    CHECK(queued == LIMIT);
    CHECK(queue(50, 0) == -EAGAIN);
    CHECK(queue(51, 0) == -EAGAIN);
    /* kill always comes, though perhaps without its sender. */
    EXPECT(0, kill, CALL(getpid), SIGUSR2);
    EXPECT(0, kill, CALL(getpid), 52);
    show_next(BIT(50));
    CHECK(queue(50, 99) == 0);
    CHECK(queue(50, 0) == -EAGAIN);
    for (int i = 0; i < LIMIT - 1; i++)
        show_next(BIT(50));
    show_next(BIT(50));
    show_next(BIT(50));
    show_next(BIT(52));
    show_next(BIT(SIGUSR2));
    return finish();
}

/* Others' signals: who may say what they are. */
static void forged(void)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = SI_USER;
    EXPECT(0, rt_sigqueueinfo, CALL(getpid), 0, &info);
    EXPECT(-EINVAL, rt_sigqueueinfo, CALL(getpid), 65, &info);
    EXPECT(-EPERM, rt_sigqueueinfo, 999999, 40, &info);
    EXPECT(-EFAULT, rt_sigqueueinfo, CALL(getpid), 40, KERNEL_ADDRESS);
    EXPECT(-EPERM, rt_sigqueueinfo, CALL(getppid), 0, &info);
    info.si_code = SI_TKILL;
    EXPECT(-EPERM, rt_sigqueueinfo, CALL(getppid), 0, &info);
    info.si_code = SI_QUEUE;
    EXPECT(-ESRCH, rt_sigqueueinfo, 999999, 40, &info);
    EXPECT(0, rt_sigqueueinfo, CALL(getppid), 0, &info);
    EXPECT(-EINVAL, rt_tgsigqueueinfo, 0, CALL(gettid), 40, &info);
    EXPECT(-ESRCH, rt_tgsigqueueinfo, CALL(getppid), CALL(gettid), 40, &info);
}

static int body(long unused)
{
    (void)unused;
    order();
    handlers();
    forged();
    reap("limited", spawn(limited, 0));
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
