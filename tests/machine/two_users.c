/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/machine/two_users.c - two user contexts share one CPU: one spins, one
 * writes. At every tick the running one gives way, and whenever one stops, all
 * its registers and vectors must be what it was given. In the end the one that
 * spins gets exit work from a deadline and the machine ends with status 137;
 * with 1 when anything was not as it should be.
 *
 * Command line: ticks=N (1000), tick_ns=N (1000000), extra=1: one write is a
 * byte longer, which must show in a trace hash.
 */
#include "core/abi/sigcontext.h"
#include "core/base/format.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "hal/check.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

#define PATTERN(who, n) (UINT64_C(0x0101010101010101) * (16 * (who) + (n)))

enum {
    STATUS_KILLED = 137,
    WRITE_SIZE = 5,
    EXTRA_AT = 7, /* the write that may be longer */
    VECTORS = 16,
    AVX_AT = 576, /* of the upper halves in an XSAVE image: SDM 1, 13.4.2 */
    LINE_MAX = 200
};

enum who { SPINNER = 1, WRITER = 2 };

struct party {
    enum who who;
    const char *label;
    struct thread *thread;
    struct hal_user *user;
    struct space space;
    struct lx_user_regs regs; /* as given */
    uint64_t stops, advances; /* times it stopped; times it had got on */
    uint64_t last_count;
    uint64_t writes;
    uint8_t image[HAL_FPU_IMAGE_MAX];
};

static struct party spinner = {.who = SPINNER, .label = code_fill_spin};
static struct party writer = {.who = WRITER, .label = code_fill_call};
static struct timer tick;
static uint64_t ticks; /* atomic: both threads' interrupts count */
static uint64_t ticks_wanted, tick_ns;
static bool extra;
static bool writer_is_done; /* atomic */

static void say(const char *fmt, ...)
{
    char line[LINE_MAX];
    va_list args;
    size_t size;

    va_start(args, fmt);
    size = format_list(line, sizeof(line), fmt, args);
    va_end(args);
    hal_log_write(line, min_size(size, sizeof(line) - 1));
}

bool contract_check(bool truth, const char *what, const char *file, int line)
{
    if (!truth) {
        say("%s:%d: does not hold: %s\n", file, line, what);
        hal_power_off(1);
    }
    return true;
}

bool contract_check_equal(uint64_t expected, uint64_t got, const char *what,
                          const char *file, int line)
{
    if (expected != got) {
        say("%s:%d: %s: expected %#llx, got %#llx\n", file, line, what,
            (unsigned long long)expected, (unsigned long long)got);
        hal_power_off(1);
    }
    return true;
}

