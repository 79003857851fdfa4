/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex_owner.c - futexes whose word names its owner: the PI
 * operations, and what a thread's end does; contract in futex.h.
 */
#include "core/abi/errno.h"
#include "core/ipc/futex_impl.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "hal/uaccess.h"

/* --- PI ------------------------------------------------------------------- */

/* Needs to wait: not an errno of this file's callers. */
enum { MUST_WAIT = 1 };

/* Takes the word for tid, or marks it as waited for. Under its bucket's lock. 0
 * (taken), MUST_WAIT, -EDEADLK, -EAGAIN, -EFAULT (the page is not in). */
static int take_word(uaddr_t addr, uint32_t tid, bool is_try)
{
    uint32_t seen;
    int error = hal_user_load32(addr, &seen);

    while (error == 0) {
        uint32_t old = seen, owner = seen & LX_FUTEX_TID_MASK;
        uint32_t fresh = seen | LX_FUTEX_WAITERS;

        if (owner == tid)
            return -EDEADLK;
        if (owner != 0 && is_try)
            return -EAGAIN;
        if (owner == 0)
            fresh = tid | (seen & ~LX_FUTEX_TID_MASK);
        error = hal_user_cas32(addr, &seen, fresh);
        if (error == 0 && seen == old)
            return owner == 0 ? 0 : MUST_WAIT;
    }
    return error;
}

static int take_or_enter(const struct futex_word *word,
                         struct futex_waiter *waiter,
                         const struct futex_key *key, bool is_try)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    int result;

    do {
        spin_lock(&bucket->lock);
        result = take_word(word->addr, waiter->tid, is_try);
        if (result == MUST_WAIT)
            futex_enqueue(waiter, bucket, key);
        spin_unlock(&bucket->lock);
        if (result == -EFAULT && futex_bring_in(word, HAL_WRITE) != 0)
            return -EFAULT;
    } while (result == -EFAULT);
    return result;
}

int futex_lock_pi(const struct futex_word *word, uint32_t tid, bool is_try,
                  uint64_t deadline_ns)
{
    struct futex_waiter waiter = {.tid = tid};
    struct futex_key key;
    int result = futex_key_get(word, HAL_WRITE, &key);

    if (result != 0)
        return result;
    result = take_or_enter(word, &waiter, &key, is_try);
    if (result == MUST_WAIT) {
        result = futex_sleep(&waiter, deadline_ns);
        if (futex_dequeue(&waiter))
            result = 0; /* who unlocked wrote our tid */
    }
    futex_key_put(&key);
    return result;
}

/* The longest waiter for the word, and whether there are more. */
static struct futex_waiter *find_heir(struct futex_bucket *bucket,
                                      const struct futex_key *key, bool *more)
{
    struct futex_waiter *first = NULL;

    *more = false;
    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);

        if (waiter->tid == 0 || !futex_key_equal(&waiter->key, key))
            continue;
        if (first != NULL) {
            *more = true;
            break;
        }
        first = waiter;
    }
    return first;
}

/* Gives the word that tid owns to the next, with bits added. Under the lock of
 * the bucket. 0, -EPERM (it is another's), -EFAULT. */
static int hand_over(struct futex_bucket *bucket, const struct futex_key *key,
                     uaddr_t addr, uint32_t tid, uint32_t bits)
{
    bool more;
    struct futex_waiter *heir = find_heir(bucket, key, &more);
    uint32_t fresh = bits, seen;
    int error = hal_user_load32(addr, &seen);

    if (heir != NULL)
        fresh |= heir->tid | (more ? LX_FUTEX_WAITERS : 0);
    while (error == 0) {
        uint32_t old = seen;

        if ((seen & LX_FUTEX_TID_MASK) != tid)
            return -EPERM;
        error = hal_user_cas32(addr, &seen, fresh);
        if (error == 0 && seen == old)
            break;
    }
    if (error == 0 && heir != NULL)
        futex_release(heir);
    return error;
}

static int unlock_word(const struct futex_word *word, uint32_t tid,
                       uint32_t bits)
{
    struct futex_bucket *bucket;
    struct futex_key key;
    int result = futex_key_get(word, HAL_WRITE, &key);

    if (result != 0)
        return result;
    bucket = futex_bucket_of(&key);
    do {
        spin_lock(&bucket->lock);
        result = hand_over(bucket, &key, word->addr, tid, bits);
        spin_unlock(&bucket->lock);
    } while (result == -EFAULT && futex_bring_in(word, HAL_WRITE) == 0);
    futex_key_put(&key);
    return result;
}

