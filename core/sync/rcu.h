/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/rcu.h - reading without a lock, and freeing after the readers.
 *
 * A reader is pinned: it finds objects through RCU_LOAD() and uses them until
 * rcu_read_unlock(); to keep one longer it takes a reference with
 * refcount_get_unless_zero(). It does not sleep (asserted). Who unlinks an
 * object frees it by rcu_call(), or after rcu_wait().
 *
 * A grace period ends when every CPU has been quiescent: switched threads, was
 * in user mode or idle, or took an interrupt while nothing was pinned. User
 * mode and idle count without ticks. CPUs that are slow to get there are
 * kicked. An interrupt taken in user mode or idle leaves that state between
 * cpu_enter_interrupt() and cpu_leave_interrupt(), so what it reads holds the
 * grace period up.
 *
 * Callbacks are kept per CPU and called in batches by that CPU's worker. Who
 * may sleep and finds more than RCU_BACKLOG_MAX there waits for them, for at
 * most RCU_THROTTLE_NS a call.
 */
#ifndef CORE_SYNC_RCU_H
#define CORE_SYNC_RCU_H

#include "core/base/defs.h"

enum {
    RCU_BATCH = 128,            /* so many do not wait for more to come */
    RCU_DELAY_NS = 5000000,     /* how long fewer wait */
    RCU_BACKLOG_MAX = 4096,     /* per CPU */
    RCU_THROTTLE_NS = 10000000, /* what a caller waits for, at most */
    RCU_NAP_MAX_NS = 1000000    /* between two looks at slow CPUs */
};

/* In an object that is freed by rcu_call(). */
struct rcu_head {
    struct rcu_head *next;
    void (*fn)(struct rcu_head *head);
};

/* A pointer that readers follow: read it, publish what it points at. */
#define RCU_LOAD(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#define RCU_STORE(pointer, value) \
    __atomic_store_n(&(pointer), value, __ATOMIC_RELEASE)

/* What the scheduler does for this file; all but defer may sleep. */
struct rcu_hooks {
    /* Have rcu_run_calls() called on this CPU: at once, or in a while. Pinned
     * or in an interrupt. */
    void (*defer)(bool is_urgent);
    void (*nap)(uint64_t ns);
    /* Is the caller the one that runs the callbacks? */
    bool (*is_worker)(void);
};

C_DECLS_BEGIN

/* A read section; nests. Any context. */
void rcu_read_lock(void);
void rcu_read_unlock(void);

/* Is this CPU in a read section? Known in checked builds; true elsewhere. For
 * assertions. */
bool rcu_is_reading(void);

/*
 * Calls fn(head) in a thread after every reader of now has ended. Any context
 * that holds no lock of LOCK_RANK_TIMER or above. fn may take spinlocks and
 * free, and sleeps not. Never fails.
 */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head));

/* Returns when every reader of now has ended. Not atomic. */
void rcu_wait(void);

/* Returns when all that rcu_call() was given before has been called. Not
 * atomic; not from a callback. */
void rcu_barrier(void);

/* Callbacks not called yet, on all CPUs. */
uint64_t rcu_backlog(void);

/*
 * The rest is for who knows what the CPU does. Around hal_user_run() and
 * hal_cpu_idle(); interrupts are off at the enters.
 */
void rcu_user_enter(void);
void rcu_user_exit(void);
void rcu_idle_enter(void);
void rcu_idle_exit(void);

/* This CPU goes from a thread to the next; nothing but the run queue's lock
 * pins it (asserted). */
void rcu_note_switch(void);

/* Once, at boot, before the first rcu_call(). */
void rcu_set_hooks(const struct rcu_hooks *hooks);

/* Waits for the readers and calls back all that this CPU was given. From its
 * worker. */
void rcu_run_calls(unsigned cpu);

C_DECLS_END

#endif /* CORE_SYNC_RCU_H */
