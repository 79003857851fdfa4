/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/user.c - contract in user.h.
 *
 * Few uids are in use at a time, and the table is looked at only when a
 * thread changes its uid, so it is a list.
 */
#include "core/id/user.h"

#include "core/id/pid.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sync/spinlock.h"

/* One thread for so many frames, of which its stack takes an eighth. */
enum { THREAD_FRAMES = 32, THREADS_MIN = 64, THREADS_MAX = PID_MAX };

static const struct lock_class users_class = {"users", LOCK_RANK_IDS};

static struct {
    struct spinlock lock;
    struct list all GUARDED_BY(lock);
    unsigned processes; /* of all; atomic */
    unsigned limit;     /* of them; const */
} users;

void user_init_all(void)
{
    spin_init(&users.lock, &users_class);
    list_init(&users.all);
    users.limit = (unsigned)min_u64(
        THREADS_MAX, max_u64(THREADS_MIN, page_total_count() / THREAD_FRAMES));
}

static struct user *find_locked(lx_uid_t uid) REQUIRES(users.lock)
{
    list_for_each(node, &users.all)
    {
        struct user *user = list_entry(node, struct user, link);

        if (user->uid == uid) {
            refcount_get(&user->refs);
            return user;
        }
    }
    return NULL;
}

struct user *user_find(lx_uid_t uid)
{
    struct user *fresh = kmem_alloc(sizeof(*fresh), MEM_WAIT | MEM_ZERO, NULL);
    struct user *user;
    unsigned saved;

    if (fresh == NULL)
        return NULL;
    refcount_init(&fresh->refs, 1);
    list_init(&fresh->link);
    fresh->uid = uid;
    saved = spin_lock_irq(&users.lock);
    user = find_locked(uid);
    if (user == NULL)
        list_push_back(&users.all, &fresh->link);
    spin_unlock_irq(&users.lock, saved);
    if (user == NULL)
        return fresh;
    kmem_free(fresh, sizeof(*fresh));
    return user;
}

void user_get(struct user *user)
{
    refcount_get(&user->refs);
}

/* The last put and find_locked() are kept apart by the lock. */
void user_put(struct user *user)
{
    unsigned saved = spin_lock_irq(&users.lock);
    bool was_last = refcount_put(&user->refs);

    if (was_last)
        list_remove(&user->link);
    spin_unlock_irq(&users.lock, saved);
    if (was_last)
        kmem_free(user, sizeof(*user));
}

unsigned user_count_all(void)
{
    return __atomic_load_n(&users.processes, __ATOMIC_RELAXED);
}

unsigned user_limit_all(void)
{
    return users.limit;
}

unsigned user_add_process(struct user *user)
{
    __atomic_fetch_add(&users.processes, 1, __ATOMIC_RELAXED);
    return __atomic_add_fetch(&user->processes, 1, __ATOMIC_RELAXED);
}

void user_drop_process(struct user *user)
{
    unsigned left = __atomic_sub_fetch(&user->processes, 1, __ATOMIC_RELAXED);

    __atomic_fetch_sub(&users.processes, 1, __ATOMIC_RELAXED);
    ASSERT(left + 1 != 0);
}
