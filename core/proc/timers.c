/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/timers.c - contract in timers.h.
 *
 * A timer for a time of the wall clock follows when that is set: such timers
 * are on one list, under a mutex, and are armed anew then. One that was given a
 * time from now counts that time, whatever the wall clock does.
 *
 * A timer on a clock of time used looks at that clock when it could first have
 * got there, all threads running, and again until it has.
 */
#include "core/proc/timers.h"

#include "core/abi/errno.h"
#include "core/id/nsset.h"
#include "core/mem/cache.h"
#include "core/proc/clock.h"
#include "core/proc/process.h"
#include "core/proc/signal.h"
#include "core/sched/mutex.h"
#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sched/usage.h"
#include "hal/clock.h"
#include "hal/cpu.h"

enum {
    REST_NS = 100000,     /* a timer fires no oftener; it counts meanwhile */
    CPU_REST_NS = 1000000 /* the same where a clock of time used is polled */
};

static const struct lock_class timers_class = {"process timers",
                                               LOCK_RANK_TIMERS};
static const struct lock_class wall_class = {"wall timers",
                                             LOCK_RANK_WALL_TIMERS};

static struct {
    struct mutex lock;
    struct list timers GUARDED_BY(lock); /* process_timer.on_wall */
} wall;

static struct mem_cache timers_cache, timer_cache;

/* One timer; what is not constant is changed while it is disarmed, or by
 * fire(). */
struct process_timer {
    struct timer timer;
    struct process *process; /* const; outlives it */
    struct task *task;       /* const; whom it tells, a reference; NULL: any */
    int32_t clock;           /* const */
    bool is_virtual;         /* const; with a CPU's clock: user time alone */
    unsigned number;         /* const; the signal; 0: none */
    bool is_posix;           /* const: tells by info */
    uint64_t next_ns;        /* on its clock; atomic; 0: disarmed */
    uint64_t interval_ns;
    struct signal_info info;
    bool is_on_wall;     /* next_ns is the wall clock's; as next_ns */
    struct list on_wall; /* wall.timers; its lock */
    struct list link;    /* of process_timers.created; its lock */
};

struct process_timers {
    struct mutex lock;
    struct process_timer interval[3]; /* by LX_ITIMER_* */
    struct list created GUARDED_BY(lock);
    int32_t next_id GUARDED_BY(lock);
    unsigned count GUARDED_BY(lock);
};

void timers_init_all(void)
{
    cache_init(&timers_cache, "process timers", sizeof(struct process_timers),
               16);
    cache_init(&timer_cache, "timer", sizeof(struct process_timer), 16);
    clock_init_all();
    mutex_init(&wall.lock, &wall_class);
    list_init(&wall.timers);
}

static uint64_t now_of(const struct process_timer *t)
{
    if (t->clock == LX_CLOCK_THREAD_CPUTIME_ID && t->task != NULL)
        return thread_run_ns(t->task->thread);
    if (t->is_virtual)
        return clock_process_user_ns(t->process);
    if (clock_is_cpu(t->clock))
        return clock_process_ns(t->process);
    return t->is_on_wall ? clock_wall_ns() : hal_clock_now();
}

/* Arms it for next_ns, but not before earliest_ns from now. */
static void arm(struct process_timer *t, uint64_t now, uint64_t earliest_ns)
{
    uint64_t next = __atomic_load_n(&t->next_ns, __ATOMIC_RELAXED);
    uint64_t wait = next > now ? next - now : 0;
    uint64_t at = hal_clock_now();

    if (clock_is_cpu(t->clock))
        wait = max_u64(wait / hal_cpu_count(), CPU_REST_NS);
    wait = max_u64(wait, earliest_ns);
    timer_arm(&t->timer, wait < WAIT_FOREVER - at ? at + wait : WAIT_FOREVER);
}

static void tell(struct process_timer *t, uint64_t missed)
{
    if (t->number == 0)
        return;
    if (!t->is_posix) {
        signal_send_kernel(t->process, t->number);
        return;
    }
    signal_send_timer(t->process, t->task, &t->info, missed);
}

