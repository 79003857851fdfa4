/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sleep.c - sleeping and timers: nanosleep(2), clock_nanosleep(2),
 * setitimer(2), alarm(2), timer_create(2).
 *
 * Argument `set`: sets the clock, and so is not for the host.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "core/abi/time.h"
#include "tests/guest/guest.h"

/* Clocks of clock_getcpuclockid(3), and a descriptor's. */
#define OF_PROCESS(pid) ((int)(~(unsigned)(pid) << 3 | 2))
#define OF_THREAD(tid)  ((int)(~(unsigned)(tid) << 3 | 6))
#define OF_FILE(fd)     ((int)(~(unsigned)(fd) << 3 | 3))

static volatile int count, overruns, value, code;

static void note(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    count++;
    code = info->si_code;
    value = info->si_value.sival_int;
    overruns += info->si_overrun;
}

static void handle(int number, int flags)
{
    struct sigaction action = {.sa_sigaction = note,
                               .sa_flags = flags | SA_SIGINFO};

    CHECK(sigaction(number, &action, NULL) == 0);
}

static void after(int ms)
{
    struct itimerval once = {{0, 0}, {0, ms * 1000}};

    CALL(setitimer, ITIMER_REAL, &once, NULL);
}

static void sleeps(void)
{
    struct timespec ten = {0, 10000000}, bad = {0, 1000000000}, t;
    struct timespec minus = {-1, 0}, zero = {0, 0}, past = {0, 1};
    int64_t start = clock_ms(CLOCK_MONOTONIC);

    EXPECT(0, nanosleep, &ten, NULL);
    CHECK(clock_ms(CLOCK_MONOTONIC) >= start + 10);
    EXPECT(0, nanosleep, &zero, NULL);
    EXPECT(-EINVAL, nanosleep, &bad, NULL);
    EXPECT(-EINVAL, nanosleep, &minus, NULL);
    EXPECT(-EFAULT, nanosleep, KERNEL_ADDRESS, NULL);
    EXPECT(0, clock_nanosleep, CLOCK_MONOTONIC, 0, &ten, NULL);
    EXPECT(0, clock_nanosleep, CLOCK_REALTIME, 0, &ten, NULL);
    EXPECT(0, clock_nanosleep, CLOCK_BOOTTIME, TIMER_ABSTIME, &past, NULL);
    EXPECT(0, clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL);
    EXPECT(-EOPNOTSUPP, clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ten,
           NULL);
    EXPECT(-EINVAL, clock_nanosleep, 77, 0, &ten, NULL);
    /* By number (clock_getcpuclockid(3)): a thread's own clock stands still
     * meanwhile, and a descriptor's cannot be slept on. */
    EXPECT(-EINVAL, clock_nanosleep, OF_THREAD(0), 0, &ten, NULL);
    EXPECT(-EINVAL, clock_nanosleep, OF_THREAD(CALL(gettid)), 0, &ten, NULL);
    EXPECT(-EOPNOTSUPP, clock_nanosleep, OF_FILE(0), 0, &ten, NULL);
    EXPECT(-EINVAL, clock_settime, CLOCK_PROCESS_CPUTIME_ID, KERNEL_ADDRESS);
    EXPECT(-EPERM, clock_settime, OF_PROCESS(0), &ten);
    EXPECT(-EINVAL, clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL);
    start = clock_ms(CLOCK_MONOTONIC);
    CALL(clock_gettime, CLOCK_MONOTONIC, &t);
    t.tv_sec += t.tv_nsec >= 980000000;
    t.tv_nsec = (t.tv_nsec + 20000000) % 1000000000;
    EXPECT(0, clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    CHECK(clock_ms(CLOCK_MONOTONIC) >= start + 20);
    EXPECT(-EINTR, restart_syscall);
}

/* Is t what is left of a hundred seconds? */
static bool is_left(const struct timespec *t, int64_t since_ms)
{
    return t->tv_sec < 100 && is_rest(t->tv_sec * 1000 + t->tv_nsec / 1000000,
                                      100000, since_ms, 1);
}

static void interrupted(void)
{
    struct timespec most = {100, 0}, rest = {0, 0}, soon = {0, 60000000};
    struct timespec t;
    int64_t start = clock_ms(CLOCK_MONOTONIC);

    handle(SIGALRM, SA_RESTART);
    ring_every(20);
    EXPECT(-EINTR, nanosleep, &most, &rest);
    CHECK(is_left(&rest, start));
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(-EINTR, clock_nanosleep, CLOCK_MONOTONIC, 0, &most, &rest);
    CHECK(is_left(&rest, start));
    EXPECT(-EFAULT, nanosleep, &most, KERNEL_ADDRESS);
    CALL(clock_gettime, CLOCK_MONOTONIC, &t);
    t.tv_sec += 100;
    EXPECT(-EINTR, clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &rest);
    hush();
    CHECK(count >= 4);
    /* What is ignored does not cut it short. */
    CHECK(signal(SIGALRM, SIG_IGN) != SIG_ERR);
    after(20);
    start = clock_ms(CLOCK_MONOTONIC);
    EXPECT(0, nanosleep, &soon, NULL);
    CHECK(clock_ms(CLOCK_MONOTONIC) >= start + 60);
}

static void intervals(void)
{
    struct itimerval every = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    struct itimerval bad = {{0, 0}, {0, 1000000}}, now;

    count = 0;
    handle(SIGALRM, 0);
    EXPECT(-EINVAL, setitimer, 3, &every, NULL);
    EXPECT(-EINVAL, setitimer, ITIMER_REAL, &bad, NULL);
    EXPECT(-EFAULT, setitimer, ITIMER_REAL, KERNEL_ADDRESS, NULL);
    EXPECT(-EINVAL, getitimer, 3, &now);
    EXPECT(-EFAULT, getitimer, ITIMER_REAL, KERNEL_ADDRESS);
    EXPECT(0, setitimer, ITIMER_REAL, &every, NULL);
    while (count < 5)
        CALL(pause);
    CHECK(code == SI_KERNEL);
    EXPECT(0, setitimer, ITIMER_REAL, &never, &now);
    CHECK(now.it_interval.tv_usec == 5000 && now.it_value.tv_usec <= 5000);
    EXPECT(0, getitimer, ITIMER_REAL, &now);
    CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0);
    /* Time used: only while it runs. */
    count = 0;
    handle(SIGPROF, 0);
    EXPECT(0, setitimer, ITIMER_PROF, &every, NULL);
    while (count < 3)
        continue;
    EXPECT(0, setitimer, ITIMER_PROF, &never, NULL);
}

