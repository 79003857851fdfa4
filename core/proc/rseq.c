/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/rseq.c - contract in rseq.h.
 */
#include "core/proc/rseq.h"

#include "core/abi/errno.h"
#include "core/abi/ptrace.h"
#include "core/abi/rseq.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "hal/user.h"

static uint32_t this_cpu_number(void)
{
    uint32_t number;

    cpu_pin();
    number = cpu_this()->number;
    cpu_unpin();
    return number;
}

/* Publishes the CPU's number, or that there is none any more. */
static int write_cpu(struct task *task, bool is_registered)
{
    uint32_t number = is_registered ? this_cpu_number() : 0;
    uint32_t ids[2] = {number,
                       is_registered ? number : LX_RSEQ_CPU_ID_UNINITIALIZED};

    return copy_out(task->process->as, task->rseq, ids, sizeof(ids));
}

static int unregister(struct task *task, uaddr_t area, uint32_t size,
                      uint32_t signature)
{
    int error;

    if (task->rseq == 0 || task->rseq != area || size != sizeof(struct lx_rseq))
        return -EINVAL;
    if (task->rseq_signature != signature)
        return -EPERM;
    error = write_cpu(task, false);
    if (error != 0)
        return error;
    task->rseq = 0;
    task->thread->switch_work &= ~(unsigned)THREAD_WORK_RSEQ;
    return 0;
}

int rseq_register(struct task *task, uaddr_t area, uint32_t size,
                  uint64_t flags, uint32_t signature)
{
    int error;

    if (flags == LX_RSEQ_FLAG_UNREGISTER)
        return unregister(task, area, size, signature);
    if (flags != 0)
        return -EINVAL;
    if (task->rseq != 0) {
        if (task->rseq != area || size != sizeof(struct lx_rseq))
            return -EINVAL;
        return task->rseq_signature != signature ? -EPERM : -EBUSY;
    }
    if (area == 0 || area % LX_RSEQ_ALIGN != 0 ||
        size != sizeof(struct lx_rseq))
        return -EINVAL;
    if (area >= HAL_USER_TOP)
        return -EFAULT;
    task->rseq = area;
    task->rseq_signature = signature;
    error = write_cpu(task, true);
    if (error != 0)
        task->rseq = 0;
    else
        task->thread->switch_work |= THREAD_WORK_RSEQ;
    return error;
}

/* The section the thread is said to be in, checked as rseq(2) has it. */
static int read_section(struct task *task, uaddr_t at,
                        struct lx_rseq_cs *section)
{
    uint32_t signature;
    int error;

    if (at >= HAL_USER_TOP)
        return -EFAULT;
    error = copy_in_struct(task->process->as, section, at);
    if (error != 0)
        return error;
    if (section->version != 0 || section->abort_ip < sizeof(signature) ||
        section->abort_ip >= HAL_USER_TOP ||
        section->start_ip >= HAL_USER_TOP ||
        section->post_commit_offset > HAL_USER_TOP - section->start_ip ||
        section->abort_ip - section->start_ip < section->post_commit_offset)
        return -EFAULT;
    error = copy_in_struct(task->process->as, &signature,
                           section->abort_ip - sizeof(signature));
    if (error == 0 && signature != task->rseq_signature)
        error = -EFAULT;
    return error;
}

/* Leaves the critical section rip is in, if it is in one. */
static int abort_section(struct task *task, uaddr_t at)
{
    static const uint64_t none;
    struct lx_rseq_cs section;
    struct lx_user_regs regs;
    int error = read_section(task, at, &section);

    if (error != 0)
        return error;
    error = copy_out(task->process->as,
                     task->rseq + offsetof(struct lx_rseq, rseq_cs), &none,
                     sizeof(none));
    if (error != 0)
        return error;
    hal_user_get(task->thread->user, &regs);
    if (regs.rip - section.start_ip >= section.post_commit_offset)
        return 0;
    regs.rip = section.abort_ip;
    return hal_user_set(task->thread->user, &regs);
}

int rseq_resume(struct task *task)
{
    uint64_t section = 0;
    int error;

    if (task->rseq == 0)
        return 0;
    error = write_cpu(task, true);
    if (error == 0)
        error = copy_in_struct(task->process->as, &section,
                               task->rseq + offsetof(struct lx_rseq, rseq_cs));
    if (error != 0 || section == 0)
        return error;
    return abort_section(task, section);
}
