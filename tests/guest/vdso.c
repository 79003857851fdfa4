/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/vdso.c - vdso(7): found as a C library finds it, it says what the
 * system calls say; what may be done with its pages; fork and exec keep it.
 *
 * Argument `again`: what the program runs after execve(2).
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/child.h"
#include "tests/guest/guest.h"
#include "tests/support/vdso_symbol.h"

#define VERSION "LINUX_2.6"

enum { ROUNDS = 2000 };

static struct {
    int (*clock_gettime)(clockid_t clock, struct timespec *to);
    int (*clock_getres)(clockid_t clock, struct timespec *to);
    int (*gettimeofday)(struct timeval *to, void *zone);
    time_t (*time)(time_t *to);
    int (*getcpu)(unsigned *cpu, unsigned *node, void *unused);
} vdso;

static char *image_start;

/* Finds a function and says so. */
static const void *find(const struct vdso_image *image, const char *name)
{
    const void *found = vdso_find(image, VERSION, name);

    say("%s: %s", name, found != NULL ? "found" : "absent");
    if (found == NULL)
        exit(1);
    return found;
}

/* A pointer to data becomes one to a function, which C has no cast for. */
#define FIND(name) \
    do { \
        const void *found = find(&image, "__vdso_" #name); \
        memcpy(&vdso.name, &found, sizeof(found)); \
    } while (0)

static void find_all(void)
{
    struct vdso_image image;

    image_start = (char *)getauxval(AT_SYSINFO_EHDR);
    CHECK(image_start != NULL);
    CHECK(vdso_open(image_start, &image) == 0);
    FIND(clock_gettime);
    FIND(clock_getres);
    FIND(gettimeofday);
    FIND(time);
    FIND(getcpu);
    CHECK(vdso_find(&image, VERSION, "__vdso_nothing") == NULL);
    CHECK(vdso_find(&image, "LINUX_9.9", "__vdso_time") == NULL);
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static int64_t call_ns(clockid_t clock)
{
    struct timespec t;

    return CALL(clock_gettime, clock, &t) == 0 ? ns_of(&t) : -1;
}

static int64_t vdso_ns(clockid_t clock)
{
    struct timespec t;

    return vdso.clock_gettime(clock, &t) == 0 ? ns_of(&t) : -1;
}

/* The call before, the vDSO, the call after: never back. */
static bool agrees(clockid_t clock)
{
    int64_t last = call_ns(clock);

    for (int i = 0; i < ROUNDS; i++) {
        int64_t here = vdso_ns(clock), there = call_ns(clock);

        if (here < last || there < here)
            return false;
        last = there;
    }
    return true;
}

static void clocks(void)
{
    int64_t start = vdso_ns(CLOCK_MONOTONIC), last = start;
    struct timespec fine = {1, 0}, same = {2, 0};

    CHECK(agrees(CLOCK_MONOTONIC));
    CHECK(agrees(CLOCK_BOOTTIME));
    CHECK(agrees(CLOCK_REALTIME));
    CHECK(agrees(CLOCK_TAI));
    CHECK(agrees(CLOCK_MONOTONIC_COARSE));
    CHECK(agrees(CLOCK_REALTIME_COARSE));
    CHECK(vdso_ns(CLOCK_MONOTONIC_RAW) > 0);
    CHECK(vdso_ns(CLOCK_PROCESS_CPUTIME_ID) >= 0);
    CHECK(vdso_ns(CLOCK_THREAD_CPUTIME_ID) >= 0);
    CHECK(vdso.clock_gettime(77, &fine) == -EINVAL);
    CHECK(vdso.clock_getres(77, &fine) == -EINVAL);
    CHECK(vdso.clock_getres(CLOCK_MONOTONIC, NULL) == 0);
    CHECK(vdso.clock_getres(CLOCK_MONOTONIC, &fine) == 0);
    CALL(clock_getres, CLOCK_MONOTONIC, &same);
    CHECK(ns_of(&fine) == ns_of(&same));
    for (int i = 0; i < ROUNDS && last >= start; i++) {
        start = last;
        last = vdso_ns(CLOCK_MONOTONIC);
    }
    CHECK(last >= start);
}

static void other_times(void)
{
    struct timeval t = {0, 0};
    int zone[2] = {1, 1};
    int64_t before, now, seconds;
    time_t stored = 0;

    before = call_ns(CLOCK_REALTIME) / 1000;
    CHECK(vdso.gettimeofday(&t, zone) == 0);
    now = (int64_t)t.tv_sec * 1000000 + t.tv_usec;
    CHECK(now >= before && now <= call_ns(CLOCK_REALTIME) / 1000);
    CHECK(zone[0] == 0 && zone[1] == 0);
    CHECK(vdso.gettimeofday(NULL, NULL) == 0);
    /* Linux's is that of the last tick. */
    before = call_ns(CLOCK_REALTIME_COARSE) / 1000000000;
    seconds = vdso.time(&stored);
    CHECK(stored == seconds);
    CHECK(seconds >= before);
    CHECK(seconds <= call_ns(CLOCK_REALTIME) / 1000000000);
}

/* On each CPU the thread may be on, it is that CPU. */
static void cpus(void)
{
    uint64_t all[16] = {0}, one[16] = {0};
    bool right = true;

    CALL(sched_getaffinity, 0, sizeof(all), all);
    for (unsigned cpu = 0; cpu < 64; cpu++) {
        unsigned seen = ~0u, node = ~0u;

        if (!(all[0] >> cpu & 1))
            continue;
        one[0] = UINT64_C(1) << cpu;
        right &= CALL(sched_setaffinity, 0, sizeof(one), one) == 0;
        right &= vdso.getcpu(&seen, &node, NULL) == 0;
        right &= seen == cpu && node == 0;
    }
    check(right, "getcpu is right on every CPU");
    CALL(sched_setaffinity, 0, sizeof(all), all);
    CHECK(vdso.getcpu(NULL, NULL, NULL) == 0);
}

/* Linux takes it as a whole or not at all. */
static size_t image_size(void)
{
    const Elf64_Ehdr *header = (const void *)image_start;
    const Elf64_Phdr *program = (const void *)(image_start + header->e_phoff);

    while (program->p_type != PT_LOAD)
        program++;
    return (program->p_memsz + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* In a child: its own copy of the code, which still works. */
static int write_code(long arg)
{
    size_t size = image_size();
    volatile char *byte = image_start + EI_PAD;
    char was = *byte;

    (void)arg;
    EXPECT(0, mprotect, image_start, size, PROT_READ | PROT_WRITE | PROT_EXEC);
    *byte = 'x';
    CHECK(*byte == 'x');
    *byte = was;
    CHECK(vdso_ns(CLOCK_MONOTONIC) > 0);
    EXPECT(-EACCES, mprotect, image_start - PAGE, PAGE, PROT_READ | PROT_WRITE);
    return 0;
}

static int unmap(long arg)
{
    volatile char *at = image_start;
    size_t size = image_size();

    (void)arg;
    EXPECT(0, munmap, at, size);
    CHECK(call_ns(CLOCK_MONOTONIC) > 0);
    return *at; /* SIGSEGV */
}

static int use(long arg)
{
    (void)arg;
    CHECK(agrees(CLOCK_MONOTONIC));
    CHECK(image_start[EI_PAD] != 'x');
    return 0;
}

static int run_again(long arg)
{
    char *argv[] = {(char *)"vdso", (char *)"again", NULL};
    char *envp[] = {NULL};

    (void)arg;
    CALL(execve, "/vdso", argv, envp);
    return 1;
}

int main(int argc, char **argv)
{
    (void)argv;
    find_all();
    clocks();
    if (argc > 1)
        return finish();
    other_times();
    cpus();
    reap("writes its code", spawn(write_code, 0));
    reap("unmaps it", spawn(unmap, 0));
    reap("uses it", spawn(use, 0));
    reap("executes", spawn(run_again, 0));
    return finish();
}
