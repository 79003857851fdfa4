/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/pid.h - process ids (pid_namespaces(7), credentials(7)).
 *
 * A struct pid stands for a number wherever that number is in use: as a
 * thread's, a process's, a process group's or a session's. It has a number in
 * its namespace and in each above. Who bears it hangs in its lists, one per
 * use; when the last has left, pid_retire() gives the numbers back. The struct
 * lives on while somebody has a reference, as an id that nobody bears.
 *
 * Locking: the lists belong to the process tree's lock (core/proc); numbers
 * and look-up to the namespace's own spinlock.
 */
#ifndef CORE_ID_PID_H
#define CORE_ID_PID_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/base/tree.h"
#include "core/sched/waitq.h"
#include "core/sync/spinlock.h"

enum pid_use { PID_TASK, PID_PROCESS, PID_GROUP, PID_SESSION, PID_USES };

enum {
    PID_MAX = 32768,   /* numbers lie below it: /proc/sys/kernel/pid_max */
    PID_RESERVED = 300 /* after the first round numbers start here */
};

struct pid_ns {
    struct refcount refs;
    unsigned level;        /* const; 0: the machine's own */
    struct pid_ns *parent; /* const */
    struct spinlock lock;
    struct tree pids GUARDED_BY(lock); /* struct pid_number, by number */
    int last GUARDED_BY(lock);         /* handed out most recently */
    unsigned count GUARDED_BY(lock);
    uint64_t used[PID_MAX / 64] GUARDED_BY(lock); /* a bit per number */
};

/* What a pid is called in one namespace. */
struct pid_number {
    struct tree_node node; /* ns->pids; ns->lock */
    struct pid_ns *ns;     /* const */
    struct pid *pid;       /* const */
    int number;            /* const */
};

struct pid {
    struct refcount refs;
    unsigned level;                /* const; of the deepest namespace */
    struct list members[PID_USES]; /* process tree lock */
    struct waitq waitq;            /* what files show of the process: its end,
                                      and signals; woken with LX_POLLIN */
    struct pid_number numbers[];   /* level + 1 of them */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void pid_init_all(void);

/* The machine's own namespace; never freed. */
struct pid_ns *pid_ns_root(void);

/*
 * A pid with the next free numbers, one reference for the caller and one that
 * pid_retire() drops. wanted != 0 asks for that number in ns. 0, -EAGAIN (all
 * in use), -EEXIST (wanted is in use), -EINVAL (wanted out of range), -ENOMEM.
 * May sleep.
 */
MUST_USE int pid_alloc(struct pid_ns *ns, int wanted, struct pid **out);

/* Its numbers may be used again; nobody bears it. Once. */
void pid_retire(struct pid *pid);

void pid_get(struct pid *pid);
void pid_put(struct pid *pid);

/* The pid called number in ns, with a reference, or NULL. Any context. */
MUST_USE struct pid *pid_find(struct pid_ns *ns, int number);

/* The pid with the next number after `after` in ns, with a reference, or NULL.
 * Any context. */
MUST_USE struct pid *pid_next(struct pid_ns *ns, int after);

/* What ns calls it; 0 when it cannot be seen there, or pid is NULL. */
int pid_nr(const struct pid *pid, const struct pid_ns *ns);

/* Does nobody bear it? Process tree lock. */
bool pid_is_unused(const struct pid *pid);

/* Numbers in use. */
unsigned pid_count(struct pid_ns *ns);

/* The number that was handed out most recently without being asked for. */
int pid_last(struct pid_ns *ns);

C_DECLS_END

#endif /* CORE_ID_PID_H */
