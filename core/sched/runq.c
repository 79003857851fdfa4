/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/runq.c - contract in runq.h.
 */
#include "core/sched/runq.h"

#include "hal/clock.h"

enum { WEIGHT_NICE_0 = 1024, WEIGHT_IDLE = 3, LEVEL_BITS = 64 };

static const struct lock_class runq_class = {"runq", LOCK_RANK_RUNQ};

static unsigned waiting_count; /* queues with real-time threads; atomic */

/* A step of nice is a factor of 1.25 in CPU time (sched(7)):
 * round(1024 * 1.25^-nice), from nice -20 on. */
static const uint32_t weights[] = {
    88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
    9537,  7629,  6104,  4883,  3906,  3125,  2500,  2000,  1600,  1280,
    1024,  819,   655,   524,   419,   336,   268,   215,   172,   137,
    110,   88,    70,    56,    45,    36,    29,    23,    18,    15};

static struct thread *thread_of(struct tree_node *node)
{
    return container_of(node, struct thread, sched.node);
}

static bool is_realtime(const struct thread *thread)
{
    return thread->sched.level > 0;
}

static uint64_t weight_of(const struct thread *thread)
{
    if (thread->sched.params.policy == THREAD_IDLE)
        return WEIGHT_IDLE;
    return weights[thread->sched.params.nice - THREAD_NICE_MIN];
}

/* Comparison that survives a wrap. */
static bool is_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

void runq_init(struct runq *rq, unsigned cpu)
{
    *rq = (struct runq){.cpu = cpu, .is_idle = true};
    spin_init(&rq->lock, &runq_class);
    rq->counts.since_ns = hal_clock_now();
    for (size_t i = 0; i < COUNT_OF(rq->realtime); i++)
        list_init(&rq->realtime[i]);
}

static void set_ready(struct runq *rq, unsigned count)
{
    __atomic_store_n(&rq->ready, count, __ATOMIC_RELAXED);
}

static void add_fair(struct runq *rq, struct thread *thread) REQUIRES(rq->lock)
{
    struct tree_node *at = rq->fair.root, *parent = NULL;
    int side = 0;

    while (at != NULL) {
        const struct thread *other = thread_of(at);
        bool is_after =
            other->sched.vruntime == thread->sched.vruntime
                ? other->number < thread->number
                : is_before(other->sched.vruntime, thread->sched.vruntime);

        parent = at;
        side = is_after ? 1 : 0;
        at = at->child[side];
    }
    tree_insert(&rq->fair, &thread->sched.node, parent, side);
}

/* The next level below `below` with threads queued; 0: none. */
static unsigned next_level(const struct runq *rq, unsigned below)
    REQUIRES(rq->lock)
{
    unsigned word = below / LEVEL_BITS;
    uint64_t bits = 0;

    if (word < COUNT_OF(rq->levels))
        bits = rq->levels[word] & ((UINT64_C(1) << below % LEVEL_BITS) - 1);
    while (bits == 0 && word-- > 0)
        bits = rq->levels[word];
    if (bits == 0)
        return 0;
    return word * LEVEL_BITS + 63 - (unsigned)__builtin_clzll(bits);
}

unsigned runq_waiting_count(void)
{
    return __atomic_load_n(&waiting_count, __ATOMIC_RELAXED);
}

/* After a real-time thread came or went. */
static void note_waiting(struct runq *rq) REQUIRES(rq->lock)
{
    unsigned before = rq->waiting, now = next_level(rq, RUNQ_PRIORITIES);

    if (now == before)
        return;
    __atomic_store_n(&rq->waiting, now, __ATOMIC_RELAXED);
    if (before == 0)
        __atomic_fetch_add(&waiting_count, 1, __ATOMIC_SEQ_CST);
    else if (now == 0)
        __atomic_fetch_sub(&waiting_count, 1, __ATOMIC_SEQ_CST);
}

static void add_realtime(struct runq *rq, struct thread *thread, bool at_front)
    REQUIRES(rq->lock)
{
    unsigned level = thread->sched.level;

    if (at_front)
        list_push_front(&rq->realtime[level], &thread->sched.link);
    else
        list_push_back(&rq->realtime[level], &thread->sched.link);
    rq->levels[level / LEVEL_BITS] |= UINT64_C(1) << level % LEVEL_BITS;
    note_waiting(rq);
}

void runq_add(struct runq *rq, struct thread *thread, bool at_front)
{
    ASSERT(thread->state == THREAD_READY && !thread->sched.is_queued);
    ASSERT(thread->cpu == rq->cpu);
    thread->sched.is_queued = true;
    set_ready(rq, rq->ready + 1);
    if (is_realtime(thread))
        add_realtime(rq, thread, at_front);
    else
        add_fair(rq, thread);
}

