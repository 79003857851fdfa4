/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/smp_test.c - what the headers of hal/ promise of several CPUs.
 *
 * A case runs one thread pinned to each CPU and waits for them all. With one
 * CPU what needs another passes without a look.
 */
#include "core/base/string.h"
#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "core/sync/spinlock.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/uaccess.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

#define WAIT_NS  UINT64_C(50000000000)
#define SLEEP_NS UINT64_C(2000000)
#define APART    UINT64_C(0x40000000) /* has tables of its own */
#define POISON   UINT64_C(0x5bad5bad5bad5bad)

enum { STACK_USE = 6000, TURNS = 40 };

/* One pinned thread. */
struct worker {
    unsigned cpu;
    void (*run)(struct worker *self);
    unsigned wakes;  /* atomic */
    uint64_t errors; /* its own until it is done */
    struct hal_user *user;
    struct space *space;
};

static struct worker workers[HAL_CPUS_MAX];
static struct waitq changed;
static unsigned done;  /* workers that ended; atomic */
static bool is_over;   /* workers that wait for it end; atomic */
static bool may_leave; /* and may free their users; atomic */
static bool all_told;  /* and nobody touches their users any more; atomic */
static unsigned ready; /* workers that have set themselves up; atomic */

static unsigned cpus(void)
{
    return hal_cpu_count();
}

/* So many turns for each CPU that all together take about as long; where CPUs
 * are many more than the host's, a turn that waits for all takes a time slice
 * of each. */
static unsigned turns(unsigned for_one)
{
    unsigned n = cpus();

    return for_one / (n > 16 ? n * n / 16 : n) + 1;
}

static unsigned get(const unsigned *n)
{
    return __atomic_load_n(n, __ATOMIC_ACQUIRE);
}

static void add(unsigned *n)
{
    __atomic_fetch_add(n, 1, __ATOMIC_ACQ_REL);
    waitq_wake_all(&changed);
}

struct target {
    const unsigned *count;
    unsigned value;
};

static bool is_reached(void *arg)
{
    const struct target *target = arg;

    return get(target->count) >= target->value;
}

/* Sleeps until *count is at least value; a failure if it never is. */
static bool wait_for(const unsigned *count, unsigned value)
{
    struct target target = {count, value};

    return CHECK_EQUAL(0, waitq_wait(&changed, is_reached, &target,
                                     hal_clock_now() + WAIT_NS));
}

static void run_worker(void *arg)
{
    struct worker *self = arg;
    unsigned saved = hal_irq_save();

    self->errors += hal_cpu_self() != self->cpu;
    hal_irq_restore(saved);
    self->run(self);
    add(&done);
}

static bool start_pinned(const char *name, void (*entry)(void *), void *arg,
                         unsigned cpu)
{
    struct thread *thread;

    if (!CHECK_EQUAL(0, thread_create(name, entry, arg, &thread)))
        return false;
    CHECK_EQUAL(0, thread_set_affinity(thread, UINT64_C(1) << cpu));
    thread_start(thread);
    thread_put(thread);
    return true;
}

/* Starts a worker on each CPU from first on; returns how many. */
static unsigned start_workers(unsigned first, void (*run)(struct worker *self),
                              struct space *space)
{
    static bool has_queue; /* the last worker may still be in it */
    unsigned started = 0;

    __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&ready, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&is_over, false, __ATOMIC_RELAXED);
    __atomic_store_n(&may_leave, false, __ATOMIC_RELAXED);
    __atomic_store_n(&all_told, false, __ATOMIC_RELAXED);
    if (!has_queue)
        waitq_init(&changed);
    has_queue = true;
    for (unsigned cpu = first; cpu < cpus(); cpu++) {
        workers[cpu] = (struct worker){.cpu = cpu, .run = run, .space = space};
        started += start_pinned("worker", run_worker, &workers[cpu], cpu);
    }
    return started;
}

static void check_workers(unsigned first)
{
    for (unsigned cpu = first; cpu < cpus(); cpu++)
        CHECK_EQUAL(0, workers[cpu].errors);
}

