/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/bounds.c - what there may be of processes, and what the dead
 * cost. For a small machine of its own, never the host.
 */
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum {
    MACHINE_MAX = 128 << 20, /* a host with more is none of ours */
    ZOMBIES = 200,
    ZOMBIE_BYTES = 8192, /* with the slack of caches, in checked builds */
    FREED_MS = 20000,    /* at most */
    THREADS_MAX = 33000,
    STACK = 4096
};

static unsigned long free_bytes(void)
{
    struct sysinfo info;

    CALL(sysinfo, &info);
    return info.freeram * info.mem_unit;
}

static int end_at_once(long unused)
{
    (void)unused;
    return 0;
}

static void make_zombies(long count)
{
    for (long i = 0; i < count; i++) {
        char info[128];
        long pid = spawn(end_at_once, 0);

        CALL(waitid, 1 /* P_PID */, pid, info, WEXITED | WNOWAIT, NULL);
    }
}

static void reap_all(void)
{
    while (CALL(wait4, -1, NULL, 0, NULL) > 0)
        ;
}

/* Nothing is left of a process but its number, status and usage; its stack goes
 * a bit after its end, on whatever CPU it was. */
static void zombies(void)
{
    unsigned long before, cost;
    int64_t end;

    make_zombies(ZOMBIES); /* caches have what they keep from here on */
    reap_all();
    before = free_bytes();
    make_zombies(ZOMBIES);
    end = clock_ms(CLOCK_MONOTONIC) + FREED_MS;
    do {
        CALL(sched_yield);
        cost = before - free_bytes();
    } while ((long)cost > (long)ZOMBIES * ZOMBIE_BYTES &&
             clock_ms(CLOCK_MONOTONIC) < end);
    if ((long)cost > (long)ZOMBIES * ZOMBIE_BYTES)
        say("%lu bytes a zombie", cost / ZOMBIES);
    check((long)cost <= (long)ZOMBIES * ZOMBIE_BYTES, "zombies are small");
    reap_all();
}

static volatile int may_end;

static int wait_for_end(void *unused)
{
    (void)unused;
    while (!may_end)
        CALL(futex, &may_end, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
    return 0;
}

/* Makes threads until there may be no more, then lets all end. */
static void threads(void)
{
    const uint64_t flags = LX_CLONE_VM | LX_CLONE_SIGHAND | LX_CLONE_THREAD |
                           LX_CLONE_FS | LX_CLONE_FILES;
    const void *run_and_arg[2] = {(const void *)wait_for_end, NULL};
    char *stacks =
        mmap(NULL, (size_t)STACK * THREADS_MAX, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    long count = 0, got = 1;

    may_end = 0;
    while (count < THREADS_MAX && got > 0) {
        char *stack = stacks + (size_t)STACK * (size_t)count;

        got = clone_onto(flags, stack + STACK, NULL, NULL, run_and_arg);
        count += got > 0;
    }
    check(got == -EAGAIN, "a bound of threads in all is EAGAIN");
    check(count >= 60, "there are many");
    got = CALL(fork);
    check(got == -EAGAIN, "for processes too");
    may_end = 1;
    CALL(futex, &may_end, 1 /* FUTEX_WAKE */, THREADS_MAX, NULL, NULL, 0);
}

static int run_threads(long unused)
{
    (void)unused;
    threads();
    return finish();
}

int main(void)
{
    struct sysinfo info;

    CALL(sysinfo, &info);
    if (CALL(getpid) != 1 || info.totalram * info.mem_unit > MACHINE_MAX)
        return 4;
    zombies();
    for (int i = 0; i < 3; i++)
        reap("threads", spawn(run_threads, 0));
    return finish();
}
