/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exit.c - ends of threads and processes; contract in process.h.
 *
 * A thread lets go of memory and files first, each with its own count, then
 * leaves its process under the tree's lock. Who leaves last makes it a zombie
 * there, in one step with handing its children on and telling the parent: so
 * who waits, who is told and who inherits agree.
 */
#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/abi/signal.h"
#include "core/abi/wait.h"
#include "core/base/string.h"
#include "core/fs/context.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/id/user.h"
#include "core/ipc/futex.h"
#include "core/proc/files.h"
#include "core/proc/oom.h"
#include "core/proc/process_impl.h"
#include "core/proc/signal_impl.h"
#include "core/proc/terminal.h"
#include "core/proc/usage.h"
#include "core/sched/lend.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

void task_end(struct task *task, int status)
{
    task->exit_status = status;
    thread_set_work(task->thread, THREAD_WORK_EXIT);
}

void process_end_locked(struct process *process, int status)
{
    ASSERT(spin_is_held(&process->signals.lock));
    if (process->is_ending)
        return;
    process->is_ending = true;
    process->exit_status = status;
    list_for_each(node, &process->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);

        thread_set_work(task->thread, THREAD_WORK_EXIT);
    }
}

void process_end(struct process *process, int status)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);

    process_end_locked(process, status);
    spin_unlock_irq(&process->signals.lock, saved);
}

void process_kill(struct process *process)
{
    process_end(process, LX_W_SIGNALED(LX_SIGKILL));
}

int task_exit_status(struct task *task)
{
    struct process *process = task->process;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    int status = process->is_ending ? process->exit_status : task->exit_status;

    spin_unlock_irq(&process->signals.lock, saved);
    return status;
}

void task_release_vfork(struct task *task)
{
    if (!__atomic_load_n(&task->is_vforked, __ATOMIC_ACQUIRE))
        return;
    __atomic_store_n(&task->is_vforked, false, __ATOMIC_RELEASE);
    waitq_wake_all(&task->vfork_waiters);
}

void task_release_words(struct task *task)
{
    uaddr_t list = __atomic_load_n(&task->robust_list, __ATOMIC_RELAXED);
    uaddr_t word = task->clear_tid;

    task->clear_tid = 0;
    __atomic_store_n(&task->robust_list, 0, __ATOMIC_RELAXED);
    if (list != 0)
        futex_exit_robust(task->process->as, list, (uint32_t)task_number(task));
    lend_close(task->thread);
    if (word != 0)
        futex_exit_clear(task->process->as, word);
}

