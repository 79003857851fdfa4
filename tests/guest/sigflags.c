/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sigflags.c - sigaction(2)'s flags: SA_NODEFER, SA_RESETHAND,
 * SA_SIGINFO, sa_mask, SA_NOCLDWAIT, SA_NOCLDSTOP, and unknown bits; which of
 * two signals ends a process.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "tests/guest/child.h"

#ifndef SA_UNSUPPORTED
#define SA_UNSUPPORTED 0x400
#endif

static volatile int depth, deepest, kills, children;
static volatile bool usr2_inside;

static void nest(int number)
{
    int level = ++depth;

    if (level > deepest)
        deepest = level;
    if (level < 3 && kills++ < 2)
        CALL(kill, CALL(getpid), number);
    if (number == SIGUSR1 && level == 1) {
        CALL(kill, CALL(getpid), SIGUSR2);
    }
    depth--;
}

static void note_usr2(int number)
{
    (void)number;
    usr2_inside = depth > 0;
}

static void set(int number, void (*handler)(int), int flags, int masked)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    if (masked != 0)
        sigaddset(&action.sa_mask, masked);
    sigaction(number, &action, NULL);
}

static void nesting(const char *what, int flags, int masked)
{
    depth = deepest = kills = 0;
    usr2_inside = false;
    set(SIGUSR2, note_usr2, 0, 0);
    set(SIGUSR1, nest, flags, masked);
    CALL(kill, CALL(getpid), SIGUSR1);
    while (deepest > 1 && depth > 0)
        continue;
    say("%s: %d deep, SIGUSR2 %s", what, deepest,
        usr2_inside ? "inside" : "after");
    set(SIGUSR1, SIG_IGN, 0, 0);
}

static void once(int number)
{
    struct sigaction now;

    sigaction(number, NULL, &now);
    say("inside: %s, flags %#x", now.sa_handler == SIG_DFL ? "default" : "ours",
        (unsigned)now.sa_flags & 0xffffffu & ~0x4000000u);
}

static int die_by_second(long flags)
{
    set(SIGUSR1, once, (int)flags, 0);
    CALL(kill, CALL(getpid), SIGUSR1);
    CALL(kill, CALL(getpid), SIGUSR1);
    return 5;
}

static void count_child(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    children += info->si_code == CLD_EXITED ? 1
                : info->si_code == CLD_STOPPED || info->si_code == CLD_CONTINUED
                    ? 100
                    : 10000;
}

static int quick(long status)
{
    return (int)status;
}

static int stop_self(long unused)
{
    (void)unused;
    CALL(kill, CALL(getpid), SIGSTOP);
    await(&shared[0], 1);
    return 3;
}

/* SIGCHLD for what wait4(2) told may come later; then the next would be
 * merged with it. */
static void await_children(int count, int flags)
{
    while ((flags & SA_NOCLDSTOP) == 0 && children < count)
        CALL(sched_yield);
}

/* Stops a child, lets it go on and end. */
static void stop_child(const char *what, int flags)
{
    long pid, got;
    int status = -1;

    shared[0] = 0;
    pid = spawn(stop_self, 0);
    while ((got = CALL(wait4, pid, &status, WUNTRACED, NULL)) == -EINTR)
        continue;
    CHECK(got == pid && WIFSTOPPED(status));
    await_children(100, flags);
    CALL(kill, pid, SIGCONT);
    while ((got = CALL(wait4, pid, &status, WCONTINUED, NULL)) == -EINTR)
        continue;
    CHECK(got == pid && WIFCONTINUED(status));
    await_children(200, flags);
    shared[0] = 1;
    do
        got = CALL(wait4, pid, &status, 0, NULL);
    while (got == -EINTR);
    say("%s: after a stop %s, %d", what, got == pid ? "waited" : "gone",
        children);
}

static void child_flags(const char *what, int flags)
{
    struct sigaction action = {.sa_sigaction = count_child,
                               .sa_flags = flags | SA_SIGINFO};
    long pid, got;
    int status = -1;

    children = 0;
    sigaction(SIGCHLD, &action, NULL);
    pid = spawn(quick, 4);
    do
        got = CALL(wait4, pid, &status, 0, NULL);
    while (got == -EINTR);
    say("%s: wait %s, status %#x, %d", what, got == pid ? "works" : "fails",
        (unsigned)status, children);
    CHECK(got == pid || got == -ECHILD);
    stop_child(what, flags);
}

