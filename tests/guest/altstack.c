/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/altstack.c - sigaltstack(2): sizes, flags, SS_AUTODISARM, nested
 * handlers, a stack that is too small, an overflow of the program's own.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/child.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

enum { SIZE = 64 * 1024, LEAST = 2048 };

static char *area;
static volatile int depth, on_area[4];
static stack_t seen;
static volatile long changed;

static bool is_on(const void *at, const char *base)
{
    return (const char *)at >= base && (const char *)at < base + SIZE;
}

static void set(void *at, size_t size, int flags)
{
    stack_t stack = {.ss_sp = at, .ss_size = size, .ss_flags = flags};

    if (CALL(sigaltstack, &stack, NULL) != 0)
        say("cannot be set");
}

static void show_seen(const char *what)
{
    say("%s: flags %#x, base %s, size %zu", what, (unsigned)seen.ss_flags,
        seen.ss_sp == area   ? "ours"
        : seen.ss_sp == NULL ? "none"
                             : "another",
        seen.ss_size);
}

static void errors(void)
{
    stack_t stack = {.ss_sp = area, .ss_size = SIZE};

    EXPECT(0, sigaltstack, NULL, &seen);
    show_seen("at first");
    EXPECT(-EFAULT, sigaltstack, KERNEL_ADDRESS, NULL);
    EXPECT(-EFAULT, sigaltstack, NULL, KERNEL_ADDRESS);
    stack.ss_size = LEAST - 1;
    EXPECT(-ENOMEM, sigaltstack, &stack, NULL);
    stack.ss_size = SIZE;
    stack.ss_flags = 4;
    EXPECT(-EINVAL, sigaltstack, &stack, NULL);
    stack.ss_flags = (int)(SS_AUTODISARM | 4);
    EXPECT(-EINVAL, sigaltstack, &stack, NULL);
    stack.ss_flags = SS_ONSTACK; /* taken for none */
    EXPECT(0, sigaltstack, &stack, NULL);
    EXPECT(0, sigaltstack, NULL, &seen);
    show_seen("set");
    stack.ss_flags = SS_DISABLE;
    EXPECT(0, sigaltstack, &stack, &seen);
    show_seen("before it is disabled");
    EXPECT(0, sigaltstack, NULL, &seen);
    show_seen("disabled");
}

static void handle(int number)
{
    stack_t stack = {.ss_sp = area, .ss_size = SIZE};
    char here;
    int level = depth++;

    on_area[level] = is_on(&here, area);
    if (level == 0) {
        CALL(sigaltstack, NULL, &seen);
        changed = CALL(sigaltstack, &stack, NULL);
    }
    if (number == SIGUSR1)
        CALL(kill, CALL(getpid), SIGUSR2);
}

static void handler(int number, int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

    sigaction(number, &action, NULL);
}

static void nested(const char *what, int flags)
{
    depth = 0;
    set(area, SIZE, flags);
    CALL(kill, CALL(getpid), SIGUSR1);
    say("%s: %d handlers, on the stack %d %d, changed %ld", what, depth,
        on_area[0], on_area[1], changed);
    show_seen("inside");
    CALL(sigaltstack, NULL, &seen);
    show_seen("after");
}

static sigjmp_buf back;
static volatile bool on_it;

static void leap(int number, siginfo_t *info, void *context)
{
    char here;

    (void)number;
    (void)info;
    (void)context;
    on_it = is_on(&here, area);
    siglongjmp(back, 1);
}

static int recurse(volatile char *before)
{
    volatile char room[1024];

    room[0] = room[1] = before[0];
    if (before[1] != 0)
        return 1;
    return room[0] + recurse(room) + before[1];
}

static void overflow(void)
{
    struct sigaction action = {.sa_sigaction = leap,
                               .sa_flags = SA_ONSTACK | SA_SIGINFO};
    volatile char start[2] = {0, 0};

    sigaction(SIGSEGV, &action, NULL);
    set(area, SIZE, 0);
    for (volatile int i = 0; i < 3; i++) {
        on_it = false;
        if (sigsetjmp(back, 1) == 0)
            recurse(start);
        CHECK(on_it);
    }
}

/* No room for the frame: the program ends. */
static int too_small(long unused)
{
    stack_t stack = {.ss_size = LEAST};
    char *page = get_pages(3, PROT_READ | PROT_WRITE);

    (void)unused;
    CALL(mprotect, page, PAGE, PROT_NONE);
    stack.ss_sp = page;
    CALL(sigaltstack, &stack, NULL);
    handler(SIGUSR1, SA_ONSTACK);
    CALL(kill, CALL(getpid), SIGUSR1);
    return 0;
}

static int in_child(long unused)
{
    (void)unused;
    CALL(sigaltstack, NULL, &seen);
    return seen.ss_sp == area && seen.ss_size == SIZE ? 0 : 1;
}

static int in_thread(void *unused)
{
    (void)unused;
    CALL(sigaltstack, NULL, &seen);
    shared[0] = seen.ss_flags;
    shared[1] = 1;
    return 0;
}

int main(void)
{
    share();
    area = get_pages(SIZE / PAGE, PROT_READ | PROT_WRITE);
    errors();
    handler(SIGUSR1, SA_ONSTACK);
    handler(SIGUSR2, SA_ONSTACK);
    nested("plain", 0);
    nested("disarmed", (int)SS_AUTODISARM);
    overflow();
    reap("too small", spawn(too_small, 0));
    reap("fork keeps it", spawn(in_child, 0));
    CHECK(start(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, in_thread, NULL,
                NULL) > 0);
    await(&shared[1], 1);
    CHECK(shared[0] == SS_DISABLE);
    return finish();
}