/* Interrupt context. */
static void fire(void *arg)
{
    struct process_timer *t = arg;
    uint64_t next = __atomic_load_n(&t->next_ns, __ATOMIC_RELAXED);
    uint64_t now = now_of(t), missed = 0;

    if (now < next) { /* less time was used, or the wall clock was set back */
        arm(t, now, 0);
        return;
    }
    if (t->interval_ns > 0) {
        missed = (now - next) / t->interval_ns;
        next += (missed + 1) * t->interval_ns;
        __atomic_store_n(&t->next_ns, next, __ATOMIC_RELAXED);
        arm(t, now, REST_NS);
    } else {
        __atomic_store_n(&t->next_ns, 0, __ATOMIC_RELAXED);
    }
    tell(t, missed);
}

/* The setting it has, with the time that is left. */
static void read_setting(const struct process_timer *t,
                         struct timer_setting *out)
{
    uint64_t next = __atomic_load_n(&t->next_ns, __ATOMIC_RELAXED);
    uint64_t now = next != 0 ? now_of(t) : 0;

    *out = (struct timer_setting){.interval_ns = t->interval_ns};
    if (next != 0) /* what is due and has not gone off is not 0 */
        out->value_ns = next > now ? next - now : 1;
}

/* Disarms it; until it is armed again nobody but the caller touches it. */
static void disarm(struct process_timer *t)
{
    mutex_lock(&wall.lock);
    (void)timer_cancel(&t->timer);
    list_remove(&t->on_wall);
    mutex_unlock(&wall.lock);
    t->is_on_wall = false;
    __atomic_store_n(&t->next_ns, 0, __ATOMIC_RELAXED);
}

/* Arms it for ns of the wall clock, and again when that is set. */
static void arm_on_wall(struct process_timer *t, uint64_t ns)
{
    t->is_on_wall = true;
    mutex_lock(&wall.lock);
    list_push_back(&wall.timers, &t->on_wall);
    __atomic_store_n(&t->next_ns, ns, __ATOMIC_RELAXED);
    arm(t, now_of(t), 0);
    mutex_unlock(&wall.lock);
}

void timers_follow_wall(void)
{
    mutex_lock(&wall.lock);
    list_for_each(node, &wall.timers)
    {
        struct process_timer *t =
            list_entry(node, struct process_timer, on_wall);

        (void)timer_cancel(&t->timer);
        if (__atomic_load_n(&t->next_ns, __ATOMIC_RELAXED) != 0)
            arm(t, now_of(t), 0);
    }
    mutex_unlock(&wall.lock);
}

static void change(struct process_timer *t, const struct timer_setting *fresh,
                   struct timer_setting *old)
{
    uint64_t now;

    if (old != NULL)
        read_setting(t, old);
    if (fresh == NULL)
        return;
    disarm(t);
    if (t->is_posix)
        signal_forget_timer(t->process, t->task, &t->info);
    t->interval_ns = fresh->interval_ns;
    if (fresh->value_ns == 0)
        return;
    if (fresh->is_absolute && clock_is_wall(t->clock)) {
        arm_on_wall(t, fresh->value_ns);
        return;
    }
    now = now_of(t);
    __atomic_store_n(&t->next_ns,
                     fresh->is_absolute ? fresh->value_ns
                                        : now + fresh->value_ns,
                     __ATOMIC_RELAXED);
    arm(t, now, 0);
}

static void init_timer(struct process_timer *t, struct process *process,
                       int32_t clock, unsigned number)
{
    *t = (struct process_timer){
        .process = process, .clock = clock, .number = number};
    timer_init(&t->timer, fire, t);
    list_init(&t->info.link);
    list_init(&t->on_wall);
    list_init(&t->link);
}

/* The process's, or NULL; any of its threads may make them meanwhile. */
static struct process_timers *timers_there(const struct process *process)
{
    return __atomic_load_n(&process->signals.timers, __ATOMIC_ACQUIRE);
}

/* The same, made when there are none yet; NULL without memory. */
static struct process_timers *timers_of(struct process *process)
{
    static const struct {
        int32_t clock;
        unsigned number;
    } kinds[] = {{LX_CLOCK_MONOTONIC, LX_SIGALRM},
                 {LX_CLOCK_PROCESS_CPUTIME_ID, LX_SIGVTALRM},
                 {LX_CLOCK_PROCESS_CPUTIME_ID, LX_SIGPROF}};
    struct process_timers *timers = timers_there(process);
    struct process_timers *first = NULL;