void runq_remove(struct runq *rq, struct thread *thread)
{
    unsigned level = thread->sched.level;

    ASSERT(thread->sched.is_queued && rq->ready > 0);
    thread->sched.is_queued = false;
    set_ready(rq, rq->ready - 1);
    if (!is_realtime(thread)) {
        tree_remove(&rq->fair, &thread->sched.node);
        return;
    }
    list_remove(&thread->sched.link);
    if (list_is_empty(&rq->realtime[level]))
        rq->levels[level / LEVEL_BITS] &= ~(UINT64_C(1) << level % LEVEL_BITS);
    note_waiting(rq);
}

static struct thread *first_realtime(struct runq *rq) REQUIRES(rq->lock)
{
    if (rq->waiting == 0)
        return NULL;
    return list_entry(rq->realtime[rq->waiting].next, struct thread,
                      sched.link);
}

struct thread *runq_take_next(struct runq *rq)
{
    struct thread *next = first_realtime(rq);

    if (next == NULL && rq->fair.root != NULL)
        next = thread_of(tree_first(&rq->fair));
    if (next == NULL)
        return &rq->idle;
    runq_remove(rq, next);
    return next;
}

struct thread *runq_find_realtime(struct runq *rq, unsigned cpu, unsigned level)
{
    unsigned at = rq->waiting;

    for (; at > level; at = next_level(rq, at))
        list_for_each(node, &rq->realtime[at])
        {
            struct thread *thread = list_entry(node, struct thread, sched.link);

            if ((thread->sched.affinity & UINT64_C(1) << cpu) != 0)
                return thread;
        }
    return NULL;
}

struct thread *runq_find_movable(struct runq *rq, unsigned cpu)
{
    struct thread *first = runq_find_realtime(rq, cpu, 0);

    if (first != NULL)
        return first;
    for (struct tree_node *at = tree_first(&rq->fair); at != NULL;
         at = tree_next(at))
        if ((thread_of(at)->sched.affinity & UINT64_C(1) << cpu) != 0)
            return thread_of(at);
    return NULL;
}

/* min_vruntime follows the least of those that run or want to. */
static void advance_min(struct runq *rq, uint64_t running) REQUIRES(rq->lock)
{
    uint64_t least = running;

    if (rq->fair.root != NULL) {
        uint64_t first = thread_of(tree_first(&rq->fair))->sched.vruntime;

        if (is_before(first, least))
            least = first;
    }
    if (is_before(rq->min_vruntime, least))
        rq->min_vruntime = least;
}

void runq_charge(struct runq *rq, struct thread *running)
{
    uint64_t now = hal_clock_now();
    uint64_t ran = now - running->sched.started_ns;

    if (running == &rq->idle)
        return;
    running->sched.started_ns = now;
    running->sched.run_ns += ran;
    rq->counts.busy_ns += ran;
    running->sched.burst_ns += ran;
    if (is_realtime(running))
        return;
    running->sched.vruntime += ran * WEIGHT_NICE_0 / weight_of(running);
    advance_min(rq, running->sched.vruntime);
}

void runq_place(struct runq *rq, struct thread *thread)
{
    uint64_t least = rq->min_vruntime - WAKE_BONUS_NS;
    uint64_t most = rq->min_vruntime + SLICE_NS;

    if (is_before(thread->sched.vruntime, least))
        thread->sched.vruntime = least;
    if (is_before(most, thread->sched.vruntime))
        thread->sched.vruntime = most;
}

void runq_place_last(struct runq *rq, struct thread *thread)
{
    struct tree_node *last = tree_last(&rq->fair);
    uint64_t after;

    if (last == NULL || is_realtime(thread))
        return;
    after = thread_of(last)->sched.vruntime + 1;
    if (is_before(thread->sched.vruntime, after))
        thread->sched.vruntime = after;
}

bool runq_preempts(struct runq *rq, const struct thread *woken,
                   const struct thread *running)
{
    if (running == &rq->idle)
        return true;
    if (is_realtime(woken))
        return woken->sched.level > running->sched.level;
    if (is_realtime(running) || woken->sched.params.policy != THREAD_NORMAL)
        return false;
    return is_before(woken->sched.vruntime + WAKE_MARGIN_NS,
                     running->sched.vruntime);
}

uint64_t runq_slice_ns(const struct runq *rq, const struct thread *running)
{
    if (rq->ready == 0 || running == &rq->idle)
        return 0;
    if (!is_realtime(running))
        return SLICE_NS;
    return running->sched.params.policy == THREAD_RR ? RR_SLICE_NS : 0;
}
