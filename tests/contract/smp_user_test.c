/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/smp_user_test.c - hal/user.h, hal/mmu.h and hal/uaccess.h
 * where several CPUs work in one address space. With one CPU the cases hold
 * for threads that take turns.
 */
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/sched/thread.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/uaccess.h"
#include "tests/contract/contract.h"
#include "tests/contract/smp.h"
#include "tests/contract/space.h"

#define PATTERN(who, n) (UINT64_C(0x0101010101010101) * (16 * (who) + (n)))

enum {
    CALLS = 2000,
    INTERRUPTS = 200,
    SHOOTDOWNS = 200,
    COPIES = 400,
    MOVES = 200,
    VECTORS = 16,
    OLD_BYTE = 0x11,
    NEW_BYTE = 0x22
};

/* What the workers of a case share. */
static struct space shared;
static struct hal_user *users[SMP_WORKERS_MAX];
static unsigned stops[SMP_WORKERS_MAX]; /* atomic: traps of a worker's user */
static bool is_over;                    /* atomic */

/* More CPUs than the host has take turns on its cores, so that a round of all
 * takes longer. */
static unsigned rounds(unsigned for_one)
{
    unsigned count = for_one / smp_workers();

    return count > SMP_WORKERS_MAX ? count : SMP_WORKERS_MAX;
}

static unsigned stops_of(unsigned worker)
{
    return __atomic_load_n(&stops[worker], __ATOMIC_ACQUIRE);
}

static void add_stop(unsigned worker)
{
    (void)__atomic_add_fetch(&stops[worker], 1, __ATOMIC_RELEASE);
}

static void set_over(bool over)
{
    __atomic_store_n(&is_over, over, __ATOMIC_RELEASE);
}

static bool seen_over(void)
{
    return __atomic_load_n(&is_over, __ATOMIC_ACQUIRE);
}

/* Does the work that was asked for; true when there was some. Interrupts are
 * off, and then on if there was. */
static bool do_work(struct thread *self)
{
    if (!thread_has_work(self))
        return false;
    hal_irq_enable();
    (void)__atomic_exchange_n(&self->work, 0, __ATOMIC_ACQ_REL);
    thread_resched();
    return true;
}

/* Runs user code until it traps, or something interrupts it. */
static void run_user(struct hal_user *user, struct hal_trap *trap)
{
    struct thread *self = thread_current();

    do {
        hal_irq_disable();
    } while (do_work(self));
    hal_user_run(user, trap);
}

/* Runs user code until it traps. */
static void run_to_trap(struct hal_user *user, struct hal_trap *trap)
{
    do {
        run_user(user, trap);
    } while (trap->kind == HAL_TRAP_INTERRUPT);
}

static void set_patterns(unsigned worker, const char *label)
{
    struct lx_user_regs r;

    hal_user_reset(users[worker], space_label(label), SPACE_STACK);
    hal_user_get(users[worker], &r);
    r.rbp = PATTERN(worker, 1);
    r.r8 = PATTERN(worker, 2);
    r.r9 = PATTERN(worker, 3);
    r.r12 = PATTERN(worker, 4);
    r.r15 = PATTERN(worker, 5);
    r.fs_base = SPACE_DATA + 64 * (uint64_t)worker;
    CHECK_EQUAL(0, hal_user_set(users[worker], &r));
}

static void check_patterns(unsigned worker)
{
    struct lx_user_regs r;

    hal_user_get(users[worker], &r);
    CHECK_EQUAL(PATTERN(worker, 1), r.rbp);
    CHECK_EQUAL(PATTERN(worker, 2), r.r8);
    CHECK_EQUAL(PATTERN(worker, 3), r.r9);
    CHECK_EQUAL(PATTERN(worker, 4), r.r12);
    CHECK_EQUAL(PATTERN(worker, 5), r.r15);
    CHECK_EQUAL(SPACE_DATA + 64 * (uint64_t)worker, r.fs_base);
}

