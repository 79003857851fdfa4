/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/limits.h - resource limits of a process (getrlimit(2)), shared by its
 * threads.
 *
 * Locking: a spinlock of its own. What only compares a value of this moment
 * with a count reads one limit by limits_current().
 */
#ifndef CORE_ID_LIMITS_H
#define CORE_ID_LIMITS_H

#include "core/abi/resource.h"
#include "core/base/defs.h"
#include "core/sync/spinlock.h"

struct limits {
    struct spinlock lock;
    /* LX_RLIMIT_*; rlim_cur is atomic too, to be read without the lock */
    struct lx_rlimit64 of[LX_RLIM_NLIMITS] GUARDED_BY(lock);
};

enum { LIMITS_FILES_MAX = 1 << 20 }; /* /proc/sys/fs/nr_open */

C_DECLS_BEGIN

/* Those that Linux gives to init. */
void limits_init(struct limits *limits);

/* fork(2): the child's are the parent's. */
void limits_clone(struct limits *to, struct limits *from);

/*
 * prlimit(2): out gets what was, unless NULL; fresh replaces it, unless NULL.
 * resource < LX_RLIM_NLIMITS. 0; -EINVAL (the soft limit above the hard);
 * -EPERM (raising the hard limit while !may_raise, or RLIMIT_NOFILE above
 * LIMITS_FILES_MAX); then nothing changed.
 */
MUST_USE int limits_change(struct limits *limits, unsigned resource,
                           const struct lx_rlimit64 *fresh, bool may_raise,
                           struct lx_rlimit64 *out);

/* Both limits; and the soft limit moved from one value to another, at most the
 * hard one, unless it was changed meanwhile. Any context. */
void limits_get(struct limits *limits, unsigned resource,
                struct lx_rlimit64 *out);
void limits_move_soft(struct limits *limits, unsigned resource, uint64_t from,
                      uint64_t to);

/* The soft limit. Any context. */
uint64_t limits_current(const struct limits *limits, unsigned resource);

C_DECLS_END

#endif /* CORE_ID_LIMITS_H */
