/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/user_test.c - hal/user.h, but for FPU state.
 */
#include "hal/user.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/string.h"
#include "core/sched/timer.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

#define PATTERN(n)    (UINT64_C(0x0101010101010101) * (n))

#define NON_CANONICAL UINT64_C(0x0000800000001000)

enum {
    FLAGS_USER = 0x202,  /* IF and the bit that is always set */
    FLAGS_ARITH = 0x8d5, /* CF PF AF ZF SF OF */
    FLAG_DIRECTION = 0x400,
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_BP = 3,
    VECTOR_UD = 6,
    VECTOR_GP = 13
};

struct fixture {
    struct space space;
    struct hal_user *user;
    struct lx_user_regs regs;
};

static bool set_up(struct fixture *f)
{
    f->user = NULL;
    return space_open(&f->space) && CHECK_EQUAL(0, hal_user_create(&f->user));
}

static void tear_down(struct fixture *f)
{
    if (f->user != NULL)
        hal_user_destroy(f->user);
    space_close(&f->space);
}

/* Every general register with a pattern of its own; rip at label. */
static void set_patterns(struct fixture *f, const char *label)
{
    struct lx_user_regs *r = &f->regs;

    hal_user_reset(f->user, space_label(label), SPACE_STACK);
    hal_user_get(f->user, r);
    r->rax = PATTERN(1);
    r->rbx = PATTERN(2);
    r->rcx = PATTERN(3);
    r->rdx = PATTERN(4);
    r->rsi = PATTERN(5);
    r->rdi = PATTERN(6);
    r->rbp = PATTERN(7);
    r->r8 = PATTERN(8);
    r->r9 = PATTERN(9);
    r->r10 = PATTERN(10);
    r->r11 = PATTERN(11);
    r->r12 = PATTERN(12);
    r->r13 = PATTERN(13);
    r->r14 = PATTERN(14);
    r->r15 = PATTERN(15);
    r->eflags = FLAGS_USER | FLAGS_ARITH;
    CHECK_EQUAL(0, hal_user_set(f->user, r));
}

/* All that a trap leaves alone. */
static void check_kept(const struct lx_user_regs *want,
                       const struct lx_user_regs *got)
{
    CHECK_EQUAL(want->rbx, got->rbx);
    CHECK_EQUAL(want->rdx, got->rdx);
    CHECK_EQUAL(want->rsi, got->rsi);
    CHECK_EQUAL(want->rdi, got->rdi);
    CHECK_EQUAL(want->rbp, got->rbp);
    CHECK_EQUAL(want->rsp, got->rsp);
    CHECK_EQUAL(want->r8, got->r8);
    CHECK_EQUAL(want->r9, got->r9);
    CHECK_EQUAL(want->r10, got->r10);
    CHECK_EQUAL(want->r12, got->r12);
    CHECK_EQUAL(want->r13, got->r13);
    CHECK_EQUAL(want->r14, got->r14);
    CHECK_EQUAL(want->r15, got->r15);
    CHECK_EQUAL(want->fs_base, got->fs_base);
    CHECK_EQUAL(want->gs_base, got->gs_base);
}

static void check_reset(void)
{
    struct fixture f;
    struct lx_user_regs r;

    if (set_up(&f)) {
        set_patterns(&f, code_trap);
        CHECK_EQUAL(0, hal_user_set_fs_base(f.user, 4096));
        hal_user_reset(f.user, 0x1234, 0x5678);
        hal_user_get(f.user, &r);
        CHECK_EQUAL(0x1234, r.rip);
        CHECK_EQUAL(0x5678, r.rsp);
        CHECK_EQUAL(FLAGS_USER, r.eflags);
        CHECK_EQUAL(UINT64_MAX, r.orig_rax);
        CHECK_EQUAL(0, r.rax | r.rbx | r.rcx | r.rdx | r.rsi | r.rdi | r.rbp |
                           r.r8 | r.r9 | r.r10 | r.r11 | r.r12 | r.r13 | r.r14 |
                           r.r15 | r.fs_base | r.gs_base);
        CHECK_EQUAL(3, r.cs & 3);
        CHECK_EQUAL(3, r.ss & 3);
    }
    tear_down(&f);
}

static void check_whole(void)
{
    struct fixture f;
    struct lx_user_regs got;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_trap);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_EXCEPTION, trap.kind);
        CHECK_EQUAL(VECTOR_UD, trap.vector);
        hal_user_get(f.user, &got);
        check_kept(&f.regs, &got);
        CHECK_EQUAL(f.regs.rax, got.rax);
        CHECK_EQUAL(f.regs.rcx, got.rcx);
        CHECK_EQUAL(f.regs.r11, got.r11);
        CHECK_EQUAL(f.regs.rip, got.rip);
        CHECK_EQUAL(f.regs.eflags, got.eflags & ~UINT64_C(0x10000));
        CHECK_EQUAL(UINT64_MAX, got.orig_rax);
    }
    tear_down(&f);
}

