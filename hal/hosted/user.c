/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/user.c - hal/user.h: running user code in an engine, and what its
 * traps mean.
 *
 * Each round of hal_user_run() loads the registers into the control page of
 * this CPU's engine and waits until it hands over. Most ends of a round are
 * core's business; kicks, the end of single steps, reads of the TSC under a
 * seed, and faults that the tables permit are not, and go round again.
 *
 * The FPU state stays in the engine until this CPU loads another, switches, or
 * someone asks for it: hosted_user_cpu.live.
 *
 * What the engine reports comes from pages that user code can write, so each
 * word is copied once and checked; nonsense costs the address space its stub,
 * which core sees as a machine check (vector 18), and nothing else.
 */
#include "hal/user.h"

#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/common/user_time.h"
#include "hal/hosted/engine.h"
#include "hal/hosted/host.h"
#include "hal/hosted/seed.h"
#include "hal/hosted/user_state.h"
#include "hal/irq.h"
#include "hal/uaccess.h"

/* Signals and audit numbers of the host: signal(7), seccomp(2). */
enum {
    HOST_SIGILL = 4,
    HOST_SIGTRAP = 5,
    HOST_SIGBUS = 7,
    HOST_SIGFPE = 8,
    HOST_SIGSEGV = 11,
    HOST_SIGSYS = 31
};
#define HOST_ARCH_X86_64 0xc000003eu
#define HOST_ARCH_I386   0x40000003u

/* Exceptions: SDM volume 3, 6.3.1. */
enum {
    VECTOR_PROTECTION = 13,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_MACHINE_CHECK = 18,
    VECTORS = 32
};

/* The error code of `int 0x80` where the host has no such gate: the vector,
 * times 8, from the IDT (SDM volume 3, 6.13). */
enum { ERROR_INT80 = 0x80 * 8 + 2, INT80_SIZE = 2 };

/* Values of hosted_cpu.in_user: who may touch the CPU's engine. */
enum { IN_KERNEL, IN_USER, KICKING, KICKED };

#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

/* A page that keeps faulting although it is mapped. */
enum { REFILLS_MAX = 1000 };

static bool is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static struct hosted_user_cpu *this_cpu(void)
{
    return hosted_user_cpu_at(hosted_cpu_self()->number);
}

/* --- the FPU state -------------------------------------------------------- */

/*
 * Where the engine's FPU image lies, in this process; NULL when it is not
 * where one may lie. The stub names an address in its block.
 */
static const void *find_image(const struct stub_control *c)
{
    uint64_t at = __atomic_load_n(&c->fpu, __ATOMIC_RELAXED) % STUB_BLOCK_SIZE;

    if (at < STUB_FPU || at % 64 != 0 ||
        at + hosted_fpu_size() > STUB_BLOCK_SIZE)
        return NULL;
    return (const char *)c + at;
}

/* Copies the live state to where hal_user keeps it; it stays live. */
static void save_live(const struct hosted_user_cpu *cpu)
{
    const void *image = find_image(cpu->live_engine->host->control);

    if (image == NULL) {
        hosted_mmu_break(cpu->live_engine->mmu, "lost the FPU state");
        hosted_fpu_reset(cpu->live->image);
        return;
    }
    hosted_copy(cpu->live->image, image, hosted_fpu_size());
    hosted_fpu_sanitise(cpu->live->image);
}

void hosted_engine_put_away(struct hosted_cpu *cpu)
{
    struct hosted_user_cpu *own = hosted_user_cpu_at(cpu->number);

    if (own->live == NULL)
        return;
    save_live(own);
    own->live = NULL;
}

void hosted_user_settle(struct hal_user *user)
{
    unsigned saved = hal_irq_save();

    if (this_cpu()->live == user)
        save_live(this_cpu());
    hal_irq_restore(saved);
}

void hosted_user_drop(struct hal_user *user)
{
    unsigned saved = hal_irq_save();

    if (this_cpu()->live == user)
        this_cpu()->live = NULL;
    hal_irq_restore(saved);
}

