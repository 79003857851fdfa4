/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex_pi.c - futexes whose word names their owner: FUTEX_LOCK_PI and
 * its kin; contract in futex.h.
 *
 * The owner is looked up without the bucket's lock, and all begins again where
 * the word names another under it. Who waits lends to the owner; who is handed
 * the word is lent to by those who still wait.
 */
#include "core/abi/errno.h"
#include "core/ipc/futex_impl.h"
#include "core/sched/thread.h"
#include "hal/mmu.h"
#include "hal/uaccess.h"

/* Results that are no errno of this file's callers. */
/* AGAIN is neither an errno nor a count of waiters. */
enum { MUST_WAIT = 1, AGAIN = -0x10000 };

/* A word's owner, as it was a moment ago. */
struct owner {
    uint32_t tid;          /* 0: nobody */
    struct thread *thread; /* a reference; NULL: nobody is called so */
};

/* 0 or -EFAULT. */
static int owner_get(const struct futex_word *word,
                     const struct futex_self *self, struct owner *out)
{
    uint32_t seen;

    while (hal_user_load32(word->addr, &seen) != 0)
        if (futex_bring_in(word, HAL_WRITE) != 0)
            return -EFAULT;
    out->tid = seen & LX_FUTEX_TID_MASK;
    out->thread = out->tid != 0 ? self->find(out->tid) : NULL;
    return 0;
}

static void owner_put(struct owner *owner)
{
    if (owner->thread != NULL)
        thread_put(owner->thread);
}

/* --- taking --------------------------------------------------------------- */

/* What becomes of a word that holds seen when tid wants it: the new value in
 * *fresh, and 0 (taken) or MUST_WAIT; or AGAIN, -EDEADLK, -ESRCH. */
static int decide(uint32_t seen, uint32_t tid, uint32_t dead,
                  const struct owner *owner, uint32_t *fresh)
{
    uint32_t has = seen & LX_FUTEX_TID_MASK;

    if (has == tid)
        return -EDEADLK;
    *fresh = tid | (seen & ~LX_FUTEX_TID_MASK);
    if (has == 0)
        return 0;
    if (has != owner->tid)
        return AGAIN;
    if (owner->thread == NULL && has == dead) {
        *fresh |= LX_FUTEX_OWNER_DIED;
        return 0;
    }
    if (owner->thread == NULL)
        return -ESRCH;
    *fresh = seen | LX_FUTEX_WAITERS;
    return MUST_WAIT;
}

/* Takes the word for waiter, or marks it as waited for. Under its bucket's
 * lock. 0, MUST_WAIT, AGAIN, -EDEADLK, -ESRCH, -EFAULT (the page is not in). */
static int take_word(uaddr_t addr, const struct futex_waiter *waiter,
                     const struct owner *owner, bool is_try)
{
    uint32_t seen, fresh = 0;
    int error = hal_user_load32(addr, &seen);

    while (error == 0) {
        uint32_t old = seen;
        int result = decide(seen, waiter->tid, waiter->dead, owner, &fresh);

        if (result != 0 && result != MUST_WAIT)
            return result;
        if (result == MUST_WAIT && is_try)
            return -EAGAIN;
        error = hal_user_cas32(addr, &seen, fresh);
        if (error == 0 && seen == old)
            return result;
    }
    return error;
}

/* On the bucket, and lending; under its lock. 0, -EDEADLK, -ESRCH. */
static int enter(struct futex_waiter *waiter, struct futex_bucket *bucket,
                 const struct futex_key *key, struct thread *owner)
{
    int error = lend_begin(&waiter->lend, thread_current(), owner);

    if (error == 0)
        futex_enqueue(waiter, bucket, key);
    return error;
}

/* One attempt: as take_word(), MUST_WAIT with the waiter entered. */
static int try_enter(const struct futex_word *word, struct futex_waiter *waiter,
                     const struct futex_key *key, const struct owner *owner,
                     bool is_try)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    int result, error;

    spin_lock(&bucket->lock);
    result = take_word(word->addr, waiter, owner, is_try);
    if (result == MUST_WAIT) {
        error = enter(waiter, bucket, key, owner->thread);
        if (error != 0)
            result = error;
    }
    spin_unlock(&bucket->lock);
    return result;
}

