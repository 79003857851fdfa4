/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/lock.c - contract in lock.h.
 *
 * What an owner has of a file is a set of ranges that do not overlap, each of
 * one type; neighbours of one type are joined.
 */
#include "core/fs/lock.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/dentry.h"
#include "core/mem/cache.h"
#include "core/sched/waitq.h"

enum { CHAIN_MAX = 64 }; /* who waits for whom, at most */

struct range_lock {
    struct list link;
    enum lock_kind kind;
    enum lock_type type;
    const void *owner;
    uint64_t start, end;
    int pid;
};

struct file_locks {
    struct spinlock lock;
    struct list ranges GUARDED_BY(lock);
    struct waitq waiters;
};

/* A POSIX owner that waits for another. */
struct blocked {
    struct list link;
    const void *owner, *by;
};

static const struct lock_class locks_class = {"file locks", LOCK_RANK_FILE};
static const struct lock_class blocked_class = {"lock waiters",
                                                LOCK_RANK_FUTEX};

static struct mem_cache locks_cache, range_cache;

static struct {
    struct spinlock lock;
    struct list all GUARDED_BY(lock);
} blocked;

void lock_init_all(void)
{
    spin_init(&blocked.lock, &blocked_class);
    list_init(&blocked.all);
    cache_init(&locks_cache, "file locks", sizeof(struct file_locks), 16);
    cache_init(&range_cache, "range lock", sizeof(struct range_lock), 16);
}

/* An inode's locks, made with the first; NULL: no memory. */
static struct file_locks *locks_of(struct inode *inode)
{
    struct file_locks *locks = __atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE);
    struct file_locks *none = NULL;

    if (locks != NULL)
        return locks;
    locks = mem_alloc(&locks_cache, MEM_WAIT, NULL);
    if (locks == NULL)
        return NULL;
    spin_init(&locks->lock, &locks_class);
    list_init(&locks->ranges);
    waitq_init(&locks->waiters);
    if (__atomic_compare_exchange_n(&inode->locks, &none, locks, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return locks;
    mem_free(&locks_cache, locks);
    return none;
}

void lock_free(struct file_locks *locks)
{
    if (locks == NULL)
        return;
    ASSERT(list_is_empty(&locks->ranges));
    mem_free(&locks_cache, locks);
}

static struct range_lock *range_of(struct list *link)
{
    return list_entry(link, struct range_lock, link);
}

/* flock(2) and fcntl(2) are two worlds. */
static bool is_same_world(enum lock_kind a, enum lock_kind b)
{
    return (a == LOCK_FLOCK) == (b == LOCK_FLOCK);
}

static bool is_own(const struct range_lock *range,
                   const struct lock_request *request)
{
    return range->kind == request->kind && range->owner == request->owner;
}

static bool overlaps(const struct range_lock *range, uint64_t start,
                     uint64_t end)
{
    return range->start <= end && start <= range->end;
}

/* Another's lock that keeps request from being set, or NULL. */
static struct range_lock *find_conflict(struct file_locks *locks,
                                        const struct lock_request *request)
    REQUIRES(locks->lock)
{
    list_for_each(link, &locks->ranges)
    {
        struct range_lock *range = range_of(link);

        if (is_same_world(range->kind, request->kind) &&
            !is_own(range, request) &&
            (range->type == LOCK_WRITE || request->type == LOCK_WRITE) &&
            overlaps(range, request->start, request->end))
            return range;
    }
    return NULL;
}

static void drop_range(struct range_lock *range)
{
    list_remove(&range->link);
    mem_free(&range_cache, range);
}

/* Takes [start, end] out of the owner's range; may need *spare for its end. */
static void cut_range(struct range_lock *range, uint64_t start, uint64_t end,
                      struct range_lock **spare)
{
    if (range->start < start && range->end > end) {
        struct range_lock *rest = *spare;

        ASSERT(rest != NULL);
        *spare = NULL;
        *rest = *range;
        list_init(&rest->link);
        rest->start = end + 1;
        range->end = start - 1;
        list_push_front(&range->link, &rest->link);
    } else if (range->start < start) {
        range->end = start - 1;
    } else if (range->end > end) {
        range->start = end + 1;
    } else {
        drop_range(range);
    }
}

/* Does range, one of the owner's, grow into the one that is being set? */
static bool joins(const struct range_lock *range,
                  const struct range_lock *fresh)
{
    return range->type == fresh->type &&
           (overlaps(range, fresh->start, fresh->end) ||
            (range->end != UINT64_MAX && range->end + 1 == fresh->start) ||
            (fresh->end != UINT64_MAX && fresh->end + 1 == range->start));
}

/* Makes the range the owner's, as request says; uses up what it needs. */
static void apply(struct file_locks *locks, const struct lock_request *request,
                  struct range_lock *spare[2]) REQUIRES(locks->lock)
{
    struct range_lock *fresh = spare[0];

    *fresh = (struct range_lock){.kind = request->kind,
                                 .type = request->type,
                                 .owner = request->owner,
                                 .start = request->start,
                                 .end = request->end,
                                 .pid = request->pid};
    list_init(&fresh->link);
    list_for_each_safe(link, &locks->ranges)
    {
        struct range_lock *range = range_of(link);

        if (!is_own(range, request))
            continue;
        if (fresh->type != LOCK_NONE && joins(range, fresh)) {
            fresh->start = min_u64(fresh->start, range->start);
            fresh->end = max_u64(fresh->end, range->end);
            drop_range(range);
        } else if (overlaps(range, fresh->start, fresh->end)) {
            cut_range(range, fresh->start, fresh->end, &spare[1]);
        }
    }
    if (request->type == LOCK_NONE)
        return;
    list_push_back(&locks->ranges, &fresh->link);
    spare[0] = NULL;
}

/* --- waiting -------------------------------------------------------------- */

/* Would owner, waiting for by, wait for itself? blocked.lock. */
static bool is_deadlock(const void *owner, const void *by) NO_TSA
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        const struct blocked *next = NULL;

        if (by == owner)
            return true;
        list_for_each(link, &blocked.all)
        {
            const struct blocked *one = list_entry(link, struct blocked, link);

            if (one->owner == by)
                next = one;
        }
        if (next == NULL)
            return false;
        by = next->by;
    }
    return false;
}

