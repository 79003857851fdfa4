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
#include "core/abi/signal.h"
#include "core/base/log.h"
#include "core/proc/process.h"
#include "core/proc/rseq.h"
#include "core/sched/thread.h"
#include "core/syscall/dispatch.h"
#include "core/vm/aspace.h"
#include "hal/irq.h"
#include "hal/user.h"

/* x86 exception vectors (Intel SDM volume 3, 6.3.1). */
enum {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
    VECTOR_UD = 6,
    VECTOR_NM = 7,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_MF = 16,
    VECTOR_AC = 17,
    VECTOR_MC = 18,
    VECTOR_XM = 19
};

/* No handler can be installed yet, so a fault's signal is deadly. */
static void end_by_signal(struct thread *self, unsigned number, uaddr_t addr)
{
    log_info("%s: killed by %s, address %#llx", self->task->process->name,
             signal_name(number), (unsigned long long)addr);
    task_end(self->task, number);
}

/* What Linux sends for each exception (signal(7); SDM volume 3, 6.15). */
static unsigned signal_of_exception(unsigned vector)
{
    switch (vector) {
    case VECTOR_DE:
    case VECTOR_MF:
    case VECTOR_XM:
        return LX_SIGFPE;
    case VECTOR_DB:
    case VECTOR_BP:
        return LX_SIGTRAP;
    case VECTOR_UD:
        return LX_SIGILL;
    case VECTOR_NP:
    case VECTOR_SS:
    case VECTOR_AC:
    case VECTOR_MC:
        return LX_SIGBUS;
    default:
        return LX_SIGSEGV;
    }
}

static unsigned access_of(uint32_t error)
{
    if ((error & HAL_FAULT_EXEC) != 0)
        return HAL_EXEC;
    return (error & HAL_FAULT_WRITE) != 0 ? HAL_WRITE : HAL_READ;
}

static void handle_fault(struct thread *self, const struct hal_trap *trap)
{
    struct aspace *as = self->task->process->as;
    int error = aspace_fault(as, trap->address, access_of(trap->error));

    switch (error) {
    case 0:
        break;
    case -ENXIO:
    case -EIO:
        end_by_signal(self, LX_SIGBUS, trap->address);
        break;
    case -ENOMEM:
        log_error("%s: out of memory", self->task->process->name);
        end_by_signal(self, LX_SIGKILL, trap->address);
        break;
    default:
        end_by_signal(self, LX_SIGSEGV, trap->address);
        break;
    }
}

static void handle_exception(struct thread *self, const struct hal_trap *trap)
{
    struct lx_user_regs regs;

    hal_user_get(self->user, &regs);
    end_by_signal(self, signal_of_exception(trap->vector), regs.rip);
}

static void handle_call(struct thread *self, const struct hal_trap *trap)
{
    if (trap->abi == HAL_CALL_64)
        dispatch_call(self, trap->number, trap->args);
    else if (trap->abi == HAL_CALL_INT80)
        hal_user_set_result(self->user, -ENOSYS); /* no 32-bit calls */
    else
        end_by_signal(self, LX_SIGSEGV, trap->address);
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

/* Everything that is due before user mode. A call that was cut short runs
 * again last, when the work that cut it is done. */
static void do_work(struct thread *self)
{
    unsigned work = take_work(self);

    if ((work & THREAD_WORK_EXIT) != 0) {
        trace_end(self);
        task_exit(self->task);
    }
    if ((work & THREAD_WORK_RESCHED) != 0)
        thread_yield();
    if ((work & THREAD_WORK_RSEQ) != 0 && rseq_resume(self->task) != 0)
        end_by_signal(self, LX_SIGSEGV, self->task->rseq);
    if ((work & THREAD_WORK_RESTART) != 0)
        dispatch_again(self);
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
        hal_user_run(self->user, &trap);
        handle_trap(self, &trap);
    }
}