/* To the nearest second. */
static void alarms(void)
{
    int64_t first = clock_ms(CLOCK_MONOTONIC), second;
    struct itimerval now;

    EXPECT(0, alarm, 100);
    second = clock_ms(CLOCK_MONOTONIC);
    CHECK(is_rest(CALL(alarm, 50) * 1000, 100000, first, 500));
    EXPECT(0, getitimer, ITIMER_REAL, &now);
    CHECK(is_rest(now.it_value.tv_sec * 1000 + now.it_value.tv_usec / 1000,
                  50000, second, 1));
    CHECK(is_rest(CALL(alarm, 0) * 1000, 50000, second, 500));
    EXPECT(0, alarm, 0);
}

static bool is_pending(int number)
{
    uint64_t set = 0;

    CALL(rt_sigpending, &set, 8);
    return (set >> (number - 1) & 1) != 0;
}

static void posix_timers(void)
{
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,
                                 CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID,
                                 CLOCK_THREAD_CPUTIME_ID};
    struct itimerspec once = {{0, 0}, {0, 10000000}}, now;
    struct itimerspec fast = {{0, 1000000}, {0, 1000000}};
    struct itimerspec bad = {{0, 0}, {0, -1}}, past = {{0, 0}, {1, 0}};
    struct sigevent event = {.sigev_signo = SIGUSR1};
    uint64_t set = UINT64_C(1) << (SIGUSR1 - 1), none = 0;
    int id = -1;

    handle(SIGUSR1, 0);
    event.sigev_value.sival_int = 42;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        count = 0;
        EXPECT(0, timer_create, clocks[i], &event, &id);
        EXPECT(0, timer_settime, id, 0, &once, NULL);
        while (count == 0)
            continue;
        CHECK(code == SI_TIMER && value == 42);
        EXPECT(0, timer_gettime, id, &now);
        CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
        EXPECT(0, timer_delete, id);
    }
    EXPECT(0, timer_create, CLOCK_MONOTONIC, &event, &id);
    EXPECT(0, timer_settime, id, TIMER_ABSTIME, &past, NULL);
    while (count == 1)
        continue;
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    EXPECT(0, timer_settime, id, 0, &fast, NULL);
    count = 0;
    overruns = 0;
    for (int64_t end = clock_ms(CLOCK_MONOTONIC) + 30;
         clock_ms(CLOCK_MONOTONIC) < end || !is_pending(SIGUSR1);)
        continue;
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    CHECK(count >= 1 && overruns >= 10);
    CHECK(CALL(timer_getoverrun, id) >= 0);
    EXPECT(0, timer_delete, id);
    EXPECT(-EINVAL, timer_delete, id);
    EXPECT(-EINVAL, timer_settime, id, 0, &once, NULL);
    EXPECT(-EINVAL, timer_gettime, id, &now);
    EXPECT(-EINVAL, timer_getoverrun, id);
    EXPECT(-EINVAL, timer_create, 77, &event, &id);
    EXPECT(-EOPNOTSUPP, timer_create, CLOCK_MONOTONIC_RAW, NULL, &id);
    EXPECT(-EOPNOTSUPP, timer_create, CLOCK_REALTIME_COARSE, NULL, &id);
    EXPECT(0, timer_create, OF_PROCESS(CALL(getpid)), NULL, &id);
    EXPECT(0, timer_delete, id);
    EXPECT(0, timer_create, OF_THREAD(0), NULL, &id);
    EXPECT(0, timer_delete, id);
    event.sigev_notify = 9;
    EXPECT(-EINVAL, timer_create, CLOCK_MONOTONIC, &event, &id);
    EXPECT(-EFAULT, timer_create, CLOCK_MONOTONIC, KERNEL_ADDRESS, &id);
    EXPECT(-EFAULT, timer_create, CLOCK_MONOTONIC, NULL, KERNEL_ADDRESS);
    EXPECT(0, timer_create, CLOCK_MONOTONIC, NULL, &id);
    EXPECT(-EINVAL, timer_settime, id, 0, &bad, NULL);
    EXPECT(-EINVAL, timer_settime, id, 0, NULL, NULL);
    EXPECT(0, timer_delete, id);
}

