/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_frame.c - the frame of a handler on the user's stack, and
 * the way back (sigreturn(2); x86-64 psABI 3.4.1).
 *
 * From the handler's rsp upwards: return address, ucontext, siginfo, and at a
 * multiple of 64 the FPU image. rsp + 8 is a multiple of 16, as after a call.
 * Frame and image lie a fixed distance apart, so both are built in one piece
 * of kernel memory and copied at once.
 */
#include "core/abi/errno.h"
#include "core/abi/ptrace.h"
#include "core/abi/sigcontext.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/proc/process.h"
#include "core/proc/signal.h"
#include "core/proc/signal_impl.h"
#include "core/sched/thread.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

enum {
    RED_ZONE = 128,     /* below rsp, that leaf functions use (psABI 3.2.2) */
    IMAGE_ALIGN = 64,   /* XSAVE */
    IMAGE_OFFSET = 456, /* from the frame: makes frame + 8 a multiple of 16 */
    SYSCALL_SIZE = 2,   /* bytes of the instruction */
    FRAME_SKEW = 8      /* keeps the image in kernel memory aligned to 16 */
};

#define EFLAGS_TF UINT64_C(0x100)
#define EFLAGS_DF UINT64_C(0x400)
#define EFLAGS_RF UINT64_C(0x10000)

_Static_assert(IMAGE_OFFSET >= sizeof(struct lx_rt_sigframe), "no overlap");
_Static_assert((IMAGE_ALIGN - IMAGE_OFFSET % IMAGE_ALIGN + 8) % 16 == 0,
               "rsp at a handler's start: psABI 3.2.2");

static size_t frame_room(void)
{
    return FRAME_SKEW + IMAGE_OFFSET + hal_user_fpu_size();
}

/* The thread's room, made at its first signal; NULL without memory. */
static char *room_of(struct task_signals *signals)
{
    if (signals->frame == NULL)
        signals->frame = kmem_alloc(frame_room(), MEM_WAIT, NULL);
    return signals->frame;
}

void signal_frame_free(struct task_signals *signals)
{
    kmem_free(signals->frame, frame_room());
    signals->frame = NULL;
}

/* Where the frame goes: 0, or -EFAULT on the wrong side of the stack's end. */
static int place_frame(const struct task_signals *signals, uaddr_t sp,
                       uint64_t flags, uaddr_t *out)
{
    bool is_on_stack = signal_is_on_stack(signals, sp);

    sp -= RED_ZONE;
    if ((flags & LX_SA_ONSTACK) != 0 && !is_on_stack &&
        signals->stack_size > 0) {
        sp = signals->stack_base + signals->stack_size;
        is_on_stack = true;
    }
    sp = round_down(sp - hal_user_fpu_size(), IMAGE_ALIGN) - IMAGE_OFFSET;
    if (is_on_stack && (sp <= signals->stack_base ||
                        sp - signals->stack_base > signals->stack_size))
        return -EFAULT;
    *out = sp;
    return 0;
}

/* How the call that was cut short ends, as the program will see it. */
static void settle_call(const struct task *task, uint64_t flags,
                        struct lx_user_regs *regs)
{
    bool again =
        task->signals.restart == RESTART_NOINTR ||
        (task->signals.restart == RESTART_SYS && (flags & LX_SA_RESTART) != 0);

    if (task->signals.restart == RESTART_NONE)
        return;
    regs->rax = again ? task->restart.number : (uint64_t)-EINTR;
    if (again)
        regs->rip -= SYSCALL_SIZE;
}

/* All but what the caller knows; out is zero. */
static void fill_context(const struct task_signals *signals,
                         const struct lx_user_regs *r,
                         struct lx_sigcontext *out)
{
    out->r8 = r->r8;
    out->r9 = r->r9;
    out->r10 = r->r10;
    out->r11 = r->r11;
    out->r12 = r->r12;
    out->r13 = r->r13;
    out->r14 = r->r14;
    out->r15 = r->r15;
    out->rdi = r->rdi;
    out->rsi = r->rsi;
    out->rbp = r->rbp;
    out->rbx = r->rbx;
    out->rdx = r->rdx;
    out->rax = r->rax;
    out->rcx = r->rcx;
    out->rsp = r->rsp;
    out->rip = r->rip;
    out->eflags = r->eflags;
    out->cs = (uint16_t)r->cs;
    out->ss = (uint16_t)r->ss;
    out->err = signals->trap_error;
    out->trapno = signals->trap_vector;
    out->cr2 = signals->trap_address;
}

static void fill_frame(const struct task_signals *signals,
                       const struct signal_call *call,
                       const struct lx_user_regs *regs,
                       struct lx_rt_sigframe *out)
{
    mem_set(out, 0, sizeof(*out));
    out->restorer = call->action.sa_restorer;
    out->uc.uc_flags =
        LX_UC_FP_XSTATE | LX_UC_SIGCONTEXT_SS | LX_UC_STRICT_RESTORE_SS;
    out->uc.uc_stack.ss_sp = signals->stack_base;
    out->uc.uc_stack.ss_flags = signals->stack_flags;
    out->uc.uc_stack.ss_size = signals->stack_size;
    out->info = call->info;
    fill_context(signals, regs, &out->uc.uc_mcontext);
}

