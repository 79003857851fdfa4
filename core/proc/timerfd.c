/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/timerfd.c - contract in timerfd.h.
 *
 * A timer goes off once; how often it would have since is counted, and the next
 * time set, when somebody reads. What goes off sets a flag and takes no lock,
 * so the timer may be armed and cancelled under the lock.
 */
#include "core/proc/timerfd.h"

#include "core/abi/errno.h"
#include "core/abi/eventfd.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/fs/anon.h"
#include "core/fs/file.h"
#include "core/mem/cache.h"
#include "core/proc/clock.h"
#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

static const struct lock_class timerfd_class = {"timerfd", LOCK_RANK_EVENTS};

struct timerfd {
    struct wait_relay relay;
    struct waiter stepped; /* in clock_stepped() */
    struct spinlock lock;  /* irq-safe */
    struct timer timer GUARDED_BY(lock);
    bool is_set GUARDED_BY(lock);  /* it runs, or has gone off */
    bool is_wall GUARDED_BY(lock); /* next_ns is wall time */
    bool cancels GUARDED_BY(lock);
    uint64_t next_ns GUARDED_BY(lock);
    uint64_t interval_ns GUARDED_BY(lock); /* 0: once */
    bool has_fired;                        /* atomic */
    bool is_cancelled;                     /* atomic */
    int32_t clock;                         /* const */
    struct rcu_head rcu;
};

static struct mem_cache timerfd_cache;

void timerfd_init_all(void)
{
    cache_init(&timerfd_cache, "timerfd", sizeof(struct timerfd), 64);
}

