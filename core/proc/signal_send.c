/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_send.c - making a signal pending, and who is told; contract
 * in signal.h.
 *
 * What a signal does to others happens when it is sent, whatever becomes of it:
 * SIGCONT lets a stopped process go on and takes stop signals back, and these
 * take SIGCONT back. SIGKILL ends the process at once, and so does a signal
 * that by default ends it without a core file (signal(7)), where a thread would
 * take it: of several, the first decides how the process ended.
 */
#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/abi/wait.h"
#include "core/id/cred.h"
#include "core/proc/process.h"
#include "core/proc/signal.h"
#include "core/proc/signal_impl.h"
#include "core/sched/thread.h"

bool signal_is_init(const struct process *process)
{
    return process->pid->numbers[process->pid->level].number == 1;
}

static struct task *task_of(struct list *node)
{
    return list_entry(node, struct task, of_process);
}

/* Is it dropped when it is sent? One that is blocked is not, as its disposition
 * may change until it is delivered. */
static bool is_unheard(struct process *process, struct task *task,
                       unsigned number) REQUIRES(process->signals.lock)
{
    uint64_t handler = signal_handler_of(&process->signals, number);
    struct task *asked = task != NULL ? task : task_of(process->threads.next);

    if (handler != LX_SIG_IGN && handler != LX_SIG_DFL)
        return false;
    if ((asked->signals.blocked & signal_bit(number)) != 0)
        return false;
    if (handler == LX_SIG_IGN)
        return true;
    return (signal_bit(number) & SIGNALS_MEEK) != 0 || signal_is_init(process);
}

static void drop_everywhere(struct process *process, signal_set set)
    REQUIRES(process->signals.lock)
{
    struct process_signals *signals = &process->signals;

    signal_queue_drop(signals, &signals->shared, set);
    list_for_each(node, &process->threads)
        signal_queue_drop(signals, &task_of(node)->signals.own, set);
}

static void let_go_on(struct process *process) REQUIRES(process->signals.lock)
{
    struct process_signals *signals = &process->signals;

    drop_everywhere(process, SIGNALS_STOP);
    signals->continues++;
    if (!signals->is_stopped)
        return;
    __atomic_store_n(&signals->has_continued, true, __ATOMIC_RELAXED);
    __atomic_store_n(&signals->was_continued, true, __ATOMIC_RELAXED);
    __atomic_store_n(&signals->is_stopped, false, __ATOMIC_SEQ_CST);
    waitq_wake_all(&signals->stop_waiters);
}

/* What happens at once, whoever takes the signal. */
static void act_when_sent(struct process *process, unsigned number)
    REQUIRES(process->signals.lock)
{
    if ((signal_bit(number) & SIGNALS_STOP) != 0)
        drop_everywhere(process, signal_bit(LX_SIGCONT));
    else if (number == LX_SIGCONT)
        let_go_on(process);
}

static bool is_blocked(const struct task *task, unsigned number)
{
    return (task->signals.blocked & signal_bit(number)) != 0;
}

/* Would it be taken, by task or (NULL) by any? */
static bool has_taker(struct process *process, const struct task *task,
                      unsigned number) REQUIRES(process->signals.lock)
{
    if (task != NULL)
        return !is_blocked(task, number);
    list_for_each(node, &process->threads) if (!is_blocked(task_of(node),
                                                           number)) return true;
    return false;
}

static bool ends_when_sent(struct process *process, const struct task *task,
                           unsigned number) REQUIRES(process->signals.lock)
{
    struct process_signals *signals = &process->signals;
    signal_set gentle = SIGNALS_MEEK | SIGNALS_STOP | SIGNALS_CORE;

    return (gentle & signal_bit(number)) == 0 && !signals->is_stopped &&
           !signal_is_init(process) &&
           signal_handler_of(signals, number) == LX_SIG_DFL &&
           has_taker(process, task, number);
}

/* Tells somebody who does not block it; the leader before others. */
static void tell(struct process *process, struct task *task, unsigned number)
    REQUIRES(process->signals.lock)
{
    struct process_signals *signals = &process->signals;

    if (signals->awaited > 0)
        waitq_wake_all(&signals->waiters);
    if (waitq_has_waiters(&process->pid->waitq))
        waitq_wake(&process->pid->waitq, LX_POLLIN);
    if (task != NULL) {
        signal_update_work(process, task);
        return;
    }
    list_for_each(node, &process->threads)
    {
        task = task_of(node);
        if (!is_blocked(task, number)) {
            signal_update_work(process, task);
            return;
        }
    }
}

