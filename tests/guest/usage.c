/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/usage.c - getrusage(2), times(2), and timers on time used.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

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

static long part(int who, bool is_system)
{
    struct rusage usage;

    if (CALL(getrusage, who, &usage) != 0)
        return -1;
    return is_system ? usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec
                     : usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec;
}

/* Uses that much user or system time: some of the other too, so long as it
 * takes. */
static void burn_part(bool is_system, long how_long)
{
    static char bytes[16 * PAGE];
    long end = part(RUSAGE_SELF, is_system) + how_long;

    while (part(RUSAGE_SELF, is_system) < end) {
        if (is_system)
            CALL(getrandom, bytes, sizeof(bytes), 0);
        else
            for (volatile int i = 0; i < 100; i++)
                continue;
    }
}

/* User and system time, each grows, and they are all there is. */
static void parts(void)
{
    long user = part(RUSAGE_SELF, false), system = part(RUSAGE_SELF, true);
    struct timespec all;

    burn_part(false, 5000);
    CHECK(part(RUSAGE_SELF, false) >= user + 5000);
    burn_part(true, 5000);
    CHECK(part(RUSAGE_SELF, true) >= system + 5000);
    CHECK(part(RUSAGE_THREAD, true) >= 5000);
    user = used(RUSAGE_SELF);
    CALL(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &all);
    /* Linux scales what its ticks saw. */
    CHECK(all.tv_sec * 1000000 + all.tv_nsec / 1000 >= user - 20000);
}

static volatile int alarms;

static void note_alarm(int number)
{
    (void)number;
    alarms++;
}

/* Sets an interval timer and uses user or system time until it rang, two
 * seconds at most: Linux charges whole ticks to who runs at them, so it rings
 * when it likes on a busy machine. Returns whether it rang. */
static bool rings(int which, int number, bool is_system)
{
    struct itimerval once = {{0, 0}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    bool rang;

    (void)signal(number, note_alarm);
    alarms = 0;
    CALL(setitimer, which, &once, NULL);
    for (int i = 0; i < 200 && alarms == 0; i++)
        burn_part(is_system, 10000);
    rang = alarms > 0;
    CALL(setitimer, which, &never, NULL);
    (void)signal(number, SIG_DFL);
    return rang;
}

static void timers(void)
{
    struct itimerval val = {{0, 0}, {1000, 0}};

    CHECK(rings(ITIMER_VIRTUAL, SIGVTALRM, false));
    CHECK(rings(ITIMER_PROF, SIGPROF, false));
    CHECK(rings(ITIMER_PROF, SIGPROF, true));
    CALL(setitimer, ITIMER_VIRTUAL, &val, NULL);
    burn_part(true, 5000);
    EXPECT(0, getitimer, ITIMER_VIRTUAL, &val);
    CHECK(val.it_value.tv_sec >= 900);
    val = (struct itimerval){{0, 0}, {0, 0}};
    EXPECT(0, setitimer, ITIMER_VIRTUAL, &val, NULL);
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
    parts();
    timers();
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
