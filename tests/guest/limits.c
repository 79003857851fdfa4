/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/limits.c - getrlimit(2), setrlimit(2), prlimit(2), and limits
 * that hold: processes, descriptors, address space, stack.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

static void show(int resource, const char *name)
{
    struct rlimit limit = {1, 2};

    CALL(getrlimit, resource, &limit);
    say("%s: %lld %lld", name, (long long)limit.rlim_cur,
        (long long)limit.rlim_max);
}

static int set(int resource, unsigned long soft, unsigned long hard)
{
    struct rlimit limit = {soft, hard};

    return (int)CALL(setrlimit, resource, &limit);
}

static int change(long unused)
{
    struct rlimit limit = {4096, 8192}, old;

    (void)unused;
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    show(RLIMIT_FSIZE, "RLIMIT_FSIZE");
    limit.rlim_max = 4096;
    EXPECT(0, prlimit64, 0, RLIMIT_FSIZE, &limit, &old);
    CHECK(old.rlim_cur == 4096 && old.rlim_max == 8192);
    EXPECT(0, prlimit64, CALL(getpid), RLIMIT_FSIZE, NULL, &old);
    CHECK(old.rlim_cur == 4096 && old.rlim_max == 4096);
    EXPECT(0, prlimit64, CALL(getppid), RLIMIT_CPU, NULL, &old);
    CHECK(old.rlim_max == RLIM_INFINITY);
    limit.rlim_cur = 5000;
    EXPECT(-EINVAL, setrlimit, RLIMIT_FSIZE, &limit);
    EXPECT(-EINVAL, setrlimit, 16, &limit);
    EXPECT(-EINVAL, getrlimit, 16, &limit);
    EXPECT(-EINVAL, getrlimit, -1, &limit);
    EXPECT(-EFAULT, setrlimit, RLIMIT_FSIZE, KERNEL_ADDRESS);
    EXPECT(-EFAULT, getrlimit, RLIMIT_FSIZE, KERNEL_ADDRESS);
    CALL(setresuid, 1000, 1000, 1000);
    CHECK(set(RLIMIT_FSIZE, 4096, 4097) == -EPERM);
    CHECK(set(RLIMIT_FSIZE, 100, 4096) == 0);
    CHECK(set(RLIMIT_FSIZE, 4096, 4096) == 0);
    CHECK(set(RLIMIT_FSIZE, 100, 100) == 0);
    CHECK(set(RLIMIT_FSIZE, 101, 101) == -EPERM);
    EXPECT(-EPERM, prlimit64, CALL(getppid), RLIMIT_CPU, NULL, &old);
    return finish();
}

static int inherit(long unused)
{
    (void)unused;
    show(RLIMIT_CORE, "inherited");
    return 0;
}

static int processes(long unused)
{
    int ended = 0, status;
    long pid;

    (void)unused;
    CALL(setresuid, 54321, 54321, 54321);
    CHECK(set(RLIMIT_NPROC, 3, 3) == 0);
    pid = CALL(fork);
    if (pid == 0) {
        await(&shared[1], 1);
        CALL(exit_group, 1);
    }
    CHECK(pid > 0);
    pid = CALL(fork);
    if (pid == 0) {
        await(&shared[1], 1);
        CALL(exit_group, 1);
    }
    CHECK(pid > 0);
    EXPECT(-EAGAIN, fork);
    EXPECT(-EAGAIN, vfork);
    shared[1] = 1;
    while (CALL(wait4, -1, &status, 0, NULL) > 0)
        ended += WEXITSTATUS(status);
    CHECK(ended == 2);
    reap("again", spawn(inherit, 0));
    return finish();
}

static int descriptors(long unused)
{
    (void)unused;
    CHECK(set(RLIMIT_NOFILE, 6, 6) == 0);
    EXPECT(3, dup, 1);
    EXPECT(4, dup, 1);
    EXPECT(5, dup, 1);
    EXPECT(-EMFILE, dup, 1);
    EXPECT(-EMFILE, fcntl, 1, 0, 3);
    EXPECT(-EINVAL, fcntl, 1, 0, 6);
    EXPECT(-EBADF, dup2, 1, 6);
    EXPECT(5, dup2, 1, 5);
    EXPECT(0, close, 4);
    EXPECT(4, dup, 1);
    CHECK(set(RLIMIT_NOFILE, 0, 6) == 0);
    EXPECT(-EMFILE, dup, 1);
    EXPECT(0, close, 5);
    return finish();
}

static int memory(long unused)
{
    (void)unused;
    CHECK(set(RLIMIT_AS, 64 << 20, 64 << 20) == 0);
    EXPECT(-ENOMEM, mmap, NULL, 65 << 20, PROT_READ,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(CALL(mmap, NULL, 8 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) > 0);
    return finish();
}

static int use_stack(int depth)
{
    volatile char page[4096];

    page[0] = (char)depth;
    return depth == 0 ? page[0] : use_stack(depth - 1) + page[0];
}

static int deep(long pages)
{
    return use_stack((int)pages) != -1 ? 0 : 1;
}

static void stacks(void)
{
    reap("1000 pages", spawn(deep, 1000));
    reap("4000 pages", spawn(deep, 4000));
}

static int body(long unused)
{
    (void)unused;
    reap("change", spawn(change, 0));
    CHECK(set(RLIMIT_CORE, 7, 8) == 0);
    reap("inherit", spawn(inherit, 0));
    reap("processes", spawn(processes, 0));
    reap("descriptors", spawn(descriptors, 0));
    reap("memory", spawn(memory, 0));
    stacks();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