/* One worker per CPU, from beginning to end. */
static void run_everywhere(void (*run)(struct worker *self))
{
    unsigned started = start_workers(0, run, NULL);

    if (wait_for(&done, started))
        check_workers(0);
}

/* --- being there ---------------------------------------------------------- */

static void do_nothing(struct worker *self)
{
    (void)self;
}

static void check_all(void)
{
    uint64_t all = cpus() == 64 ? UINT64_MAX : (UINT64_C(1) << cpus()) - 1;

    CHECK_EQUAL(all, sched_online());
    run_everywhere(do_nothing);
}

/* Sleeps until it is woken, again and again. */
static void wait_wakes(struct worker *self)
{
    unsigned count = turns(TURNS * 4);

    add(&ready);
    for (unsigned i = 1; i <= count; i++) {
        struct target target = {&self->wakes, i};

        self->errors += waitq_wait(&changed, is_reached, &target,
                                   hal_clock_now() + WAIT_NS) != 0;
        add(&ready);
    }
}

static void check_wakes(void)
{
    unsigned count = turns(TURNS * 4);
    unsigned started = start_workers(0, wait_wakes, NULL);

    if (!wait_for(&ready, started))
        return;
    for (unsigned i = 1; i <= count; i++) {
        for (unsigned cpu = 0; cpu < cpus(); cpu++)
            add(&workers[cpu].wakes);
        if (!wait_for(&ready, (i + 1) * started))
            return;
    }
    if (wait_for(&done, started))
        check_workers(0);
}

/* --- time ----------------------------------------------------------------- */

struct alarm {
    struct timer timer;
    uint64_t fired_ns;
    unsigned fired_on;
    unsigned count; /* atomic */
};

static void on_alarm(void *arg)
{
    struct alarm *alarm = arg;

    alarm->fired_ns = hal_clock_now();
    alarm->fired_on = hal_cpu_self();
    add(&alarm->count);
}

static void use_timer(struct worker *self)
{
    struct alarm alarm = {.count = 0};
    uint64_t deadline;

    timer_init(&alarm.timer, on_alarm, &alarm);
    for (unsigned i = 1; i <= turns(TURNS); i++) {
        struct target target = {&alarm.count, i};

        deadline = hal_clock_now() + SLEEP_NS;
        timer_arm(&alarm.timer, deadline);
        self->errors += waitq_wait(&changed, is_reached, &target,
                                   hal_clock_now() + WAIT_NS) != 0;
        self->errors += alarm.fired_ns < deadline;
        self->errors += alarm.fired_on != self->cpu;
    }
    (void)timer_cancel(&alarm.timer);
}

static void check_timers(void)
{
    run_everywhere(use_timer);
}

static uint64_t latest_ns; /* atomic */

/* What another CPU has read and told of lies in the past. */
static void compare_clocks(struct worker *self)
{
    for (unsigned i = 0; i < turns(TURNS * 500); i++) {
        uint64_t told = __atomic_load_n(&latest_ns, __ATOMIC_SEQ_CST);
        uint64_t now = hal_clock_now();

        self->errors += now < told;
        __atomic_store_n(&latest_ns, now, __ATOMIC_SEQ_CST);
        if (i % 64 == 0)
            thread_resched();
    }
}

static void check_clocks(void)
{
    __atomic_store_n(&latest_ns, 0, __ATOMIC_RELAXED);
    run_everywhere(compare_clocks);
}

/* --- user code ------------------------------------------------------------ */

static bool is_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static bool is_time_to_end(void)
{
    return is_set(&is_over);
}

/* Begins with the user thread of a worker, in the space of the case. */
static bool open_user(struct worker *self, const char *label)
{
    struct lx_user_regs regs;

    if (hal_user_create(&self->user) != 0) {
        self->errors++;
        return false;
    }
    thread_set_mmu(self->space->mmu);
    hal_user_reset(self->user, space_label(label), SPACE_STACK);
    hal_user_get(self->user, &regs);
    regs.rdi = SPACE_DATA;
    regs.rsi = APART;
    regs.rdx = POISON;
    self->errors += hal_user_set(self->user, &regs) != 0;
    thread_set_user(self->user);
    return true;
}