/* The number behind "name=" on the command line, or what it is without. */
static uint64_t option(const char *name, uint64_t otherwise)
{
    const char *at = hal_boot_facts()->command_line;
    size_t length = str_length(name, LINE_MAX);
    uint64_t value = 0;

    while (*at != '\0' && !str_starts(at, name))
        at++;
    if (*at == '\0')
        return otherwise;
    for (at += length; *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

/* A pattern that is also text: the writer's bytes go to the console. */
static uint8_t vector_byte(enum who who, size_t at)
{
    return (uint8_t)('!' + (at * 13 + 41 * (size_t)who) % 94);
}

static void give_registers(struct party *p)
{
    struct lx_user_regs *r = &p->regs;
    uint8_t *vectors = page_data(p->space.data);

    for (size_t i = 0; i < VECTORS * 32; i++)
        vectors[i] = vector_byte(p->who, i);
    hal_user_reset(p->user, space_label(p->label), SPACE_STACK);
    hal_user_get(p->user, r);
    r->rdi = 1;
    r->rsi = SPACE_DATA;
    r->rdx = WRITE_SIZE;
    r->rbp = PATTERN(p->who, 7);
    r->r8 = PATTERN(p->who, 8);
    r->r9 = PATTERN(p->who, 9);
    r->r10 = PATTERN(p->who, 10);
    r->r12 = PATTERN(p->who, 12);
    r->r13 = PATTERN(p->who, 13);
    r->r14 = PATTERN(p->who, 14);
    r->r15 = PATTERN(p->who, 15);
    r->rcx = PATTERN(p->who, 3);
    r->r11 = PATTERN(p->who, 11);
    r->fs_base = SPACE_DATA + 64 * (uint64_t)p->who;
    r->gs_base = SPACE_DATA + 640 * (uint64_t)p->who;
    CHECK_EQUAL(0, hal_user_set(p->user, r));
}

/* The vectors of an image, once the code that fills them has run. */
static void check_vectors(struct party *p)
{
    hal_user_fpu_get(p->user, p->image);
    for (size_t v = 0; v < VECTORS; v++)
        for (size_t i = 0; i < 16; i++) {
            CHECK_EQUAL(vector_byte(p->who, v * 32 + i),
                        p->image[160 + v * 16 + i]);
            CHECK_EQUAL(vector_byte(p->who, v * 32 + 16 + i),
                        p->image[AVX_AT + v * 16 + i]);
        }
}

/* All registers that the loop leaves alone. */
static void check_party(struct party *p)
{
    const struct lx_user_regs *want = &p->regs;
    struct lx_user_regs got;

    hal_user_get(p->user, &got);
    CHECK_EQUAL(want->rdi, got.rdi);
    CHECK_EQUAL(want->rsi, got.rsi);
    CHECK_EQUAL(want->rbp, got.rbp);
    CHECK_EQUAL(want->r8, got.r8);
    CHECK_EQUAL(want->r9, got.r9);
    CHECK_EQUAL(want->r10, got.r10);
    CHECK_EQUAL(want->r12, got.r12);
    CHECK_EQUAL(want->r13, got.r13);
    CHECK_EQUAL(want->r14, got.r14);
    CHECK_EQUAL(want->r15, got.r15);
    CHECK_EQUAL(want->rsp, got.rsp);
    CHECK_EQUAL(want->fs_base, got.fs_base);
    CHECK_EQUAL(want->gs_base, got.gs_base);
    CHECK_EQUAL(want->cs, got.cs);
    CHECK_EQUAL(want->ss, got.ss);
    if (p->who == SPINNER) {
        CHECK_EQUAL(want->rcx, got.rcx);
        CHECK_EQUAL(want->r11, got.r11);
    }
    p->stops++;
    if (got.rbx != p->last_count)
        p->advances++;
    p->last_count = got.rbx;
    if (got.rbx > 0)
        check_vectors(p);
}

static void set_write_size(struct party *p, uint64_t size)
{
    hal_user_get(p->user, &p->regs);
    p->regs.rdx = size;
    CHECK_EQUAL(0, hal_user_set(p->user, &p->regs));
}

/* The writer's call: its bytes go to the console. */
static void serve_write(struct party *p, const struct hal_trap *trap)
{
    const uint8_t *bytes = page_data(p->space.data);
    int64_t result = 0;

    CHECK_EQUAL(1, trap->number);
    CHECK_EQUAL(SPACE_DATA, trap->args[1]);
    hal_check_event(HAL_EVENT_CALL, p->thread->number, trap->number, 0);
    result = hal_console_write(HAL_STREAM_OUT, bytes, (size_t)trap->args[2]);
    hal_check_event(HAL_EVENT_RESULT, p->thread->number, trap->number,
                    (uint64_t)result);
    hal_user_set_result(p->user, result);
    p->writes++;
    if (extra && p->writes == EXTRA_AT)
        set_write_size(p, WRITE_SIZE + 1);
    else if (extra && p->writes == EXTRA_AT + 1)
        set_write_size(p, WRITE_SIZE);
}

static void run_once(struct party *p)
{
    struct hal_trap trap;

    hal_user_run(p->user, &trap);
    CHECK(!hal_irq_are_off());
    check_party(p);
    if (p->who == WRITER && trap.kind == HAL_TRAP_CALL)
        serve_write(p, &trap);
    else
        CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind);
}

static unsigned take_work(struct thread *self)
{
    return __atomic_exchange_n(&self->work, 0, __ATOMIC_ACQ_REL);
}

/* The loop of core/syscall, with the checks; returns for exit work. */
static void run_party(struct party *p)
{
    unsigned work = 0;

    while ((work & THREAD_WORK_EXIT) == 0) {
        hal_irq_disable();
        if (!thread_has_work(p->thread)) {
            run_once(p);
            continue;
        }
        hal_irq_enable();
        work = take_work(p->thread);
        if ((work & THREAD_WORK_RESCHED) != 0)
            thread_yield();
    }
}

static void open_party(struct party *p)
{
    p->thread = thread_current();
    CHECK(space_open(&p->space));
    CHECK_EQUAL(0, hal_user_create(&p->user));
    thread_set_user(p->user);
    give_registers(p);
}

static void close_party(struct party *p)
{
    thread_set_user(NULL);
    hal_user_destroy(p->user);
    space_close(&p->space);
}

static void kill_spinner(void *arg)
{
    (void)arg;
    thread_set_work(spinner.thread, THREAD_WORK_EXIT);
}

/* Interrupt context: the running thread gives way; the last tick ends the
 * writer, and then the spinner alone is left for the deadline. */
static void on_tick(void *arg)
{
    struct thread *running = thread_current();

    (void)arg;
    if (__atomic_add_fetch(&ticks, 1, __ATOMIC_RELAXED) >= ticks_wanted) {
        thread_set_work(writer.thread, THREAD_WORK_EXIT);
        return;
    }
    if (running->user != NULL)
        thread_set_work(running, THREAD_WORK_RESCHED);
    timer_arm(&tick, hal_clock_now() + tick_ns);
}

static void run_writer(void *arg)
{
    (void)arg;
    open_party(&writer);
    run_party(&writer);
    close_party(&writer);
    __atomic_store_n(&writer_is_done, true, __ATOMIC_RELEASE);
}

static void run_spinner(void *arg)
{
    struct timer deadline;

    (void)arg;
    open_party(&spinner);
    timer_init(&tick, on_tick, NULL);
    timer_arm(&tick, hal_clock_now() + tick_ns);
    timer_init(&deadline, kill_spinner, NULL);
    while (!__atomic_load_n(&writer_is_done, __ATOMIC_ACQUIRE)) {
        hal_irq_disable();
        if (thread_has_work(spinner.thread)) {
            hal_irq_enable();
            (void)take_work(spinner.thread);
            thread_yield();
        } else {
            run_once(&spinner);
        }
    }
    timer_arm(&deadline, hal_clock_now() + 10 * tick_ns);
    run_party(&spinner);
    close_party(&spinner);
    say("ticks %llu: spinner stopped %llu times and got on %llu times, writer "
        "%llu and %llu, %llu writes\n",
        (unsigned long long)ticks, (unsigned long long)spinner.stops,
        (unsigned long long)spinner.advances, (unsigned long long)writer.stops,
        (unsigned long long)writer.advances, (unsigned long long)writer.writes);
    CHECK_EQUAL(ticks_wanted, ticks);
    CHECK(spinner.advances >= ticks_wanted / 10);
    CHECK(writer.advances >= ticks_wanted / 10);
    hal_power_off(STATUS_KILLED);
}

static void start(const char *name, void (*entry)(void *arg))
{
    struct thread *thread;

    CHECK_EQUAL(0, thread_create(name, entry, NULL, &thread));
    thread_start(thread);
    thread_put(thread);
}

void core_main(void)
{
    cpu_init_local(0);
    log_set_console_level(LOG_INFO);
    CHECK_EQUAL(0, page_init());
    cache_init_all();
    sched_init();
    hal_irq_enable();
    ticks_wanted = option("ticks=", 1000);
    tick_ns = option("tick_ns=", 1000000);
    extra = option("extra=", 0) != 0;
    start("writer", run_writer);
    start("spinner", run_spinner);
    sched_run();
}
