/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_control.c - prctl(2).
 */
#include "core/abi/errno.h"
#include "core/abi/prctl.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

static int64_t give_int(struct thread *self, uaddr_t to, int32_t value)
{
    return copy_out_struct(process_of(self)->as, to, &value);
}

static int64_t set_death_signal(struct thread *self, const uint64_t *args)
{
    if (args[1] > LX_SIGRTMAX)
        return -EINVAL;
    __atomic_store_n(&self->task->parent_death_signal, (int)args[1],
                     __ATOMIC_RELAXED);
    return 0;
}

static int64_t get_death_signal(struct thread *self, const uint64_t *args)
{
    return give_int(
        self, args[1],
        __atomic_load_n(&self->task->parent_death_signal, __ATOMIC_RELAXED));
}

static int64_t get_dumpable(struct thread *self, const uint64_t *args)
{
    (void)args;
    return __atomic_load_n(&process_of(self)->dumpable, __ATOMIC_RELAXED);
}

static int64_t set_dumpable(struct thread *self, const uint64_t *args)
{
    if (args[1] > 1)
        return -EINVAL;
    __atomic_store_n(&process_of(self)->dumpable, (int)args[1],
                     __ATOMIC_RELAXED);
    return 0;
}

static int64_t get_keepcaps(struct thread *self, const uint64_t *args)
{
    (void)args;
    return self->task->cred->keeps_caps;
}

static int64_t set_keepcaps(struct thread *self, const uint64_t *args)
{
    struct cred *cred;
    int error;

    if (args[1] > 1)
        return -EINVAL;
    error = cred_copy(self->task->cred, &cred);
    if (error != 0)
        return error;
    cred->keeps_caps = args[1] == 1;
    task_set_cred(self->task, cred);
    return 0;
}

static int64_t set_name(struct thread *self, const uint64_t *args)
{
    char name[PROCESS_NAME_MAX] = {0};
    ssize_t length =
        copy_string_in(process_of(self)->as, name, args[1], sizeof(name) - 1);

    if (length == -EFAULT)
        return -EFAULT;
    name[sizeof(name) - 1] = '\0';
    task_set_name(self->task, name);
    return 0;
}

static int64_t get_name(struct thread *self, const uint64_t *args)
{
    char name[PROCESS_NAME_MAX];

    task_get_name(self->task, name);
    return copy_out(process_of(self)->as, args[1], name, sizeof(name));
}

static int64_t read_bounding(struct thread *self, const uint64_t *args)
{
    if (args[1] > CAP_LAST)
        return -EINVAL;
    return self->task->cred->bounding >> args[1] & 1;
}

static int64_t drop_bounding(struct thread *self, const uint64_t *args)
{
    struct cred *cred;
    int error;

    if (!cred_is_capable(self->task->cred, CAP_SETPCAP))
        return -EPERM;
    if (args[1] > CAP_LAST)
        return -EINVAL;
    error = cred_copy(self->task->cred, &cred);
    if (error != 0)
        return error;
    cred->bounding &= ~(UINT64_C(1) << args[1]);
    task_set_cred(self->task, cred);
    return 0;
}

static int64_t set_subreaper(struct thread *self, const uint64_t *args)
{
    unsigned saved = process_tree_lock();

    process_of(self)->is_subreaper = args[1] != 0;
    process_tree_unlock(saved);
    return 0;
}

static int64_t get_subreaper(struct thread *self, const uint64_t *args)
{
    return give_int(self, args[1], process_of(self)->is_subreaper);
}

static bool are_zero(const uint64_t *args, unsigned from)
{
    for (unsigned i = from; i < 5; i++)
        if (args[i] != 0)
            return false;
    return true;
}

static int64_t set_no_new_privs(struct thread *self, const uint64_t *args)
{
    if (args[1] != 1 || !are_zero(args, 2))
        return -EINVAL;
    __atomic_store_n(&self->task->no_new_privs, true, __ATOMIC_RELAXED);
    return 0;
}

static int64_t get_no_new_privs(struct thread *self, const uint64_t *args)
{
    return are_zero(args, 1) ? self->task->no_new_privs : -EINVAL;
}

static int64_t get_tid_address(struct thread *self, const uint64_t *args)
{
    uint64_t address = self->task->clear_tid;

    return copy_out_struct(process_of(self)->as, args[1], &address);
}

static int64_t get_timing(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return LX_PR_TIMING_STATISTICAL;
}

static int64_t set_timing(struct thread *self, const uint64_t *args)
{
    (void)self;
    return args[1] == LX_PR_TIMING_STATISTICAL ? 0 : -EINVAL;
}

static int64_t get_seccomp(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return 0; /* no filter */
}