static void close_user(struct worker *self)
{
    while (!is_set(&may_leave)) /* nobody interrupts it any more */
        thread_yield();
    thread_set_user(NULL);
    hal_user_destroy(self->user);
    thread_set_mmu(NULL);
}

/* One turn of the loop of core/syscall, which leaves pages to the case. */
static void run_user(struct worker *self, struct hal_trap *trap)
{
    struct thread *thread = thread_current();

    trap->kind = HAL_TRAP_INTERRUPT;
    hal_irq_disable();
    if (!thread_has_work(thread)) {
        hal_user_run(self->user, trap);
        return;
    }
    hal_irq_enable();
    (void)__atomic_exchange_n(&thread->work, 0, __ATOMIC_ACQ_REL);
    thread_resched();
}

/* Runs user code that spins, until it is over. */
static void spin(struct worker *self)
{
    struct hal_trap trap;

    if (!open_user(self, code_await))
        return;
    add(&ready);
    while (!is_time_to_end()) {
        run_user(self, &trap);
        self->errors += trap.kind == HAL_TRAP_EXCEPTION;
    }
    close_user(self);
}

/* Nothing but an interrupt ends the runs: who is told of the end comes back. */
static void end_users(unsigned first, unsigned started)
{
    __atomic_store_n(&is_over, true, __ATOMIC_SEQ_CST);
    for (unsigned cpu = first; cpu < cpus(); cpu++)
        if (workers[cpu].user != NULL)
            hal_user_interrupt(workers[cpu].user);
    __atomic_store_n(&may_leave, true, __ATOMIC_RELEASE);
    (void)wait_for(&done, started);
    check_workers(first);
}

static void check_interrupt(void)
{
    struct space space;

    if (cpus() > 1 && space_open(&space)) {
        CHECK(space_map(space.mmu, APART, page_addr(space.fixed), 1, HAL_READ));
        for (unsigned i = 0; i < turns(TURNS); i++) {
            unsigned started = start_workers(1, spin, &space);

            if (!wait_for(&ready, started))
                break;
            end_users(1, started);
        }
    }
    if (cpus() > 1)
        space_close(&space);
}

/* --- shootdown ------------------------------------------------------------ */

/* Does a user copy find poison at `at`? Nothing there is fine. */
static bool finds_poison(uaddr_t at)
{
    uint64_t seen = 0;

    return hal_copy_in(&seen, at, sizeof(seen)) == sizeof(seen) &&
           seen == POISON;
}

/* Watches for poison through user code and through user copies by turns. */
static void watch(struct worker *self)
{
    struct hal_trap trap;

    if (!open_user(self, code_await))
        return;
    add(&ready);
    while (!is_time_to_end()) {
        run_user(self, &trap);
        self->errors += trap.kind == HAL_TRAP_EXCEPTION;
        for (unsigned i = 0; i < TURNS; i++)
            self->errors += finds_poison(APART) + finds_poison(SPACE_DATA);
    }
    close_user(self);
}

static void fill(paddr_t page, uint64_t value)
{
    __atomic_store_n((uint64_t *)hal_phys(page), value, __ATOMIC_RELEASE);
}

/* Takes `at` back from the one frame, spoils that, and maps the other. */
static void move_page(struct space *space, uaddr_t at, paddr_t from, paddr_t to)
{
    space_unmap(space->mmu, at, 1);
    fill(from, POISON);
    fill(to, 0);
    CHECK(space_map(space->mmu, at, to, 1, HAL_READ));
}

static void check_shootdown(void)
{
    struct space space;
    paddr_t frames[4];
    unsigned started;

    if (cpus() > 1 && space_open(&space)) {
        /* The last two of the data pages are seen through these addresses
         * only, and so is each of the four frames. */
        for (unsigned i = 0; i < 4; i++)
            frames[i] = page_addr(space.data) + i * PAGE_SIZE;
        space_unmap(space.mmu, SPACE_DATA, 4);
        CHECK(space_map(space.mmu, SPACE_DATA, frames[0], 1, HAL_READ));
        CHECK(space_map(space.mmu, APART, frames[2], 1, HAL_READ));
        started = start_workers(1, watch, &space);
        if (wait_for(&ready, started))
            for (unsigned i = 0; i < turns(TURNS * 20); i++) {
                move_page(&space, SPACE_DATA, frames[i % 2], frames[1 - i % 2]);
                move_page(&space, APART, frames[2 + i % 2], frames[3 - i % 2]);
            }
        end_users(1, started);
    }
    if (cpus() > 1)
        space_close(&space);
}

