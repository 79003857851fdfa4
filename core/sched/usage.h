/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/usage.h - what threads and CPUs did: time, switches, interrupts.
 *
 * A CPU's busy time is counted where threads are charged, so the rest is
 * exactly what it idled. How much of a thread's time was user time is known to
 * the thread alone (hal_user_ns()), and told to its CPU when it leaves that, or
 * when somebody asks: switches cost nothing for it. Time that an interrupt took
 * is its victim's.
 */
#ifndef CORE_SCHED_USAGE_H
#define CORE_SCHED_USAGE_H

#include "core/base/defs.h"

struct thread;

/* How long a thread ran, and how much of that in user mode. */
struct thread_times {
    uint64_t run_ns, user_ns;
};

/* What it does (proc_pid_stat(5): R, S, D): it runs or wants to, waits for what
 * a signal would end too, or waits deaf to signals. */
enum thread_activity { THREAD_RUNS, THREAD_SLEEPS, THREAD_IS_DEAF };

struct cpu_usage {
    uint64_t user_ns, nice_ns; /* of threads whose nice value is above 0 */
    uint64_t system_ns;
    uint64_t idle_ns;
    uint64_t switches; /* from one thread to another */
};

C_DECLS_BEGIN

/* A thread's, up to this moment. Any context that may take a run queue's
 * lock, as for all below. */
void thread_get_times(struct thread *thread, struct thread_times *out);
uint64_t thread_run_ns(struct thread *thread);

/* How often it gave its CPU to another: to wait, and while it could have gone
 * on (getrusage(2)). */
void thread_switches(struct thread *thread, uint64_t *voluntary,
                     uint64_t *involuntary);

enum thread_activity thread_activity(struct thread *thread);

/*
 * What that CPU did since it began to schedule, up to this moment; zeros for
 * one that does not. Nothing in it ever falls. User time of threads that do not
 * run at this moment is system time until they are settled.
 */
void cpu_usage_get(unsigned cpu, struct cpu_usage *out);

/* Tells CPUs of all the user time that thread had so far. */
void cpu_usage_settle(struct thread *thread);

/* Interrupts of a CPU: its deadlines (core_timer()), and calls of others
 * (core_kick()). Any context. */
uint64_t cpu_timer_count(unsigned cpu);
uint64_t cpu_kick_count(unsigned cpu);

C_DECLS_END

#endif /* CORE_SCHED_USAGE_H */
