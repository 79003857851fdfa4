/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/calls.c - rows of calls that change little: null calls,
 * clocks, signals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

static volatile uint64_t signals_seen;

static uint64_t body_loop(uint64_t rounds, void *arg)
{
    volatile uint64_t sum = 0;

    (void)arg;
    for (uint64_t i = 0; i < rounds * 1000; i++)
        sum += i;
    return 0;
}

void micro_run_loop(const struct micro_row *row)
{
    micro_measure(row, body_loop, NULL);
}

uint64_t micro_body_getppid(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0)
        syscall(SYS_getppid);
    return 0;
}

void micro_run_call(const struct micro_row *row)
{
    micro_measure(row, micro_body_getppid, NULL);
}

static uint64_t body_clock(uint64_t rounds, void *arg)
{
    struct timespec now;

    (void)arg;
    while (rounds-- > 0)
        clock_gettime(CLOCK_MONOTONIC, &now);
    return 0;
}

static uint64_t body_clock_call(uint64_t rounds, void *arg)
{
    struct timespec now;

    (void)arg;
    while (rounds-- > 0)
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return 0;
}

void micro_run_clock(const struct micro_row *row)
{
    micro_measure(
        row, row->parameter == MICRO_CLOCK_CALL ? body_clock_call : body_clock,
        NULL);
}

static void count_signal(int number)
{
    (void)number;
    signals_seen++;
}

static uint64_t body_install(uint64_t rounds, void *arg)
{
    struct sigaction action = {.sa_handler = count_signal};

    (void)arg;
    while (rounds-- > 0)
        if (sigaction(SIGUSR1, &action, NULL) != 0)
            micro_die("sigaction");
    return 0;
}

static uint64_t body_deliver(uint64_t rounds, void *arg)
{
    pid_t self = getpid();

    (void)arg;
    while (rounds-- > 0)
        kill(self, SIGUSR1);
    return 0;
}

/* Steps over "movb $0, (%rax)". */
static void skip_fault(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)number;
    (void)info;
    user->uc_mcontext.gregs[REG_RIP] += 3;
    signals_seen++;
}

static uint64_t body_fault(uint64_t rounds, void *arg)
{
    while (rounds-- > 0)
        __asm__ volatile(".byte 0xc6,0x00,0x00" ::"a"(arg) : "memory");
    return 0;
}

static void run_deliver(const struct micro_row *row)
{
    (void)body_install(1, NULL);
    kill(getpid(), SIGUSR1);
    errno = 0;
    if (signals_seen != 1)
        micro_die("no signal came");
    micro_measure(row, body_deliver, NULL);
}

static void run_fault(const struct micro_row *row)
{
    struct sigaction action = {.sa_sigaction = skip_fault,
                               .sa_flags = SA_SIGINFO};
    void *page =
        mmap(NULL, MICRO_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED || sigaction(SIGSEGV, &action, NULL) != 0)
        micro_die("mmap or sigaction");
    micro_measure(row, body_fault, page);
}

void micro_run_signal(const struct micro_row *row)
{
    if (row->parameter == MICRO_SIGNAL_INSTALL)
        micro_measure(row, body_install, NULL);
    else if (row->parameter == MICRO_SIGNAL_DELIVER)
        run_deliver(row);
    else
        run_fault(row);
}
