/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sigqueue.c - queued real-time signals (rt_sigqueueinfo(2)): their
 * order, what travels with them, and the alternate stack.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

enum { FIRST = 40, ROOM = 64, STACK = 16384 };

static volatile struct {
    int number, code, value;
} seen[ROOM];
static volatile int count;

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (count < ROOM) {
        seen[count].number = number;
        seen[count].code = info->si_code;
        seen[count].value = info->si_value.sival_int;
    }
    count++;
}

static void show(void)
{
    for (int i = 0; i < count && i < ROOM; i++)
        say("  signal %d code %d value %d", seen[i].number, seen[i].code,
            seen[i].value);
    count = 0;
}

static void fill(siginfo_t *info, int code, int value)
{
    memset(info, 0, sizeof(*info));
    info->si_code = code;
    info->si_pid = 7;
    info->si_value.sival_int = value;
}

static void errors(void)
{
    long self = CALL(getpid);
    siginfo_t info;

    fill(&info, SI_QUEUE, 1);
    EXPECT(-EFAULT, rt_sigqueueinfo, self, FIRST, KERNEL_ADDRESS);
    EXPECT(-EINVAL, rt_sigqueueinfo, self, 65, &info);
    EXPECT(-ESRCH, rt_sigqueueinfo, 0x3fffffff, FIRST, &info);
    EXPECT(0, rt_sigqueueinfo, self, 0, &info);
    EXPECT(-EINVAL, rt_tgsigqueueinfo, 0, self, FIRST, &info);
    EXPECT(-EFAULT, rt_tgsigqueueinfo, self, self, FIRST, KERNEL_ADDRESS);
    EXPECT(-ESRCH, rt_tgsigqueueinfo, self, 0x3fffffff, FIRST, &info);
    fill(&info, SI_USER, 1);
    EXPECT(-EPERM, rt_sigqueueinfo, 0x3fffffff, FIRST, &info);
    fill(&info, SI_TKILL, 1);
    EXPECT(-EPERM, rt_tgsigqueueinfo, self, 0x3fffffff, FIRST, &info);
}

static void ordered(void)
{
    long self = CALL(getpid);
    uint64_t all = ~UINT64_C(0), none = 0;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    siginfo_t info;

    sigfillset(&action.sa_mask);
    for (int i = 0; i < 3; i++)
        CHECK(sigaction(FIRST + i, &action, NULL) == 0);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
    for (int i = 0; i < 9; i++) {
        fill(&info, SI_QUEUE, i);
        EXPECT(0, rt_sigqueueinfo, self, FIRST + 2 - i % 3, &info);
    }
    fill(&info, SI_QUEUE, 9);
    EXPECT(0, rt_tgsigqueueinfo, self, self, FIRST + 1, &info);
    EXPECT(0, rt_sigqueueinfo, self, SIGUSR1, &info);
    fill(&info, SI_QUEUE, 10);
    EXPECT(0, rt_sigqueueinfo, self, SIGUSR1, &info);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    show();
}

/* --- sigaltstack(2) ------------------------------------------------------- */

static char *stack;
static volatile int was_on;

static void look(int number, siginfo_t *info, void *context)
{
    char here;
    stack_t now, other = {.ss_sp = stack, .ss_size = STACK};

    (void)info;
    (void)context;
    was_on = &here > stack && &here < stack + STACK;
    CALL(sigaltstack, NULL, &now);
    say("signal %d, on the stack %d, flags %d", number, was_on, now.ss_flags);
    if (was_on && now.ss_flags == SS_ONSTACK)
        EXPECT(-EPERM, sigaltstack, &other, NULL);
}

static void escape(int number, siginfo_t *info, void *context)
{
    look(number, info, context);
    CALL(exit_group, finish());
}

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char space[1000];

    space[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + space[0];
}

static void stacks(void)
{
    stack_t fresh = {.ss_sp = stack, .ss_size = STACK}, old;
    struct sigaction action = {.sa_sigaction = look,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};
    long self = CALL(getpid);

    EXPECT(0, sigaltstack, NULL, &old);
    CHECK(old.ss_flags == SS_DISABLE);
    EXPECT(-EFAULT, sigaltstack, KERNEL_ADDRESS, NULL);
    EXPECT(-EFAULT, sigaltstack, NULL, KERNEL_ADDRESS);
    fresh.ss_size = 100;
    EXPECT(-ENOMEM, sigaltstack, &fresh, NULL);
    fresh.ss_size = STACK;
    fresh.ss_flags = 8;
    EXPECT(-EINVAL, sigaltstack, &fresh, NULL);
    fresh.ss_flags = 0;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, sigaltstack, &fresh, NULL);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, sigaltstack, NULL, &old);
    CHECK(old.ss_sp == stack && old.ss_size == STACK && old.ss_flags == 0);
    fresh.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
    EXPECT(0, sigaltstack, &fresh, NULL);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, sigaltstack, NULL, &old);
    CHECK(old.ss_flags == fresh.ss_flags);
    fresh.ss_flags = 0;
    EXPECT(0, sigaltstack, &fresh, NULL);
    action.sa_sigaction = escape;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    recurse(0);
}

int main(void)
{
    stack = get_pages(STACK / PAGE, PROT_READ | PROT_WRITE);
    errors();
    ordered();
    stacks();
    say("STILL ALIVE");
    return 1;
}
