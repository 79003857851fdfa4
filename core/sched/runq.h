/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/runq.h - one CPU's run queue; for the files of core/sched alone.
 *
 * Three classes: real-time (FIFO and RR, by priority), fair (by weighted run
 * time), and the CPU's idle thread. A waiting thread is on no queue, a ready
 * one on that of the CPU it names, the running one on none.
 *
 * Fair: vruntime grows with run time times 1024 / weight; who has least runs
 * next. min_vruntime never falls; who wakes is placed not far below it, so
 * sleepers run soon and cannot hoard.
 */
#ifndef CORE_SCHED_RUNQ_H
#define CORE_SCHED_RUNQ_H

#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sync/spinlock.h"

enum {
    SLICE_NS = 4000000,       /* fair: how long while others wait */
    RR_SLICE_NS = 100000000,  /* sched_rr_get_interval(2) */
    WAKE_BONUS_NS = 3000000,  /* how far below the queue who wakes may start */
    WAKE_MARGIN_NS = 1000000, /* a lead that is worth a preemption */
    RUNQ_PRIORITIES = THREAD_PRIORITY_MAX + 1
};

/* What a CPU did since since_ns; usage.h. */
struct runq_counts {
    uint64_t since_ns;
    uint64_t busy_ns;          /* threads ran, but the idle one */
    uint64_t user_ns, nice_ns; /* of that in user mode, as far as settled */
    uint64_t system_ns;        /* as told last */
    uint64_t switches;
};

struct runq {
    struct spinlock lock;
    unsigned cpu; /* const */
    struct tree fair GUARDED_BY(lock);
    uint64_t min_vruntime GUARDED_BY(lock);
    struct list realtime[RUNQ_PRIORITIES] GUARDED_BY(lock);
    uint64_t levels[2] GUARDED_BY(lock); /* a bit per list that has some */
    unsigned ready;     /* threads queued; atomic, written under lock */
    unsigned level;     /* real-time priority of what runs, 0: fair or idle;
                           atomic, written under lock */
    unsigned waiting;   /* the highest of those queued; the same */
    bool pulls;         /* it shall look for real-time threads that wait
                           elsewhere; its CPU only, atomic */
    bool is_idle;       /* runs its idle thread; atomic, written under lock */
    bool is_open;       /* sched_run() was called: before it the boot context
                           keeps its CPU; its CPU only, atomic */
    struct thread idle; /* the CPU's boot context */
    struct thread
        *leaving; /* off its stack, dead or to move; atomic, its CPU */
    struct hal_mmu *mmu GUARDED_BY(lock); /* active */
    struct timer slice;                   /* armed while more want the CPU */
    bool slice_armed GUARDED_BY(lock);
    unsigned barriers_wanted, barriers_done; /* barrier.h; atomic, the second
                                                written by its CPU */
    struct runq_counts counts GUARDED_BY(lock);
    uint64_t timers, kicks; /* interrupts; atomic, written by its CPU */
    unsigned deaf;          /* who began to wait deaf here, less who ended it
                               here; atomic, written by its CPU */
};

C_DECLS_BEGIN

void runq_init(struct runq *rq, unsigned cpu);

/* A ready thread joins or leaves. at_front: before its equals (a preempted
 * real-time thread). */
void runq_add(struct runq *rq, struct thread *thread, bool at_front)
    REQUIRES(rq->lock);
void runq_remove(struct runq *rq, struct thread *thread) REQUIRES(rq->lock);

/* Who runs next, taken off the queue; the idle thread when nobody wants to. */
struct thread *runq_take_next(struct runq *rq) REQUIRES(rq->lock);

/* The first real-time thread queued, of a priority over level, that may run on
 * CPU cpu; NULL: none. */
struct thread *runq_find_realtime(struct runq *rq, unsigned cpu, unsigned level)
    REQUIRES(rq->lock);

/* On how many queues do real-time threads wait? A hint. */
unsigned runq_waiting_count(void);

/* A ready thread that may run on CPU cpu, for it to take; NULL: none. */
struct thread *runq_find_movable(struct runq *rq, unsigned cpu)
    REQUIRES(rq->lock);

/* Charges the time since the last charge to the thread that runs here. */
void runq_charge(struct runq *rq, struct thread *running) REQUIRES(rq->lock);

/* Gives a thread that comes to this queue its place among those there: one
 * that slept, or one that was moved. */
void runq_place(struct runq *rq, struct thread *thread) REQUIRES(rq->lock);

/* Lets all fair threads that are queued run before thread does again. */
void runq_place_last(struct runq *rq, struct thread *thread) REQUIRES(rq->lock);

/* Should woken run instead of running? */
bool runq_preempts(struct runq *rq, const struct thread *woken,
                   const struct thread *running) REQUIRES(rq->lock);

/* Does the running thread's turn end after a slice, and which? 0: never. */
uint64_t runq_slice_ns(const struct runq *rq, const struct thread *running)
    REQUIRES(rq->lock);

C_DECLS_END

#endif /* CORE_SCHED_RUNQ_H */
