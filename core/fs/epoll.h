/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/epoll.h - waiting for events of many files that stay registered
 * (epoll(7)).
 *
 * An instance keeps an item per (file, descriptor) that hangs as a waiter in
 * the file's queue. A wake puts the item on the instance's ready list; whoever
 * collects events asks the files there, and only those.
 *
 * Lifetime: items hold no reference to their file; its last put takes them out
 * (epoll_forget_file()). Locking: items have a mutex per instance, rank
 * LOCK_RANK_EPOLL, which is taken of instances that watch one another from the
 * watching to the watched; who watches whom among instances has one mutex for
 * all outside these. The ready list has a spinlock, under which wakes come.
 */
#ifndef CORE_FS_EPOLL_H
#define CORE_FS_EPOLL_H

#include "core/abi/epoll.h"
#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct epoll;
struct file;
struct user;

enum {
    EPOLL_DEPTH_MAX = 5,         /* instances that watch one another in a row */
    EPOLL_WATCHES_MAX = 1 << 20, /* of a user: max_user_watches */
    EPOLL_EVENTS_MAX = 0x7fffffff / 12 /* asked for in one call */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void epoll_init_all(void);

/* epoll_create1(2): an instance whose items count for user. 0, -ENFILE,
 * -ENOMEM. May sleep. */
MUST_USE int epoll_make_file(struct user *user, struct file **out);

/* The instance that a file is, or NULL. */
struct epoll *epoll_of(const struct file *file);

/*
 * epoll_ctl(2) with op LX_EPOLL_CTL_*, for file as descriptor fd. 0; -EPERM
 * (file cannot be polled), -EINVAL (op, flags that do not go together, the
 * instance itself), -EEXIST, -ENOENT, -ELOOP, -ENOSPC, -ENOMEM. May sleep.
 */
MUST_USE int epoll_control(struct epoll *epoll, unsigned op, struct file *file,
                           int fd, const struct lx_epoll_event *event);

/* Where collected events go: an array of user memory. */
struct epoll_array {
    struct aspace *as;
    uaddr_t at;
    unsigned count; /* > 0 */
};

/*
 * epoll_wait(2): how many events were written; 0 when none came until
 * deadline_ns on hal_clock_now() (0: does not wait); -EINTR, -EFAULT. May
 * sleep.
 */
MUST_USE int epoll_collect(struct epoll *epoll, const struct epoll_array *to,
                           uint64_t deadline_ns);

/* file has no reference left: no instance watches it any more. May sleep. */
void epoll_forget_file(struct file *file);

C_DECLS_END

#endif /* CORE_FS_EPOLL_H */
