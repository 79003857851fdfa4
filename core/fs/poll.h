/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/poll.h - a thread that waits for events of many files: poll(2),
 * select(2).
 */
#ifndef CORE_FS_POLL_H
#define CORE_FS_POLL_H

#include "core/sched/waitq.h"

struct file;
struct poll_chunk;

/* One file that is waited for. */
struct poll_watch {
    struct file *file; /* a reference */
    struct waiter waiter;
};

enum { POLL_FEW = 8 }; /* need no memory of their own */

/* On the stack of the thread whose own it is. */
struct poll_watches {
    struct wait_set set;
    unsigned count; /* of few in use */
    struct poll_watch few[POLL_FEW];
    struct poll_chunk *more;
};

C_DECLS_BEGIN

void poll_watches_init(struct poll_watches *watches);

/* Hears of events, errors and hang-ups of file from now on. 0 or -ENOMEM. May
 * sleep. */
MUST_USE int poll_add(struct poll_watches *watches, struct file *file,
                      unsigned events);

/* Lets go of all files. May sleep. */
void poll_watches_fini(struct poll_watches *watches);

/* What a waiter for these LX_POLL* bits is woken by: objects may tell of
 * reading and writing without the normal band's bits. */
unsigned poll_interest(unsigned events);

C_DECLS_END

#endif /* CORE_FS_POLL_H */