static int take_or_enter(const struct futex_word *word,
                         struct futex_waiter *waiter,
                         const struct futex_key *key,
                         const struct futex_self *self, bool is_try)
{
    int result;

    do {
        struct owner owner;

        result = owner_get(word, self, &owner);
        if (result != 0)
            return result;
        result = try_enter(word, waiter, key, &owner, is_try);
        if (result == -ESRCH && owner.tid == waiter->dead) {
            /* It has ended, but for its name. */
            owner_put(&owner);
            owner.thread = NULL;
            result = try_enter(word, waiter, key, &owner, is_try);
        }
        owner_put(&owner);
        if (result == -EFAULT && futex_bring_in(word, HAL_WRITE) != 0)
            return -EFAULT;
    } while (result == AGAIN || result == -EFAULT);
    return result;
}

/* The owner that waiter lent to has ended: takes the word, or waits for who has
 * it now. As take_or_enter(). */
static int look_again(const struct futex_word *word,
                      struct futex_waiter *waiter, const struct futex_key *key,
                      const struct futex_self *self)
{
    struct owner owner;
    int result = owner_get(word, self, &owner);

    if (result != 0)
        return result;
    waiter->dead = owner.tid;
    owner_put(&owner);
    return take_or_enter(word, waiter, key, self, false);
}

/* Waits for the word until it is the caller's, who has entered: 0 or as
 * futex_lock_pi(). */
static int wait_for_word(const struct futex_word *word,
                         struct futex_waiter *waiter,
                         const struct futex_key *key,
                         const struct futex_self *self, uint64_t deadline_ns)
{
    int result;

    do {
        result = futex_sleep(waiter, deadline_ns);
        if (futex_dequeue(waiter))
            return 0; /* who unlocked wrote our tid, and ended the lend */
        lend_end(&waiter->lend);
        if (result == 0)
            result = look_again(word, waiter, key, self);
    } while (result == MUST_WAIT);
    return result;
}

int futex_lock_pi(const struct futex_word *word, const struct futex_self *self,
                  bool is_try, uint64_t deadline_ns)
{
    struct futex_waiter waiter = {.tid = self->tid};
    struct futex_key key;
    int result = futex_key_get(word, HAL_WRITE, &key);

    if (result != 0)
        return result;
    lend_init(&waiter.lend);
    result = take_or_enter(word, &waiter, &key, self, is_try);
    if (result == MUST_WAIT)
        result = wait_for_word(word, &waiter, &key, self, deadline_ns);
    futex_key_put(&key);
    return result;
}

/* --- handing over --------------------------------------------------------- */

/* The waiter for key with the highest priority, the longest among equals, but
 * for one; and how many there are. */
static struct futex_waiter *find_best(struct futex_bucket *bucket,
                                      const struct futex_key *key,
                                      unsigned *count)
{
    struct futex_waiter *best = NULL;
    unsigned best_level = 0;

    *count = 0;
    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);
        unsigned level;

        if (waiter->tid == 0 || !futex_key_equal(&waiter->key, key))
            continue;
        ++*count;
        level = thread_level(waiter->thread);
        if (best == NULL || level > best_level) {
            best = waiter;
            best_level = level;
        }
    }
    return best;
}

/* The rest wait for heir now, who goes on. */
static void crown(struct futex_bucket *bucket, const struct futex_key *key,
                  struct futex_waiter *heir)
{
    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);

        if (waiter != heir && waiter->tid != 0 &&
            futex_key_equal(&waiter->key, key))
            lend_pass(&waiter->lend, heir->thread);
    }
    lend_end(&heir->lend);
    futex_release(heir);
}