static bool open_shared(void)
{
    bool is_open = space_open(&shared);

    set_over(false);
    for (unsigned i = 0; i < smp_workers(); i++) {
        users[i] = NULL;
        __atomic_store_n(&stops[i], 0, __ATOMIC_RELAXED);
        is_open = CHECK_EQUAL(0, hal_user_create(&users[i])) && is_open;
    }
    return is_open;
}

static void close_shared(void)
{
    for (unsigned i = 0; i < smp_workers(); i++)
        if (users[i] != NULL)
            hal_user_destroy(users[i]);
    space_close(&shared);
}

/* Each worker in the shared space, with its own user. */
static void enter_space(unsigned worker)
{
    thread_set_mmu(shared.mmu);
    thread_set_user(users[worker]);
}

static void leave_space(void)
{
    thread_set_user(NULL);
    thread_set_mmu(NULL);
}

/* Tells all workers, also those in user mode. */
static void end_all(void)
{
    set_over(true);
    for (unsigned worker = 0; worker < smp_workers(); worker++)
        hal_user_interrupt(users[worker]);
}

/* --- all CPUs in user mode ------------------------------------------------ */

static void make_calls(unsigned worker)
{
    struct lx_user_regs r;
    struct hal_trap trap;

    enter_space(worker);
    set_patterns(worker, code_call);
    for (unsigned i = 0; i < rounds(CALLS); i++) {
        run_to_trap(users[worker], &trap);
        if (!CHECK_EQUAL(HAL_TRAP_CALL, trap.kind))
            break;
        check_patterns(worker);
        hal_user_get(users[worker], &r);
        r.rip = space_label(code_call);
        CHECK_EQUAL(0, hal_user_set(users[worker], &r));
    }
    leave_space();
}

static void check_calls(void)
{
    if (open_shared())
        smp_run(make_calls, NULL);
    close_shared();
}

/* --- interrupting a user on another CPU ----------------------------------- */

static void spin_until_over(unsigned worker)
{
    struct hal_trap trap;

    enter_space(worker);
    set_patterns(worker, code_spin);
    while (!seen_over()) {
        run_user(users[worker], &trap);
        if (!CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind))
            break;
        check_patterns(worker);
        add_stop(worker);
    }
    leave_space();
}

/* Each interrupt brings each user out, or this waits for ever. */
static void interrupt_all(void)
{
    for (unsigned i = 0; i < rounds(INTERRUPTS); i++) {
        unsigned worker = i % smp_workers(), before = stops_of(worker);

        hal_user_interrupt(users[worker]);
        while (stops_of(worker) == before)
            thread_yield();
    }
    end_all();
}

static void check_interrupts(void)
{
    if (open_shared())
        smp_run(spin_until_over, interrupt_all);
    close_shared();
}

/* --- shooting down translations ------------------------------------------- */

/* Looks at a page for ever; what it must not see ends it with an exception. */
static void watch_page(unsigned worker)
{
    struct lx_user_regs r;
    struct hal_trap trap;

    enter_space(worker);
    set_patterns(worker, code_watch);
    hal_user_get(users[worker], &r);
    r.rdi = SPACE_DATA;
    r.rsi = UINT64_C(0x0101010101010101) * OLD_BYTE;
    CHECK_EQUAL(0, hal_user_set(users[worker], &r));
    while (!seen_over()) {
        run_user(users[worker], &trap);
        if (trap.kind == HAL_TRAP_FAULT) {
            CHECK_EQUAL(SPACE_DATA, trap.address);
            add_stop(worker);
        } else if (!CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind)) {
            break;
        }
        thread_yield();
    }
    leave_space();
}

static void fill_data(int byte)
{
    mem_set(page_data(shared.data), byte, PAGE_SIZE);
}

static bool map_data(void)
{
    fill_data(OLD_BYTE);
    return CHECK(space_map(shared.mmu, SPACE_DATA, page_addr(shared.data), 1,
                           HAL_READ | HAL_WRITE));
}

static void shoot_down(void)
{
    for (unsigned i = 0; i < rounds(SHOOTDOWNS); i++) {
        unsigned worker = i % smp_workers(), before;

        space_unmap(shared.mmu, SPACE_DATA, 1);
        fill_data(NEW_BYTE);
        before = stops_of(worker);
        while (stops_of(worker) == before) /* it faults, and faults again */
            thread_yield();
        if (!map_data())
            break;
        thread_yield();
    }
    end_all();
}