static void clocks(void)
{
    static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 11};
    struct timespec t, bad = {0, -1};
    struct timeval tv;
    int64_t start = clock_ms(CLOCK_PROCESS_CPUTIME_ID);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        EXPECT(0, clock_gettime, numbers[i], &t);
        CHECK(t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
        EXPECT(0, clock_getres, numbers[i], &t);
    }
    while (clock_ms(CLOCK_PROCESS_CPUTIME_ID) < start + 5)
        continue;
    EXPECT(-EINVAL, clock_gettime, 77, &t);
    EXPECT(-EFAULT, clock_gettime, 0, KERNEL_ADDRESS);
    EXPECT(-EINVAL, clock_getres, 77, &t);
    EXPECT(0, clock_getres, 1, NULL);
    EXPECT(-EINVAL, clock_settime, CLOCK_MONOTONIC, &t);
    EXPECT(-EINVAL, clock_settime, CLOCK_REALTIME, &bad);
    EXPECT(-EFAULT, clock_settime, CLOCK_REALTIME, KERNEL_ADDRESS);
    EXPECT(0, gettimeofday, &tv, NULL);
    EXPECT(-EFAULT, gettimeofday, KERNEL_ADDRESS, NULL);
    EXPECT(-EFAULT, time, KERNEL_ADDRESS);
    /* Linux's is that of the last tick. */
    EXPECT(0, clock_gettime, CLOCK_REALTIME_COARSE, &t);
    CHECK(CALL(time, NULL) >= t.tv_sec);
}

static void *sleep_until_wall(void *arg)
{
    return (void *)CALL(clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, arg,
                        NULL);
}

/* Whoever sleeps until a time that the clock is set past wakes. */
static void set_clock(void)
{
    struct timespec fresh = {2000000000, 5}, now, moment = {0, 20000000};
    struct timeval tv = {2100000000, 0};
    struct timespec until;
    pthread_t thread;
    void *result;

    CALL(clock_gettime, CLOCK_REALTIME, &until);
    until.tv_sec += 3000; /* long before the new time */
    CHECK(pthread_create(&thread, NULL, sleep_until_wall, &until) == 0);
    EXPECT(0, nanosleep, &moment, NULL);
    EXPECT(0, clock_settime, CLOCK_REALTIME, &fresh);
    EXPECT(0, clock_gettime, CLOCK_REALTIME, &now);
    CHECK(now.tv_sec - fresh.tv_sec < 60);
    CHECK(pthread_join(thread, &result) == 0 && result == NULL);
    EXPECT(0, settimeofday, &tv, NULL);
    CHECK(CALL(time, NULL) - tv.tv_sec < 60);
    EXPECT(-EFAULT, settimeofday, KERNEL_ADDRESS, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "set") == 0) {
        set_clock();
        return finish();
    }
    sleeps();
    interrupted();
    intervals();
    alarms();
    posix_timers();
    clocks();
    return finish();
}