static void check_call(void)
{
    struct fixture f;
    struct lx_user_regs got;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_call);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_CALL, trap.kind);
        CHECK_EQUAL(HAL_CALL_64, trap.abi);
        CHECK_EQUAL(f.regs.rax, trap.number);
        CHECK_EQUAL(f.regs.rdi, trap.args[0]);
        CHECK_EQUAL(f.regs.rsi, trap.args[1]);
        CHECK_EQUAL(f.regs.rdx, trap.args[2]);
        CHECK_EQUAL(f.regs.r10, trap.args[3]);
        CHECK_EQUAL(f.regs.r8, trap.args[4]);
        CHECK_EQUAL(f.regs.r9, trap.args[5]);
        hal_user_get(f.user, &got);
        CHECK_EQUAL(f.regs.rax, got.orig_rax);
        CHECK_EQUAL(f.regs.rip + 2, got.rip);
        hal_user_set_result(f.user, -14);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_EXCEPTION, trap.kind);
        hal_user_get(f.user, &got);
        check_kept(&f.regs, &got);
        CHECK_EQUAL((uint64_t)-14, got.rax);
        CHECK_EQUAL(f.regs.rip + 2, got.rip);
        CHECK_EQUAL(got.rip, got.rcx);
        CHECK_EQUAL(f.regs.eflags, got.r11);
        CHECK_EQUAL(UINT64_MAX, got.orig_rax);
    }
    tear_down(&f);
}

/* A state that was set inside a call comes back whole, rcx and r11 too. */
static void check_set_in_call(void)
{
    struct fixture f;
    struct lx_user_regs got;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_call);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_CALL, trap.kind);
        set_patterns(&f, code_trap);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_EXCEPTION, trap.kind);
        hal_user_get(f.user, &got);
        check_kept(&f.regs, &got);
        CHECK_EQUAL(f.regs.rcx, got.rcx);
        CHECK_EQUAL(f.regs.r11, got.r11);
    }
    tear_down(&f);
}

static void check_fault_at(struct fixture *f, const char *label, uaddr_t at,
                           uint32_t error)
{
    struct hal_trap trap;

    set_patterns(f, label);
    f->regs.rdi = at;
    CHECK_EQUAL(0, hal_user_set(f->user, &f->regs));
    space_run(f->user, &trap);
    CHECK_EQUAL(HAL_TRAP_FAULT, trap.kind);
    CHECK_EQUAL(at, trap.address);
    CHECK_EQUAL(error, trap.error);
}

static void check_faults(void)
{
    struct fixture f;

    if (set_up(&f)) {
        check_fault_at(&f, code_read, SPACE_HOLE + 8, HAL_FAULT_USER);
        check_fault_at(&f, code_write, SPACE_HOLE + 8,
                       HAL_FAULT_USER | HAL_FAULT_WRITE);
        check_fault_at(&f, code_write, SPACE_CONST,
                       HAL_FAULT_USER | HAL_FAULT_WRITE | HAL_FAULT_PRESENT);
        check_fault_at(&f, code_write, SPACE_CODE,
                       HAL_FAULT_USER | HAL_FAULT_WRITE | HAL_FAULT_PRESENT);
        check_fault_at(&f, code_jump, SPACE_HOLE,
                       HAL_FAULT_USER | HAL_FAULT_EXEC);
        check_fault_at(&f, code_jump, SPACE_DATA,
                       HAL_FAULT_USER | HAL_FAULT_EXEC | HAL_FAULT_PRESENT);
        check_fault_at(&f, code_read, 0, HAL_FAULT_USER);
    }
    tear_down(&f);
}

/* The page comes after the fault, and the instruction goes on. */
static void check_resume(void)
{
    struct fixture f;
    struct lx_user_regs got;
    struct hal_trap trap;

    if (set_up(&f)) {
        check_fault_at(&f, code_read, SPACE_HOLE, HAL_FAULT_USER);
        CHECK(space_map(f.space.mmu, SPACE_HOLE, page_addr(f.space.data), 1,
                        HAL_READ));
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_EXCEPTION, trap.kind);
        CHECK_EQUAL(VECTOR_UD, trap.vector);
        hal_user_get(f.user, &got);
        CHECK_EQUAL(0, got.rax);
        space_unmap(f.space.mmu, SPACE_HOLE, 1);
        check_fault_at(&f, code_read, SPACE_HOLE, HAL_FAULT_USER);
    }
    tear_down(&f);
}