static void check_shootdown(void)
{
    if (open_shared()) {
        fill_data(OLD_BYTE);
        smp_run(watch_page, shoot_down);
    }
    close_shared();
}

/* --- copies beside a flush ------------------------------------------------ */

static void copy_until_over(unsigned worker)
{
    static uint8_t copies[SMP_WORKERS_MAX][PAGE_SIZE];
    uint8_t *copy = copies[worker];

    enter_space(worker);
    while (!seen_over()) {
        size_t got = hal_copy_in(copy, SPACE_DATA, PAGE_SIZE);

        for (size_t i = 0; i < got; i++)
            if (!CHECK_EQUAL(OLD_BYTE, copy[i]))
                break;
        if (got == PAGE_SIZE)
            add_stop(worker);
        thread_yield();
    }
    leave_space();
}

static void refill_frame(void)
{
    for (unsigned i = 0; i < rounds(COPIES); i++) {
        unsigned worker = i % smp_workers();
        unsigned before = stops_of(worker);

        while (stops_of(worker) == before)
            thread_yield();
        space_unmap(shared.mmu, SPACE_DATA, 1);
        fill_data(NEW_BYTE);
        if (!map_data())
            break;
    }
    set_over(true);
}

static void check_copies(void)
{
    if (open_shared()) {
        fill_data(OLD_BYTE);
        smp_run(copy_until_over, refill_frame);
    }
    close_shared();
}

/* --- moving --------------------------------------------------------------- */

static uint8_t vector_byte(unsigned worker, size_t at)
{
    return (uint8_t)(at * 13 + 41 * worker + 7);
}

static void check_vectors(unsigned worker)
{
    static uint8_t images[SMP_WORKERS_MAX][HAL_FPU_IMAGE_MAX];
    uint8_t *image = images[worker];

    hal_user_fpu_get(users[worker], image);
    for (size_t v = 0; v < VECTORS; v++)
        for (size_t i = 0; i < 16; i++)
            if (!CHECK_EQUAL(vector_byte(worker, v * 32 + i),
                             image[160 + v * 16 + i]))
                return;
}

/* Traps on one CPU, goes on on the next. */
static void wander(unsigned worker)
{
    uint8_t vectors[VECTORS * 32];
    struct lx_user_regs r;
    struct hal_trap trap;

    for (size_t i = 0; i < sizeof(vectors); i++)
        vectors[i] = vector_byte(worker, i);
    enter_space(worker);
    set_patterns(worker, code_fill_call);
    hal_user_get(users[worker], &r);
    r.rsi = SPACE_DATA + worker * sizeof(vectors);
    CHECK_EQUAL(0, hal_user_set(users[worker], &r));
    CHECK_EQUAL(sizeof(vectors), hal_copy_out(r.rsi, vectors, sizeof(vectors)));
    for (unsigned i = 0; i < rounds(MOVES); i++) {
        run_to_trap(users[worker], &trap);
        if (!CHECK_EQUAL(HAL_TRAP_CALL, trap.kind))
            break;
        hal_user_set_result(users[worker], 0);
        CHECK_EQUAL(0, thread_set_affinity(thread_current(),
                                           UINT64_C(1) << (worker + i) %
                                                              smp_workers()));
        thread_yield();
        check_patterns(worker);
        check_vectors(worker);
        hal_user_get(users[worker], &r);
        CHECK_EQUAL(i, r.rbx);
    }
    leave_space();
}

static void check_moves(void)
{
    if (open_shared())
        smp_run(wander, NULL);
    close_shared();
}

static const struct contract_case cases[] = {
    {"one address space runs on all CPUs at once", check_calls},
    {"a user that runs on another CPU is interrupted", check_interrupts},
    {"a flush reaches user code on every CPU", check_shootdown},
    {"a copy beside a flush sees nothing of what comes after", check_copies},
    {"registers and vectors go along to another CPU", check_moves},
};
CONTRACT_SUITE(smp_user, cases);
