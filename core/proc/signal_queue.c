/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_queue.c - what is pending, with what was said of it.
 *
 * A signal is pending when its bit is set. One of the standard signals is
 * pending once; a real-time one as often as there are infos of it, in the order
 * in which they came. Where no info could be kept, the bit alone stands for one
 * without (sigqueue(3)).
 */
#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/proc/signal_impl.h"

static struct mem_cache info_cache;

void signal_queue_init_all(void)
{
    cache_init(&info_cache, "signal info", sizeof(struct signal_info), 16);
}

void signal_queue_init(struct signal_queue *queue)
{
    queue->set = 0;
    list_init(&queue->infos);
}

/* A standard signal of the kernel's or kill(2)'s counts, but knows no limit. */
static struct signal_info *new_info(struct process *process,
                                    const struct lx_siginfo *from)
{
    struct process_signals *signals = &process->signals;
    bool is_limited = from->si_signo >= LX_SIGRTMIN || from->si_code < 0;
    struct signal_info *info;

    if (is_limited && signals->queued >= limits_current(&process->limits,
                                                        LX_RLIMIT_SIGPENDING))
        return NULL;
    info = mem_alloc(&info_cache, MEM_NOWAIT, NULL);
    if (info == NULL)
        return NULL;
    list_init(&info->link);
    info->is_timers = false;
    signals->queued++;
    return info;
}

static void drop_info(struct process_signals *signals, struct signal_info *info)
{
    list_remove(&info->link);
    if (info->is_timers)
        return;
    signals->queued--;
    mem_free(&info_cache, info);
}

int signal_queue_add(struct process *process, struct signal_queue *queue,
                     const struct lx_siginfo *info)
{
    unsigned number = (unsigned)info->si_signo;
    struct signal_info *kept;

    if (number < LX_SIGRTMIN && (queue->set & signal_bit(number)) != 0)
        return 0;
    kept = new_info(process, info);
    if (kept != NULL) {
        kept->info = *info;
        list_push_back(&queue->infos, &kept->link);
    } else if (number >= LX_SIGRTMIN && info->si_code != LX_SI_USER) {
        return -EAGAIN;
    }
    queue->set |= signal_bit(number);
    return 0;
}

/* The first info of number and, in *more, whether there is another. */
static struct signal_info *find_info(struct signal_queue *queue,
                                     unsigned number, bool *more)
{
    struct signal_info *first = NULL;

    *more = false;
    list_for_each(node, &queue->infos)
    {
        struct signal_info *info = list_entry(node, struct signal_info, link);

        if ((unsigned)info->info.si_signo != number)
            continue;
        if (first != NULL) {
            *more = true;
            break;
        }
        first = info;
    }
    return first;
}

static unsigned first_of(signal_set set)
{
    if ((set & SIGNALS_SYNCHRONOUS) != 0)
        set &= SIGNALS_SYNCHRONOUS;
    return (unsigned)__builtin_ctzll(set) + 1;
}

unsigned signal_queue_take(struct process_signals *signals,
                           struct signal_queue *queue, signal_set set,
                           struct lx_siginfo *out)
{
    struct signal_info *info;
    unsigned number;
    bool more;

    set &= queue->set;
    if (set == 0)
        return 0;
    number = first_of(set);
    info = find_info(queue, number, &more);
    if (!more)
        queue->set &= ~signal_bit(number);
    if (info == NULL) {
        *out = (struct lx_siginfo){.si_signo = (int32_t)number,
                                   .si_code = LX_SI_USER};
        return number;
    }
    *out = info->info;
    __atomic_store_n(&info->last_overrun, info->info.of.timer.overrun,
                     __ATOMIC_RELAXED);
    drop_info(signals, info);
    return number;
}

void signal_queue_drop(struct process_signals *signals,
                       struct signal_queue *queue, signal_set set)
{
    queue->set &= ~set;
    list_for_each_safe(node, &queue->infos)
    {
        struct signal_info *info = list_entry(node, struct signal_info, link);

        if ((signal_bit((unsigned)info->info.si_signo) & set) != 0)
            drop_info(signals, info);
    }
}

void signal_forget_timer(struct process *process, struct task *task,
                         struct signal_info *info)
{
    unsigned number = (unsigned)info->info.si_signo;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    struct signal_queue *queue =
        task != NULL ? &task->signals.own : &process->signals.shared;
    bool more, was_pending = list_is_linked(&info->link);

    list_remove(&info->link);
    if (was_pending && find_info(queue, number, &more) == NULL)
        queue->set &= ~signal_bit(number);
    spin_unlock_irq(&process->signals.lock, saved);
}