static bool load(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static bool exchange(bool *flag, bool value)
{
    return __atomic_exchange_n(flag, value, __ATOMIC_SEQ_CST);
}

/* Interrupt context. */
static void fire(void *arg)
{
    struct timerfd *t = arg;

    (void)exchange(&t->has_fired, true);
    if (waitq_is_watched(&t->relay.queue))
        waitq_wake(&t->relay.queue, t->relay.events);
}

static uint64_t now_of(const struct timerfd *t) REQUIRES(t->lock)
{
    return t->is_wall ? clock_wall_ns() : hal_clock_now();
}

static void arm(struct timerfd *t) REQUIRES(t->lock)
{
    timer_arm(&t->timer, t->is_wall
                             ? clock_deadline(LX_CLOCK_REALTIME, t->next_ns)
                             : t->next_ns);
}

/* The wall clock was set. Under the lock of the queue of those who care. */
static bool note_step(struct waiter *waiter, struct wake *wake)
{
    struct timerfd *t = waiter->arg;
    unsigned saved = spin_lock_irq(&t->lock);
    bool is_told = false;

    if (t->is_set && t->is_wall) {
        if (!load(&t->has_fired))
            arm(t);
        is_told = t->cancels;
    }
    spin_unlock_irq(&t->lock, saved);
    if (is_told) {
        (void)exchange(&t->is_cancelled, true);
        wake_later(wake, &t->relay);
    }
    return true;
}

/* How often it went off until now; sets the next time. */
static uint64_t count_ticks(struct timerfd *t) REQUIRES(t->lock)
{
    uint64_t now = now_of(t), ticks = 1;

    if (!exchange(&t->has_fired, false))
        return 0;
    if (t->interval_ns == 0) {
        t->is_set = false;
        return 1;
    }
    if (now > t->next_ns)
        ticks += (now - t->next_ns) / t->interval_ns;
    t->next_ns += ticks * t->interval_ns;
    arm(t);
    return ticks;
}

static ssize_t read_timerfd(struct file *file, struct user_cursor *to,
                            uint64_t *position)
{
    struct timerfd *t = file->data;
    uint64_t ticks;
    unsigned saved;

    (void)position;
    if (to->left < sizeof(ticks))
        return -EINVAL;
    saved = spin_lock_irq(&t->lock);
    ticks = count_ticks(t);
    spin_unlock_irq(&t->lock, saved);
    if (exchange(&t->is_cancelled, false))
        return -ECANCELED;
    if (ticks == 0)
        return -EAGAIN;
    return cursor_copy_out(to, &ticks, sizeof(ticks)) == sizeof(ticks)
               ? (ssize_t)sizeof(ticks)
               : -EFAULT;
}

static unsigned poll_timerfd(struct file *file)
{
    const struct timerfd *t = file->data;

    return load(&t->has_fired) || load(&t->is_cancelled) ? LX_POLLIN : 0;
}

static struct waitq *timerfd_waitq(struct file *file)
{
    struct timerfd *t = file->data;

    return &t->relay.queue;
}

static void free_timerfd(struct rcu_head *head)
{
    mem_free(&timerfd_cache, container_of(head, struct timerfd, rcu));
}

/* A wake that was put off may be on its way to the relay. */
static void release_timerfd(struct file *file)
{
    struct timerfd *t = file->data;

    waitq_remove(&t->stepped);
    (void)timer_cancel(&t->timer);
    rcu_call(&t->rcu, free_timerfd);
}

static const struct file_ops timerfd_ops = {
    .read = read_timerfd,
    .poll = poll_timerfd,
    .waitq = timerfd_waitq,
    .stat = anon_stat,
    .seek = anon_seek,
    .release = release_timerfd,
    .is_stream = true,
    .has_units = true,
};

bool timerfd_is_timer(const struct file *file)
{
    return file->ops == &timerfd_ops;
}

bool timerfd_is_alarm(int32_t clock)
{
    return clock == LX_CLOCK_REALTIME_ALARM || clock == LX_CLOCK_BOOTTIME_ALARM;
}

static bool is_usable(int32_t clock)
{
    return clock == LX_CLOCK_REALTIME || clock == LX_CLOCK_MONOTONIC ||
           clock == LX_CLOCK_BOOTTIME || timerfd_is_alarm(clock);
}

int timerfd_make_file(int32_t clock, unsigned flags, struct file **out)
{
    struct timerfd *t;
    int error;

    if (!is_usable(clock))
        return -EINVAL;
    t = mem_alloc(&timerfd_cache, MEM_WAIT | MEM_ZERO, NULL);
    if (t == NULL)
        return -ENOMEM;
    error = file_create(&timerfd_ops, flags | LX_O_RDWR, t, out);
    if (error != 0) {
        mem_free(&timerfd_cache, t);
        return error;
    }
    t->clock = clock;
    spin_init(&t->lock, &timerfd_class);
    timer_init(&t->timer, fire, t);
    wait_relay_init(&t->relay, LX_POLLIN);
    waiter_init(&t->stepped, WAKE_ANY, note_step, t);
    if (clock_is_wall(clock))
        waitq_add(clock_stepped(), &t->stepped);
    return 0;
}

/* --- setting -------------------------------------------------------------- */

/* What is left until it goes off; of one that is waited for by the interval,
 * until the next time. */
static void read_setting(struct timerfd *t, struct timer_setting *out)
    REQUIRES(t->lock)
{
    uint64_t now = now_of(t);

    *out = (struct timer_setting){.interval_ns = t->interval_ns};
    if (!t->is_set)
        return;
    if (now < t->next_ns)
        out->value_ns = t->next_ns - now;
    else if (t->interval_ns != 0)
        out->value_ns = t->interval_ns - (now - t->next_ns) % t->interval_ns;
    else if (!load(&t->has_fired))
        out->value_ns = 1; /* it is about to */
}

static void set_timer(struct timerfd *t, const struct timer_setting *fresh,
                      bool cancels) REQUIRES(t->lock)
{
    (void)timer_cancel(&t->timer);
    (void)exchange(&t->has_fired, false);
    (void)exchange(&t->is_cancelled, false);
    t->is_wall = fresh->is_absolute && clock_is_wall(t->clock);
    t->cancels = cancels && t->is_wall;
    t->interval_ns = fresh->interval_ns;
    t->next_ns = fresh->value_ns + (fresh->is_absolute ? 0 : hal_clock_now());
    t->is_set = fresh->value_ns != 0;
    if (t->is_set)
        arm(t);
}

void timerfd_change(struct file *file, const struct timer_setting *fresh,
                    bool cancels, struct timer_setting *old)
{
    struct timerfd *t = file->data;
    unsigned saved = spin_lock_irq(&t->lock);

    if (old != NULL)
        read_setting(t, old);
    if (fresh != NULL)
        set_timer(t, fresh, cancels);
    spin_unlock_irq(&t->lock, saved);
}
