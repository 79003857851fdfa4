/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal.c - dispositions, masks and the alternate stack; contract in
 * signal.h.
 */
#include "core/proc/signal.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/proc/process.h"
#include "core/proc/signal_impl.h"
#include "core/proc/timers.h"
#include "core/sched/thread.h"

static const struct lock_class signals_class = {"signals", LOCK_RANK_SIGNAL};
static const struct lock_class actions_class = {"signal actions",
                                                LOCK_RANK_ACTIONS};

static struct mem_cache actions_cache;

void signal_init_all(void)
{
    cache_init(&actions_cache, "signal actions", sizeof(struct signal_actions),
               16);
    signal_queue_init_all();
    timers_init_all();
}

/* --- dispositions --------------------------------------------------------- */

static struct signal_actions *new_actions(void)
{
    struct signal_actions *actions =
        mem_alloc(&actions_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (actions == NULL)
        return NULL;
    refcount_init(&actions->refs, 1);
    spin_init(&actions->lock, &actions_class);
    return actions;
}

/* To actions that nobody has yet. */
static void copy_actions(struct signal_actions *to, struct signal_actions *from)
{
    unsigned saved = spin_lock_irq(&from->lock);

    mem_copy(to->of, from->of, sizeof(to->of));
    spin_unlock_irq(&from->lock, saved);
}

static void put_actions(struct signal_actions *actions)
{
    if (refcount_put(&actions->refs))
        mem_free(&actions_cache, actions);
}

struct lx_sigaction signal_action_of(struct process_signals *signals,
                                     unsigned number)
{
    struct signal_actions *actions = signals->actions;
    unsigned saved = spin_lock_irq(&actions->lock);
    struct lx_sigaction action = actions->of[number - 1];

    spin_unlock_irq(&actions->lock, saved);
    return action;
}

uint64_t signal_handler_of(const struct process_signals *signals,
                           unsigned number) NO_TSA
{
    return __atomic_load_n(&signals->actions->of[number - 1].sa_handler,
                           __ATOMIC_RELAXED);
}

/* The actions' lock. */
static void set_action(struct lx_sigaction *action,
                       const struct lx_sigaction *fresh)
{
    __atomic_store_n(&action->sa_handler, fresh->sa_handler, __ATOMIC_RELAXED);
    action->sa_flags = fresh->sa_flags;
    action->sa_restorer = fresh->sa_restorer;
    action->sa_mask = fresh->sa_mask & ~SIGNALS_SACRED;
}

static void init_signals(struct process_signals *signals,
                         struct signal_actions *actions)
{
    *signals = (struct process_signals){.actions = actions};
    spin_init(&signals->lock, &signals_class);
    signal_queue_init(&signals->shared);
    waitq_init(&signals->stop_waiters);
    waitq_init(&signals->waiters);
}

int signals_init(struct process_signals *signals)
{
    struct signal_actions *actions = new_actions();

    if (actions == NULL)
        return -ENOMEM;
    init_signals(signals, actions);
    return 0;
}

int signals_clone(struct process_signals *to, struct process_signals *from,
                  bool share_actions)
{
    struct signal_actions *actions = from->actions;

    if (share_actions) {
        refcount_get(&actions->refs);
    } else {
        actions = new_actions();
        if (actions == NULL)
            return -ENOMEM;
        copy_actions(actions, from->actions);
    }
    init_signals(to, actions);
    return 0;
}

/* What was caught becomes default; all that is not ignored, or all. */
static void reset_actions(struct signal_actions *actions)
{
    unsigned saved = spin_lock_irq(&actions->lock);

    for (size_t i = 0; i < COUNT_OF(actions->of); i++) {
        bool is_ignored = actions->of[i].sa_handler == LX_SIG_IGN;

        set_action(&actions->of[i],
                   &(struct lx_sigaction){
                       .sa_handler = is_ignored ? LX_SIG_IGN : LX_SIG_DFL});
    }
    spin_unlock_irq(&actions->lock, saved);
}

void signals_clear_handlers(struct process_signals *signals)
{
    reset_actions(signals->actions);
}

/* Has the process one thread? Then nobody else can begin to share. */
static bool has_one_thread(struct process *process)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);
    bool has_one = process->threads.next == process->threads.prev;

    spin_unlock_irq(&process->signals.lock, saved);
    return has_one;
}

