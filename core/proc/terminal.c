/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/terminal.c - contract in terminal.h; struct tty_jobs of
 * core/dev/tty.h.
 */
#include "core/proc/terminal.h"

#include "core/abi/errno.h"
#include "core/dev/tty.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/process_impl.h"
#include "core/proc/signal_impl.h"
#include "core/sched/thread.h"

static bool leads_session(const struct process *process)
{
    return process->session == process->pid;
}

static void put_tty(struct tty *tty)
{
    if (tty != NULL)
        tty_put(tty);
}

static void put_pid(struct pid *pid)
{
    if (pid != NULL)
        pid_put(pid);
}

/* --- signals -------------------------------------------------------------- */

/* Tree lock. */
static void send_to_group(struct pid *group, unsigned signal)
{
    list_for_each(node, &group->members[PID_GROUP])
        signal_send_kernel(list_entry(node, struct process, by_group), signal);
}

static void signal_group(struct pid *group, unsigned signal)
{
    unsigned saved = process_tree_lock();

    send_to_group(group, signal);
    process_tree_unlock(saved);
}

/* Would the signal do nothing to the running thread? */
static bool is_unheard(struct task *task, unsigned signal) NO_TSA
{
    struct process_signals *signals = &task->process->signals;
    bool result;

    spin_lock(&signals->lock);
    result = (task->signals.blocked & (UINT64_C(1) << (signal - 1))) != 0 ||
             signal_action_of(signals, signal).sa_handler == LX_SIG_IGN;
    spin_unlock(&signals->lock);
    return result;
}

/* A process in the background wants what only the foreground may. Tree lock. */
static int check_background(struct task *task, unsigned signal)
{
    struct pid *group = task->process->group;

    if (is_unheard(task, signal))
        return signal == LX_SIGTTIN ? -EIO : 0;
    if (group_is_orphaned(group, NULL))
        return -EIO;
    send_to_group(group, signal);
    return -EINTR;
}

static int check_access(struct tty *tty, unsigned signal)
{
    struct task *task = task_current();
    struct process *process = task->process;
    struct pid *foreground;
    unsigned saved;
    int error = 0;

    if (__atomic_load_n(&process->terminal, __ATOMIC_ACQUIRE) != tty)
        return 0;
    saved = process_tree_lock();
    foreground = tty_foreground(tty);
    if (process->terminal == tty && foreground != NULL &&
        foreground != process->group)
        error = check_background(task, signal);
    process_tree_unlock(saved);
    put_pid(foreground);
    return error;
}

/* --- who has which terminal ----------------------------------------------- */

/* Tree lock. */
static void set_terminal(struct process *process, struct tty *tty)
{
    __atomic_store_n(&process->terminal, tty, __ATOMIC_RELEASE);
}

void terminal_inherit(struct process *child, const struct process *parent)
{
    ASSERT(process_tree_is_locked());
    if (parent->terminal == NULL)
        return;
    tty_get(parent->terminal);
    set_terminal(child, parent->terminal);
}

struct tty *terminal_leave(struct process *process)
{
    struct tty *tty = process->terminal;

    ASSERT(process_tree_is_locked());
    set_terminal(process, NULL);
    return tty;
}

/* Who may get a terminal, and does not yet have this one? Tree lock. */
static bool may_acquire(const struct process *process)
{
    return leads_session(process) && process->terminal == NULL;
}

/* The terminal gets process's session and group. Tree lock. */
static void take_terminal(struct process *process, struct tty *tty)
{
    tty_get(tty);
    set_terminal(process, tty);
    pid_get(process->session);
    pid_get(process->group);
    tty_set_session(tty, process->session, process->group);
}

/*
 * No process of session has tty any more. The references go when the caller
 * has given the lock back: how many there were. The leader, where wanted, has a
 * reference too. Tree lock.
 */
static unsigned clear_session(struct pid *session, struct tty *tty)
{
    unsigned count = 0;

    list_for_each(node, &session->members[PID_SESSION])
    {
        struct process *p = list_entry(node, struct process, by_session);

        if (p->terminal != tty)
            continue;
        set_terminal(p, NULL);
        count++;
    }
    return count;
}

static void put_many(struct tty *tty, unsigned count)
{
    while (count-- > 0)
        tty_put(tty);
}

/* Whoever leads session; NULL when nobody does. Tree lock. */
static struct process *find_leader(struct pid *session)
{
    struct process *leader;

