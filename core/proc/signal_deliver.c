/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_deliver.c - acting on signals, before user mode; contract in
 * signal.h.
 */
#include "core/abi/errno.h"
#include "core/abi/wait.h"
#include "core/base/log.h"
#include "core/proc/process.h"
#include "core/proc/rseq.h"
#include "core/proc/signal.h"
#include "core/proc/signal_impl.h"
#include "core/sched/thread.h"

/* What a thread found to act on. */
struct delivery {
    struct signal_call call;
    bool is_forced;
    unsigned continues; /* when it was taken */
    bool is_last;       /* nothing else was pending then */
};

static bool goes_on(void *arg)
{
    struct process_signals *signals = arg;

    return !__atomic_load_n(&signals->is_stopped, __ATOMIC_SEQ_CST);
}

static bool are_all_stopped(struct process *process)
    REQUIRES(process->signals.lock)
{
    unsigned count = 0;

    list_for_each(node, &process->threads) count++;
    return process->signals.stopped >= count;
}

bool signals_complete_stop(struct process *process)
{
    struct process_signals *signals = &process->signals;

    if (!signals->is_stopped || signals->has_reported || process->is_ending ||
        !are_all_stopped(process))
        return false;
    signals->has_reported = true;
    return true;
}

/* Sleeps in a stop; the last thread to arrive tells the parent. */
static void stay_stopped(struct process *process)
{
    struct process_signals *signals = &process->signals;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    unsigned number = signals->stop_signal;
    bool reports = false;

    if (signals->is_stopped) {
        signals->stopped++;
        reports = signals_complete_stop(process);
        spin_unlock_irq(&process->signals.lock, saved);
        if (reports)
            process_report_stop(process, number);
        (void)!waitq_wait_stopped(&signals->stop_waiters, goes_on, signals,
                                  WAIT_FOREVER);
        saved = spin_lock_irq(&process->signals.lock);
        signals->stopped--;
    }
    reports = signals->has_continued && !signals->is_stopped;
    if (reports)
        __atomic_store_n(&signals->has_continued, false, __ATOMIC_RELAXED);
    spin_unlock_irq(&process->signals.lock, saved);
    if (reports)
        process_report_stop(process, 0);
}

/* Reads the disposition; SA_RESETHAND takes effect here. */
static void take_action(struct process *process, struct signal_call *call)
{
    struct lx_sigaction fallback = {.sa_handler = LX_SIG_DFL};

    call->action = signal_action_of(&process->signals, call->number);
    fallback.sa_flags = call->action.sa_flags;
    fallback.sa_mask = call->action.sa_mask;
    fallback.sa_restorer = call->action.sa_restorer;
    if ((call->action.sa_flags & LX_SA_RESETHAND) != 0 &&
        call->action.sa_handler > LX_SIG_IGN)
        signal_change_action(process, call->number, &fallback, NULL);
}

/* The next to act on; false: none. */
static bool take_next(struct task *task, struct delivery *out)
{
    struct process *process = task->process;
    struct process_signals *signals = &process->signals;
    struct signal_call *call = &out->call;
    unsigned saved;

    out->is_forced = task->signals.forced != 0;
    out->is_last = false;
    if (out->is_forced) {
        call->number = task->signals.forced;
        call->info = task->signals.forced_info;
        task->signals.forced = 0;
    } else {
        saved = spin_lock_irq(&process->signals.lock);
        call->number = signal_queue_take(signals, &task->signals.own,
                                         ~task->signals.blocked, &call->info);
        if (call->number == 0)
            call->number = signal_queue_take(
                signals, &signals->shared, ~task->signals.blocked, &call->info);
        out->continues = signals->continues;
        out->is_last = ((signals->shared.set | task->signals.own.set) &
                        ~task->signals.blocked) == 0;
        spin_unlock_irq(&process->signals.lock, saved);
    }
    if (call->number == 0)
        return false;
    take_action(process, call);
    return true;
}

/*
 * Is nobody left who could let the process go on: no member of its group has a
 * parent in the session but outside the group (setpgid(2))?
 */
static bool is_group_orphaned(struct process *process)
{
    unsigned saved = process_tree_lock();
    bool is_orphaned = true;

    list_for_each(node, &process->group->members[PID_GROUP])
    {
        struct process *member = list_entry(node, struct process, by_group);
        struct process *parent = member->parent;

        if (member->state == PROCESS_ALIVE && parent != NULL &&
            parent->session == member->session &&
            parent->group != member->group)
            is_orphaned = false;
    }
    process_tree_unlock(saved);
    return is_orphaned;
}

static void stop(struct process *process, const struct delivery *delivery)
{
    struct process_signals *signals = &process->signals;
    unsigned number = delivery->call.number;
    unsigned saved;

    if (number != LX_SIGSTOP && is_group_orphaned(process))
        return;
    saved = spin_lock_irq(&process->signals.lock);
    /* A SIGCONT since then takes the stop back. */
    if (signals->continues == delivery->continues && !process->is_ending) {
        signals->stop_signal = number;
        signals->has_reported = false;
        __atomic_store_n(&signals->is_stopped, true, __ATOMIC_SEQ_CST);
        list_for_each(node, &process->threads)
            thread_set_work(list_entry(node, struct task, of_process)->thread,
                            THREAD_WORK_SIGNAL);
    }
    spin_unlock_irq(&process->signals.lock, saved);
}