    if (timers != NULL)
        return timers;
    timers = mem_alloc(&timers_cache, MEM_WAIT | MEM_ZERO, NULL);
    if (timers == NULL)
        return NULL;
    mutex_init(&timers->lock, &timers_class);
    list_init(&timers->created);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        init_timer(&timers->interval[i], process, kinds[i].clock,
                   kinds[i].number);
    timers->interval[LX_ITIMER_VIRTUAL].is_virtual = true;
    if (__atomic_compare_exchange_n(&process->signals.timers, &first, timers,
                                    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return timers;
    mem_free(&timers_cache, timers); /* another thread was first */
    return first;
}

int timers_change_interval(struct process *process, int which,
                           const struct timer_setting *fresh,
                           struct timer_setting *old)
{
    struct process_timers *timers;

    if (which < LX_ITIMER_REAL || which > LX_ITIMER_PROF)
        return -EINVAL;
    timers = timers_of(process);
    if (timers == NULL)
        return -ENOMEM;
    mutex_lock(&timers->lock);
    change(&timers->interval[which], fresh, old);
    mutex_unlock(&timers->lock);
    return 0;
}

/* --- timer_create(2) ------------------------------------------------------ */

static void destroy(struct process_timer *t)
{
    disarm(t);
    signal_forget_timer(t->process, t->task, &t->info);
    list_remove(&t->link);
    if (t->task != NULL)
        task_put(t->task);
    mem_free(&timer_cache, t);
}

static void destroy_created(struct process_timers *timers)
{
    mutex_lock(&timers->lock);
    while (!list_is_empty(&timers->created))
        destroy(list_entry(timers->created.next, struct process_timer, link));
    timers->count = 0;
    mutex_unlock(&timers->lock);
}

void timers_exec(struct process *process)
{
    struct process_timers *timers = timers_there(process);

    if (timers != NULL)
        destroy_created(timers);
}

void timers_fini(struct process_signals *signals)
{
    struct process_timers *timers = signals->timers;

    if (timers == NULL)
        return;
    destroy_created(timers);
    for (size_t i = 0; i < COUNT_OF(timers->interval); i++)
        (void)timer_cancel(&timers->interval[i].timer);
    signals->timers = NULL;
    mem_free(&timers_cache, timers);
}

/* Has the clock timers? 0, -EINVAL, or -EOPNOTSUPP for one without. */
static int check_clock(int32_t clock)
{
    switch (clock) {
    case LX_CLOCK_REALTIME:
    case LX_CLOCK_MONOTONIC:
    case LX_CLOCK_BOOTTIME:
    case LX_CLOCK_TAI:
    case LX_CLOCK_PROCESS_CPUTIME_ID:
    case LX_CLOCK_THREAD_CPUTIME_ID:
        return 0;
    case LX_CLOCK_MONOTONIC_RAW:
    case LX_CLOCK_MONOTONIC_COARSE:
    case LX_CLOCK_REALTIME_COARSE:
    case LX_CLOCK_BOOTTIME_ALARM:
    case LX_CLOCK_REALTIME_ALARM:
        return -EOPNOTSUPP;
    default:
        return clock_is_of_file(clock) ? -EOPNOTSUPP : -EINVAL;
    }
}

/* Whom a timer tells: 0 and a task with a reference, or NULL for any; -EINVAL.
 */
static int find_told(struct task *task, int32_t clock,
                     const struct lx_sigevent *event, struct task **out)
{
    struct task *told = NULL;

    if (event->sigev_notify == LX_SIGEV_THREAD_ID) {
        told = task_find(task->ns->pid, event->sigev_tid);
        if (told == NULL)
            return -EINVAL;
        if (told->process != task->process) {
            task_put(told);
            return -EINVAL;
        }
    } else if (clock == LX_CLOCK_THREAD_CPUTIME_ID) {
        told = task;
        task_get(told);
    }
    *out = told;
    return 0;
}

static bool is_event(const struct lx_sigevent *event)
{
    switch (event->sigev_notify) {
    case LX_SIGEV_NONE:
        return true;
    case LX_SIGEV_SIGNAL:
    case LX_SIGEV_THREAD:
    case LX_SIGEV_THREAD_ID:
        return event->sigev_signo >= 1 && event->sigev_signo <= SIGNAL_COUNT;
    default:
        return false;
    }
}

static int add_timer(struct process_timers *timers, struct process_timer *t)
    REQUIRES(timers->lock)
{
    if (timers->count >=
        limits_current(&t->process->limits, LX_RLIMIT_SIGPENDING))
        return -EAGAIN;
    timers->count++;
    t->info.info.of.timer.id = timers->next_id++;
    list_push_back(&timers->created, &t->link);
    return 0;
}

int timers_create(struct task *task, int32_t clock,
                  const struct lx_sigevent *event, int32_t *id)
{
    struct process_timers *timers = timers_of(task->process);
    struct process_timer *t;
    struct task *told = NULL;
    int error;

    clock = clock_own(task, clock);
    error = check_clock(clock);
    if (error == 0 && event != NULL && !is_event(event))
        error = -EINVAL;
    if (error != 0)
        return error;
    t = mem_alloc(&timer_cache, MEM_WAIT, NULL);
    if (timers == NULL || t == NULL) {
        mem_free(&timer_cache, t);
        return -ENOMEM;
    }
    init_timer(t, task->process, clock, LX_SIGALRM);
    error = event != NULL ? find_told(task, clock, event, &told) : 0;
    if (error != 0) {
        mem_free(&timer_cache, t);
        return error;
    }
    if (event != NULL) {
        t->task = told;
        t->number = event->sigev_notify != LX_SIGEV_NONE
                        ? (unsigned)event->sigev_signo
                        : 0;
    }
    t->is_posix = true;
    t->info.is_timers = true;
    t->info.info = (struct lx_siginfo){.si_signo = (int32_t)t->number,
                                       .si_code = LX_SI_TIMER};
    mutex_lock(&timers->lock);
    error = add_timer(timers, t);
    *id = t->info.info.of.timer.id;
    t->info.info.of.timer.value =
        event != NULL ? event->sigev_value : (uint64_t)(uint32_t)*id;
    mutex_unlock(&timers->lock);
    if (error != 0)
        destroy(t);
    return error;
}

static struct process_timer *find_timer(struct process_timers *timers,
                                        int32_t id) REQUIRES(timers->lock)
{
    list_for_each(node, &timers->created)
    {
        struct process_timer *t = list_entry(node, struct process_timer, link);

        if (t->info.info.of.timer.id == id)
            return t;
    }
    return NULL;
}

int timers_set(struct process *process, int32_t id,
               const struct timer_setting *fresh, struct timer_setting *old)
{
    struct process_timers *timers = timers_there(process);
    struct process_timer *t;

    if (timers == NULL)
        return -EINVAL;
    mutex_lock(&timers->lock);
    t = find_timer(timers, id);
    if (t != NULL)
        change(t, fresh, old);
    mutex_unlock(&timers->lock);
    return t != NULL ? 0 : -EINVAL;
}

int timers_overrun(struct process *process, int32_t id)
{
    struct process_timers *timers = timers_there(process);
    struct process_timer *t;
    int count = -EINVAL;

    if (timers == NULL)
        return -EINVAL;
    mutex_lock(&timers->lock);
    t = find_timer(timers, id);
    if (t != NULL)
        count = __atomic_load_n(&t->info.last_overrun, __ATOMIC_RELAXED);
    mutex_unlock(&timers->lock);
    return count;
}

int timers_delete(struct process *process, int32_t id)
{
    struct process_timers *timers = timers_there(process);
    struct process_timer *t;

    if (timers == NULL)
        return -EINVAL;
    mutex_lock(&timers->lock);
    t = find_timer(timers, id);
    if (t != NULL) {
        timers->count--;
        destroy(t);
    }
    mutex_unlock(&timers->lock);
    return t != NULL ? 0 : -EINVAL;
}