    if (list_is_empty(&session->members[PID_PROCESS]))
        return NULL;
    leader =
        list_entry(session->members[PID_PROCESS].next, struct process, by_pid);
    return leads_session(leader) ? leader : NULL;
}

/* The session of a terminal that hung up is told; its foreground group is, once
 * the leader ends (POSIX 11.1.10). Tree lock. */
static void tell_leader(struct pid *session, struct pid *group)
{
    struct process *leader = find_leader(session);

    if (leader == NULL || leader->state != PROCESS_ALIVE)
        return;
    signal_send_kernel(leader, LX_SIGHUP);
    signal_send_kernel(leader, LX_SIGCONT);
    if (group == NULL)
        return;
    put_pid(leader->hung_group);
    pid_get(group);
    leader->hung_group = group;
}

static void leave_session(struct tty *tty, bool is_hangup)
{
    struct pid *session = tty_session(tty), *group = tty_foreground(tty);
    unsigned count = 0;
    unsigned saved;

    if (session != NULL) {
        saved = process_tree_lock();
        count = clear_session(session, tty);
        if (is_hangup)
            tell_leader(session, group);
        tty_set_session(tty, NULL, NULL);
        process_tree_unlock(saved);
    }
    put_many(tty, count);
    put_pid(session);
    put_pid(group);
}

static void detach(struct tty *tty)
{
    leave_session(tty, true);
}

void terminal_end(struct process *process, struct terminal_end *out)
{
    struct tty *tty = process->terminal;

    ASSERT(process_tree_is_locked());
    *out = (struct terminal_end){.tty = tty};
    set_terminal(process, NULL);
    if (!leads_session(process))
        return;
    out->group = process->hung_group;
    process->hung_group = NULL;
    if (tty == NULL && out->group != NULL) {
        send_to_group(out->group, LX_SIGHUP);
        send_to_group(out->group, LX_SIGCONT);
    }
    out->is_leader = tty != NULL;
}

void terminal_finish(struct terminal_end *end)
{
    struct pid *group = NULL;

    put_pid(end->group);
    if (end->tty == NULL)
        return;
    if (end->is_leader) {
        group = tty_foreground(end->tty);
        if (end->tty->ops->has_line)
            tty_hang_up(end->tty);
        else
            leave_session(end->tty, false);
        if (group != NULL)
            signal_group(group, LX_SIGHUP);
    }
    put_pid(group);
    tty_put(end->tty);
}

/* --- what programs ask for ------------------------------------------------ */

/* Another session's terminal is taken from it. Tree lock; the caller puts
 * *count references. */
static int take_from_others(struct tty *tty, bool steals, unsigned *count)
{
    struct pid *session = tty_session(tty);

    if (session == NULL)
        return 0;
    if (steals)
        *count = clear_session(session, tty);
    pid_put(session);
    return steals ? 0 : -EPERM;
}

static bool is_admin(void)
{
    return cred_is_capable(task_current()->cred, CAP_SYS_ADMIN);
}

static int acquire(struct tty *tty, bool steals, bool may_read)
{
    struct process *process = task_current()->process;
    unsigned saved = process_tree_lock();
    bool has_it = leads_session(process) && process->terminal == tty;
    unsigned count = 0;
    int error = 0;

    if (!has_it) {
        if (!may_acquire(process) || (!may_read && !is_admin()))
            error = -EPERM;
        if (error == 0)
            error = take_from_others(tty, steals && is_admin(), &count);
        if (error == 0)
            take_terminal(process, tty);
    }
    process_tree_unlock(saved);
    put_many(tty, count);
    return error;
}

static void note_open(struct tty *tty, bool may_read)
{
    struct process *process = task_current()->process;
    struct pid *session;
    unsigned saved;

    if (!may_read || __atomic_load_n(&process->terminal, __ATOMIC_ACQUIRE))
        return;
    saved = process_tree_lock();
    session = tty_session(tty);
    if (may_acquire(process) && session == NULL)
        take_terminal(process, tty);
    process_tree_unlock(saved);
    put_pid(session);
}

static int give_up(struct tty *tty)
{
    struct process *process = task_current()->process;
    unsigned saved = process_tree_lock();
    bool is_own = process->terminal == tty;
    bool is_leader = leads_session(process);
    struct pid *group;

    if (is_own && !is_leader)
        set_terminal(process, NULL);
    process_tree_unlock(saved);
    if (!is_own)
        return -ENOTTY;
    if (!is_leader) {
        tty_put(tty);
        return 0;
    }
    group = tty_foreground(tty);
    if (group != NULL) {
        signal_group(group, LX_SIGHUP);
        signal_group(group, LX_SIGCONT);
    }
    leave_session(tty, false);
    put_pid(group);
    return 0;
}

