/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc.c - calls about the caller itself.
 */
#include "core/abi/errno.h"
#include "core/abi/futex.h"
#include "core/abi/prctl.h"
#include "core/abi/random.h"
#include "core/abi/wait.h"
#include "core/base/random.h"
#include "core/base/string.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/rseq.h"
#include "core/sync/percpu.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

int64_t sys_exit(struct thread *self, const uint64_t *args)
{
    task_end(self->task, LX_W_EXITED((int)args[0]));
    return 0;
}

int64_t sys_exit_group(struct thread *self, const uint64_t *args)
{
    process_end(process_of(self), LX_W_EXITED((int)args[0]));
    return 0;
}

int64_t sys_getpid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return process_number(process_of(self));
}

int64_t sys_gettid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return task_number(self->task);
}

int64_t sys_getppid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return __atomic_load_n(&process_of(self)->parent_number, __ATOMIC_RELAXED);
}

int64_t sys_set_tid_address(struct thread *self, const uint64_t *args)
{
    self->task->clear_tid = args[0];
    return task_number(self->task);
}

int64_t sys_getcpu(struct thread *self, const uint64_t *args)
{
    struct aspace *as = process_of(self)->as;
    uint32_t cpu, node = 0;

    cpu_pin();
    cpu = cpu_this()->number;
    cpu_unpin();
    if (args[0] != 0 && copy_out_struct(as, args[0], &cpu) != 0)
        return -EFAULT;
    if (args[1] != 0 && copy_out_struct(as, args[1], &node) != 0)
        return -EFAULT;
    return 0;
}

/* 0xffffffff asks without changing (personality(2)). */
int64_t sys_personality(struct thread *self, const uint64_t *args)
{
    uint32_t old = self->task->personality;

    if ((uint32_t)args[0] != UINT32_MAX)
        self->task->personality = (uint32_t)args[0];
    return old;
}

int64_t sys_set_robust_list(struct thread *self, const uint64_t *args)
{
    if (args[1] != sizeof(struct lx_robust_list_head))
        return -EINVAL;
    __atomic_store_n(&self->task->robust_list, args[0], __ATOMIC_RELAXED);
    return 0;
}

int64_t sys_get_robust_list(struct thread *self, const uint64_t *args)
{
    int number = (int32_t)(uint32_t)args[0];
    uint64_t size = sizeof(struct lx_robust_list_head), head = 0;
    struct task *task = self->task;
    bool may;

    if (number != 0)
        task = task_find(task->ns->pid, number);
    else
        task_get(task);
    if (task == NULL)
        return -ESRCH;
    may = task_may_look_into(self->task, task);
    head = __atomic_load_n(&task->robust_list, __ATOMIC_RELAXED);
    task_put(task);
    if (!may)
        return -EPERM;
    if (copy_out_struct(process_of(self)->as, args[2], &size) != 0)
        return -EFAULT;
    return copy_out_struct(process_of(self)->as, args[1], &head);
}

int64_t sys_rseq(struct thread *self, const uint64_t *args)
{
    return rseq_register(self->task, args[0], (uint32_t)args[1],
                         (uint32_t)args[2], (uint32_t)args[3]);
}

int64_t sys_arch_prctl(struct thread *self, const uint64_t *args)
{
    uint64_t base;

    switch ((uint32_t)args[0]) {
    case LX_ARCH_SET_FS:
        return hal_user_set_fs_base(self->user, args[1]);
    case LX_ARCH_SET_GS:
        return hal_user_set_gs_base(self->user, args[1]);
    case LX_ARCH_GET_FS:
        base = hal_user_fs_base(self->user);
        return copy_out_struct(process_of(self)->as, args[1], &base);
    case LX_ARCH_GET_GS:
        base = hal_user_gs_base(self->user);
        return copy_out_struct(process_of(self)->as, args[1], &base);
    case LX_ARCH_GET_CPUID:
        return 1; /* user code may use cpuid */
    case LX_ARCH_SET_CPUID:
        return -ENODEV; /* CPUID faulting is not used, if it is there */
    default:
        return -EINVAL;
    }
}

/* Fills user memory piece by piece; what could be given counts. */
static int64_t give_random(struct thread *self, uaddr_t to, uint64_t size)
{
    uint8_t piece[256];
    uint64_t done = 0;
    size_t moved, part = 0;

    do {
        part = (size_t)min_u64(size - done, sizeof(piece));
        random_bytes(piece, part);
        moved = copy_out_some(process_of(self)->as, to + done, piece, part);
        done += moved;
    } while (moved == part && done < size);
    mem_set(piece, 0, sizeof(piece));
    return done > 0 || size == 0 ? (int64_t)done : -EFAULT;
}

int64_t sys_getrandom(struct thread *self, const uint64_t *args)
{
    const unsigned known = LX_GRND_NONBLOCK | LX_GRND_RANDOM | LX_GRND_INSECURE;
    const unsigned both = LX_GRND_RANDOM | LX_GRND_INSECURE;
    unsigned flags = (unsigned)args[2];

    if ((flags & ~known) != 0 || (flags & both) == both)
        return -EINVAL;
    /* A machine without entropy has none later either: waiting would be for
     * ever, so that is said at once, also without GRND_NONBLOCK. */
    if (!random_is_seeded() && (flags & LX_GRND_INSECURE) == 0)
        return -EAGAIN;
    if (!is_user_range(args[0], min_u64(args[1], CALL_BYTES_MAX)))
        return -EFAULT;
    return give_random(self, args[0], min_u64(args[1], CALL_BYTES_MAX));
}