int futex_unlock_pi(const struct futex_word *word, uint32_t tid)
{
    return unlock_word(word, tid, 0);
}

/* --- the end of a thread -------------------------------------------------- */

/* One word with faults brought in: 0 or -EFAULT. */
static int load_word(const struct futex_word *word, uint32_t *out)
{
    while (hal_user_load32(word->addr, out) != 0)
        if (futex_bring_in(word, HAL_READ) != 0)
            return -EFAULT;
    return 0;
}

static int swap_word(const struct futex_word *word, uint32_t *expected,
                     uint32_t fresh)
{
    while (hal_user_cas32(word->addr, expected, fresh) != 0)
        if (futex_bring_in(word, HAL_WRITE) != 0)
            return -EFAULT;
    return 0;
}

static void wake_one(const struct futex_word *word)
{
    (void)!futex_wake(word, 1, LX_FUTEX_BITSET_MATCH_ANY);
}

/* A lock of the list: not this thread's any more, and nobody's in order. */
static void abandon(const struct futex_word *word, uint32_t tid, bool is_pi)
{
    struct futex_word other = *word;
    uint32_t seen, old;

    if (load_word(word, &seen) != 0)
        return;
    if (is_pi) {
        if (unlock_word(word, tid, LX_FUTEX_OWNER_DIED) == 0) {
            other.is_private = true; /* or by this name */
            (void)!unlock_word(&other, 0, LX_FUTEX_OWNER_DIED);
        }
        return;
    }
    do {
        old = seen;
        if ((seen & LX_FUTEX_TID_MASK) != tid)
            return;
        if (swap_word(word, &seen,
                      (old & LX_FUTEX_WAITERS) | LX_FUTEX_OWNER_DIED) != 0)
            return;
    } while (seen != old);
    if ((old & LX_FUTEX_WAITERS) != 0)
        wake_one(word);
}

/* An entry's address carries in bit 0 whether it is a PI lock. */
static void abandon_entry(struct aspace *as, uaddr_t entry, int64_t offset,
                          uint32_t tid)
{
    struct futex_word word = {
        .as = as, .addr = (entry & ~UINT64_C(1)) + (uint64_t)offset};

    if (word.addr % sizeof(uint32_t) == 0 && word.addr < HAL_USER_TOP)
        abandon(&word, tid, (entry & 1) != 0);
}

/* The lock it was about to take or give: where it was given, but nobody woken
 * yet, that is made up for. */
static void finish_pending(struct aspace *as,
                           const struct lx_robust_list_head *head, uint32_t tid)
{
    uaddr_t entry = head->list_op_pending;
    struct futex_word word = {.as = as,
                              .addr = (entry & ~UINT64_C(1)) +
                                      (uint64_t)head->futex_offset};
    uint32_t seen;

    if (entry == 0)
        return;
    abandon_entry(as, entry, head->futex_offset, tid);
    if ((entry & 1) == 0 && word.addr % sizeof(uint32_t) == 0 &&
        word.addr < HAL_USER_TOP && load_word(&word, &seen) == 0 && seen == 0)
        wake_one(&word);
}

void futex_exit_robust(struct aspace *as, uaddr_t head_at, uint32_t tid)
{
    struct lx_robust_list_head head;
    uaddr_t entry, next;

    if (copy_in_struct(as, &head, head_at) != 0)
        return;
    entry = head.list;
    for (int i = 0; i < LX_ROBUST_LIST_LIMIT; i++) {
        bool has_next;

        if ((entry & ~UINT64_C(1)) == head_at)
            break;
        has_next = copy_in_struct(as, &next, entry & ~UINT64_C(1)) == 0;
        if (entry != head.list_op_pending)
            abandon_entry(as, entry, head.futex_offset, tid);
        if (!has_next)
            break;
        entry = next;
    }
    finish_pending(as, &head, tid);
}

void futex_exit_clear(struct aspace *as, uaddr_t addr)
{
    static const uint32_t zero;
    struct futex_word word = {.as = as, .addr = addr};

    if (copy_out_struct(as, addr, &zero) == 0)
        wake_one(&word);
}
