/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_kill.c - contract in signal_kill.h.
 *
 * All of it under the process tree's lock, which fork, exit and setpgid take
 * too, so whoever is in a group when the signal is sent gets it.
 */
#include "core/proc/signal_kill.h"

#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/process.h"
#include "core/proc/signal.h"
#include "core/proc/signal_impl.h"

/* kill(2), "For a process to have permission"; its is whom it goes to. Tree
 * lock. */
static bool may_signal(struct task *from, struct process *to,
                       const struct cred *its, unsigned number)
{
    return to == from->process || cred_may_signal(from->cred, its) ||
           (number == LX_SIGCONT && to->session == from->process->session);
}

static bool is_number(const struct lx_siginfo *info)
{
    return info->si_signo >= 0 && info->si_signo <= SIGNAL_COUNT;
}

/* Tree lock. */
static int kill_one(struct task *from, struct process *to,
                    const struct lx_siginfo *info)
{
    if (!is_number(info))
        return -EINVAL;
    if (!may_signal(from, to, process_cred(to), (unsigned)info->si_signo))
        return -EPERM;
    return signal_send_process(to, info);
}

/* What a signal to many comes to: one that was reached is enough. */
struct sum {
    bool any, reached;
    int error;
};

static void add(struct sum *sum, int error)
{
    sum->any = true;
    if (error == 0)
        sum->reached = true;
    else
        sum->error = error;
}

static int result_of(const struct sum *sum)
{
    if (sum->reached)
        return 0;
    return sum->any ? sum->error : -ESRCH;
}

/* Tree lock. */
static int kill_group(struct task *from, struct pid *group,
                      const struct lx_siginfo *info)
{
    struct sum sum = {0};

    list_for_each(node, &group->members[PID_GROUP]) add(
        &sum, kill_one(from, list_entry(node, struct process, by_group), info));
    return result_of(&sum);
}

/* Tree lock. */
static int kill_all(struct task *from, const struct lx_siginfo *info)
{
    struct sum sum = {0};

    list_for_each(node, process_list())
    {
        struct process *process = list_entry(node, struct process, all);

        if (process != from->process && !signal_is_init(process) &&
            pid_nr(process->pid, from->ns->pid) != 0)
            add(&sum, kill_one(from, process, info));
    }
    return result_of(&sum);
}

/* The number of any of its threads will do. Tree lock. */
static int kill_numbered(struct task *from, struct pid *pid,
                         const struct lx_siginfo *info)
{
    struct list *processes = &pid->members[PID_PROCESS];
    struct list *tasks = &pid->members[PID_TASK];

    if (!list_is_empty(processes))
        return kill_one(
            from, list_entry(processes->next, struct process, by_pid), info);
    if (!list_is_empty(tasks))
        return kill_one(
            from, list_entry(tasks->next, struct task, by_pid)->process, info);
    return -ESRCH;
}

int signal_kill(struct task *from, int pid, const struct lx_siginfo *info)
{
    struct pid *found = NULL;
    int result = -ESRCH;
    unsigned saved;

    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid > 0 || pid < -1) {
        found = pid_find(from->ns->pid, pid > 0 ? pid : -pid);
        if (found == NULL)
            return -ESRCH;
    }
    saved = process_tree_lock();
    if (pid > 0)
        result = kill_numbered(from, found, info);
    else if (pid < -1)
        result = kill_group(from, found, info);
    else if (pid == 0)
        result = kill_group(from, from->process->group, info);
    else
        result = kill_all(from, info);
    process_tree_unlock(saved);
    if (found != NULL)
        pid_put(found);
    return result;
}

/* A leader that has ended keeps its number until its process is reaped, and
 * hears nothing. */
static int kill_ended_leader(struct task *from, int tgid, int tid,
                             const struct lx_siginfo *info)
{
    struct process *process = process_find(from->ns->pid, tid);
    unsigned saved;
    bool may;

    if (process == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    may = may_signal(from, process, process_cred(process),
                     (unsigned)info->si_signo);
    process_tree_unlock(saved);
    process_put(process);
    if (tgid != 0 && tgid != tid)
        return -ESRCH;
    if (!is_number(info))
        return -EINVAL;
    return may ? 0 : -EPERM;
}

int signal_kill_thread(struct task *from, int tgid, int tid,
                       const struct lx_siginfo *info)
{
    struct task *task = task_find(from->ns->pid, tid);
    unsigned saved;
    int result;

    if (task == NULL)
        return kill_ended_leader(from, tgid, tid, info);
    saved = process_tree_lock();
    if (tgid != 0 && pid_nr(task->process->pid, from->ns->pid) != tgid)
        result = -ESRCH;
    else if (!is_number(info))
        result = -EINVAL;
    else if (!may_signal(from, task->process, task->cred,
                         (unsigned)info->si_signo))
        result = -EPERM;
    else
        result = signal_send_task(task, info);
    process_tree_unlock(saved);
    task_put(task);
    return result;
}

int signal_kill_process(struct task *from, struct process *to,
                        const struct lx_siginfo *info)
{
    unsigned saved = process_tree_lock();
    int result = kill_one(from, to, info);

    process_tree_unlock(saved);
    return result;
}