static void run_to_exception(struct fixture *f, const char *label,
                             unsigned vector, uint64_t rip_after)
{
    struct lx_user_regs got;
    struct hal_trap trap;

    set_patterns(f, label);
    space_run(f->user, &trap);
    CHECK_EQUAL(HAL_TRAP_EXCEPTION, trap.kind);
    CHECK_EQUAL(vector, trap.vector);
    hal_user_get(f->user, &got);
    CHECK_EQUAL(f->regs.rip + rip_after, got.rip);
}

static void check_exceptions(void)
{
    struct fixture f;

    if (set_up(&f)) {
        run_to_exception(&f, code_break, VECTOR_BP, 1);
        run_to_exception(&f, code_divide, VECTOR_DE, 2);
        run_to_exception(&f, code_halt, VECTOR_GP, 0);
        run_to_exception(&f, code_step, VECTOR_DB, 11);
    }
    tear_down(&f);
}

static void check_other_calls(void)
{
    struct fixture f;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_int80);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_CALL, trap.kind);
        CHECK_EQUAL(HAL_CALL_INT80, trap.abi);
        set_patterns(&f, code_string);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_CALL, trap.kind);
        hal_user_get(f.user, &f.regs);
        CHECK(f.regs.eflags & FLAG_DIRECTION);
        hal_user_set_result(f.user, 0);
        space_run(f.user, &trap);
        hal_user_get(f.user, &f.regs);
        CHECK(f.regs.eflags & FLAG_DIRECTION);
    }
    tear_down(&f);
}

static void check_wild(void)
{
    struct fixture f;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_call);
        f.regs.rip = NON_CANONICAL;
        CHECK_EQUAL(0, hal_user_set(f.user, &f.regs));
        space_run(f.user, &trap);
        CHECK((trap.kind == HAL_TRAP_EXCEPTION && trap.vector == VECTOR_GP) ||
              trap.kind == HAL_TRAP_FAULT);
        /* Out of a call with a rip that sysret would choke on. */
        set_patterns(&f, code_call);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_CALL, trap.kind);
        f.regs.rip = UINT64_C(0x7fffffffffff);
        f.regs.rsp = NON_CANONICAL;
        f.regs.eflags = UINT64_MAX;
        f.regs.cs = 0x10;
        f.regs.ss = 0;
        CHECK_EQUAL(0, hal_user_set(f.user, &f.regs));
        space_run(f.user, &trap);
        CHECK(trap.kind == HAL_TRAP_FAULT || trap.kind == HAL_TRAP_EXCEPTION);
        /* The kernel lives, and so does the thread. */
        run_to_exception(&f, code_break, VECTOR_BP, 1);
    }
    tear_down(&f);
}

static void check_bases(void)
{
    struct fixture f;
    struct lx_user_regs r;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_call);
        CHECK_EQUAL(-EPERM, hal_user_set_fs_base(f.user, HAL_USER_TOP));
        CHECK_EQUAL(-EPERM, hal_user_set_gs_base(f.user, UINT64_MAX));
        CHECK_EQUAL(0, hal_user_set_fs_base(f.user, SPACE_DATA));
        CHECK_EQUAL(0, hal_user_set_gs_base(f.user, SPACE_CONST));
        space_run(f.user, &trap);
        CHECK_EQUAL(SPACE_DATA, hal_user_fs_base(f.user));
        CHECK_EQUAL(SPACE_CONST, hal_user_gs_base(f.user));
        hal_user_get(f.user, &r);
        CHECK_EQUAL(SPACE_DATA, r.fs_base);
        r.gs_base = NON_CANONICAL;
        CHECK_EQUAL(-EIO, hal_user_set(f.user, &r));
        CHECK_EQUAL(SPACE_CONST, hal_user_gs_base(f.user));
    }
    tear_down(&f);
}

static void interrupt_user(void *arg)
{
    hal_user_interrupt(arg);
}

static void check_interrupt(void)
{
    struct fixture f;
    struct lx_user_regs r;
    struct hal_trap trap;
    struct timer timer;
    uint64_t turns = 0;

    if (set_up(&f)) {
        set_patterns(&f, code_spin);
        hal_user_interrupt(f.user); /* before: the next run returns */
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind);
        timer_init(&timer, interrupt_user, f.user);
        /* The timer may come before the first instruction. */
        for (int i = 0; i < 20 || turns == 0; i++) {
            timer_arm(&timer, hal_clock_now() + 2000000);
            space_run(f.user, &trap);
            if (!CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind))
                break;
            hal_user_get(f.user, &r);
            turns = r.rbx - f.regs.rbx;
        }
        r.rbx = f.regs.rbx;
        check_kept(&f.regs, &r);
        CHECK_EQUAL(f.regs.rcx, r.rcx);
        CHECK_EQUAL(f.regs.r11, r.r11);
    }
    tear_down(&f);
}