static int64_t get_tsc(struct thread *self, const uint64_t *args)
{
    return give_int(self, args[1], LX_PR_TSC_ENABLE);
}

static int64_t get_securebits(struct thread *self, const uint64_t *args)
{
    (void)args;
    return self->task->cred->keeps_caps ? LX_SECBIT_KEEP_CAPS : 0;
}

/* 0 means what the thread began with. */
static int64_t set_slack(struct thread *self, const uint64_t *args)
{
    self->task->timer_slack_ns =
        args[1] != 0 ? args[1] : self->task->default_slack_ns;
    return 0;
}

static int64_t get_slack(struct thread *self, const uint64_t *args)
{
    (void)args;
    return thread_level(self) > 0 ? 0 : (int64_t)self->task->timer_slack_ns;
}

static int64_t set_huge_pages(struct thread *self, const uint64_t *args)
{
    if (!are_zero(args, 2))
        return -EINVAL;
    __atomic_store_n(&process_of(self)->no_huge_pages, args[1] != 0,
                     __ATOMIC_RELAXED);
    return 0;
}

static int64_t get_huge_pages(struct thread *self, const uint64_t *args)
{
    if (!are_zero(args, 1))
        return -EINVAL;
    return __atomic_load_n(&process_of(self)->no_huge_pages, __ATOMIC_RELAXED);
}

/* The ambient set of capabilities(7) with bits added and taken away. */
static int64_t change_ambient(struct thread *self, uint64_t add, uint64_t drop)
{
    const struct cred *mine = self->task->cred;
    struct cred *cred;
    int error;

    if ((add & ~(mine->permitted & mine->inheritable)) != 0)
        return -EPERM;
    error = cred_copy(mine, &cred);
    if (error != 0)
        return error;
    cred->ambient = (cred->ambient | add) & ~drop;
    task_set_cred(self->task, cred);
    return 0;
}

static int64_t control_ambient(struct thread *self, const uint64_t *args)
{
    uint64_t bit = args[2] <= CAP_LAST ? UINT64_C(1) << args[2] : 0;

    if (args[1] == LX_PR_CAP_AMBIENT_CLEAR_ALL)
        return are_zero(args, 2) ? change_ambient(self, 0, CAPS_ALL) : -EINVAL;
    if (!are_zero(args, 3) || bit == 0)
        return -EINVAL;
    switch (args[1]) {
    case LX_PR_CAP_AMBIENT_IS_SET:
        return (self->task->cred->ambient & bit) != 0;
    case LX_PR_CAP_AMBIENT_RAISE:
        return change_ambient(self, bit, 0);
    case LX_PR_CAP_AMBIENT_LOWER:
        return change_ambient(self, 0, bit);
    default:
        return -EINVAL;
    }
}

int64_t sys_prctl(struct thread *self, const uint64_t *args)
{
    static const struct {
        uint32_t option;
        int64_t (*serve)(struct thread *self, const uint64_t *args);
    } options[] = {
        {LX_PR_SET_PDEATHSIG, set_death_signal},
        {LX_PR_GET_PDEATHSIG, get_death_signal},
        {LX_PR_GET_DUMPABLE, get_dumpable},
        {LX_PR_SET_DUMPABLE, set_dumpable},
        {LX_PR_GET_KEEPCAPS, get_keepcaps},
        {LX_PR_SET_KEEPCAPS, set_keepcaps},
        {LX_PR_GET_TIMING, get_timing},
        {LX_PR_SET_TIMING, set_timing},
        {LX_PR_SET_NAME, set_name},
        {LX_PR_GET_NAME, get_name},
        {LX_PR_CAPBSET_READ, read_bounding},
        {LX_PR_CAPBSET_DROP, drop_bounding},
        {LX_PR_SET_CHILD_SUBREAPER, set_subreaper},
        {LX_PR_GET_CHILD_SUBREAPER, get_subreaper},
        {LX_PR_SET_NO_NEW_PRIVS, set_no_new_privs},
        {LX_PR_GET_NO_NEW_PRIVS, get_no_new_privs},
        {LX_PR_GET_TID_ADDRESS, get_tid_address},
        {LX_PR_GET_SECCOMP, get_seccomp},
        {LX_PR_GET_TSC, get_tsc},
        {LX_PR_GET_SECUREBITS, get_securebits},
        {LX_PR_SET_TIMERSLACK, set_slack},
        {LX_PR_GET_TIMERSLACK, get_slack},
        {LX_PR_SET_THP_DISABLE, set_huge_pages},
        {LX_PR_GET_THP_DISABLE, get_huge_pages},
        {LX_PR_CAP_AMBIENT, control_ambient},
    };

    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (options[i].option == (uint32_t)args[0])
            return options[i].serve(self, args);
    return -EINVAL;
}
