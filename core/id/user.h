/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/user.h - what is counted for a user as a whole: RLIMIT_NPROC of
 * getrlimit(2) and the like.
 *
 * Lifetime: one struct per uid that is in use; credentials hold a reference to
 * that of their real uid. Locking: counts are atomic.
 */
#ifndef CORE_ID_USER_H
#define CORE_ID_USER_H

#include "core/abi/types.h"
#include "core/base/list.h"
#include "core/base/refcount.h"

struct user {
    struct refcount refs;
    struct list link;    /* of those in use; the table's lock */
    lx_uid_t uid;        /* const */
    unsigned processes;  /* threads that live or were not reaped; atomic */
    unsigned pipe_slots; /* pages its pipes may have (pipe(7)); atomic */
    unsigned watches;    /* of epoll(7); atomic */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void user_init_all(void);

/* The struct of uid, with a reference, or NULL without memory. May sleep. */
MUST_USE struct user *user_find(lx_uid_t uid);
void user_get(struct user *user);
void user_put(struct user *user);

/* Counts one more process. Returns how many there are with it. */
unsigned user_add_process(struct user *user);
void user_drop_process(struct user *user);

/* Those of all users, and how many there may be: threads-max of proc(5), whose
 * memory is an eighth of the machine's at most. */
unsigned user_count_all(void);
unsigned user_limit_all(void);

C_DECLS_END

#endif /* CORE_ID_USER_H */