static const struct lock_class edit_class = {"edit", LOCK_RANK_PT};
static struct spinlock edit_lock;

/* Maps and takes back a page of its own in the space that all share, so that
 * all wait for all; the page's frame is seen nowhere else. */
static void flush_own(struct worker *self)
{
    struct hal_mmu *mmu = self->space->mmu;
    struct hal_range range = {APART + (uint64_t)self->cpu * APART, 1};
    uint64_t seen;

    thread_set_mmu(mmu);
    for (unsigned i = 0; i < turns(TURNS * 4); i++) {
        struct hal_gather gather = {.mmu = mmu};
        struct hal_tables tables;

        if (hal_mmu_reserve(&tables, range) != 0) {
            self->errors++;
            break;
        }
        spin_lock(&edit_lock);
        hal_mmu_map(mmu, range, page_addr(self->space->fixed), HAL_READ,
                    HAL_NORMAL, &tables);
        spin_unlock(&edit_lock);
        hal_mmu_unreserve(&tables);
        self->errors +=
            hal_copy_in(&seen, range.start, sizeof(seen)) != sizeof(seen);
        spin_lock(&edit_lock);
        hal_mmu_unmap(&gather, range);
        spin_unlock(&edit_lock);
        hal_mmu_flush(&gather);
        self->errors += hal_copy_in(&seen, range.start, sizeof(seen)) != 0;
        thread_resched();
    }
    thread_set_mmu(NULL);
}

static void check_mutual(void)
{
    struct space space;
    unsigned started;

    spin_init(&edit_lock, &edit_class);
    if (space_open(&space)) {
        started = start_workers(0, flush_own, &space);
        if (wait_for(&done, started))
            check_workers(0);
    }
    space_close(&space);
}

/* --- contexts ------------------------------------------------------------- */

struct child {
    unsigned seed;
    unsigned good;  /* atomic */
    unsigned ended; /* atomic */
};

/* Uses most of its stack twice, with others running in between. */
static void use_stack(void *arg)
{
    struct child *child = arg;
    volatile uint8_t bytes[STACK_USE];
    bool good = true;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + child->seed);
    thread_yield();
    for (size_t i = 0; i < sizeof(bytes); i++)
        good &= bytes[i] == (uint8_t)(i + child->seed);
    if (good)
        add(&child->good);
    add(&child->ended);
}

/* Makes threads whose stacks are used on another CPU than this. */
static void make_contexts(struct worker *self)
{
    unsigned other = (self->cpu + 1) % cpus();

    for (unsigned i = 0; i < turns(1000); i++) {
        struct child child = {.seed = self->cpu * 31 + i};
        struct target target = {&child.ended, 1};

        if (!start_pinned("child", use_stack, &child, other)) {
            self->errors++;
            break;
        }
        self->errors += waitq_wait(&changed, is_reached, &target,
                                   hal_clock_now() + WAIT_NS) != 0;
        self->errors += get(&child.good) != 1;
    }
}

static void check_contexts(void)
{
    run_everywhere(make_contexts);
}

static const struct contract_case cases[] = {
    {"every CPU runs a thread pinned to it", check_all},
    {"a CPU that idles is woken", check_wakes},
    {"every CPU has a deadline of its own", check_timers},
    {"the clock goes back on no CPU", check_clocks},
    {"an interruption reaches user code on another CPU", check_interrupt},
    {"after a flush no CPU sees the old page", check_shootdown},
    {"CPUs that flush at once wait for each other", check_mutual},
    {"a stack made here serves there", check_contexts},
};
CONTRACT_SUITE(smp, cases);