/* It is pending. */
static void end_or_tell(struct process *process, struct task *task,
                        unsigned number) REQUIRES(process->signals.lock)
{
    if (ends_when_sent(process, task, number))
        process_end_locked(process, LX_W_SIGNALED((int)number));
    else
        tell(process, task, number);
}

/* Does the signal go any further than this? */
static bool is_wanted(struct process *process, struct task *task,
                      unsigned number) REQUIRES(process->signals.lock)
{
    if (list_is_empty(&process->threads) || (task != NULL && task->has_left))
        return false;
    act_when_sent(process, number);
    return !is_unheard(process, task, number);
}

static int send(struct process *process, struct task *task,
                const struct lx_siginfo *info)
{
    struct process_signals *signals = &process->signals;
    unsigned number = (unsigned)info->si_signo;
    int error = 0;
    unsigned saved;

    if (number == 0)
        return 0;
    ASSERT(number <= SIGNAL_COUNT);
    saved = spin_lock_irq(&process->signals.lock);
    if (is_wanted(process, task, number)) {
        if (number == LX_SIGKILL)
            process_end_locked(process, LX_W_SIGNALED(LX_SIGKILL));
        else
            error = signal_queue_add(
                process, task != NULL ? &task->signals.own : &signals->shared,
                info);
        if (number != LX_SIGKILL && error == 0)
            end_or_tell(process, task, number);
    }
    spin_unlock_irq(&process->signals.lock, saved);
    return error;
}

int signal_send_process(struct process *process, const struct lx_siginfo *info)
{
    return send(process, NULL, info);
}

int signal_send_task(struct task *task, const struct lx_siginfo *info)
{
    return send(task->process, task, info);
}

void signal_send_kernel(struct process *process, unsigned number)
{
    struct lx_siginfo info = {.si_signo = (int32_t)number,
                              .si_code = LX_SI_KERNEL};

    /* A real-time one without room is lost, as rt_sigqueueinfo(2) has it. */
    (void)!send(process, NULL, &info);
}

void signal_fill_user(struct lx_siginfo *info, unsigned number, int code)
{
    struct task *self = task_current();

    *info = (struct lx_siginfo){.si_signo = (int32_t)number, .si_code = code};
    info->of.from.pid = process_number(self->process);
    info->of.from.uid = self->cred->uid;
}

static void add_overruns(struct signal_info *info, uint64_t count)
{
    int32_t *overrun = &info->info.of.timer.overrun;

    *overrun = (int32_t)min_u64((uint64_t)*overrun + count, INT32_MAX);
}

void signal_send_timer(struct process *process, struct task *task,
                       struct signal_info *info, uint64_t missed)
{
    struct process_signals *signals = &process->signals;
    struct signal_queue *queue =
        task != NULL ? &task->signals.own : &signals->shared;
    unsigned number = (unsigned)info->info.si_signo;
    unsigned saved = spin_lock_irq(&process->signals.lock);

    missed = min_u64(missed, INT32_MAX);
    if (list_is_linked(&info->link)) {
        add_overruns(info, missed + 1);
    } else if (is_wanted(process, task, number)) {
        info->info.of.timer.overrun = (int32_t)missed;
        list_push_back(&queue->infos, &info->link);
        queue->set |= signal_bit(number);
        end_or_tell(process, task, number);
    }
    spin_unlock_irq(&process->signals.lock, saved);
}

/* --- what a thread did itself --------------------------------------------- */

void signal_force(struct task *task, const struct lx_siginfo *info)
{
    struct process_signals *signals = &task->process->signals;
    unsigned number = (unsigned)info->si_signo;
    struct lx_sigaction fallback = {.sa_handler = LX_SIG_DFL};
    struct lx_sigaction action;
    unsigned saved = spin_lock_irq(&signals->lock);
    bool is_blocked = (task->signals.blocked & signal_bit(number)) != 0;

    task->signals.blocked &= ~signal_bit(number);
    action = signal_action_of(signals, number);
    spin_unlock_irq(&signals->lock, saved);
    if (is_blocked || action.sa_handler == LX_SIG_IGN)
        signal_change_action(task->process, number, &fallback, NULL);
    task->signals.forced = number;
    task->signals.forced_info = *info;
    thread_set_work(task->thread, THREAD_WORK_SIGNAL);
}

void signal_force_fault(struct task *task, unsigned number, int code,
                        uaddr_t addr)
{
    struct lx_siginfo info = {.si_signo = (int32_t)number, .si_code = code};

    info.of.fault.addr = addr;
    signal_force(task, &info);
}