static void load_fpu(struct hal_user *user, struct hosted_engine *engine)
{
    struct hosted_user_cpu *cpu = this_cpu();
    struct stub_control *c = engine->host->control;

    if (cpu->live == user && cpu->live_engine == engine)
        return;
    hosted_engine_put_away(hosted_cpu_self());
    hosted_copy((char *)c + STUB_FPU, user->image, hosted_fpu_size());
    c->fpu = STUB_BLOCKS + STUB_FPU +
             (uint64_t)(engine - engine->mmu->engines) * STUB_BLOCK_SIZE;
    c->fpu_mask = hosted_fpu_mask();
    cpu->live = user;
    cpu->live_engine = engine;
}

/* --- into the engine and out ---------------------------------------------- */

static void load_regs(const struct hal_user *user, struct stub_control *c)
{
    const struct lx_user_regs *r = &user->regs;
    uint64_t trace = user->steps > 0 ? USER_FLAG_TRACE : 0;

    hosted_copy(&c->regs.r15, &r->r15, USER_GENERAL_SIZE);
    c->regs.rip = r->rip;
    c->regs.cs = USER_CS;
    c->regs.rflags = r->eflags | trace;
    c->regs.rsp = r->rsp;
    c->regs.ss = USER_SS;
    c->fs_base = r->fs_base;
    c->gs_base = r->gs_base;
    c->steps = user->steps;
}

/*
 * Takes the registers over. Returns false when they are not those of 64-bit
 * user code. traced: the trace flag is ours, not the user's.
 */
static bool store_regs(struct hal_user *user, const struct stub_control *c,
                       bool traced)
{
    struct lx_user_regs *r = &user->regs;
    struct stub_regs regs;
    uint64_t bases[2];

    hosted_copy(&regs, &c->regs, sizeof(regs));
    hosted_copy(bases, &c->fs_base, sizeof(bases));
    mem_copy(&r->r15, &regs.r15, USER_GENERAL_SIZE);
    r->orig_rax = UINT64_MAX;
    r->rip = regs.rip;
    r->rsp = regs.rsp;
    r->eflags = (regs.rflags & USER_FLAGS) | USER_FLAGS_FIXED;
    if (traced)
        r->eflags &= ~USER_FLAG_TRACE;
    r->fs_base = is_canonical(bases[0]) ? bases[0] : 0;
    r->gs_base = is_canonical(bases[1]) ? bases[1] : 0;
    return regs.cs == USER_CS && regs.ss == USER_SS;
}

/* Marks this CPU as running user code. False when an interrupt came first:
 * hosted_cpu_raise() and hal_user_interrupt() look at in_user and at cpu after
 * they have set what is looked at here. */
static bool enter_user(struct hal_user *user, struct hosted_engine *engine)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    __atomic_store_n(&cpu->engine, engine, __ATOMIC_RELEASE);
    (void)__atomic_exchange_n(&user->cpu, cpu->number + 1, __ATOMIC_SEQ_CST);
    (void)__atomic_exchange_n(&cpu->in_user, IN_USER, __ATOMIC_SEQ_CST);
    return !hosted_irq_pending() &&
           __atomic_load_n(&user->interrupted, __ATOMIC_SEQ_CST) == 0;
}