/* Under the lock of the bucket. 0, -EPERM (it is another's), -EFAULT. */
static int give_word(struct futex_bucket *bucket, const struct futex_key *key,
                     uaddr_t addr, uint32_t tid, uint32_t bits)
{
    unsigned count;
    struct futex_waiter *heir = find_best(bucket, key, &count);
    uint32_t fresh = bits, seen;
    int error = hal_user_load32(addr, &seen);

    if (heir != NULL && heir->target != NULL)
        return -EINVAL; /* it waits there to be moved elsewhere */
    if (heir != NULL)
        fresh |= heir->tid | (count > 1 ? LX_FUTEX_WAITERS : 0);
    while (error == 0) {
        uint32_t old = seen;

        if ((seen & LX_FUTEX_TID_MASK) != tid)
            return -EPERM;
        error = hal_user_cas32(addr, &seen, fresh);
        if (error == 0 && seen == old)
            break;
    }
    if (error == 0 && heir != NULL)
        crown(bucket, key, heir);
    return error;
}

int futex_hand_over(const struct futex_word *word, uint32_t tid, uint32_t bits)
{
    struct futex_bucket *bucket;
    struct futex_key key;
    int result = futex_key_get(word, HAL_WRITE, &key);

    if (result != 0)
        return result;
    bucket = futex_bucket_of(&key);
    do {
        spin_lock(&bucket->lock);
        result = give_word(bucket, &key, word->addr, tid, bits);
        spin_unlock(&bucket->lock);
    } while (result == -EFAULT && futex_bring_in(word, HAL_WRITE) == 0);
    futex_key_put(&key);
    return result;
}

int futex_unlock_pi(const struct futex_word *word, uint32_t tid)
{
    return futex_hand_over(word, tid, 0);
}

/* --- FUTEX_WAIT_REQUEUE_PI ------------------------------------------------ */

/* The caller has waited on word, or on `to` when it was moved. */
static int wait_for_move(const struct futex_word *to,
                         struct futex_waiter *waiter,
                         const struct futex_key *key,
                         const struct futex_self *self, uint64_t deadline_ns)
{
    int result = futex_sleep(waiter, deadline_ns);

    if (futex_dequeue(waiter))
        return 0;
    if (waiter->target != NULL)
        return result;
    lend_end(&waiter->lend);
    if (result == -EINTR)
        return -EAGAIN; /* the first word has changed: no way back */
    if (result != 0)
        return result;
    result = look_again(to, waiter, key, self);
    if (result == MUST_WAIT)
        result = wait_for_word(to, waiter, key, self, deadline_ns);
    return result;
}

static int wait_with_keys(const struct futex_move *move,
                          struct futex_key *const keys[2],
                          const struct futex_self *self, uint64_t deadline_ns)
{
    struct futex_waiter waiter = {.tid = self->tid, .target = keys[1]};
    int result;

    if (futex_key_equal(keys[0], keys[1]))
        return -EINVAL;
    lend_init(&waiter.lend);
    result = futex_enqueue_word(&waiter, &move->from, keys[0], *move->expect);
    if (result != 0)
        return result;
    return wait_for_move(&move->to, &waiter, keys[1], self, deadline_ns);
}

int futex_wait_requeue_pi(const struct futex_word *word, uint32_t value,
                          const struct futex_word *to,
                          const struct futex_self *self, uint64_t deadline_ns)
{
    struct futex_key from_key, to_key;
    struct futex_key *const keys[2] = {&from_key, &to_key};
    struct futex_move move = {.from = *word, .to = *to, .expect = &value};
    int result = futex_key_get(to, HAL_WRITE, &to_key);

    if (result != 0)
        return result;
    result = futex_key_get(word, HAL_READ, &from_key);
    if (result == 0) {
        result = wait_with_keys(&move, keys, self, deadline_ns);
        futex_key_put(&from_key);
    }
    futex_key_put(&to_key);
    return result;
}

/* --- FUTEX_CMP_REQUEUE_PI ------------------------------------------------- */

/* A move between two keys whose buckets are locked. */
struct pi_move {
    const struct futex_move *move;
    const struct futex_key *from, *to;
    struct futex_bucket *bucket, *goal;
};

/* Does everybody who waits there expect this move? */
static bool is_expected(const struct pi_move *m)
{
    list_for_each(node, &m->bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);

        if (futex_key_equal(&waiter->key, m->from) &&
            (waiter->target == NULL || !futex_key_equal(waiter->target, m->to)))
            return false;
    }
    return true;
}

