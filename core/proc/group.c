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

/* The process called number, 0 for self's, with a reference: 0, -ESRCH, or
 * -EINVAL for another thread than the leader. */
static int find_leader(struct task *self, int number, struct process **out)
{
    struct task *task;

    if (number == 0) {
        process_get(self->process);
        *out = self->process;
        return 0;
    }
    *out = process_find(self->ns->pid, number);
    if (*out != NULL)
        return 0;
    task = task_find(self->ns->pid, number);
    if (task == NULL)
        return -ESRCH;
    task_put(task);
    return -EINVAL;
}

int group_set(struct task *self, int number, int group)
{
    struct process *process;
    struct pid *pid;
    int error;

    if (group < 0)
        return -EINVAL;
    error = find_leader(self, number, &process);
    if (error != 0)
        return error;
    if (group == 0)
        group = process_number(process);
    pid = pid_find(self->ns->pid, group);
    error = set_group(self, process, pid);
    if (pid != NULL)
        pid_put(pid);
    process_put(process);
    return error;
}

static int number_of(struct task *self, int number, bool wants_session)
{
    struct process *process;
    int result = find_leader(self, number, &process);
    unsigned saved;

    if (result != 0)
        return -ESRCH;
    saved = process_tree_lock();
    if (process->state == PROCESS_REAPED)
        result = -ESRCH;
    else
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
