/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/user.c - hal/user.h.
 *
 * The general registers of a thread are in its frame whenever the kernel runs;
 * user_enter() loads them and the stubs of entry.S store them. The rest (FPU,
 * fs and gs base, data selectors) is loaded when the thread first runs on this
 * CPU after another, and stored when it is switched out or asked for.
 */
#include "hal/x86_64/user.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/common/user_time.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/mmu.h"
#include "hal/phys.h"
#include "hal/upcall.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/entry.h"
#include "hal/x86_64/fpu.h"
#include "hal/x86_64/instr.h"

enum { VECTOR_DEBUG = 1, VECTOR_PROTECTION = 13, VECTOR_PAGE_FAULT = 14 };

/* What POPF and IRET let user code set: CF PF AF ZF SF TF DF OF NT RF AC ID. */
#define RFLAGS_USER UINT64_C(0x254dd5)

_Static_assert(offsetof(struct hal_user, whole) == USER_WHOLE, "layout.h");
_Static_assert(offsetof(struct hal_user, regs) == USER_REGS, "layout.h");
_Static_assert(offsetof(struct hal_user, regs.eflags) == USER_EFLAGS,
               "layout.h");
_Static_assert(offsetof(struct hal_user, regs.fs_base) == USER_TOP, "layout.h");
_Static_assert(USER_TOP % 16 == 0, "the processor aligns rsp to 16");
_Static_assert(offsetof(struct lx_user_regs, orig_rax) ==
                   offsetof(struct trap_frame, error),
               "one layout");

