/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/usage.h - what processes used: getrusage(2), times(2).
 *
 * A thread's time is user time while user code runs, interrupts that it does
 * not notice included, and system time otherwise.
 */
#ifndef CORE_PROC_USAGE_H
#define CORE_PROC_USAGE_H

#include "core/base/defs.h"

struct lx_rusage;
struct process;
struct task;

/* Time and memory used (getrusage(2)). */
struct usage {
    uint64_t user_ns, system_ns;
    uint64_t max_pages; /* resident, at the most */
    uint64_t minor_faults, major_faults;
    uint64_t voluntary, involuntary; /* context switches */
};

/* Pages of the machine, but free ones: files in memory and shared anonymous
 * memory, of which those that Linux calls shared; and the caches of objects. */
struct machine_usage {
    uint64_t cached, shared, slab;
};

/* Threads of processes, and zombies, now; and how many there were since boot
 * (proc_loadavg(5), and `processes` of proc_stat(5)). */
struct process_counts {
    unsigned threads;
    uint64_t forks;
};

C_DECLS_BEGIN

/* Any context. core/proc/process.c. */
void process_get_counts(struct process_counts *out);

/* What is in use now. Sleeps not. */
void usage_of_machine(struct machine_usage *out);

/* Adds what task used so far. Tree lock, or task is the running thread's. */
void usage_add_task(struct usage *to, struct task *task);

void usage_add(struct usage *to, const struct usage *from);

/* Notes how much of the address space is resident; its threads are gone, or it
 * is the caller's. May sleep. */
void usage_note_memory(struct process *process);

/* All threads' of a process, those that ended too. */
void usage_of_process(struct process *process, struct usage *out);

/* One thread's; max_pages is the process's. */
void usage_of_thread(struct task *task, struct usage *out);

/* Of the children it has waited for. */
void usage_of_children(struct process *process, struct usage *out);

void usage_to_rusage(const struct usage *from, struct lx_rusage *out);

/* In the unit of times(2), 1/100 second. */
uint64_t usage_ticks(uint64_t ns);

C_DECLS_END

#endif /* CORE_PROC_USAGE_H */