static void end(struct task *task, const struct delivery *delivery)
{
    const struct lx_siginfo *info = &delivery->call.info;
    unsigned number = delivery->call.number;
    char name[PROCESS_NAME_MAX];

    task_get_name(task, name);
    if (delivery->is_forced)
        log_info("%s: killed by %s, address %#llx", name, signal_name(number),
                 (unsigned long long)info->of.fault.addr);
    process_end(task->process, LX_W_SIGNALED((int)number));
}

static void act_by_default(struct task *task, const struct delivery *delivery)
{
    signal_set bit = signal_bit(delivery->call.number);

    if ((bit & SIGNALS_MEEK) != 0)
        return;
    if (signal_is_init(task->process) && !delivery->is_forced)
        return;
    if ((bit & SIGNALS_STOP) != 0)
        stop(task->process, delivery);
    else
        end(task, delivery);
}

/* No frame could be made: SIGSEGV, and where that was the one, its default. */
static void fail_handler(struct task *task, unsigned number)
{
    struct lx_sigaction fallback = {.sa_handler = LX_SIG_DFL};

    if (number == LX_SIGSEGV)
        signal_change_action(task->process, number, &fallback, NULL);
    signal_force_fault(task, LX_SIGSEGV, LX_SI_KERNEL, 0);
}

/* Returns whether the handler's frame is in place. */
static bool run_handler(struct task *task, const struct signal_call *call)
{
    struct task_signals *signals = &task->signals;
    signal_set blocked = signals->blocked;
    signal_set kept = signals->has_saved ? signals->saved : blocked;

    if ((task->rseq != 0 && rseq_resume(task) != 0) ||
        signal_frame_push(task, call, kept) != 0) {
        fail_handler(task, call->number);
        return false;
    }
    signals->has_saved = false;
    blocked |= call->action.sa_mask;
    if ((call->action.sa_flags & LX_SA_NODEFER) == 0)
        blocked |= signal_bit(call->number);
    if (blocked != signals->blocked)
        signal_set_mask(task, blocked);
    return true;
}

static bool is_being_ended(const struct task *task)
{
    return (__atomic_load_n(&task->thread->work, __ATOMIC_ACQUIRE) &
            THREAD_WORK_EXIT) != 0;
}

/* What becomes pending, or a stop, while this goes on sets the work flag. */
void signal_deliver(struct task *task)
{
    struct process_signals *signals = &task->process->signals;
    struct delivery next;

    while (!is_being_ended(task)) {
        if (!goes_on(signals) ||
            __atomic_load_n(&signals->has_continued, __ATOMIC_RELAXED))
            stay_stopped(task->process);
        else if (!take_next(task, &next))
            break;
        else if (next.call.action.sa_handler == LX_SIG_DFL)
            act_by_default(task, &next);
        else if (next.call.action.sa_handler != LX_SIG_IGN &&
                 run_handler(task, &next.call) && next.is_last)
            break;
    }
    if (task->signals.has_saved) {
        task->signals.has_saved = false;
        signal_set_mask(task, task->signals.saved);
    }
}

/* --- sigtimedwait(2) ------------------------------------------------------ */

struct awaiting {
    struct task *task;
    signal_set set;
    struct lx_siginfo *out;
    unsigned number; /* what came; 0: nothing yet */
};

unsigned signal_take(struct task *task, signal_set set, struct lx_siginfo *out)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);
    unsigned number = signal_queue_take(signals, &task->signals.own, set, out);

    if (number == 0)
        number = signal_queue_take(signals, &signals->shared, set, out);
    spin_unlock_irq(&signals->lock, saved);
    return number;
}

static bool has_come(void *arg)
{
    struct awaiting *wait = arg;

    wait->number = signal_take(wait->task, wait->set, wait->out);
    return wait->number != 0;
}

static void count_awaiting(struct process_signals *signals, int change)
{
    unsigned saved = spin_lock_irq(&signals->lock);

    signals->awaited += (unsigned)change;
    spin_unlock_irq(&signals->lock, saved);
}

int signal_wait(struct task *task, signal_set set, uint64_t deadline_ns,
                struct lx_siginfo *out)
{
    struct process_signals *signals = &task->process->signals;
    struct awaiting wait = {task, set & ~SIGNALS_SACRED, out, 0};
    int error;

    if (has_come(&wait))
        return (int)wait.number;
    count_awaiting(signals, 1);
    error = waitq_wait_interruptible(&signals->waiters, has_come, &wait,
                                     deadline_ns);
    count_awaiting(signals, -1);
    if (wait.number != 0)
        return (int)wait.number;
    return error == -ETIMEDOUT ? -EAGAIN : error;
}