/* One waiter goes on waiting, for the owner of the second word: 0, -EDEADLK,
 * -ESRCH. */
static int move_one(const struct pi_move *m, struct futex_waiter *waiter,
                    struct thread *owner)
{
    int error = lend_begin(&waiter->lend, waiter->thread, owner);

    if (error != 0)
        return error;
    list_remove(&waiter->link);
    waiter->key = *waiter->target; /* the reference stays its own */
    waiter->target = NULL;
    __atomic_store_n(&waiter->bucket, m->goal, __ATOMIC_RELEASE);
    list_push_back(&m->goal->waiters, &waiter->link);
    return 0;
}

/* Moves at most count; how many, or why not even one. */
static int move_rest(const struct pi_move *m, struct thread *owner,
                     uint32_t count)
{
    unsigned left;
    int moved = 0;

    while ((uint32_t)moved < count) {
        struct futex_waiter *waiter = find_best(m->bucket, m->from, &left);
        int error;

        if (waiter == NULL)
            break;
        error = move_one(m, waiter, owner);
        if (error != 0)
            return moved > 0 ? moved : error;
        moved++;
    }
    return moved;
}

/* Marks the second word as waited for, if its owner has it. */
static int mark_word(uaddr_t addr)
{
    uint32_t seen;
    int error = hal_user_load32(addr, &seen);

    while (error == 0) {
        uint32_t old = seen;

        error = hal_user_cas32(addr, &seen, old | LX_FUTEX_WAITERS);
        if (error == 0 && seen == old)
            break;
    }
    return error;
}

/* Both locks are held: how many, AGAIN, or -errno. */
static int move_all(const struct pi_move *m, const struct owner *owner)
{
    uaddr_t addr = m->move->to.addr;
    unsigned count;
    struct futex_waiter *best = find_best(m->bucket, m->from, &count);
    struct thread *heir;
    int result;

    if (!is_expected(m))
        return -EINVAL;
    if (best == NULL)
        return 0;
    result = take_word(addr, best, owner, false);
    if (result == MUST_WAIT)
        return move_rest(m, owner->thread, m->move->move + 1);
    if (result != 0)
        return result;
    heir = best->thread;
    thread_get(heir);
    if (count > 1 && m->move->move > 0)
        result = mark_word(addr);
    best->target = NULL;
    futex_release(best);
    if (result == 0 && count > 1)
        result = move_rest(m, heir, m->move->move);
    thread_put(heir);
    return result >= 0 ? result + 1 : 1;
}

static int move_keys(const struct futex_move *move,
                     const struct futex_self *self,
                     const struct futex_key *from, const struct futex_key *to)
{
    struct pi_move m = {move, from, to, futex_bucket_of(from),
                        futex_bucket_of(to)};
    int result;

    do {
        struct owner owner;
        uint32_t now;

        result = owner_get(&move->to, self, &owner);
        if (result != 0)
            return result;
        futex_lock_two(m.bucket, m.goal);
        result = hal_user_load32(move->from.addr, &now);
        if (result == 0)
            result = now == *move->expect ? move_all(&m, &owner) : -EAGAIN;
        futex_unlock_two(m.bucket, m.goal);
        owner_put(&owner);
        if (result == -EFAULT && (futex_bring_in(&move->from, HAL_READ) != 0 ||
                                  futex_bring_in(&move->to, HAL_WRITE) != 0))
            return -EFAULT;
    } while (result == AGAIN || result == -EFAULT);
    return result;
}

int futex_requeue_pi(const struct futex_move *move,
                     const struct futex_self *self)
{
    struct futex_key from, to;
    int result;

    if (move->wake != 1 || (int32_t)move->move < 0)
        return -EINVAL;
    result = futex_key_get(&move->from, HAL_READ, &from);
    if (result != 0)
        return result;
    result = futex_key_get(&move->to, HAL_WRITE, &to);
    if (result == 0) {
        result = futex_key_equal(&from, &to)
                     ? -EINVAL
                     : move_keys(move, self, &from, &to);
        futex_key_put(&to);
    }
    futex_key_put(&from);
    return result;
}