static void leave_user(struct hal_user *user, struct hosted_engine *engine)
{
    struct hosted_cpu *cpu = hosted_cpu_self();
    uint32_t state = IN_USER;

    /* Who is kicking right now still uses the engine. */
    while (!__atomic_compare_exchange_n(&cpu->in_user, &state, IN_KERNEL, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        if (state == KICKING) {
            host_yield();
            state = IN_USER;
        }
    }
    __atomic_store_n(&user->cpu, 0, __ATOMIC_SEQ_CST);
    host_engine_unkick(engine->host);
}

void hosted_engine_kick(struct hosted_cpu *cpu)
{
    uint32_t state = IN_USER;

    if (!__atomic_compare_exchange_n(&cpu->in_user, &state, KICKING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return; /* it has left, or someone else kicks */
    host_engine_kick(__atomic_load_n(&cpu->engine, __ATOMIC_ACQUIRE)->host);
    __atomic_store_n(&cpu->in_user, KICKED, __ATOMIC_SEQ_CST);
}

/* --- what a trap means ---------------------------------------------------- */

static bool trap_exception(struct hal_trap *out, unsigned vector,
                           uint32_t error)
{
    out->kind = HAL_TRAP_EXCEPTION;
    out->vector = vector;
    out->error = error;
    return true;
}

static bool trap_broken(struct hal_trap *out, struct hal_mmu *mmu,
                        const char *why)
{
    hosted_mmu_break(mmu, why);
    return trap_exception(out, VECTOR_MACHINE_CHECK, 0);
}

static bool trap_call(struct hal_user *user, struct hal_trap *out,
                      enum hal_call_abi abi, uint64_t number)
{
    const struct lx_user_regs *r = &user->regs;

    user->regs.orig_rax = number;
    out->kind = HAL_TRAP_CALL;
    out->abi = abi;
    out->number = number;
    out->args[0] = r->rdi;
    out->args[1] = r->rsi;
    out->args[2] = r->rdx;
    out->args[3] = r->r10;
    out->args[4] = r->r8;
    out->args[5] = r->r9;
    return true;
}

static bool trap_call32(struct hal_user *user, struct hal_trap *out)
{
    const struct lx_user_regs *r = &user->regs;

    (void)trap_call(user, out, HAL_CALL_INT80, (uint32_t)r->rax);
    out->args[0] = (uint32_t)r->rbx;
    out->args[1] = (uint32_t)r->rcx;
    out->args[2] = (uint32_t)r->rdx;
    out->args[3] = (uint32_t)r->rsi;
    out->args[4] = (uint32_t)r->rdi;
    out->args[5] = (uint32_t)r->rbp;
    return true;
}

static bool is_vsyscall(uint64_t address)
{
    return address >= VSYSCALL_PAGE && address < VSYSCALL_PAGE + PAGE_SIZE;
}

static bool on_call(struct hal_user *user, const struct stub_report *report,
                    struct hal_trap *out)
{
    if (report->arch == HOST_ARCH_I386)
        return trap_call32(user, out);
    if (report->arch != HOST_ARCH_X86_64)
        return trap_broken(out, hosted_mmu_active(), "made a strange call");
    if (is_vsyscall(report->call_address))
        return trap_call(user, out, HAL_CALL_VSYSCALL, user->regs.rax);
    return trap_call(user, out, HAL_CALL_64, user->regs.rax);
}

/* A call of the vsyscall page on a host that has none: the caller's address is
 * on the stack (the page's entries only return). */
static bool emulate_vsyscall(struct hal_user *user, struct hal_trap *out)
{
    static const unsigned numbers[] = {96, 201, 309}; /* gettimeofday.. */
    uint64_t index = (user->regs.rip - VSYSCALL_PAGE) / 1024;
    uint64_t back;

    if (!is_vsyscall(user->regs.rip) || user->regs.rip % 1024 != 0 ||
        index >= COUNT_OF(numbers) ||
        hal_copy_in(&back, user->regs.rsp, sizeof(back)) != sizeof(back))
        return false;
    user->regs.rip = back;
    user->regs.rsp += sizeof(back);
    user->regs.rax = numbers[index];
    return trap_call(user, out, HAL_CALL_VSYSCALL, numbers[index]);
}

/* How often this fault has come in a row. */
static unsigned repeats(struct hal_user *user)
{
    if (user->fault_rip != user->regs.rip ||
        user->fault_address != user->need.address)
        user->fault_repeats = 0;
    user->fault_rip = user->regs.rip;
    user->fault_address = user->need.address;
    return ++user->fault_repeats;
}

/*
 * A page fault. Whether the page is present and what may be done with it is
 * what our tables say, not the host's mappings. Returns false when there is
 * nothing to tell core: the next round maps the page.
 */
static bool on_fault(struct hal_user *user, uaddr_t address, uint32_t error,
                     struct hal_trap *out)
{
    struct hal_mmu *mmu = hosted_mmu_active();
    struct hosted_access any = {.address = address, .rights = HAL_READ};
    struct hosted_access need = any;

    if (error & HAL_FAULT_WRITE)
        need.rights = HAL_WRITE;
    if (error & HAL_FAULT_EXEC)
        need.rights = HAL_EXEC;
    if (need.rights == HAL_EXEC && emulate_vsyscall(user, out))
        return true;
    /* Also for the round after core has dealt with the fault: that spares the
     * thread a second one. */
    user->need = need;
    if (hosted_mmu_permits(mmu, need)) {
        if (repeats(user) > REFILLS_MAX)
            return trap_broken(out, mmu, "faults for ever on a mapped page");
        return false;
    }
    out->kind = HAL_TRAP_FAULT;
    out->vector = VECTOR_PAGE_FAULT;
    out->address = address;
    out->error = (error & (HAL_FAULT_WRITE | HAL_FAULT_EXEC)) | HAL_FAULT_USER;
    if (hosted_mmu_permits(mmu, any))
        out->error |= HAL_FAULT_PRESENT;
    return true;
}

/* rdtsc and rdtscp under a seed: one tick a nanosecond of virtual time. */
static bool emulate_tsc(struct hal_user *user)
{
    struct lx_user_regs *r = &user->regs;
    uint8_t code[3];
    size_t size = hal_copy_in(code, r->rip, sizeof(code));
    uint64_t now;

    if (size >= 2 && code[0] == 0x0f && code[1] == 0x31) {
        r->rip += 2;
    } else if (size == 3 && code[0] == 0x0f && code[1] == 0x01 &&
               code[2] == 0xf9) {
        r->rip += 3;
        r->rcx = hosted_cpu_self()->number;
    } else {
        return false;
    }
    hosted_seed_charge();
    now = hal_clock_now();
    r->rax = (uint32_t)now;
    r->rdx = now >> 32;
    return true;
}

/* SIGSEGV and its like. */
static bool on_exception(struct hal_user *user,
                         const struct stub_report *report, struct hal_trap *out)
{
    uint32_t error = (uint32_t)report->error;

    if (report->code <= 0)
        return false; /* not an exception: someone on the host sent it */
    if (report->vector == VECTOR_PAGE_FAULT && report->signal == HOST_SIGSEGV)
        return on_fault(user, report->address, error, out);
    if (report->vector == VECTOR_PAGE_FAULT || report->vector >= VECTORS ||
        report->vector == VECTOR_MACHINE_CHECK)
        return trap_broken(out, hosted_mmu_active(), "has lost memory");
    if (report->vector == VECTOR_PROTECTION && !report->resume_fault) {
        if (error == ERROR_INT80) {
            user->regs.rip += INT80_SIZE;
            return trap_call32(user, out);
        }
        if (error == 0 && hosted_seed_on() && emulate_tsc(user))
            return false;
    }
    return trap_exception(out, report->vector, error);
}

static bool on_report(struct hal_user *user, const struct stub_report *report,
                      struct hal_trap *out)
{
    switch (report->signal) {
    case STUB_SIGNAL_KICK:
        return false;
    case STUB_SIGNAL_STEP:
        user->round_chosen = false;
        hosted_seed_expire();
        return false;
    case HOST_SIGSYS:
        return on_call(user, report, out);
    case HOST_SIGSEGV:
    case HOST_SIGBUS:
    case HOST_SIGILL:
    case HOST_SIGFPE:
    case HOST_SIGTRAP:
        return on_exception(user, report, out);
    default:
        return trap_broken(out, hosted_mmu_active(), "talks nonsense");
    }
}

/* User code ran and stopped: does core hear of it? */
static bool take_trap(struct hal_user *user, struct hosted_engine *engine,
                      struct hal_trap *out)
{
    struct stub_control *c = engine->host->control;
    struct stub_report report;
    uint32_t left = __atomic_load_n(&c->steps, __ATOMIC_RELAXED);
    bool traced;

    hosted_copy(&report, &c->report, sizeof(report));
    traced = user->steps > 0 && report.user_trace != 1;
    if (report.resume_fault != 1 && report.signal != STUB_SIGNAL_NONE &&
        !store_regs(user, c, traced))
        return trap_exception(out, VECTOR_PROTECTION, 0);
    /* syscall has put rflags into r11. */
    if (report.signal == HOST_SIGSYS && traced)
        user->regs.r11 &= ~USER_FLAG_TRACE;
    user->steps = left < user->steps ? left : user->steps;
    return on_report(user, &report, out);
}

/* --- the run -------------------------------------------------------------- */

/* What the processor would not load, without asking it. */
static bool is_unloadable(const struct hal_user *user, struct hal_trap *out)
{
    uint64_t rip = user->regs.rip;

    if (!is_canonical(rip))
        return trap_exception(out, VECTOR_PROTECTION, 0);
    if (rip < HAL_USER_TOP || is_vsyscall(rip))
        return false;
    /* The stub's code is there; for user code, nothing. */
    out->kind = HAL_TRAP_FAULT;
    out->vector = VECTOR_PAGE_FAULT;
    out->address = rip;
    out->error = HAL_FAULT_USER | HAL_FAULT_EXEC;
    return true;
}

/* How far this thread may run: decided once for each stretch between traps,
 * whatever the host does in between. The rule is in seed.h. */
static void choose_steps(struct hal_user *user)
{
    unsigned *credit;

    if (user->round_chosen || !hosted_seed_on())
        return;
    user->round_chosen = true;
    user->steps = 0;
    if (user->regs.eflags & USER_FLAG_TRACE)
        return;
    credit = &user->credit_alone;
    if (hosted_mmu_has_company(hosted_mmu_active(), user))
        credit = &user->credit;
    if (*credit > 0)
        user->steps = hosted_seed_steps();
    if (user->steps > 0)
        --*credit;
    else
        hosted_seed_linger();
}

/* One round, in the engine. True: *out is a trap for core. */
static bool run_engine(struct hal_user *user, struct hosted_engine *engine,
                       struct hal_trap *out)
{
    enum hosted_round round = HOSTED_ROUND_AGAIN;
    bool watch;

    choose_steps(user);
    watch = hosted_seed_on() && user->steps == 0;
    load_fpu(user, engine);
    load_regs(user, engine->host->control);
    if (enter_user(user, engine))
        round = hosted_mmu_round(engine, user->need, watch);
    leave_user(user, engine);

    switch (round) {
    case HOSTED_ROUND_AGAIN:
        return false;
    case HOSTED_ROUND_DEAD:
        return trap_exception(out, VECTOR_MACHINE_CHECK, 0);
    case HOSTED_ROUND_OVERRUN:
        user->round_chosen = false;
        user->credit_alone = HOSTED_CREDIT;
        hosted_seed_unreproducible();
        hosted_seed_expire();
        break;
    case HOSTED_ROUND_TRAP:
        break;
    }
    user->need.rights = 0;
    return take_trap(user, engine, out);
}

/* Takes interrupts, then a round. True: *out is a trap for core. */
static bool run_round(struct hal_user *user, struct hal_trap *out)
{
    struct hal_mmu *mmu;
    struct hosted_engine *engine;

    if (hosted_irq_pending()) {
        hosted_irq_dispatch();
        return false;
    }
    if (__atomic_exchange_n(&user->interrupted, 0, __ATOMIC_SEQ_CST) != 0) {
        out->kind = HAL_TRAP_INTERRUPT;
        return true;
    }
    if (is_unloadable(user, out))
        return true;
    mmu = hosted_mmu_active();
    ASSERT(mmu != NULL);
    engine = hosted_mmu_engine(mmu);
    if (engine == NULL)
        return trap_exception(out, VECTOR_MACHINE_CHECK, 0);
    return run_engine(user, engine, out);
}

void hal_user_run(struct hal_user *user, struct hal_trap *out)
{
    ASSERT(hal_irq_are_off());
    *out = (struct hal_trap){.kind = HAL_TRAP_INTERRUPT};
    user_time_enter(&user->time, host_clock_now());
    hosted_seed_charge();
    user->fault_repeats = 0;
    while (!run_round(user, out))
        ;
    if (out->kind != HAL_TRAP_INTERRUPT) {
        user->credit = HOSTED_CREDIT;
        user->round_chosen = false;
    }
    hosted_seed_charge();
    user_time_leave(&user->time, host_clock_now());
    hal_irq_enable();
}

uint64_t hal_user_ns(struct hal_user *user)
{
    return user_time_read(&user->time, host_clock_now());
}

void hal_user_interrupt(struct hal_user *user)
{
    uint32_t cpu;

    (void)__atomic_exchange_n(&user->interrupted, 1, __ATOMIC_SEQ_CST);
    cpu = __atomic_load_n(&user->cpu, __ATOMIC_SEQ_CST);
    if (cpu != 0)
        hosted_cpu_raise(hosted_cpu_at(cpu - 1), HOSTED_IRQ_USER);
}