static volatile bool fired;

static void note_fired(void *arg)
{
    (void)arg;
    fired = true;
}

/* User code that runs for some time has run that long, in the kernel it does
 * not, and a clone has not run yet. */
static void check_time(void)
{
    enum { SPIN_NS = 5000000 };
    struct fixture f;
    struct hal_user *copy = NULL;
    struct hal_trap trap;
    struct lx_user_regs r;
    struct timer late;
    uint64_t start, ran;

    if (set_up(&f)) {
        set_patterns(&f, code_spin);
        CHECK_EQUAL(0, hal_user_ns(f.user));
        timer_init(&late, interrupt_user, f.user);
        start = hal_clock_now();
        do { /* the timer may come before the first instruction */
            timer_arm(&late, hal_clock_now() + SPIN_NS);
            space_run(f.user, &trap);
            hal_user_get(f.user, &r);
        } while (r.rbx == f.regs.rbx);
        ran = hal_user_ns(f.user);
        CHECK(ran > 0);
        CHECK(ran <= hal_clock_now() - start);
        start = hal_clock_now();
        while (hal_clock_now() < start + SPIN_NS)
            hal_cpu_relax();
        CHECK_EQUAL(ran, hal_user_ns(f.user));
        if (CHECK_EQUAL(0, hal_user_clone(f.user, &copy))) {
            CHECK_EQUAL(0, hal_user_ns(copy));
            hal_user_destroy(copy);
        }
    }
    tear_down(&f);
}

/* A device interrupt that is nobody's business does not end the run. */
static void check_dispatch_inside(void)
{
    struct fixture f;
    struct hal_trap trap;
    struct timer early, late;

    fired = false;
    if (set_up(&f)) {
        set_patterns(&f, code_spin);
        timer_init(&late, interrupt_user, f.user);
        timer_init(&early, note_fired, NULL);
        timer_arm(&early, hal_clock_now() + 1000000);
        timer_arm(&late, hal_clock_now() + 20000000);
        space_run(f.user, &trap);
        CHECK_EQUAL(HAL_TRAP_INTERRUPT, trap.kind);
        CHECK(fired);
        CHECK(!timer_cancel(&late));
    }
    tear_down(&f);
}

static void check_clone(void)
{
    struct fixture f;
    struct hal_user *copy = NULL;
    struct lx_user_regs r;
    struct hal_trap trap;

    if (set_up(&f)) {
        set_patterns(&f, code_call);
        CHECK_EQUAL(0, hal_user_set_fs_base(f.user, SPACE_DATA));
        f.regs.fs_base = SPACE_DATA;
        space_run(f.user, &trap);
        if (CHECK_EQUAL(0, hal_user_clone(f.user, &copy))) {
            hal_user_set_result(copy, 0);
            space_run(copy, &trap);
            CHECK_EQUAL(VECTOR_UD, trap.vector);
            hal_user_get(copy, &r);
            check_kept(&f.regs, &r);
            CHECK_EQUAL(0, r.rax);
            hal_user_destroy(copy);
        }
        hal_user_set_result(f.user, 17);
        space_run(f.user, &trap);
        hal_user_get(f.user, &r);
        CHECK_EQUAL(17, r.rax);
    }
    tear_down(&f);
}

static void check_no_memory(void)
{
    struct hal_user *user = NULL;
    int error = 0;

    for (uint64_t k = 1; k < 10; k++) {
        fault_plan_nth(FAULT_ANY, k);
        error = hal_user_create(&user);
        if (fault_failed() == 0)
            break;
        CHECK_EQUAL(-ENOMEM, error);
    }
    fault_plan_nth(0, 0);
    if (CHECK_EQUAL(0, error))
        hal_user_destroy(user);
}

static const struct contract_case cases[] = {
    {"what user code ran is counted", check_time},
    {"reset leaves what execve() promises", check_reset},
    {"a state that was set returns whole", check_whole},
    {"a call brings number and arguments, and takes a result", check_call},
    {"a state set inside a call returns whole", check_set_in_call},
    {"page faults tell address and x86 error bits", check_faults},
    {"a faulting instruction goes on once the page is there", check_resume},
    {"exceptions tell their vector and rip", check_exceptions},
    {"int 0x80 is told apart; DF does not hurt", check_other_calls},
    {"wild registers end in a trap, not in the kernel", check_wild},
    {"fs and gs base are kept and checked", check_bases},
    {"an interrupt ends the run in progress or the next", check_interrupt},
    {"device interrupts are served inside run", check_dispatch_inside},
    {"a clone is a copy with a life of its own", check_clone},
    {"without memory nothing is made", check_no_memory},
};
CONTRACT_SUITE(user, cases);