/* The registers that the handler starts with. */
static void enter_handler(struct hal_user *user, const struct signal_call *call,
                          uaddr_t frame, struct lx_user_regs *regs)
{
    regs->rdi = call->number;
    regs->rsi = frame + offsetof(struct lx_rt_sigframe, info);
    regs->rdx = frame + offsetof(struct lx_rt_sigframe, uc);
    regs->rax = 0;
    regs->orig_rax = UINT64_MAX;
    regs->rip = call->action.sa_handler;
    regs->rsp = frame;
    regs->eflags &= ~(EFLAGS_TF | EFLAGS_DF | EFLAGS_RF);
    /* Bases that a thread has are user addresses, and a constant is sound. */
    (void)!hal_user_set(user, regs);
    (void)!hal_user_fpu_set(user, NULL, 0);
}

int signal_frame_push(struct task *task, const struct signal_call *call,
                      signal_set mask)
{
    struct task_signals *signals = &task->signals;
    struct hal_user *user = task->thread->user;
    char *room = room_of(signals);
    struct lx_rt_sigframe *frame;
    struct lx_user_regs regs;
    uaddr_t at;

    if (room == NULL)
        return -ENOMEM;
    hal_user_get(user, &regs);
    if ((call->action.sa_flags & LX_SA_RESTORER) == 0 ||
        place_frame(signals, regs.rsp, call->action.sa_flags, &at) != 0)
        return -EFAULT;
    settle_call(task, call->action.sa_flags, &regs);
    frame = (struct lx_rt_sigframe *)(void *)(room + FRAME_SKEW);
    fill_frame(signals, call, &regs, frame);
    frame->uc.uc_sigmask = mask;
    frame->uc.uc_mcontext.oldmask = mask;
    frame->uc.uc_mcontext.fpstate = at + IMAGE_OFFSET;
    mem_set(frame + 1, 0, IMAGE_OFFSET - sizeof(*frame));
    hal_user_fpu_get(user, (char *)frame + IMAGE_OFFSET);
    if (copy_out(task->process->as, at, frame,
                 IMAGE_OFFSET + hal_user_fpu_size()) != 0)
        return -EFAULT;
    signals->restart = RESTART_NONE;
    if ((signals->stack_flags & LX_SS_AUTODISARM) != 0) {
        signals->stack_base = 0;
        signals->stack_size = 0;
        signals->stack_flags = LX_SS_DISABLE;
    }
    enter_handler(user, call, at, &regs);
    return 0;
}

/* --- the way back --------------------------------------------------------- */

/* Does the legacy region say that an extended image of a sound size follows? */
static bool is_extended(const struct lx_fpx_sw_bytes *sw)
{
    return sw->magic1 == LX_FP_XSTATE_MAGIC1 &&
           sw->xstate_size >= LX_FXSAVE_SIZE + LX_XSAVE_HEADER_SIZE &&
           sw->extended_size >= sw->xstate_size + LX_FP_XSTATE_MAGIC2_SIZE &&
           sw->xstate_size + LX_FP_XSTATE_MAGIC2_SIZE <= hal_user_fpu_size();
}

/* 0, -EFAULT, -EINVAL, -ENOMEM. */
static int restore_fpu(struct task *task, uaddr_t from)
{
    struct hal_user *user = task->thread->user;
    struct aspace *as = task->process->as;
    char *room = room_of(&task->signals);
    struct lx_fpstate *image;
    size_t size = sizeof(*image);

    if (from == 0)
        return hal_user_fpu_set(user, NULL, 0);
    if (room == NULL)
        return -ENOMEM;
    image = (struct lx_fpstate *)(void *)(room + FRAME_SKEW + IMAGE_OFFSET);
    if (copy_in(as, image, from, size) != 0)
        return -EFAULT;
    if (is_extended(&image->sw)) {
        size_t whole = image->sw.xstate_size + LX_FP_XSTATE_MAGIC2_SIZE;

        if (copy_in(as, image + 1, from + size, whole - size) != 0)
            return -EFAULT;
        size = whole;
    }
    return hal_user_fpu_set(user, image, size);
}

static void load_context(const struct lx_sigcontext *in,
                         struct lx_user_regs *regs)
{
    regs->r8 = in->r8;
    regs->r9 = in->r9;
    regs->r10 = in->r10;
    regs->r11 = in->r11;
    regs->r12 = in->r12;
    regs->r13 = in->r13;
    regs->r14 = in->r14;
    regs->r15 = in->r15;
    regs->rdi = in->rdi;
    regs->rsi = in->rsi;
    regs->rbp = in->rbp;
    regs->rbx = in->rbx;
    regs->rdx = in->rdx;
    regs->rax = in->rax;
    regs->rcx = in->rcx;
    regs->rsp = in->rsp;
    regs->rip = in->rip;
    regs->eflags = in->eflags;
    regs->orig_rax = UINT64_MAX;
}

void signal_return(struct task *task)
{
    struct hal_user *user = task->thread->user;
    struct lx_user_regs regs;
    struct lx_ucontext uc;
    uaddr_t frame, sp;

    hal_user_get(user, &regs);
    sp = regs.rsp;
    frame = sp - sizeof(uint64_t); /* the handler's ret took it */
    if (copy_in_struct(task->process->as, &uc,
                       frame + offsetof(struct lx_rt_sigframe, uc)) != 0 ||
        restore_fpu(task, uc.uc_mcontext.fpstate) != 0) {
        signal_force_fault(task, LX_SIGSEGV, LX_SI_KERNEL, 0);
        return;
    }
    if ((uc.uc_sigmask & ~SIGNALS_SACRED) != task->signals.blocked)
        signal_set_mask(task, uc.uc_sigmask);
    load_context(&uc.uc_mcontext, &regs);
    (void)!hal_user_set(user, &regs); /* the bases are those it had */
    /* What is no stack is left out, as on Linux, and so is one while the
     * handler is on the stack that it has set. */
    (void)!signal_change_stack(task, sp, &uc.uc_stack, NULL);
}