void task_leave_memory(struct task *task)
{
    struct process *process = task->process;
    struct hal_user *user = task->thread->user;
    struct aspace *as;

    if (process->as != NULL)
        task_release_words(task);
    thread_set_mmu(NULL);
    thread_set_user(NULL);
    if (user != NULL)
        hal_user_destroy(user);
    task_release_vfork(task);
    if (__atomic_sub_fetch(&process->running, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    usage_note_memory(process);
    as = process_swap_aspace(process, NULL);
    if (as != NULL)
        aspace_put(as);
    process_set_program(process, NULL);
    oom_note_freed(process);
    process_set_program(process, NULL);
}

struct aspace *process_swap_aspace(struct process *process, struct aspace *as)
{
    unsigned saved = process_tree_lock();
    struct aspace *old = process->as;

    process->as = as;
    process->borrows_as = false;
    process_tree_unlock(saved);
    return old;
}

/* What tells the parent of a child's end (sigaction(2), SIGCHLD). */
static struct lx_siginfo info_of(const struct process *child, int signal,
                                 int code, int status)
{
    struct lx_siginfo info = {.si_signo = signal, .si_code = code};

    info.of.child.pid = process_number(child);
    info.of.child.uid = process_uid(child);
    info.of.child.status = status;
    info.of.child.utime = (int64_t)usage_ticks(child->usage.user_ns);
    info.of.child.stime = (int64_t)usage_ticks(child->usage.system_ns);
    return info;
}

static struct lx_siginfo end_info(const struct process *child)
{
    int status = child->exit_status;

    if ((status & 0x7f) == 0)
        return info_of(child, child->exit_signal, LX_CLD_EXITED,
                       status >> 8 & 0xff);
    return info_of(child, child->exit_signal,
                   (status & LX_W_CORE_DUMPED) != 0 ? LX_CLD_DUMPED
                                                    : LX_CLD_KILLED,
                   status & 0x7f);
}

/* Tells the parent of a zombie; returns whether it wants no zombie. */
static bool tell_parent(struct process *child)
{
    struct process *parent = child->parent;
    struct lx_siginfo info = end_info(child);
    bool reaps = info.si_signo == LX_SIGCHLD && signals_reaps_children(parent);

    if (info.si_signo > 0 && info.si_signo <= LX_SIGRTMAX)
        (void)!signal_send_process(parent, &info);
    waitq_wake_all(&parent->waiters);
    return reaps;
}

void process_reap(struct process *process)
{
    ASSERT(process_tree_is_locked() && process->state == PROCESS_ZOMBIE);
    process->state = PROCESS_REAPED;
    process->parent = NULL;
    list_remove(&process->all);
    list_remove(&process->sibling);
    pid_leave(&process->by_group, process->group);
    pid_put(process->group);
    pid_leave(&process->by_session, process->session);
    pid_put(process->session);
    pid_leave(&process->by_pid, process->pid);
    user_drop_process(process->cred->user);
    process_uncount();
    process_put(process);
}

/* Who takes the children of a process that ends: the nearest ancestor that
 * asked for it, else init. */
static struct process *find_reaper(const struct process *process)
{
    struct process *reaper = process->parent;

    while (reaper->parent != NULL &&
           !(reaper->is_subreaper && reaper->state == PROCESS_ALIVE))
        reaper = reaper->parent;
    return reaper;
}

/* The child's threads that asked for it learn of the creator's end. */
static void send_death_signals(struct process *child, const struct task *from)
{
    struct lx_siginfo info = {.si_code = LX_SI_USER};

    info.of.from.pid = process_number(from->process);
    info.of.from.uid = from->cred->uid;
    list_for_each(node, &child->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);

        info.si_signo =
            __atomic_load_n(&task->parent_death_signal, __ATOMIC_RELAXED);
        if (info.si_signo != 0)
            (void)!signal_send_process(child, &info);
    }
}

static void adopt(struct process *child, struct process *reaper)
{
    bool had_guardian = group_has_guardian(child);

    list_remove(&child->sibling);
    child->parent = reaper;
    child->creator = NULL;
    child->exit_signal = LX_SIGCHLD;
    __atomic_store_n(&child->parent_number, process_number(reaper),
                     __ATOMIC_RELAXED);
    list_push_back(&reaper->children, &child->sibling);
    if (child->state == PROCESS_ZOMBIE) {
        if (tell_parent(child))
            process_reap(child);
    } else if (had_guardian) {
        group_check_orphaned(child->group, NULL);
    }
}

/* The children that task made get another creator, or with the last thread
 * another parent. */
static void hand_on_children(struct task *task, bool is_last)
{
    struct process *process = task->process, *reaper = NULL;
    struct task *heir = NULL;

    if (list_is_empty(&process->children))
        return;
    if (is_last)
        reaper = find_reaper(process);
    else
        heir = list_entry(process->threads.next, struct task, of_process);
    list_for_each_safe(node, &process->children)
    {
        struct process *child = list_entry(node, struct process, sibling);

        if (child->creator == task || (is_last && child->creator == NULL))
            send_death_signals(child, task);
        if (is_last)
            adopt(child, reaper);
        else if (child->creator == task)
            child->creator = heir;
    }
}

static void become_zombie(struct process *process, struct task *last)
{
    process->cred = last->cred;
    cred_get(process->cred);
    if (process->parent == NULL)
        return; /* init: the machine ends */
    hand_on_children(last, true);
    process->state = PROCESS_ZOMBIE;
    waitq_wake(&process->pid->waitq, LX_POLLIN);
    if (group_has_guardian(process))
        group_check_orphaned(process->group, process);
    if (tell_parent(process))
        process_reap(process);
}

/* Who stops or goes on is told of by the parent's wishes. */
static void tell_of_stop(struct process *process, unsigned signal)
{
    struct process *parent = process->parent;
    struct lx_siginfo info = info_of(
        process, LX_SIGCHLD, signal != 0 ? LX_CLD_STOPPED : LX_CLD_CONTINUED,
        signal != 0 ? (int)signal : LX_SIGCONT);

    if (signals_wants_stops(parent))
        (void)!signal_send_process(parent, &info);
    waitq_wake_all(&parent->waiters);
}

void process_update_report(struct process *process)
{
    struct process_signals *signals = &process->signals;

    if (!__atomic_load_n(&signals->was_continued, __ATOMIC_RELAXED))
        return;
    spin_lock(&process->signals.lock);
    __atomic_store_n(&signals->was_continued, false, __ATOMIC_RELAXED);
    spin_unlock(&process->signals.lock);
    process->report = REPORT_CONTINUED;
}

/* A SIGCONT since the stop takes it back. Tree lock. */
static void report_stop(struct process *process, unsigned signal)
{
    struct process_signals *signals = &process->signals;

    process_update_report(process);
    spin_lock(&process->signals.lock);
    if (signal != 0 && signals->is_stopped) {
        process->report = REPORT_STOPPED;
        process->report_signal = signal;
        __atomic_store_n(&signals->was_continued, false, __ATOMIC_RELAXED);
    }
    spin_unlock(&process->signals.lock);
    if (process->parent != NULL && process->state == PROCESS_ALIVE)
        tell_of_stop(process, signal);
}

/* Takes task out of its process's threads; returns whether it was the last. */
static bool leave_threads(struct task *task) NO_TSA
{
    struct process *process = task->process;
    unsigned stop_signal = 0;
    bool is_last;

    spin_lock(&process->signals.lock);
    task->has_left = true;
    list_remove(&task->of_process);
    is_last = list_is_empty(&process->threads);
    signals_retarget_locked(process, task);
    if (!process->is_ending)
        process->exit_status = task->exit_status;
    /* The others may be stopped already, and waited for this. */
    if (!is_last && signals_complete_stop(process))
        stop_signal = process->signals.stop_signal;
    spin_unlock(&process->signals.lock);
    if (stop_signal != 0)
        report_stop(process, stop_signal);
    return is_last;
}

/* What a thread's leaving meant. */
enum leaving { LEFT_OTHERS, WAS_LAST, WAS_LAST_OF_INIT };

static enum leaving leave_process(struct task *task, struct terminal_end *end)
{
    struct process *process = task->process;
    unsigned saved = process_tree_lock();
    bool is_last = leave_threads(task);
    bool is_init = process->parent == NULL;

    usage_add_task(&process->usage, task);
    if (task->pid == process->pid) /* what is left is called as its leader */
        mem_copy(process->name, task->name, sizeof(process->name));
    pid_leave(&task->by_pid, task->pid);
    if (is_last) {
        terminal_end(process, end);
        become_zombie(process, task);
    } else {
        hand_on_children(task, false);
        process_uncount();
        user_drop_process(task->cred->user);
    }
    /* An exec of another thread may wait for this. */
    waitq_wake_all(&process->waiters);
    process_tree_unlock(saved);
    if (!is_last)
        return LEFT_OTHERS;
    return is_init ? WAS_LAST_OF_INIT : WAS_LAST;
}

/*
 * What init leaves behind; returns what it ended with. Other processes may
 * still run in a kernel that is not checked, and tell init of their ends until
 * the machine stops: there init stays as it is.
 */
static int finish_init(struct process *init)
{
    unsigned saved;

    if (!CHECKED)
        machine_end(init->exit_status);
    machine_end_others(init);
    saved = process_tree_lock();
    init->state = PROCESS_ZOMBIE;
    process_reap(init);
    process_tree_unlock(saved);
    return init->exit_status;
}

/*
 * The session of a leader loses its terminal before the files are closed: their
 * end may hang it up (a master's). Who finds threads beside him leaves it to
 * the last of them.
 */
static void leave_terminal(struct task *task)
{
    struct terminal_end end = {0};
    unsigned saved = process_tree_lock();

    if (task->of_process.next == task->of_process.prev)
        terminal_end(task->process, &end);
    process_tree_unlock(saved);
    terminal_finish(&end);
}

void task_exit(struct task *task)
{
    struct process *process = task->process;
    struct thread *self = task->thread;
    struct terminal_end end = {0};
    enum leaving leaving;
    int status = 0;

    self->is_ending = true;
    task_leave_memory(task);
    leave_terminal(task);
    fd_table_put(task_swap_files(task, NULL));
    task_leave_context(task);
    leaving = leave_process(task, &end);
    terminal_finish(&end);
    if (leaving == WAS_LAST_OF_INIT)
        status = finish_init(process);
    task_signals_fini(task);
    if (leaving != LEFT_OTHERS) {
        limit_watch_end(process);
        signals_fini(&process->signals);
    }
    self->task = NULL;
    task_put(task);
    if (leaving == WAS_LAST_OF_INIT)
        machine_end(status);
    thread_exit();
}

void process_report_stop(struct process *process, unsigned signal)
{
    unsigned saved = process_tree_lock();

    report_stop(process, signal);
    process_tree_unlock(saved);
}
