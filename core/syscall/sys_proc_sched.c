/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_sched.c - sched_setscheduler(2), sched_setattr(2) and
 * their kin, sched_setaffinity(2), sched_yield(2), getpriority(2),
 * setpriority(2).
 */
#include "core/abi/errno.h"
#include "core/abi/resource.h"
#include "core/abi/sched.h"
#include "core/abi/time.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

enum { RR_INTERVAL_NS = 100000000, FAIR_INTERVAL_NS = 4000000 };

static int int_arg(uint64_t arg)
{
    return (int32_t)(uint32_t)arg;
}

/* The thread called number, 0 for the caller, with a reference; NULL. */
static struct task *find_task(struct thread *self, int number)
{
    if (number != 0)
        return task_find(self->task->ns->pid, number);
    task_get(self->task);
    return self->task;
}

/* Has the target capabilities that the caller lacks (capabilities(7),
 * CAP_SYS_NICE)? Tree lock. */
static bool outranks(const struct cred *its, const struct cred *mine)
{
    return (its->permitted & ~mine->permitted) != 0;
}

/* May the caller change how task is scheduled (sched(7))? Tree lock. */
static bool may_schedule(struct thread *self, const struct task *task)
{
    const struct cred *mine = self->task->cred;

    if (task == self->task || cred_is_capable(mine, CAP_SYS_NICE))
        return true;
    return (mine->euid == task->cred->uid || mine->euid == task->cred->euid) &&
           !outranks(task->cred, mine);
}

/* RLIMIT_NICE, 1..40, allows values down to 20 minus it. */
static bool may_nice(struct thread *self, struct task *task, int nice)
{
    uint64_t limit = limits_current(&task->process->limits, LX_RLIMIT_NICE);

    return cred_is_capable(self->task->cred, CAP_SYS_NICE) ||
           (uint64_t)(20 - nice) <= limit;
}

/* RLIMIT_RTPRIO bounds real-time priorities. */
static bool may_take(struct thread *self, struct task *task,
                     const struct thread_params *now,
                     const struct thread_params *then)
{
    uint64_t limit = limits_current(&task->process->limits, LX_RLIMIT_RTPRIO);

    if (cred_is_capable(self->task->cred, CAP_SYS_NICE))
        return true;
    if (then->policy != THREAD_FIFO && then->policy != THREAD_RR)
        return (then->nice >= now->nice || may_nice(self, task, then->nice)) &&
               (now->policy != THREAD_IDLE || then->policy == THREAD_IDLE ||
                may_nice(self, task, now->nice));
    if (then->policy == now->policy && then->priority <= now->priority)
        return true;
    return then->priority <= limit;
}

/* Do class and priority go together? */
static bool is_sound(const struct thread_params *params)
{
    switch (params->policy) {
    case THREAD_NORMAL:
    case THREAD_BATCH:
    case THREAD_IDLE:
        return params->priority == 0;
    case THREAD_FIFO:
    case THREAD_RR:
        return params->priority >= 1 && params->priority <= THREAD_PRIORITY_MAX;
    default:
        return false;
    }
}

/* What becomes of a thread; what is not set stays. */
struct schedule {
    bool sets_policy, sets_params, sets_nice, resets_on_fork;
    int policy;
    uint32_t priority;
    int nice; /* with sets_nice, of NORMAL and BATCH */
};

/* What the thread has after that: 0 or -EINVAL. */
static int decide(const struct schedule *wish, const struct thread_params *now,
                  struct thread_params *out)
{
    *out = *now;
    if (wish->sets_policy)
        out->policy = (enum thread_policy)wish->policy;
    out->priority = wish->priority;
    if (wish->sets_nice &&
        (out->policy == THREAD_NORMAL || out->policy == THREAD_BATCH))
        out->nice = wish->nice;
    if (!is_sound(out))
        return -EINVAL;
    if (!wish->sets_params)
        *out = *now;
    return 0;
}

static bool resets_on_fork(const struct task *task)
{
    return __atomic_load_n(&task->resets_on_fork, __ATOMIC_RELAXED);
}

/* Tree lock: no other change comes between what is read and what is set. */
static int set_schedule(struct thread *self, struct task *task,
                        const struct schedule *wish)
{
    struct thread_params now, then;
    int error;

    thread_get_params(task->thread, &now);
    error = decide(wish, &now, &then);
    if (error != 0)
        return error;
    if (!may_schedule(self, task) || !may_take(self, task, &now, &then))
        return -EPERM;
    if (wish->sets_policy && resets_on_fork(task) && !wish->resets_on_fork &&
        !cred_is_capable(self->task->cred, CAP_SYS_NICE))
        return -EPERM;
    if (wish->sets_policy)
        __atomic_store_n(&task->resets_on_fork, wish->resets_on_fork,
                         __ATOMIC_RELAXED);
    return thread_set_params(task->thread, &then);
}

