/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/loop.c - contract in loop.h.
 *
 * The work word is looked at with interrupts off right before each run, and
 * whoever sets it calls hal_user_interrupt(), so no work waits for a trap that
 * may never come.
 */
#include "core/syscall/loop.h"

#include "core/abi/errno.h"
#include "core/abi/ptrace.h"
#include "core/abi/sigcontext.h"
#include "core/abi/signal.h"
#include "core/base/log.h"
#include "core/mem/cache.h"
#include "core/proc/process.h"
#include "core/proc/rseq.h"
#include "core/proc/signal.h"
#include "core/sched/thread.h"
#include "core/sync/rcu.h"
#include "core/syscall/dispatch.h"
#include "core/vm/aspace.h"
#include "hal/irq.h"
#include "hal/user.h"

/* x86 exception vectors (Intel SDM volume 3, 6.3.1). */
enum {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_BP = 3,
    VECTOR_UD = 6,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_PF = 14,
    VECTOR_MF = 16,
    VECTOR_AC = 17,
    VECTOR_MC = 18,
    VECTOR_XM = 19
};

/* x87 status (SDM volume 1, 8.1.3) and MXCSR share these bits. */
enum {
    FPU_INVALID = 1,
    FPU_DENORMAL = 2,
    FPU_DIVIDE = 4,
    FPU_OVERFLOW = 8,
    FPU_UNDERFLOW = 16,
    MXCSR_MASK_SHIFT = 7
};

/* Addresses from here on are the kernel's to Linux. */
#define LINUX_USER_TOP UINT64_C(0x00007ffffffff000)

/* What Linux sends for each exception (signal(7); SDM volume 3, 6.15). */
struct fault {
    unsigned signal;
    int code;
    bool has_address; /* si_addr is rip */
};

static struct fault fault_of(unsigned vector)
{
    switch (vector) {
    case VECTOR_DE:
        return (struct fault){LX_SIGFPE, LX_FPE_INTDIV, true};
    case VECTOR_DB:
        return (struct fault){LX_SIGTRAP, LX_TRAP_TRACE, true};
    case VECTOR_BP:
        return (struct fault){LX_SIGTRAP, LX_SI_KERNEL, false};
    case VECTOR_UD:
        return (struct fault){LX_SIGILL, LX_ILL_ILLOPN, true};
    case VECTOR_MF:
    case VECTOR_XM:
        return (struct fault){LX_SIGFPE, 0, true};
    case VECTOR_AC:
        return (struct fault){LX_SIGBUS, LX_BUS_ADRALN, false};
    case VECTOR_NP:
    case VECTOR_SS:
    case VECTOR_MC:
        return (struct fault){LX_SIGBUS, LX_SI_KERNEL, false};
    default:
        return (struct fault){LX_SIGSEGV, LX_SI_KERNEL, false};
    }
}

/* Which of the unmasked floating-point errors it was. */
static int code_of_float(uint32_t errors)
{
    if ((errors & FPU_INVALID) != 0)
        return LX_FPE_FLTINV;
    if ((errors & FPU_DIVIDE) != 0)
        return LX_FPE_FLTDIV;
    if ((errors & FPU_OVERFLOW) != 0)
        return LX_FPE_FLTOVF;
    if ((errors & (FPU_UNDERFLOW | FPU_DENORMAL)) != 0)
        return LX_FPE_FLTUND;
    return LX_FPE_FLTRES;
}

static int code_of_fpu(struct thread *self, unsigned vector)
{
    size_t size = hal_user_fpu_size();
    struct lx_fpstate *image = kmem_alloc(size, MEM_WAIT, NULL);
    uint32_t errors;

    if (image == NULL)
        return LX_FPE_FLTINV;
    hal_user_fpu_get(self->user, image);
    if (vector == VECTOR_MF)
        errors = image->swd & ~(uint32_t)image->cwd;
    else
        errors = image->mxcsr & ~(image->mxcsr >> MXCSR_MASK_SHIFT);
    kmem_free(image, size);
    return code_of_float(errors);
}

/* For the handler's frame (struct lx_sigcontext). */
static void note_trap(struct thread *self, unsigned vector, uint32_t error)
{
    self->task->signals.trap_vector = vector;
    self->task->signals.trap_error = error;
}

/* What a handler may know of a fault: not which of the kernel's pages are
 * there, as on Linux. */
static uint32_t error_to_show(const struct hal_trap *trap)
{
    bool is_kernel = trap->address >= LINUX_USER_TOP;

    return trap->error | (is_kernel ? HAL_FAULT_PRESENT : 0);
}