/* SIG_IGN for SIGCHLD does the same; a zombie that is there stays. */
static void ignored(void)
{
    int status = -1;
    long pid;

    dispose(SIGCHLD, SIG_DFL);
    pid = spawn(quick, 9);
    EXPECT(0, waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, NULL);
    dispose(SIGCHLD, SIG_IGN);
    CHECK(CALL(wait4, pid, &status, 0, NULL) == pid && status == 9 << 8);
    spawn(quick, 1);
    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    dispose(SIGCHLD, SIG_DFL);
}

static void unknown_bits(void)
{
    struct kernel_action action = {.handler = nest,
                                   .flags = 0xffffffffffffffff},
                         old;

    action.flags &= ~(unsigned long)SA_UNSUPPORTED;
    EXPECT(0, rt_sigaction, SIGUSR2, &action, NULL, 8);
    EXPECT(0, rt_sigaction, SIGUSR2, NULL, &old, 8);
    say("flags %#lx", old.flags);
    action.flags = SA_UNSUPPORTED;
    EXPECT(0, rt_sigaction, SIGUSR2, &action, NULL, 8);
    EXPECT(0, rt_sigaction, SIGUSR2, NULL, &old, 8);
    say("flags %#lx", old.flags);
    action.mask = ~0ul;
    EXPECT(0, rt_sigaction, SIGUSR2, &action, NULL, 8);
    EXPECT(0, rt_sigaction, SIGUSR2, NULL, &old, 8);
    say("mask %#lx", old.mask);
    EXPECT(-EINVAL, rt_sigaction, SIGKILL, &action, NULL, 8);
    EXPECT(-EINVAL, rt_sigaction, SIGSTOP, &action, NULL, 8);
    EXPECT(0, rt_sigaction, SIGKILL, NULL, &old, 8);
    EXPECT(-EINVAL, rt_sigaction, 0, NULL, &old, 8);
    EXPECT(-EINVAL, rt_sigaction, 65, NULL, &old, 8);
    EXPECT(-EINVAL, rt_sigaction, SIGUSR1, NULL, &old, 4);
    EXPECT(-EFAULT, rt_sigaction, SIGUSR1, KERNEL_ADDRESS, NULL, 8);
    EXPECT(-EFAULT, rt_sigaction, SIGUSR1, NULL, KERNEL_ADDRESS, 8);
}

static int pause_for_good(long unused)
{
    (void)unused;
    for (;;)
        CALL(pause);
    return 0;
}

/* Sent before it can run: the first ends it, unless that leaves a core file or
 * the process is stopped; then the one with the lowest number. */
static void two(int first, int second, bool is_stopped)
{
    struct timespec moment = {0, 2000000};
    long pid = spawn(pause_for_good, 0);
    int status;

    CALL(nanosleep, &moment, NULL);
    if (is_stopped) {
        CALL(kill, pid, SIGSTOP);
        CALL(wait4, pid, &status, 2 /* WUNTRACED */, NULL);
    }
    CALL(kill, pid, first);
    CALL(kill, pid, second);
    CALL(kill, pid, SIGCONT);
    say("%d, then %d%s", first, second, is_stopped ? ", stopped" : "");
    reap("ended by", pid);
}

/* On one CPU, ahead of those children. */
static void pairs(void)
{
    struct sched_param param = {.sched_priority = 1};
    unsigned long one = 1;

    CALL(sched_setaffinity, 0, sizeof(one), &one);
    EXPECT(0, sched_setscheduler, 0, SCHED_FIFO | 0x40000000, &param);
    two(SIGINT, SIGHUP, false);
    two(SIGTERM, SIGINT, false);
    two(34, SIGTERM, false);
    two(SIGQUIT, SIGHUP, false);
    two(SIGTERM, SIGINT, true);
    param.sched_priority = 0;
    EXPECT(0, sched_setscheduler, 0, SCHED_OTHER, &param);
}

static int body(long unused)
{
    (void)unused;
    nesting("plain", 0, 0);
    nesting("SA_NODEFER", SA_NODEFER, 0);
    nesting("masked", 0, SIGUSR2);
    nesting("SA_NODEFER and masked", SA_NODEFER, SIGUSR1);
    reap("SA_RESETHAND", spawn(die_by_second, (long)SA_RESETHAND));
    reap("plain", spawn(die_by_second, 0));
    child_flags("plain", 0);
    child_flags("SA_NOCLDSTOP", SA_NOCLDSTOP);
    child_flags("SA_NOCLDWAIT", SA_NOCLDWAIT);
    ignored();
    unknown_bits();
    pairs();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