static int schedule_number(struct thread *self, int number,
                           const struct schedule *wish)
{
    struct task *task = find_task(self, number);
    unsigned saved;
    int error;

    if (task == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    error = set_schedule(self, task, wish);
    process_tree_unlock(saved);
    task_put(task);
    return error;
}

/* policy -1 leaves it. */
static int64_t set_by_number(struct thread *self, int number, int policy,
                             uaddr_t from)
{
    struct schedule wish = {
        .sets_policy = policy >= 0,
        .sets_params = true,
        .resets_on_fork = (policy & LX_SCHED_RESET_ON_FORK) != 0,
        .policy = policy & ~LX_SCHED_RESET_ON_FORK,
    };

    if (number < 0 || from == 0)
        return -EINVAL;
    if (copy_in_struct(process_of(self)->as, &wish.priority, from) != 0)
        return -EFAULT;
    return schedule_number(self, number, &wish);
}

int64_t sys_sched_setscheduler(struct thread *self, const uint64_t *args)
{
    int policy = int_arg(args[1]);

    if (policy < 0)
        return -EINVAL;
    return set_by_number(self, int_arg(args[0]), policy, args[2]);
}

int64_t sys_sched_setparam(struct thread *self, const uint64_t *args)
{
    return set_by_number(self, int_arg(args[0]), -1, args[1]);
}

/* Parameters of the thread called number: 0, -EINVAL, -ESRCH. */
static int get_params(struct thread *self, int number,
                      struct thread_params *out, bool *resets)
{
    struct task *task;

    if (number < 0)
        return -EINVAL;
    task = find_task(self, number);
    if (task == NULL)
        return -ESRCH;
    thread_get_params(task->thread, out);
    *resets = resets_on_fork(task);
    task_put(task);
    return 0;
}

int64_t sys_sched_getscheduler(struct thread *self, const uint64_t *args)
{
    struct thread_params params;
    bool resets;
    int error = get_params(self, int_arg(args[0]), &params, &resets);

    if (error != 0)
        return error;
    return (int)params.policy | (resets ? LX_SCHED_RESET_ON_FORK : 0);
}

int64_t sys_sched_getparam(struct thread *self, const uint64_t *args)
{
    struct thread_params params;
    int32_t priority;
    bool resets;
    int error = args[1] == 0
                    ? -EINVAL
                    : get_params(self, int_arg(args[0]), &params, &resets);

    if (error != 0)
        return error;
    priority = (int32_t)params.priority;
    return copy_out_struct(process_of(self)->as, args[1], &priority);
}

/* --- sched_setattr(2) ----------------------------------------------------- */

#define FLAGS_UTIL (LX_SCHED_FLAG_UTIL_CLAMP_MIN | LX_SCHED_FLAG_UTIL_CLAMP_MAX)
#define FLAGS_ALL \
    (LX_SCHED_FLAG_RESET_ON_FORK | LX_SCHED_FLAG_RECLAIM | \
     LX_SCHED_FLAG_DL_OVERRUN | LX_SCHED_FLAG_KEEP_POLICY | \
     LX_SCHED_FLAG_KEEP_PARAMS | FLAGS_UTIL)

/* What is behind the fields known here must be zero: 0, -E2BIG, -EFAULT. */
static int check_rest(struct thread *self, uaddr_t from, uint32_t size)
{
    uint8_t byte;

    for (uint32_t at = sizeof(struct lx_sched_attr); at < size; at++) {
        if (copy_in_struct(process_of(self)->as, &byte, from + at) != 0)
            return -EFAULT;
        if (byte != 0)
            return -E2BIG;
    }
    return 0;
}

static int take_sized(struct thread *self, uaddr_t from, uint32_t size,
                      struct lx_sched_attr *out)
{
    int error;

    if (size < LX_SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -E2BIG;
    error = check_rest(self, from, size);
    if (error != 0)
        return error;
    return copy_in(process_of(self)->as, out, from,
                   min_size(size, sizeof(*out)));
}

/* The attributes at from; where their size is wrong it is set right there. */
static int take_attr(struct thread *self, uaddr_t from,
                     struct lx_sched_attr *out)
{
    static const uint32_t right_size = sizeof(*out);
    struct aspace *as = process_of(self)->as;
    uint32_t size;
    int error;

    *out = (struct lx_sched_attr){0};
    if (copy_in_struct(as, &size, from) != 0)
        return -EFAULT;
    if (size == 0)
        size = LX_SCHED_ATTR_SIZE_VER0;
    error = take_sized(self, from, size, out);
    if (error == -E2BIG)
        (void)!copy_out_struct(as, from, &right_size);
    if (error != 0)
        return error;
    if ((out->sched_flags & FLAGS_UTIL) != 0 && size < LX_SCHED_ATTR_SIZE_VER1)
        return -EINVAL;
    return 0;
}

static int clamp_nice(int nice)
{
    return nice < THREAD_NICE_MIN   ? THREAD_NICE_MIN
           : nice > THREAD_NICE_MAX ? THREAD_NICE_MAX
                                    : nice;
}

int64_t sys_sched_setattr(struct thread *self, const uint64_t *args)
{
    int number = int_arg(args[0]);
    struct lx_sched_attr attr;
    struct schedule wish;
    int error;

    if (args[1] == 0 || number < 0 || (uint32_t)args[2] != 0)
        return -EINVAL;
    error = take_attr(self, args[1], &attr);
    if (error != 0)
        return error;
    if ((int32_t)attr.sched_policy < 0 ||
        (attr.sched_flags & ~(uint64_t)FLAGS_ALL) != 0)
        return -EINVAL;
    if ((attr.sched_flags & FLAGS_UTIL) != 0)
        return -EOPNOTSUPP;
    wish = (struct schedule){
        .sets_policy = (attr.sched_flags & LX_SCHED_FLAG_KEEP_POLICY) == 0,
        .sets_params = (attr.sched_flags & LX_SCHED_FLAG_KEEP_PARAMS) == 0,
        .sets_nice = true,
        .resets_on_fork = (attr.sched_flags & LX_SCHED_FLAG_RESET_ON_FORK) != 0,
        .policy = (int)attr.sched_policy,
        .priority = attr.sched_priority,
        .nice = clamp_nice(attr.sched_nice),
    };
    return schedule_number(self, number, &wish);
}

/* Writes what fits of attr, and zeros behind it. */
static int give_attr(struct thread *self, uaddr_t to, uint32_t size,
                     const struct lx_sched_attr *attr)
{
    struct aspace *as = process_of(self)->as;
    size_t part = min_size(size, sizeof(*attr));
    int error = copy_out(as, to, attr, part);

    if (error == 0 && size > part)
        error = clear_out(as, to + part, size - part);
    return error;
}

int64_t sys_sched_getattr(struct thread *self, const uint64_t *args)
{
    uint32_t size = (uint32_t)args[2];
    struct lx_sched_attr attr = {0};
    struct thread_params params;
    bool resets;
    int error;

    if (args[1] == 0 || size < LX_SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE ||
        (uint32_t)args[3] != 0)
        return -EINVAL;
    error = get_params(self, int_arg(args[0]), &params, &resets);
    if (error != 0)
        return error;
    attr.size = (uint32_t)min_size(size, sizeof(attr));
    attr.sched_policy = (uint32_t)params.policy;
    attr.sched_flags = resets ? LX_SCHED_FLAG_RESET_ON_FORK : 0;
    attr.sched_priority = params.priority;
    if (params.priority == 0)
        attr.sched_nice = params.nice;
    return give_attr(self, args[1], size, &attr);
}

static bool is_policy(int policy)
{
    return policy >= LX_SCHED_NORMAL && policy <= LX_SCHED_DEADLINE &&
           policy != LX_SCHED_BATCH + 1;
}

int64_t sys_sched_get_priority_max(struct thread *self, const uint64_t *args)
{
    int policy = int_arg(args[0]);

    (void)self;
    if (policy == LX_SCHED_FIFO || policy == LX_SCHED_RR)
        return THREAD_PRIORITY_MAX;
    return is_policy(policy) ? 0 : -EINVAL;
}

int64_t sys_sched_get_priority_min(struct thread *self, const uint64_t *args)
{
    int64_t max = sys_sched_get_priority_max(self, args);

    return max > 0 ? 1 : max;
}

int64_t sys_sched_rr_get_interval(struct thread *self, const uint64_t *args)
{
    struct lx_timespec interval = {0};
    struct thread_params params;
    bool resets;
    int error = get_params(self, int_arg(args[0]), &params, &resets);

    if (error != 0)
        return error;
    if (params.policy == THREAD_RR)
        interval.tv_nsec = RR_INTERVAL_NS;
    else if (params.policy != THREAD_FIFO)
        interval.tv_nsec = FAIR_INTERVAL_NS;
    return copy_out_struct(process_of(self)->as, args[1], &interval);
}

int64_t sys_sched_yield(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    thread_yield();
    return 0;
}

int64_t sys_sched_setaffinity(struct thread *self, const uint64_t *args)
{
    uint64_t mask = 0;
    struct task *task;
    unsigned saved;
    bool may;
    int error;

    if (copy_in(process_of(self)->as, &mask, args[2],
                (size_t)min_u64((uint32_t)args[1], sizeof(mask))) != 0)
        return -EFAULT;
    task = find_task(self, int_arg(args[0]));
    if (task == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    may = may_schedule(self, task);
    process_tree_unlock(saved);
    error = may ? thread_set_affinity(task->thread, mask) : -EPERM;
    task_put(task);
    return error;
}

int64_t sys_sched_getaffinity(struct thread *self, const uint64_t *args)
{
    uint64_t mask;
    struct task *task;

    if ((uint32_t)args[1] < sizeof(mask) ||
        (uint32_t)args[1] % sizeof(mask) != 0)
        return -EINVAL;
    task = find_task(self, int_arg(args[0]));
    if (task == NULL)
        return -ESRCH;
    mask = thread_affinity(task->thread) & sched_online();
    task_put(task);
    if (copy_out_struct(process_of(self)->as, args[2], &mask) != 0)
        return -EFAULT;
    return sizeof(mask);
}

/* --- Nice values: for each thread of a process, a group or a user --------- */

struct nice_request {
    struct thread *self;
    bool sets;
    int nice;   /* to set, or the least found */
    int result; /* 0, -ESRCH while there was none, -EPERM, -EACCES */
};

static int set_nice(const struct nice_request *request, struct task *task)
{
    const struct cred *mine = request->self->task->cred, *its = task->cred;
    bool is_capable = cred_is_capable(mine, CAP_SYS_NICE);
    struct thread_params params;

    thread_get_params(task->thread, &params);
    if (!is_capable && mine->euid != its->uid && mine->euid != its->euid)
        return -EPERM;
    if (request->nice < params.nice &&
        !may_nice(request->self, task, request->nice))
        return -EACCES;
    if (!is_capable && outranks(its, mine))
        return -EPERM;
    params.nice = request->nice;
    return thread_set_params(task->thread, &params);
}

/* Tree lock. */
static void meet(struct nice_request *request, struct task *task)
{
    struct thread_params params;
    int error = 0;

    if (request->sets) {
        error = set_nice(request, task);
        if (error != 0 || request->result == -ESRCH)
            request->result = error;
        return;
    }
    thread_get_params(task->thread, &params);
    if (request->result != 0 || params.nice < request->nice)
        request->nice = params.nice;
    request->result = 0;
}

static void meet_threads(struct nice_request *request, struct process *process)
{
    list_for_each(node, &process->threads)
        meet(request, list_entry(node, struct task, of_process));
}

static void meet_group(struct nice_request *request, int number)
{
    struct thread *self = request->self;
    struct pid *pid = NULL, *group;
    unsigned saved;

    if (number != 0)
        pid = pid_find(self->task->ns->pid, number);
    if (number != 0 && pid == NULL)
        return;
    saved = process_tree_lock();
    group = pid != NULL ? pid : process_of(self)->group;
    list_for_each(node, &group->members[PID_GROUP])
        meet_threads(request, list_entry(node, struct process, by_group));
    process_tree_unlock(saved);
    if (pid != NULL)
        pid_put(pid);
}

static void meet_user(struct nice_request *request, lx_uid_t uid)
{
    unsigned saved = process_tree_lock();

    list_for_each(node, process_list())
    {
        struct process *process = list_entry(node, struct process, all);

        list_for_each(each, &process->threads)
        {
            struct task *task = list_entry(each, struct task, of_process);

            if (task->cred->uid == uid)
                meet(request, task);
        }
    }
    process_tree_unlock(saved);
}

static void meet_one(struct nice_request *request, int number)
{
    struct task *task = find_task(request->self, number);
    unsigned saved;

    if (task == NULL)
        return;
    saved = process_tree_lock();
    meet(request, task);
    process_tree_unlock(saved);
    task_put(task);
}

static int meet_all(struct nice_request *request, uint64_t which, uint64_t who)
{
    request->result = -ESRCH;
    switch ((uint32_t)which) {
    case LX_PRIO_PROCESS:
        meet_one(request, int_arg(who));
        break;
    case LX_PRIO_PGRP:
        meet_group(request, int_arg(who));
        break;
    case LX_PRIO_USER:
        meet_user(request, (uint32_t)who != 0 ? (uint32_t)who
                                              : request->self->task->cred->uid);
        break;
    default:
        return -EINVAL;
    }
    return request->result;
}

int64_t sys_setpriority(struct thread *self, const uint64_t *args)
{
    int nice = int_arg(args[2]);
    struct nice_request request = {.self = self, .sets = true};

    request.nice = clamp_nice(nice);
    return meet_all(&request, args[0], args[1]);
}

/* The call returns 1..40, so that no value looks like an error. */
int64_t sys_getpriority(struct thread *self, const uint64_t *args)
{
    struct nice_request request = {.self = self};
    int error = meet_all(&request, args[0], args[1]);

    return error != 0 ? error : 20 - request.nice;
}