static unsigned access_of(uint32_t error)
{
    if ((error & HAL_FAULT_EXEC) != 0)
        return HAL_EXEC;
    return (error & HAL_FAULT_WRITE) != 0 ? HAL_WRITE : HAL_READ;
}

/* A fault that core/vm could not resolve, for this reason. */
static void signal_fault(struct thread *self, uaddr_t address, int error)
{
    struct task *task = self->task;
    char name[PROCESS_NAME_MAX];

    switch (error) {
    case -ENXIO:
    case -EIO:
    case -ENOSPC:
        signal_force_fault(task, LX_SIGBUS, LX_BUS_ADRERR, address);
        break;
    case -EINTR:
        break; /* it was killed while it waited for memory */
    case -ENOMEM:
        task_get_name(task, name);
        log_error("out of memory: %s has to end itself", name);
        signal_force_fault(task, LX_SIGKILL, LX_SI_KERNEL, 0);
        break;
    case -EACCES:
        signal_force_fault(task, LX_SIGSEGV, LX_SEGV_ACCERR, address);
        break;
    default:
        signal_force_fault(task, LX_SIGSEGV, LX_SEGV_MAPERR, address);
        break;
    }
}

static void handle_fault(struct thread *self, const struct hal_trap *trap)
{
    struct aspace *as = self->task->process->as;
    int error = dispatch_fault(as, trap->address, access_of(trap->error));

    if (error == 0) {
        __atomic_store_n(&self->task->minor_faults,
                         self->task->minor_faults + 1, __ATOMIC_RELAXED);
        return;
    }
    note_trap(self, VECTOR_PF, error_to_show(trap));
    self->task->signals.trap_address = trap->address;
    signal_fault(self, trap->address, error);
}

static void handle_exception(struct thread *self, const struct hal_trap *trap)
{
    struct fault fault = fault_of(trap->vector);
    struct lx_user_regs regs;

    if (fault.code == 0)
        fault.code = code_of_fpu(self, trap->vector);
    hal_user_get(self->user, &regs);
    note_trap(self, trap->vector, trap->error);
    signal_force_fault(self->task, fault.signal, fault.code,
                       fault.has_address ? regs.rip : 0);
}

static void handle_call(struct thread *self, const struct hal_trap *trap)
{
    if (trap->abi == HAL_CALL_64)
        dispatch_call(self, trap->number, trap->args);
    else if (trap->abi == HAL_CALL_INT80)
        hal_user_set_result(self->user, -ENOSYS); /* no 32-bit calls */
    else
        signal_force_fault(self->task, LX_SIGSEGV, LX_SEGV_MAPERR,
                           trap->address);
}

static void handle_trap(struct thread *self, const struct hal_trap *trap)
{
    switch (trap->kind) {
    case HAL_TRAP_CALL:
        handle_call(self, trap);
        break;
    case HAL_TRAP_FAULT:
        handle_fault(self, trap);
        break;
    case HAL_TRAP_EXCEPTION:
        handle_exception(self, trap);
        break;
    case HAL_TRAP_INTERRUPT:
        break;
    }
}

static unsigned take_work(struct thread *self)
{
    return __atomic_exchange_n(&self->work, 0, __ATOMIC_ACQ_REL);
}

/* A call that was cut short is made again last, when the work that cut it is
 * done, and unless a signal's handler comes first. */
static void restart_call(struct thread *self)
{
    unsigned work = __atomic_load_n(&self->work, __ATOMIC_ACQUIRE);

    if ((work & THREAD_WORK_EXIT) == 0 &&
        self->task->signals.restart != RESTART_NONE)
        dispatch_again(self);
}

/* Everything that is due before user mode. */
static void do_work(struct thread *self)
{
    unsigned work = take_work(self);

    if ((work & THREAD_WORK_EXIT) != 0) {
        trace_end(self);
        task_exit(self->task);
    }
    if ((work & THREAD_WORK_RESCHED) != 0)
        thread_resched();
    if ((work & THREAD_WORK_SIGNAL) != 0)
        signal_deliver(self->task);
    if ((work & THREAD_WORK_RSEQ) != 0 && rseq_resume(self->task) != 0)
        signal_force_fault(self->task, LX_SIGSEGV, LX_SI_KERNEL, 0);
    if ((work & THREAD_WORK_RESTART) != 0)
        restart_call(self);
}

void user_loop(struct thread *self)
{
    struct hal_trap trap;

    for (;;) {
        hal_irq_disable();
        while (thread_has_work(self)) {
            hal_irq_enable();
            do_work(self);
            hal_irq_disable();
        }
        if (CHECKED)
            lockdep_check_none(&self->held, "in user mode");
        rcu_user_enter();
        hal_user_run(self->user, &trap);
        rcu_user_exit();
        handle_trap(self, &trap);
    }
}