static bool is_callers(struct tty *tty)
{
    const struct process *process = task_current()->process;

    return __atomic_load_n(&process->terminal, __ATOMIC_ACQUIRE) == tty;
}

static int get_group(struct tty *tty, bool any, int *out)
{
    struct pid *group;

    if (!any && !is_callers(tty))
        return -ENOTTY;
    group = tty_foreground(tty);
    *out = pid_nr(group, task_current()->ns->pid);
    put_pid(group);
    return 0;
}

static int get_session(struct tty *tty, bool any, int *out)
{
    struct pid *session;

    if (!any && !is_callers(tty))
        return -ENOTTY;
    session = tty_session(tty);
    if (session == NULL)
        return -ENOTTY;
    *out = pid_nr(session, task_current()->ns->pid);
    pid_put(session);
    return 0;
}

/* Has the terminal the session of process? Tree lock. */
static bool is_sessions(struct tty *tty, const struct process *process)
{
    struct pid *session = tty_session(tty);
    bool result = process->terminal == tty && session == process->session;

    put_pid(session);
    return result;
}

static int check_owner(struct tty *tty)
{
    unsigned saved = process_tree_lock();
    bool is_owner = is_sessions(tty, task_current()->process);

    process_tree_unlock(saved);
    return is_owner ? 0 : -ENOTTY;
}

/* Has group a member of process's session? Tree lock. */
static int check_group(struct pid *group, const struct process *process)
{
    const struct process *member;

    if (list_is_empty(&group->members[PID_GROUP]))
        return -ESRCH;
    member =
        list_entry(group->members[PID_GROUP].next, struct process, by_group);
    return member->session == process->session ? 0 : -EPERM;
}

static int set_group(struct tty *tty, int number)
{
    struct task *task = task_current();
    struct pid *group;
    unsigned saved;
    int error;

    if (number < 0)
        return -EINVAL;
    group = pid_find(task->ns->pid, number);
    if (group == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    error = is_sessions(tty, task->process) ? check_group(group, task->process)
                                            : -ENOTTY;
    if (error == 0) {
        pid_get(group);
        tty_set_foreground(tty, group);
    }
    process_tree_unlock(saved);
    pid_put(group);
    return error;
}

static struct tty *current_terminal(void)
{
    struct process *process = task_current()->process;
    unsigned saved = process_tree_lock();
    struct tty *tty = process->terminal;

    if (tty != NULL)
        tty_get(tty);
    process_tree_unlock(saved);
    return tty;
}

static bool is_capable(enum tty_capability capability)
{
    return cred_is_capable(task_current()->cred, capability == TTY_MAY_ADMIN
                                                     ? CAP_SYS_ADMIN
                                                     : CAP_SYS_TTY_CONFIG);
}

static void get_owner(uint32_t *uid, uint32_t *gid)
{
    const struct cred *cred = task_current()->cred;

    *uid = cred->fsuid;
    *gid = cred->fsgid;
}

static int install(struct file *file, bool close_on_exec)
{
    struct task *task = task_current();
    struct fd_place place = {
        .limit = min_u64(
            limits_current(&task->process->limits, LX_RLIMIT_NOFILE), FD_MAX),
        .close_on_exec = close_on_exec,
    };

    return fd_install(task->files, file, &place);
}

int terminal_hang_up(struct task *self)
{
    struct tty *tty;

    if (!cred_is_capable(self->cred, CAP_SYS_TTY_CONFIG))
        return -EPERM;
    tty = current_terminal();
    if (tty != NULL)
        tty_hang_up(tty);
    put_tty(tty);
    return 0;
}

void terminal_init_all(void)
{
    static const struct tty_jobs jobs = {
        .signal = signal_group,
        .check = check_access,
        .acquire = acquire,
        .note_open = note_open,
        .give_up = give_up,
        .get_group = get_group,
        .get_session = get_session,
        .check_owner = check_owner,
        .set_group = set_group,
        .detach = detach,
        .current = current_terminal,
        .is_capable = is_capable,
        .get_owner = get_owner,
        .install = install,
    };

    tty_set_jobs(&jobs);
}
