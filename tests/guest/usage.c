/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/usage.c - getrusage(2), times(2).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static long micros(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
           usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static long used(int who)
{
    struct rusage usage;

    memset(&usage, 0xff, sizeof(usage));
    if (CALL(getrusage, who, &usage) != 0)
        return -1;
    return micros(&usage);
}

static int burn(long how_long)
{
    long end = used(RUSAGE_SELF) + how_long;

    while (used(RUSAGE_SELF) < end)
        continue;
    return 0;
}

static void own(void)
{
    long before = used(RUSAGE_SELF);

    CHECK(before >= 0);
    burn(20000);
    CHECK(used(RUSAGE_SELF) >= before + 20000);
    CHECK(used(RUSAGE_THREAD) >= 20000);
}

static void children(void)
{
    struct rusage usage;

    CHECK(used(RUSAGE_CHILDREN) == 0);
    reap("burnt", spawn(burn, 30000));
    CHECK(used(RUSAGE_CHILDREN) >= 30000);
    CHECK(CALL(getrusage, RUSAGE_CHILDREN, &usage) == 0);
    CHECK(usage.ru_minflt > 0);
}

/* What nobody waits for is not counted. */
static void ignored_children(void)
{
    long before = used(RUSAGE_CHILDREN);

    dispose(SIGCHLD, SIG_IGN);
    spawn(burn, 30000);
    EXPECT(-ECHILD, wait4, -1, NULL, 0, NULL);
    CHECK(used(RUSAGE_CHILDREN) == before);
    dispose(SIGCHLD, SIG_DFL);
}

static int burn_in_thread(void *words)
{
    (void)words;
    burn(20000);
    return 0;
}

static void threads(void)
{
    static int words[2] = {0, 1};
    long before = used(RUSAGE_SELF), mine = used(RUSAGE_THREAD);

    start(LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES | LX_CLONE_SIGHAND |
              LX_CLONE_THREAD | LX_CLONE_CHILD_CLEARTID,
          burn_in_thread, words, words);
    await(&words[1], 0);
    CHECK(used(RUSAGE_SELF) >= before + 20000);
    CHECK(used(RUSAGE_THREAD) < mine + 1000000000);
}

static void faults(void)
{
    struct rusage before, after;
    char *pages;

    CALL(getrusage, RUSAGE_SELF, &before);
    pages = get_pages(200, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 200; i++)
        pages[i * PAGE] = 1;
    CALL(getrusage, RUSAGE_SELF, &after);
    CHECK(after.ru_minflt > before.ru_minflt);
    CHECK(after.ru_maxrss >= before.ru_maxrss);
}

static void ticks(void)
{
    struct tms first, second;
    long before = CALL(times, &first), after;

    CHECK(before != -1);
    CHECK(first.tms_utime + first.tms_stime >= 1);
    CHECK(first.tms_cutime + first.tms_cstime >= 1);
    burn(30000);
    after = CALL(times, &second);
    CHECK(after >= before + 2);
    CHECK(second.tms_utime + second.tms_stime >=
          first.tms_utime + first.tms_stime + 2);
    CHECK(CALL(times, NULL) >= after);
    EXPECT(-EFAULT, times, KERNEL_ADDRESS);
}

static void errors(void)
{
    struct rusage usage;

    EXPECT(-EINVAL, getrusage, 2, &usage);
    EXPECT(-EINVAL, getrusage, -2, &usage);
    EXPECT(-EFAULT, getrusage, RUSAGE_SELF, KERNEL_ADDRESS);
    EXPECT(-EFAULT, getrusage, RUSAGE_SELF, NULL);
}

static int body(long unused)
{
    (void)unused;
    own();
    children();
    ignored_children();
    threads();
    faults();
    ticks();
    errors();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
