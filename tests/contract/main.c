/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/main.c - runs the suites and ends the machine: status 0 when
 * every case held, 1 when one did not, 2 for an unknown name.
 *
 * Command line: suite=NAME for one, else all; fault=PLAN is not looked at.
 */
#include "core/base/format.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/cpus.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"
#include "hal/context.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"
#include "tests/contract/contract.h"

#define SETTLE_NS UINT64_C(5000000000)

enum { LINE_MAX = 240 };

static const struct contract_suite *const suites[] = {
    &contract_bus,     &contract_platform, &contract_phys,     &contract_cpu,
    &contract_irq,     &contract_clock,    &contract_context,  &contract_mmu,
    &contract_uaccess, &contract_user,     &contract_user_fpu, &contract_smp,
    &contract_smp_user};

static unsigned failures_in_case, passed, failed;

static void say(const char *fmt, ...)
{
    char line[LINE_MAX];
    va_list args;
    size_t size, done = 0;

    va_start(args, fmt);
    size =
        min_size(format_list(line, sizeof(line), fmt, args), sizeof(line) - 1);
    va_end(args);
    while (done < size) {
        int taken = hal_console_write(HAL_STREAM_OUT, line + done, size - done);

        if (taken < 0)
            return;
        done += (size_t)taken;
        if (taken == 0)
            thread_yield();
    }
}

bool contract_check(bool truth, const char *what, const char *file, int line)
{
    if (!truth) {
        failures_in_case++;
        say("%s:%d: does not hold: %s\n", file, line, what);
    }
    return truth;
}

bool contract_check_equal(uint64_t expected, uint64_t got, const char *what,
                          const char *file, int line)
{
    if (expected != got) {
        failures_in_case++;
        say("%s:%d: %s: expected %#llx, got %#llx\n", file, line, what,
            (unsigned long long)expected, (unsigned long long)got);
    }
    return expected == got;
}

/* Threads that ended on other CPUs may still be leaving their stacks: gives
 * them time to free what they had. Returns the last count of free pages, which
 * nobody may read again: a page on its way to a list may be counted twice. */
static uint64_t settle(uint64_t free_before)
{
    uint64_t end = hal_clock_now() + SETTLE_NS, count;

    for (;;) {
        cache_drain_all();
        count = page_free_count();
        if (count == free_before || hal_clock_now() >= end)
            return count;
        thread_yield();
        hal_cpu_relax();
    }
}

/* One case; what it allocated must be free again. The end of the case before is
 * waited for again: its count may have been right by chance. */
static void run_case(const struct contract_suite *suite,
                     const struct contract_case *c)
{
    static uint64_t free_usually;
    uint64_t free_before, free_after;

    cache_drain_all();
    if (free_usually == 0)
        free_usually = page_free_count();
    free_before = settle(free_usually);
    failures_in_case = 0;
    c->run();
    free_after = settle(free_before);
    if (!CHECK_EQUAL(free_before, free_after))
        free_usually = free_after;
    say("%s %s: %s\n", failures_in_case == 0 ? "ok    " : "FAILED", suite->name,
        c->clause);
    if (failures_in_case == 0)
        passed++;
    else
        failed++;
}

/* Is the suite asked for? Everything is when none is named. */
static bool is_wanted(const struct contract_suite *suite)
{
    static const char word[] = "suite=";
    const char *at = hal_boot_facts()->command_line;
    size_t length = str_length(suite->name, LINE_MAX);

    for (; *at != '\0'; at++)
        if (str_starts(at, word)) {
            at += sizeof(word) - 1;
            return str_starts(at, suite->name) &&
                   (at[length] == '\0' || at[length] == ' ');
        }
    return true;
}

static void never_runs(void *arg)
{
    (void)arg;
    hal_cpu_halt();
}

/* Tables for stacks are there to stay, so they are made first: for more stacks
 * than a case has, often enough that slots come to rest and serve again. */
static void map_stacks(void)
{
    static struct hal_context *stacks[4 * HAL_CPUS_MAX];

    for (unsigned round = 0; round < 4; round++) {
        unsigned count = 4 * hal_cpu_count();

        for (unsigned i = 0; i < count; i++)
            if (hal_context_create(never_runs, NULL, &stacks[i]) != 0)
                hal_power_off(1);
        while (count > 0)
            hal_context_destroy(stacks[--count]);
    }
    contract_context.cases[1].run();
}

static void run_suites(void *arg)
{
    (void)arg;
    cpus_start();
    if (thread_set_affinity(thread_current(), 1) != 0) /* stays on CPU 0 */
        hal_power_off(1);
    map_stacks();
    for (size_t i = 0; i < COUNT_OF(suites); i++)
        if (is_wanted(suites[i]))
            for (size_t j = 0; j < suites[i]->count; j++)
                run_case(suites[i], &suites[i]->cases[j]);
    say("%u passed, %u failed\n", passed, failed);
    hal_power_off(passed + failed == 0 ? 2 : failed != 0);
}

void core_main(void)
{
    struct thread *thread;
    int error;

    cpu_init_local(0);
    log_set_console_level(LOG_INFO);
    error = page_init();
    ASSERT(error == 0);
    cache_init_all();
    sched_init();
    hal_irq_enable();
    error = thread_create("contract", run_suites, NULL, &thread);
    ASSERT(error == 0);
    thread_start(thread);
    thread_put(thread);
    sched_run();
}
