/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/group.c - contract in group.h.
 */
#include "core/proc/group.h"

#include "core/abi/errno.h"
#include "core/dev/tty.h"
#include "core/id/nsset.h"
#include "core/proc/process_impl.h"
#include "core/proc/terminal.h"

bool group_has_guardian(const struct process *process)
{
    const struct process *parent = process->parent;

    return parent != NULL && parent->group != process->group &&
           parent->session == process->session;
}

bool group_is_orphaned(struct pid *group, const struct process *without)
{
    list_for_each(node, &group->members[PID_GROUP])
    {
        const struct process *p = list_entry(node, struct process, by_group);

        if (p == without || p->state != PROCESS_ALIVE || p->parent == NULL ||
            p->parent->parent == NULL)
            continue; /* init looks after nobody */
        if (group_has_guardian(p))
            return false;
    }
    return true;
}

static bool has_stopped_member(struct pid *group, const struct process *without)
{
    list_for_each(node, &group->members[PID_GROUP])
    {
        struct process *p = list_entry(node, struct process, by_group);

        if (p != without && p->state == PROCESS_ALIVE &&
            __atomic_load_n(&p->signals.is_stopped, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static void send_to_group(struct pid *group, int signal)
{
    struct lx_siginfo info = {.si_signo = signal, .si_code = LX_SI_KERNEL};

    list_for_each(node, &group->members[PID_GROUP])(void) !signal_send_process(
        list_entry(node, struct process, by_group), &info);
}

void group_check_orphaned(struct pid *group, const struct process *without)
{
    ASSERT(process_tree_is_locked());
    if (!has_stopped_member(group, without) ||
        !group_is_orphaned(group, without))
        return;
    send_to_group(group, LX_SIGHUP);
    send_to_group(group, LX_SIGCONT);
}

void group_join(struct process *process, struct pid *group)
{
    struct pid *old = process->group;

    if (old == group)
        return;
    pid_get(group);
    process->group = group;
    list_remove(&process->by_group);
    list_push_back(&group->members[PID_GROUP], &process->by_group);
    if (pid_is_unused(old))
        pid_retire(old);
    pid_put(old);
}

static bool leads_session(const struct process *process)
{
    return process->session == process->pid;
}

/* Is group one that process may join: with a member in its session? */
static bool is_in_session(struct pid *group, const struct process *process)
{
    list_for_each(
        node, &group->members[PID_GROUP]) if (list_entry(node, struct process,
                                                         by_group)
                                                  ->session ==
                                              process->session) return true;
    return false;
}

static int check_target(const struct task *self, const struct process *process)
{
    if (process != self->process) {
        if (process->parent != self->process)
            return -ESRCH;
        if (process->session != self->process->session)
            return -EPERM;
        if (process->has_execed)
            return -EACCES;
    }
    return leads_session(process) ? -EPERM : 0;
}

/* Moves process into group, NULL: one that is not there. */
static int set_group(struct task *self, struct process *process,
                     struct pid *group)
{
    unsigned saved = process_tree_lock();
    int error = check_target(self, process);

    if (error == 0 && group != process->pid &&
        (group == NULL || !is_in_session(group, process)))
        error = -EPERM;
    if (error == 0 && process->state == PROCESS_REAPED)
        error = -ESRCH;
    if (error == 0)
        group_join(process, group);
    process_tree_unlock(saved);
    return error;
}

/* The process of a thread called number, 0 for self's, with a reference, or
 * NULL; and whether another thread than the leader is called so. */
static struct process *find_process(struct task *self, int number,
                                    bool *is_other)
{
    struct process *process = self->process;
    struct task *task;

    *is_other = false;
    if (number == 0) {
        process_get(process);
        return process;
    }
    process = process_find(self->ns->pid, number);
    if (process != NULL)
        return process;
    task = task_find(self->ns->pid, number);
    if (task == NULL)
        return NULL;
    *is_other = true;
    process = task->process;
    process_get(process);
    task_put(task);
    return process;
}

int group_set(struct task *self, int number, int group)
{
    struct process *process;
    struct pid *pid;
    bool is_other;
    int error = -EINVAL;

    if (group < 0 || (group == 0 && number < 0))
        return -EINVAL;
    process = find_process(self, number, &is_other);
    if (process == NULL)
        return -ESRCH;
    if (!is_other) {
        pid = pid_find(self->ns->pid,
                       group != 0 ? group : process_number(process));
        error = set_group(self, process, pid);
        if (pid != NULL)
            pid_put(pid);
    }
    process_put(process);
    return error;
}

static int number_of(struct task *self, int number, bool wants_session)
{
    bool is_other;
    struct process *process = find_process(self, number, &is_other);
    int result = -ESRCH;
    unsigned saved;

    if (process == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    if (process->state != PROCESS_REAPED)
        result = pid_nr(wants_session ? process->session : process->group,
                        self->ns->pid);
    process_tree_unlock(saved);
    process_put(process);
    return result;
}

int group_of(struct task *self, int number)
{
    return number_of(self, number, false);
}

int session_of(struct task *self, int number)
{
    return number_of(self, number, true);
}

static void join_own_session(struct process *process)
{
    struct pid *old = process->session;

    pid_get(process->pid);
    process->session = process->pid;
    list_remove(&process->by_session);
    list_push_back(&process->pid->members[PID_SESSION], &process->by_session);
    if (pid_is_unused(old))
        pid_retire(old);
    pid_put(old);
    group_join(process, process->pid);
}

int session_create(struct task *self)
{
    struct process *process = self->process;
    unsigned saved = process_tree_lock();
    struct tty *terminal = NULL;
    int result = -EPERM;

    if (!leads_session(process) &&
        list_is_empty(&process->pid->members[PID_GROUP])) {
        join_own_session(process);
        terminal = terminal_leave(process);
        result = process_number(process);
    }
    process_tree_unlock(saved);
    if (terminal != NULL)
        tty_put(terminal);
    return result;
}
