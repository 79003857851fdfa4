/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/hog.c - processes that want more memory than there is.
 *
 * For a small machine of its own, never the host: each kind of hog must be
 * killed by SIGKILL while init and a bystander live, and the memory it had must
 * be free again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "core/abi/prctl.h"
#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum {
    MACHINE_MAX = 128 << 20, /* a host with more is none of ours */
    SLACK = 2 << 20,         /* kept in the lists and caches of CPUs */
    FREED_MS = 20000,        /* at most */
    THREADS = 4,
    HOGS = 4
};

static const size_t much = (size_t)1 << 30;

static unsigned long free_bytes(void)
{
    struct sysinfo info;

    CALL(sysinfo, &info);
    return info.freeram * info.mem_unit;
}

static char *reserve(size_t size, int flags)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        CALL(exit_group, 2);
    return at;
}

static void touch(char *at, size_t size)
{
    for (size_t i = 0; i < size; i += PAGE)
        ((volatile char *)at)[i] = 1;
}

static int plain(long unused)
{
    (void)unused;
    touch(reserve(much, MAP_PRIVATE), much);
    return 3;
}

static int common(long unused)
{
    (void)unused;
    touch(reserve(much, MAP_SHARED), much);
    return 3;
}

/* The kernel writes the memory. */
static int by_call(long unused)
{
    char *at = reserve(much, MAP_PRIVATE);

    (void)unused;
    for (size_t i = 0; i < much; i += PAGE)
        CALL(uname, at + i);
    return 3;
}

static int touch_part(void *arg)
{
    touch(arg, much / THREADS);
    return 0;
}

static int with_threads(long unused)
{
    char *at = reserve(much, MAP_PRIVATE);
    const uint64_t flags = LX_CLONE_VM | LX_CLONE_SIGHAND | LX_CLONE_THREAD |
                           LX_CLONE_FS | LX_CLONE_FILES;

    (void)unused;
    for (int i = 1; i < THREADS; i++)
        start(flags, touch_part, at + much / THREADS * (size_t)i, NULL);
    touch_part(at);
    for (;;)
        CALL(pause);
    return 0;
}

/* Copies of what was shared until the fork. */
static int by_fork(long unused)
{
    const size_t size = 16 << 20;
    char *at = reserve(size, MAP_PRIVATE);

    (void)unused;
    touch(at, size);
    for (int i = 0; i < 2 * HOGS; i++)
        if (CALL(fork) == 0) {
            touch(at, size);
            for (;;)
                CALL(pause);
        }
    for (;;)
        CALL(pause);
    return 0;
}

static int wait_for_word(long unused)
{
    char *own = reserve(1 << 20, MAP_PRIVATE);

    (void)unused;
    touch(own, 1 << 20);
    await(&shared[1], 1);
    return 7;
}

static void check_freed(unsigned long before)
{
    int64_t end = clock_ms(CLOCK_MONOTONIC) + FREED_MS;
    bool freed;

    /* What a process had is gone when it is waited for, its stack a bit
     * later. */
    do {
        CALL(sched_yield);
        freed = free_bytes() + SLACK >= before;
    } while (!freed && clock_ms(CLOCK_MONOTONIC) < end);
    if (!freed)
        say("%lu KiB are missing", (before - free_bytes()) / 1024);
    check(freed, "memory is free again");
}

static void run_hogs(const char *what, int (*body)(long arg), int count)
{
    unsigned long before = free_bytes();
    long pids[HOGS];

    for (int i = 0; i < count; i++)
        pids[i] = spawn(body, 0);
    for (int i = 0; i < count; i++)
        reap(what, pids[i]);
    check_freed(before);
}

/* Its parent kills the rest of the family, for memory may suffice for some. */
static void run_family(void)
{
    unsigned long before = free_bytes();
    long pid = CALL(fork);
    int dead = 0, status;

    if (pid == 0) {
        CALL(setpgid, 0, 0);
        CALL(exit_group, by_fork(0));
    }
    CALL(prctl, LX_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    while (CALL(wait4, -1, &status, WNOHANG, NULL) <= 0)
        CALL(sched_yield);
    dead++;
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
          "family: killed by SIGKILL");
    CALL(kill, -pid, SIGKILL);
    while (CALL(wait4, -1, &status, 0, NULL) > 0)
        dead++;
    check_freed(before);
}

static int run_all(long unused)
{
    (void)unused;
    run_hogs("plain", plain, 1);
    run_hogs("by a call", by_call, 1);
    run_hogs("with threads", with_threads, 1);
    run_hogs("shared", common, 1);
    run_hogs("several", plain, HOGS);
    return finish();
}

int main(void)
{
    struct sysinfo info;
    long bystander;

    CALL(sysinfo, &info);
    if (CALL(getpid) != 1 || info.totalram * info.mem_unit > MACHINE_MAX)
        return 4;
    share();
    bystander = spawn(wait_for_word, 0);
    if (run_all(0) != 0)
        return 1;
    shared[1] = 1;
    reap("bystander", bystander);
    run_family();
    return finish();
}