int signals_reserve(struct process *p, struct signal_actions **out)
{
    *out = NULL;
    if (has_one_thread(p) && refcount_is_one(&p->signals.actions->refs))
        return 0;
    *out = new_actions();
    return *out != NULL ? 0 : -ENOMEM;
}

void signals_cancel_exec(struct signal_actions *room)
{
    if (room != NULL)
        put_actions(room);
}

/* Makes the dispositions the process's alone, in room if they are not. */
static void unshare_actions(struct process *process,
                            struct signal_actions *room)
{
    struct signal_actions *old = process->signals.actions;
    unsigned saved;

    if (refcount_is_one(&old->refs)) {
        signals_cancel_exec(room);
        return;
    }
    ASSERT(room != NULL);
    copy_actions(room, old);
    saved = spin_lock_irq(&process->signals.lock);
    process->signals.actions = room;
    spin_unlock_irq(&process->signals.lock, saved);
    put_actions(old);
}

void signals_exec(struct task *task, struct signal_actions *room)
{
    unshare_actions(task->process, room);
    reset_actions(task->process->signals.actions);
    task->signals.stack_base = 0;
    task->signals.stack_size = 0;
    timers_exec(task->process);
}

void signals_fini(struct process_signals *signals)
{
    unsigned saved;

    timers_fini(signals);
    saved = spin_lock_irq(&signals->lock);
    signal_queue_drop(signals, &signals->shared, ~(signal_set)0);
    ASSERT(signals->queued == 0);
    spin_unlock_irq(&signals->lock, saved);
    put_actions(signals->actions);
    signals->actions = NULL;
}

static bool child_flag(struct process *process, uint32_t flag, bool or_ignored)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);
    struct lx_sigaction action =
        signal_action_of(&process->signals, LX_SIGCHLD);

    spin_unlock_irq(&process->signals.lock, saved);
    return (action.sa_flags & flag) != 0 ||
           (or_ignored && action.sa_handler == LX_SIG_IGN);
}

bool signals_reaps_children(struct process *process)
{
    return child_flag(process, LX_SA_NOCLDWAIT, true);
}

bool signals_wants_stops(struct process *process)
{
    return !child_flag(process, LX_SA_NOCLDSTOP, true);
}

static bool is_ignored(const struct lx_sigaction *action, unsigned number)
{
    return action->sa_handler == LX_SIG_IGN ||
           (action->sa_handler == LX_SIG_DFL &&
            (signal_bit(number) & SIGNALS_MEEK) != 0);
}

/* POSIX: what becomes ignored is pending no more. */
static void drop_ignored(struct process *process, signal_set set)
    REQUIRES(process->signals.lock)
{
    struct process_signals *signals = &process->signals;

    signal_queue_drop(signals, &signals->shared, set);
    list_for_each(node, &process->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);

        signal_queue_drop(signals, &task->signals.own, set);
    }
}

static void swap_action(struct signal_actions *actions, unsigned number,
                        const struct lx_sigaction *fresh,
                        struct lx_sigaction *old)
{
    unsigned saved = spin_lock_irq(&actions->lock);
    struct lx_sigaction *action = &actions->of[number - 1];

    if (old != NULL)
        *old = *action;
    if (fresh != NULL)
        set_action(action, fresh);
    spin_unlock_irq(&actions->lock, saved);
}

/* Nothing is sent between the change to one that ignores and the drop. */
void signal_change_action(struct process *process, unsigned number,
                          const struct lx_sigaction *fresh,
                          struct lx_sigaction *old)
{
    struct process_signals *signals = &process->signals;
    unsigned saved;

    if (fresh == NULL || !is_ignored(fresh, number)) {
        swap_action(signals->actions, number, fresh, old);
        return;
    }
    saved = spin_lock_irq(&process->signals.lock);
    swap_action(signals->actions, number, fresh, old);
    drop_ignored(process, signal_bit(number));
    spin_unlock_irq(&process->signals.lock, saved);
}

/* --- a thread's own ------------------------------------------------------- */