static unsigned order_of_user(void)
{
    size_t size = sizeof(struct hal_user) + fpu_size();
    unsigned order = 0;

    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

/* --- what stays in the processor ------------------------------------------ */

static void save_bases(struct lx_user_regs *r)
{
    __asm__ volatile("rdfsbase %0\n\t"
                     "swapgs\n\t"
                     "rdgsbase %1\n\t"
                     "swapgs"
                     : "=&r"(r->fs_base), "=&r"(r->gs_base));
}

static void load_bases(const struct lx_user_regs *r)
{
    __asm__ volatile("wrfsbase %0\n\t"
                     "swapgs\n\t"
                     "wrgsbase %1\n\t"
                     "swapgs"
                     :
                     : "r"(r->fs_base), "r"(r->gs_base)
                     : "memory");
}

static void save_selectors(struct lx_user_regs *r)
{
    uint32_t ds, es, fs, gs;

    __asm__ volatile("movl %%ds, %0\n\t"
                     "movl %%es, %1\n\t"
                     "movl %%fs, %2\n\t"
                     "movl %%gs, %3"
                     : "=&r"(ds), "=&r"(es), "=&r"(fs), "=&r"(gs));
    r->ds = ds & 0xffff;
    r->es = es & 0xffff;
    r->fs = fs & 0xffff;
    r->gs = gs & 0xffff;
}

/* Loading fs or gs clears the base, so the bases come after. All that user
 * code can have loaded is null or in the GDT, which never changes. */
static void load_selectors(const struct lx_user_regs *r)
{
    struct lx_user_regs now;

    save_selectors(&now);
    if (((now.ds ^ r->ds) | (now.es ^ r->es) | (now.fs ^ r->fs) |
         (now.gs ^ r->gs)) == 0)
        return;
    __asm__ volatile("movl %0, %%ds\n\t"
                     "movl %1, %%es\n\t"
                     "movl %2, %%fs\n\t"
                     "swapgs\n\t"
                     "movl %3, %%gs\n\t"
                     "swapgs"
                     :
                     : "r"((uint32_t)r->ds), "r"((uint32_t)r->es),
                       "r"((uint32_t)r->fs), "r"((uint32_t)r->gs)
                     : "memory");
}

void user_save_live(void)
{
    struct cpu_block *cpu = cpu_block();
    struct hal_user *user = cpu->live;

    if (user == NULL)
        return;
    save_bases(&user->regs);
    save_selectors(&user->regs);
    fpu_save(user->xsave);
    cpu->live = NULL;
}

/* Makes memory hold all of user's state. */
static void settle(struct hal_user *user)
{
    unsigned saved = hal_irq_save();

    if (cpu_block()->live == user)
        user_save_live();
    hal_irq_restore(saved);
}

/* The same, for who will change it there: the registers are to be reloaded. */
static void take_out(struct hal_user *user)
{
    settle(user);
    __atomic_store_n(&user->loaded_on, USER_NOWHERE, __ATOMIC_RELAXED);
}

/* Makes this CPU's registers user's. Returns 0, or -EFAULT where its FPU image
 * cannot be loaded. */
static int load_user(struct cpu_block *cpu, struct hal_user *user)
{
    int error = 0;

    user_save_live();
    if (cpu->loaded != user || user->loaded_on != cpu->number) {
        cpu->loaded = NULL;
        error = fpu_load(user->xsave);
        if (error != 0)
            return error;
        load_selectors(&user->regs);
        load_bases(&user->regs);
        cpu->loaded = user;
        /* An exchange: hal_user_run() looks at `interrupted` after it. */
        (void)__atomic_exchange_n(&user->loaded_on, cpu->number,
                                  __ATOMIC_SEQ_CST);
        cpu->user_top = (uint64_t)user + USER_TOP;
        cpu->tss.rsp[0] = cpu->user_top;
    }
    cpu->live = user;
    return 0;
}

/* --- life ----------------------------------------------------------------- */

int hal_user_create(struct hal_user **out)
{
    paddr_t frame = core_frames_alloc(order_of_user());
    struct hal_user *user;

    if (frame == PADDR_NONE)
        return -ENOMEM;
    user = hal_phys(frame);
    user->time = 0;
    user->interrupted = 0;
    user->loaded_on = USER_NOWHERE;
    hal_user_reset(user, 0, 0);
    *out = user;
    return 0;
}

int hal_user_clone(struct hal_user *from, struct hal_user **out)
{
    paddr_t frame = core_frames_alloc(order_of_user());
    struct hal_user *user;

    if (frame == PADDR_NONE)
        return -ENOMEM;
    user = hal_phys(frame);
    settle(from);
    mem_copy(user, from, sizeof(*user) + fpu_size());
    user->whole = 1;
    user->time = 0;
    user->interrupted = 0;
    user->loaded_on = USER_NOWHERE;
    *out = user;
    return 0;
}

void hal_user_destroy(struct hal_user *user)
{
    struct cpu_block *cpu;
    unsigned saved = hal_irq_save();

    cpu = cpu_block();
    if (cpu->live == user)
        cpu->live = NULL;
    if (cpu->loaded == user)
        cpu->loaded = NULL;
    hal_irq_restore(saved);
    core_frames_free(hal_phys_of(user), order_of_user());
}

void hal_user_reset(struct hal_user *user, uaddr_t entry, uaddr_t stack)
{
    take_out(user);
    user->whole = 1;
    user->regs = (struct lx_user_regs){
        .orig_rax = UINT64_MAX,
        .rip = entry,
        .cs = SEL_USER_CODE,
        .eflags = RFLAGS_FIXED | RFLAGS_IF,
        .rsp = stack,
        .ss = SEL_USER_DATA,
    };
    fpu_reset(user->xsave);
}

/* --- running -------------------------------------------------------------- */

static void fill_call(struct hal_user *user, struct hal_trap *out)
{
    const struct lx_user_regs *r = &user->regs;

    out->kind = HAL_TRAP_CALL;
    out->abi = HAL_CALL_64;
    out->number = r->orig_rax;
    out->args[0] = r->rdi;
    out->args[1] = r->rsi;
    out->args[2] = r->rdx;
    out->args[3] = r->r10;
    out->args[4] = r->r8;
    out->args[5] = r->r9;
}

static void fill_call32(struct hal_user *user, struct hal_trap *out)
{
    struct lx_user_regs *r = &user->regs;

    r->orig_rax = (uint32_t)r->rax;
    out->kind = HAL_TRAP_CALL;
    out->abi = HAL_CALL_INT80;
    out->number = r->orig_rax;
    out->args[0] = (uint32_t)r->rbx;
    out->args[1] = (uint32_t)r->rcx;
    out->args[2] = (uint32_t)r->rdx;
    out->args[3] = (uint32_t)r->rsi;
    out->args[4] = (uint32_t)r->rdi;
    out->args[5] = (uint32_t)r->rbp;
}

static void fill_exception(struct user_exit exit, struct hal_trap *out)
{
    out->kind = HAL_TRAP_EXCEPTION;
    out->vector = (unsigned)exit.reason;
    out->error = (uint32_t)exit.error;
    if (exit.reason == VECTOR_PAGE_FAULT) {
        out->kind = HAL_TRAP_FAULT;
        out->address = read_cr2();
    }
    if (exit.reason == VECTOR_DEBUG)
        write_dr6(0xffff0ff0); /* its bits are sticky */
}

static void end_interrupted(struct hal_user *user, struct hal_trap *out)
{
    __atomic_store_n(&user->interrupted, 0, __ATOMIC_RELEASE);
    out->kind = HAL_TRAP_INTERRUPT;
}

/* Everything but a plain system call. */
static void fill_other(struct hal_user *user, struct user_exit exit,
                       struct hal_trap *out)
{
    user->whole = 1;
    if (exit.reason == EXIT_INTERRUPT)
        end_interrupted(user, out);
    else if (exit.reason == VECTOR_INT80)
        fill_call32(user, out);
    else
        fill_exception(exit, out);
}

void hal_user_run(struct hal_user *user, struct hal_trap *out)
{
    static const struct user_exit unloadable = {VECTOR_PROTECTION, 0};
    struct cpu_block *cpu = cpu_block();
    struct user_exit exit;

    if (cpu->live != user && load_user(cpu, user) != 0) {
        fill_exception(unloadable, out);
    } else if (user_is_interrupted(user)) {
        end_interrupted(user, out);
    } else {
        user_time_enter(&user->time, read_tsc_early());
        exit = user_enter(user);
        user_time_leave(&user->time, read_tsc_early());
        /* Calls are what most runs end with, and are to fall through. */
        if (__builtin_expect(exit.reason == EXIT_SYSCALL, 1)) {
            user->whole = 0;
            fill_call(user, out);
        } else {
            fill_other(user, exit, out);
        }
    }
    hal_irq_enable();
}

uint64_t hal_user_ns(struct hal_user *user)
{
    return clock_ns(user_time_read(&user->time, read_tsc()));
}

void hal_user_interrupt(struct hal_user *user)
{
    /*
     * A run names its CPU (once, when it loads the registers), then looks at
     * the flag, then enters user mode; here the flag is set before that name is
     * read, and both sides have an exchange between. So either the run sees the
     * flag, or we see its CPU, where the nudge arrives as soon as user mode has
     * interrupts on. Whoever calls this on that CPU stands in the kernel: the
     * thread is yet to look.
     */
    unsigned saved = hal_irq_save();
    unsigned cpu;

    (void)__atomic_exchange_n(&user->interrupted, 1u, __ATOMIC_SEQ_CST);
    cpu = __atomic_load_n(&user->loaded_on, __ATOMIC_SEQ_CST);
    if (cpu != USER_NOWHERE && cpu != hal_cpu_self())
        apic_send(cpu_block_of(cpu)->apic_id, VECTOR_NUDGE);
    hal_irq_restore(saved);
}

/* --- registers ------------------------------------------------------------ */

void hal_user_set_result(struct hal_user *user, int64_t value)
{
    user->regs.rax = (uint64_t)value;
    user->regs.orig_rax = UINT64_MAX;
}

void hal_user_get(struct hal_user *user, struct lx_user_regs *out)
{
    settle(user);
    *out = user->regs;
}

int hal_user_set(struct hal_user *user, const struct lx_user_regs *in)
{
    struct lx_user_regs *r = &user->regs;

    if (in->fs_base >= HAL_USER_TOP || in->gs_base >= HAL_USER_TOP)
        return -EIO;
    take_out(user);
    user->whole = 1;
    *r = *in;
    r->cs = SEL_USER_CODE;
    r->ss = SEL_USER_DATA;
    r->ds = 0;
    r->es = 0;
    r->fs = 0;
    r->gs = 0;
    r->eflags = (in->eflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF;
    return 0;
}

uint64_t hal_user_fs_base(struct hal_user *user)
{
    settle(user);
    return user->regs.fs_base;
}

uint64_t hal_user_gs_base(struct hal_user *user)
{
    settle(user);
    return user->regs.gs_base;
}

int hal_user_set_fs_base(struct hal_user *user, uint64_t base)
{
    if (base >= HAL_USER_TOP)
        return -EPERM;
    take_out(user);
    user->regs.fs_base = base;
    user->regs.fs = 0;
    return 0;
}

int hal_user_set_gs_base(struct hal_user *user, uint64_t base)
{
    if (base >= HAL_USER_TOP)
        return -EPERM;
    take_out(user);
    user->regs.gs_base = base;
    user->regs.gs = 0;
    return 0;
}

size_t hal_user_fpu_size(void)
{
    return fpu_size() + sizeof(uint32_t);
}

void hal_user_fpu_get(struct hal_user *user, void *image)
{
    settle(user);
    fpu_export(user->xsave, image);
}

int hal_user_fpu_set(struct hal_user *user, const void *image, size_t size)
{
    take_out(user);
    if (image != NULL)
        return fpu_import(user->xsave, image, size);
    fpu_clear(user->xsave);
    return 0;
}
