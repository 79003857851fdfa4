/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/spinlock.h - locks held for a few instructions.
 *
 * A holder is pinned and must not sleep. A lock that an interrupt handler
 * takes is taken with spin_lock_irq() everywhere. Waiting spins through
 * hal_cpu_relax(); every lock and unlock is a scheduling point of checked
 * builds. A lock knows its class (name and rank: a lock may be taken only
 * while those held on this CPU have lower ranks), its CPU and its call site;
 * taking one twice panics. Checked builds look at the ranks, and panic when a
 * lock that an interrupt took is taken with interrupts on.
 */
#ifndef CORE_SYNC_SPINLOCK_H
#define CORE_SYNC_SPINLOCK_H

#include "core/base/defs.h"

/* Ranks ascend inwards. Sleeping locks have ranks below all spinlocks. */
enum lock_rank {
    LOCK_RANK_EXEC = 10,
    LOCK_RANK_POSITION = 15, /* of a file */
    LOCK_RANK_MOUNT = 20,
    LOCK_RANK_RENAME = 25,
    LOCK_RANK_DIRECTORY = 30, /* parent before child */
    LOCK_RANK_EPOLL_TREE = 33,
    LOCK_RANK_EPOLL = 34,      /* those that watch before the watched */
    LOCK_RANK_PIPE = 38,       /* two by ascending address */
    LOCK_RANK_INODE = 40,      /* and what else a file stands for */
    LOCK_RANK_TTY_INPUT = 44,  /* a console's */
    LOCK_RANK_TTY_OUTPUT = 46, /* the same */
    LOCK_RANK_ASPACE = 50,
    LOCK_RANK_OBJECT = 70,
    LOCK_RANK_AMAP = 75,
    LOCK_RANK_TIMERS = 80, /* a process's */
    LOCK_RANK_WALL_TIMERS = 81,
    LOCK_RANK_PROCESS = 110, /* spinlocks from here */
    LOCK_RANK_TREE = 111,    /* of dentries and mounts */
    LOCK_RANK_TTY = 112,
    LOCK_RANK_DRIVER = 113, /* of a device, and the list of interrupts */
    LOCK_RANK_SIGNAL = 114,
    LOCK_RANK_ACTIONS = 115,
    LOCK_RANK_IDS = 116,   /* limits, pids, users, fd tables */
    LOCK_RANK_FILE = 116,  /* path cache, page caches, contexts: leaves */
    LOCK_RANK_FUTEX = 117, /* two by ascending address */
    LOCK_RANK_WORKER = 118,
    LOCK_RANK_WAITQ = 120,
    LOCK_RANK_LEND = 124,
    LOCK_RANK_EVENTS = 125, /* of what is called under a queue's lock */
    LOCK_RANK_RUNQ = 130,
    LOCK_RANK_LOAD = 135,
    LOCK_RANK_TIMER = 140,
    LOCK_RANK_PT = 150,
    LOCK_RANK_CACHES = 155, /* the list of caches */
    LOCK_RANK_CACHE = 160,
    LOCK_RANK_PAGES = 170,
    LOCK_RANK_LOG = 180
};

enum { SPIN_NOBODY = 0xffffffff };

struct lock_class {
    const char *name;
    enum lock_rank rank;
};

struct CAPABILITY("spinlock") spinlock {
    const struct lock_class *class_of;
    unsigned held;    /* atomic: 0 free, 1 held */
    unsigned cpu;     /* atomic: the holder, or SPIN_NOBODY */
    const void *site; /* where it was taken */
    unsigned usage;   /* atomic: in which contexts, in checked builds */
};

C_DECLS_BEGIN

void spin_init(struct spinlock *lock, const struct lock_class *class_of);
void spin_lock(struct spinlock *lock) ACQUIRES(*lock);
void spin_unlock(struct spinlock *lock) RELEASES(*lock);

/* With interrupts off; saved goes to the unlock. */
MUST_USE unsigned spin_lock_irq(struct spinlock *lock) ACQUIRES(*lock);
void spin_unlock_irq(struct spinlock *lock, unsigned saved) RELEASES(*lock);

/*
 * A lock held across a switch: its holder calls spin_hand_over() last thing
 * before, who goes on calls spin_unlock_handed() first thing after. The next
 * to take the lock sees all that was done under it; who goes on sees no more
 * than he would on a CPU of his own.
 */
void spin_hand_over(struct spinlock *lock) REQUIRES(*lock);
void spin_unlock_handed(struct spinlock *lock) RELEASES(*lock);

/* Does this CPU hold it? For assertions. */
bool spin_is_held(const struct spinlock *lock);

C_DECLS_END

#endif /* CORE_SYNC_SPINLOCK_H */