/* Enters who waits: 0 or -EDEADLK. */
static int enter_blocked(struct blocked *self)
{
    bool is_dead;

    spin_lock(&blocked.lock);
    is_dead = is_deadlock(self->owner, self->by);
    if (!is_dead)
        list_push_back(&blocked.all, &self->link);
    spin_unlock(&blocked.lock);
    return is_dead ? -EDEADLK : 0;
}

static void leave_blocked(struct blocked *self)
{
    spin_lock(&blocked.lock);
    list_remove(&self->link);
    spin_unlock(&blocked.lock);
}

struct lock_wait {
    struct file_locks *locks;
    const struct lock_request *request;
};

static bool is_free(void *arg)
{
    const struct lock_wait *wait = arg;
    bool result;

    spin_lock(&wait->locks->lock);
    result = find_conflict(wait->locks, wait->request) == NULL;
    spin_unlock(&wait->locks->lock);
    return result;
}

/* Waits until what is in the way may have gone. */
static int wait_for(struct file_locks *locks,
                    const struct lock_request *request, const void *by)
{
    struct lock_wait wait = {locks, request};
    struct blocked self = {.owner = request->owner, .by = by};
    int error = 0;

    list_init(&self.link);
    if (request->kind == LOCK_POSIX)
        error = enter_blocked(&self);
    if (error != 0)
        return error;
    error =
        waitq_wait_interruptible(&locks->waiters, is_free, &wait, WAIT_FOREVER);
    if (request->kind == LOCK_POSIX)
        leave_blocked(&self);
    return error;
}

/* flock(2): a lock that changes its type is let go of first. */
static void drop_other_type(struct file_locks *locks,
                            const struct lock_request *request)
    REQUIRES(locks->lock)
{
    list_for_each_safe(link, &locks->ranges)
    {
        struct range_lock *range = range_of(link);

        if (is_own(range, request) && range->type != request->type)
            drop_range(range);
    }
}

/* One try: 0, or -EAGAIN and who is in the way. */
static int try_set(struct file_locks *locks, const struct lock_request *request,
                   struct range_lock *spare[2], const void **by)
{
    const struct range_lock *conflict = NULL;

    spin_lock(&locks->lock);
    if (request->kind == LOCK_FLOCK)
        drop_other_type(locks, request);
    if (request->type != LOCK_NONE)
        conflict = find_conflict(locks, request);
    if (conflict != NULL)
        *by = conflict->owner;
    else
        apply(locks, request, spare);
    spin_unlock(&locks->lock);
    if (conflict == NULL || request->kind == LOCK_FLOCK)
        waitq_wake_all(&locks->waiters);
    return conflict != NULL ? -EAGAIN : 0;
}

int lock_set(struct inode *inode, const struct lock_request *request)
{
    struct file_locks *locks;
    struct range_lock *spare[2];
    const void *by;
    int error;

    if (request->type == LOCK_NONE &&
        __atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE) == NULL)
        return 0;
    locks = locks_of(inode);
    spare[0] = mem_alloc(&range_cache, MEM_WAIT, NULL);
    spare[1] = mem_alloc(&range_cache, MEM_WAIT, NULL);
    error = locks != NULL && spare[0] != NULL && spare[1] != NULL ? 0 : -ENOMEM;
    while (error == 0) {
        error = try_set(locks, request, spare, &by);
        if (error == 0 || !request->waits)
            break;
        error = wait_for(locks, request, by);
    }
    mem_free(&range_cache, spare[0]);
    mem_free(&range_cache, spare[1]);
    return error;
}

void lock_get(struct inode *inode, struct lock_request *request)
{
    struct file_locks *locks = __atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE);
    const struct range_lock *conflict = NULL;

    if (locks != NULL) {
        spin_lock(&locks->lock);
        conflict = find_conflict(locks, request);
        if (conflict != NULL) {
            request->type = conflict->type;
            request->start = conflict->start;
            request->end = conflict->end;
            request->pid = conflict->pid;
        }
        spin_unlock(&locks->lock);
    }
    if (conflict == NULL)
        request->type = LOCK_NONE;
}

/* Ends all locks of an owner. */
static void drop_owner(struct inode *inode, const void *owner)
{
    struct file_locks *locks = __atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE);
    bool dropped = false;

    if (locks == NULL)
        return;
    spin_lock(&locks->lock);
    list_for_each_safe(link, &locks->ranges)
    {
        if (range_of(link)->owner != owner)
            continue;
        drop_range(range_of(link));
        dropped = true;
    }
    spin_unlock(&locks->lock);
    if (dropped)
        waitq_wake_all(&locks->waiters);
}

void lock_leave_file(struct inode *inode, const struct file *file)
{
    drop_owner(inode, file);
}

void lock_close(const struct file *file, const struct fd_table *table)
{
    if (file->path.dentry != NULL && (file_flags(file) & LX_O_PATH) == 0)
        drop_owner(RCU_LOAD(file->path.dentry->inode), table);
}
