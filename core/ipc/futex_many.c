/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex_many.c - futex_waitv(2); contract in futex.h.
 */
#include "core/abi/errno.h"
#include "core/ipc/futex_impl.h"
#include "core/mem/cache.h"
#include "core/sched/waitq.h"
#include "hal/mmu.h"
#include "hal/uaccess.h"

/* A wait for several words. */
struct many {
    const struct futex_word *words;
    const uint32_t *values;
    unsigned count;
    unsigned entered; /* waiters that are on their buckets */
    struct futex_waiter *waiters;
    struct futex_key *keys;
};

static int enter_one(struct many *many, unsigned i)
{
    struct futex_bucket *bucket = futex_bucket_of(&many->keys[i]);
    uint32_t now;
    int error;

    many->waiters[i] = (struct futex_waiter){.bits = LX_FUTEX_BITSET_MATCH_ANY};
    spin_lock(&bucket->lock);
    error = hal_user_load32(many->words[i].addr, &now);
    if (error == 0 && now != many->values[i])
        error = -EAGAIN;
    if (error == 0)
        futex_enqueue(&many->waiters[i], bucket, &many->keys[i]);
    spin_unlock(&bucket->lock);
    return error;
}

/* Takes all off; the last that was woken, or -1. */
static int leave_all(struct many *many)
{
    int woken = -1;

    for (unsigned i = 0; i < many->entered; i++)
        if (futex_dequeue(&many->waiters[i]))
            woken = (int)i;
    many->entered = 0;
    return woken;
}

/* On all buckets: 0, -EAGAIN, -EFAULT; or who was woken meanwhile, plus 1. */
static int enter_all(struct many *many)
{
    for (unsigned i = 0; i < many->count;) {
        int error = enter_one(many, i), woken;

        if (error == 0) {
            many->entered = ++i;
            continue;
        }
        woken = leave_all(many);
        if (woken >= 0)
            return woken + 1;
        if (error != -EFAULT)
            return error;
        if (futex_bring_in(&many->words[i], HAL_READ) != 0)
            return -EFAULT;
        i = 0;
    }
    return 0;
}

static bool is_any_woken(void *arg)
{
    struct many *many = arg;

    for (unsigned i = 0; i < many->count; i++)
        if (__atomic_load_n(&many->waiters[i].is_woken, __ATOMIC_ACQUIRE))
            return true;
    return false;
}

static int wait_with_keys(struct many *many, uint64_t deadline_ns)
{
    int error = enter_all(many), woken;

    if (error != 0)
        return error > 0 ? error - 1 : error;
    error = wait_interruptible(is_any_woken, many, deadline_ns);
    woken = leave_all(many);
    return woken >= 0 ? woken : error;
}

static int wait_with_room(struct many *many, uint64_t deadline_ns)
{
    unsigned got = 0;
    int result = 0;

    while (result == 0 && got < many->count) {
        result = futex_key_get(&many->words[got], HAL_READ, &many->keys[got]);
        if (result == 0)
            got++;
    }
    if (result == 0)
        result = wait_with_keys(many, deadline_ns);
    while (got > 0)
        futex_key_put(&many->keys[--got]);
    return result;
}

int futex_wait_many(const struct futex_word *words, const uint32_t *values,
                    unsigned count, uint64_t deadline_ns)
{
    struct many many = {.words = words, .values = values, .count = count};
    int result = -ENOMEM;

    if (count == 0 || count > LX_FUTEX_WAITV_MAX)
        return -EINVAL;
    many.waiters = kmem_alloc(count * sizeof(*many.waiters), MEM_WAIT, NULL);
    many.keys = kmem_alloc(count * sizeof(*many.keys), MEM_WAIT, NULL);
    if (many.waiters != NULL && many.keys != NULL)
        result = wait_with_room(&many, deadline_ns);
    kmem_free(many.keys, count * sizeof(*many.keys));
    kmem_free(many.waiters, count * sizeof(*many.waiters));
    return result;
}