void task_signals_init(struct task_signals *signals)
{
    *signals = (struct task_signals){0};
    signal_queue_init(&signals->own);
}

void task_signals_clone(struct task *to, struct task *from, bool keeps_stack)
{
    task_signals_init(&to->signals);
    to->signals.blocked = from->signals.blocked;
    to->signals.stack_flags = LX_SS_DISABLE;
    if (!keeps_stack)
        return;
    to->signals.stack_base = from->signals.stack_base;
    to->signals.stack_size = from->signals.stack_size;
    to->signals.stack_flags = from->signals.stack_flags;
}

void task_signals_fini(struct task *task)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);

    signal_queue_drop(signals, &task->signals.own, ~(signal_set)0);
    spin_unlock_irq(&signals->lock, saved);
    signal_frame_free(&task->signals);
}

bool signal_is_pending(const struct task *task)
{
    return (__atomic_load_n(&task->thread->work, __ATOMIC_ACQUIRE) &
            (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) != 0;
}

void signal_update_work(struct process *process, struct task *task)
{
    struct process_signals *signals = &process->signals;
    signal_set pending = signals->shared.set | task->signals.own.set;

    if ((pending & ~task->signals.blocked) != 0 || signals->is_stopped)
        thread_set_work(task->thread, THREAD_WORK_SIGNAL);
}

void signals_retarget_locked(struct process *process, struct task *leaving)
{
    if (process->signals.shared.set == 0)
        return;
    list_for_each(node, &process->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);

        if (task != leaving)
            signal_update_work(process, task);
    }
}

void signal_set_mask(struct task *task, signal_set mask)
{
    struct process *process = task->process;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    signal_set grown = mask & ~task->signals.blocked;

    task->signals.blocked = mask & ~SIGNALS_SACRED;
    if ((process->signals.shared.set & grown) != 0)
        signals_retarget_locked(process, task);
    signal_update_work(process, task);
    spin_unlock_irq(&process->signals.lock, saved);
}

void signal_set_temporary_mask(struct task *task, signal_set mask)
{
    task->signals.saved = task->signals.blocked;
    task->signals.has_saved = true;
    signal_set_mask(task, mask);
}

signal_set signal_pending_of(struct task *task, signal_set set)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);

    set &= signals->shared.set | task->signals.own.set;
    spin_unlock_irq(&signals->lock, saved);
    return set;
}

signal_set signal_pending_set(struct task *task)
{
    return signal_pending_of(task, task->signals.blocked);
}

bool signal_is_on_stack(const struct task_signals *signals, uaddr_t sp)
{
    /* An armed AUTODISARM stack is disarmed while it is in use. */
    return (signals->stack_flags & LX_SS_AUTODISARM) == 0 &&
           sp > signals->stack_base &&
           sp - signals->stack_base <= signals->stack_size;
}

int signal_change_stack(struct task *task, uaddr_t sp,
                        const struct lx_stack *fresh, struct lx_stack *old)
{
    struct task_signals *signals = &task->signals;
    bool is_used = signal_is_on_stack(signals, sp);
    uint32_t mode;

    if (old != NULL) {
        *old = (struct lx_stack){.ss_sp = signals->stack_base,
                                 .ss_size = signals->stack_size};
        old->ss_flags = signals->stack_flags & LX_SS_AUTODISARM;
        if (signals->stack_size == 0)
            old->ss_flags |= LX_SS_DISABLE;
        else if (is_used)
            old->ss_flags |= LX_SS_ONSTACK;
    }
    if (fresh == NULL)
        return 0;
    if (is_used)
        return -EPERM;
    mode = fresh->ss_flags & ~LX_SS_AUTODISARM;
    if (mode != 0 && mode != LX_SS_ONSTACK && mode != LX_SS_DISABLE)
        return -EINVAL;
    if (mode != LX_SS_DISABLE && fresh->ss_size < LX_MINSIGSTKSZ)
        return -ENOMEM;
    signals->stack_base = mode == LX_SS_DISABLE ? 0 : fresh->ss_sp;
    signals->stack_size = mode == LX_SS_DISABLE ? 0 : fresh->ss_size;
    signals->stack_flags = fresh->ss_flags;
    return 0;
}
