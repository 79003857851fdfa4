/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/nomem.c - calls whose allocations fail, one after the other.
 *
 * Under a plan of calls (core/base/fault.h) each call fails at its first
 * allocation, then at its second, until it succeeds; every failure must be an
 * errno that the manual has for lack of memory, and change nothing. Elsewhere
 * all succeed at once, with the same output. nomem [ROUNDS]
 */

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/abi/futex.h"
#include "core/abi/mman.h"
#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum { TRIES_MAX = 2000, PAGES = 64 };

/* More than a chunk, a table and a window of the kernel's, whatever it has. */
#define FAR ((size_t)4 << 20)

static const char *self_path;
static long rounds = 1;

static bool lacks_memory(long result)
{
    return result == -ENOMEM || result == -EAGAIN;
}

/* Repeats a call while it lacks memory; its result then. */
#define TRY(expression) \
    ({ \
        long result_; \
        int tries_ = TRIES_MAX; \
        do \
            result_ = (expression); \
        while (lacks_memory(result_) && --tries_ > 0); \
        result_; \
    })

/* The same, and says so unless it gives want. */
static bool all_well;
#define WANT(want, name, ...) \
    do { \
        long got_ = TRY(CALL(name __VA_OPT__(, ) __VA_ARGS__)); \
        if (got_ != (want)) { \
            all_well = false; \
            say("%s: %ld", #name, got_); \
        } \
    } while (0)

static bool is_mapped(long result)
{
    if (result > 0)
        return true;
    all_well = false;
    say("mmap: %ld", result);
    return false;
}

#define MMAP(size, prot, flags) \
    TRY(CALL(mmap, 0, size, prot, (flags) | MAP_ANONYMOUS, -1, 0))

static void wait_for(long pid, int want)
{
    int status = -1;
    long got = TRY(CALL(wait4, pid, &status, __WALL, 0));

    if (got == pid && status == want)
        return;
    all_well = false;
    say("wait4(%ld): %ld, status %#x", pid, got, status);
}

static void forks(void)
{
    char *own = (char *)MMAP(FAR, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    long pid;

    if (!is_mapped((long)own))
        return;
    for (size_t i = 0; i < FAR; i += FAR / 8)
        own[i] = 1;
    pid = TRY(CALL(fork));
    if (pid == 0) {
        for (size_t i = 0; i < FAR; i += FAR / 16)
            own[i]++;
        for (size_t i = 0; i < FAR; i += FAR / 16)
            if (own[i] != (i % (FAR / 8) == 0) + 1)
                CALL(exit_group, 1);
        CALL(exit_group, 7);
    }
    wait_for(pid, 7 << 8);
    for (size_t i = 0; i < FAR; i += FAR / 8)
        all_well = all_well && own[i] == 1;
    WANT(0, munmap, own, FAR);
}

static void execs(void)
{
    char *argv[] = {(char *)self_path, (char *)"run", NULL};
    char *envp[] = {NULL};
    long pid = TRY(CALL(fork));

    if (pid == 0) {
        TRY(CALL(execve, self_path, argv, envp));
        CALL(exit_group, 1);
    }
    wait_for(pid, 9 << 8);
}

static void vforks(void)
{
    static volatile long pid; /* no register, which the child would share */

    do
        pid = raw_vfork();
    while (lacks_memory(pid));
    if (pid == 0)
        CALL(exit_group, 5);
    wait_for(pid, 5 << 8);
}

static int count(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static void threads(void)
{
    static char stack[16384] __attribute__((aligned(16)));
    int words[2] = {0, 1}, runs = 0;
    const void *run_and_arg[2] = {(const void *)count, &runs};
    const uint64_t flags = LX_CLONE_VM | LX_CLONE_SIGHAND | LX_CLONE_THREAD |
                           LX_CLONE_FS | LX_CLONE_FILES |
                           LX_CLONE_CHILD_SETTID | LX_CLONE_CHILD_CLEARTID;
    long tid = TRY(clone_onto(flags, stack + sizeof(stack), words, words + 1,
                              run_and_arg));

    while (tid > 0 && __atomic_load_n(&words[1], __ATOMIC_SEQ_CST) != 0)
        CALL(sched_yield);
    all_well = all_well && tid > 0 && runs == 1;
}

static void maps(void)
{
    const int rw = PROT_READ | PROT_WRITE;
    long at = MMAP(PAGES * PAGE, rw, MAP_PRIVATE);
    long other = MMAP(PAGES * PAGE, rw, MAP_SHARED);

    if (!is_mapped(at) || !is_mapped(other))
        return;
    for (long i = 0; i < PAGES; i++)
        ((char *)at)[i * PAGE] = ((char *)other)[i * PAGE] = 1;
    WANT(0, mprotect, at + PAGE, PAGE, PROT_READ);
    WANT(0, madvise, at + 4 * PAGE, PAGE, MADV_DONTFORK);
    WANT(0, madvise, at + 6 * PAGE, PAGE, MADV_DONTNEED);
    WANT(0, mlock, at + 8 * PAGE, PAGE);
    WANT(0, munmap, at + 10 * PAGE, PAGE);
    WANT(at + 12 * PAGE, mmap, at + 12 * PAGE, PAGE, rw,
         MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    WANT(0, msync, other, PAGES * PAGE, MS_SYNC);
    at = TRY(
        CALL(mremap, at + 16 * PAGE, 8 * PAGE, 600 * PAGE, LX_MREMAP_MAYMOVE));
    if (is_mapped(at))
        WANT(0, munmap, at, 600 * PAGE);
    WANT(0, munmap, other, PAGES * PAGE);
    WANT(0, munmap, other, PAGES * PAGE); /* nothing is there any more */
}

static void populates(void)
{
    long at = MMAP(FAR, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE);

    if (is_mapped(at))
        WANT(0, munmap, at, FAR);
}

/* Page by page, each with tables of its own. */
static void faults(void)
{
    const size_t step = (size_t)1 << 30;
    char *at = (char *)MMAP(8 * step, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_NORESERVE);

    if (!is_mapped((long)at))
        return;
    for (size_t i = 0; i < 8; i++) {
        all_well = all_well && at[i * step] == 0;
        at[i * step] = (char)i;
    }
    for (size_t i = 0; i < 8; i++)
        all_well = all_well && at[i * step] == (char)i;
    WANT(0, munmap, at, 8 * step);
}

static void breaks(void)
{
    long start = CALL(brk, 0), end = start;

    for (int i = 0; i < TRIES_MAX && end == start; i++)
        end = CALL(brk, start + FAR);
    all_well = all_well && end == (long)(start + (long)FAR);
    for (int i = 0; i < TRIES_MAX && end != start; i++)
        end = CALL(brk, start);
    all_well = all_well && end == start;
}

static volatile int handled;

static void note(int number)
{
    (void)number;
    handled++;
}

static void signals(void)
{
    int32_t info[32] = {SIGUSR1, 0, -1 /* SI_QUEUE */};
    sigset_t set, old;

    all_well = all_well && TRY(signal(SIGUSR1, note) == SIG_ERR ? -1 : 0) == 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handled = 0;
    sigprocmask(SIG_BLOCK, &set, &old);
    WANT(0, rt_sigqueueinfo, getpid(), SIGUSR1, info);
    WANT(0, kill, getpid(), SIGUSR1);
    WANT(0, tgkill, getpid(), getpid(), SIGUSR1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    all_well = all_well && handled >= 1;
    dispose(SIGUSR1, SIG_DFL);
}

static void timers(void)
{
    struct itimerspec soon = {{0, 0}, {0, 1000000}}, never = {0};
    const long once[] = {0, 0, 0, 1000};
    struct timespec wait = {5, 0};
    int64_t timer = -1;
    sigset_t set, old;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    WANT(0, timer_create, CLOCK_MONOTONIC, NULL, &timer);
    WANT(0, timer_settime, timer, 0, &soon, NULL);
    WANT(SIGALRM, rt_sigtimedwait, &set, NULL, &wait, 8);
    WANT(0, timer_settime, timer, 0, &never, NULL);
    WANT(0, timer_delete, timer);
    WANT(0, setitimer, 0, once, NULL);
    WANT(SIGALRM, rt_sigtimedwait, &set, NULL, &wait, 8);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* EAGAIN tells of values here, and ETIMEDOUT ends each. */
static void futexes(void)
{
    const struct timespec soon = {0, 1000};
    uint32_t word = 1, other = 2;

    WANT(-ETIMEDOUT, futex, &word, LX_FUTEX_WAIT, 1, &soon, NULL, 0);
    WANT(0, futex, &word, LX_FUTEX_WAKE, 1, NULL, NULL, 0);
    WANT(0, futex, &word, LX_FUTEX_CMP_REQUEUE, 1, 1, &other, 1);
    word = 0;
    WANT(0, futex, &word, LX_FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    WANT(0, futex, &word, LX_FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    all_well = all_well && word == 0;
}

static void descriptors(void)
{
    WANT(700, fcntl, 1, 0 /* F_DUPFD */, 700);
    WANT(701, dup3, 1, 701, 0);
    WANT(0, close, 700);
    WANT(0, close, 701);
}

static void identities(void)
{
    static const unsigned groups[] = {1, 2, 3};

    WANT(0, setresuid, 0, 0, 0);
    WANT(0, setgroups, 3, groups);
    WANT(0, setgroups, 0, NULL);
}

static const struct {
    const char *name;
    void (*run)(void);
} subjects[] = {
    {"fork", forks},          {"vfork", vforks},  {"execve", execs},
    {"clone", threads},       {"mmap", maps},     {"MAP_POPULATE", populates},
    {"page faults", faults},  {"brk", breaks},    {"signals", signals},
    {"timers", timers},       {"futex", futexes}, {"descriptors", descriptors},
    {"identity", identities},
};

static int run_all(long unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        all_well = true;
        for (long round = 0; round < rounds && all_well; round++)
            subjects[i].run();
        check(all_well, subjects[i].name);
    }
    return finish();
}

int main(int argc, char **argv)
{
    long pid;
    int status = 1;

    if (argc == 2 && argv[1][0] == 'r')
        return 9;
    self_path = argv[0];
    if (argc == 2)
        rounds = atol(argv[1]);
    /* init is no target of signals that have no handler. */
    pid = TRY(CALL(fork));
    if (pid == 0)
        CALL(exit_group, run_all(0));
    TRY(CALL(wait4, pid, &status, 0, NULL));
    say_status("all", status);
    return status != 0;
}
