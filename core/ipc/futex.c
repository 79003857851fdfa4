/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex.c - keys, buckets, waiting and waking; contract in futex.h.
 */
#include "core/ipc/futex.h"

#include "core/abi/errno.h"
#include "core/ipc/futex_impl.h"
#include "core/sched/thread.h"
#include "core/sched/waitq.h"
#include "core/vm/aspace.h"
#include "core/vm/object.h"
#include "core/vm/place.h"
#include "hal/uaccess.h"

enum { BUCKETS = 256 };

static const struct lock_class futex_class = {"futex", LOCK_RANK_FUTEX};

static struct futex_bucket buckets[BUCKETS];

void futex_init_all(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        spin_init(&buckets[i].lock, &futex_class);
        list_init(&buckets[i].waiters);
    }
}

/* --- keys ----------------------------------------------------------------- */

int futex_key_get(const struct futex_word *word, unsigned access,
                  struct futex_key *out)
{
    struct vm_place place = {0};
    int error;

    if (word->addr % sizeof(uint32_t) != 0)
        return -EINVAL;
    if (word->addr >= HAL_USER_TOP)
        return -EFAULT;
    *out = (struct futex_key){
        .as = word->as,
        .page = word->addr / PAGE_SIZE,
        .offset = (uint32_t)(word->addr % PAGE_SIZE),
        .is_private = word->is_private,
    };
    if (word->is_private)
        return 0;
    error = aspace_place(word->as, word->addr, access, &place);
    if (error != 0 || place.object == NULL)
        return error;
    out->as = NULL;
    out->object = place.object;
    out->page = place.index;
    return 0;
}

void futex_key_put(struct futex_key *key)
{
    if (key->object != NULL)
        vm_object_put(key->object);
    key->object = NULL;
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->as == b->as && a->object == b->object && a->page == b->page &&
           a->offset == b->offset && a->is_private == b->is_private;
}

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
    uint64_t hash = (key->page << 10) + key->offset / sizeof(uint32_t);

    /* Multiplicative hashing: 2^64 divided by the golden ratio. */
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> 56];
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b) NO_TSA
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock(a < b ? &b->lock : &a->lock);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b) NO_TSA
{
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

int futex_bring_in(const struct futex_word *word, unsigned access)
{
    return aspace_fault(word->as, word->addr, access) == 0 ? 0 : -EFAULT;
}

/* --- waiters -------------------------------------------------------------- */

void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket,
                   const struct futex_key *key)
{
    list_init(&waiter->link);
    waiter->thread = thread_current();
    waiter->key = *key;
    waiter->is_moved = false;
    __atomic_store_n(&waiter->is_woken, false, __ATOMIC_RELAXED);
    __atomic_store_n(&waiter->bucket, bucket, __ATOMIC_RELEASE);
    list_push_back(&bucket->waiters, &waiter->link);
}

/* The waiter, who may go on as soon as it is marked, leaves through the
 * bucket's lock, so it lasts as long as that is held. */
void futex_release(struct futex_waiter *waiter)
{
    list_remove(&waiter->link);
    __atomic_store_n(&waiter->is_woken, true, __ATOMIC_RELEASE);
    (void)thread_wake(waiter->thread);
}

bool futex_dequeue(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket;
    bool was_woken;

    for (;;) {
        bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE);
        spin_lock(&bucket->lock);
        if (bucket == __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE))
            break;
        spin_unlock(&bucket->lock); /* it was moved meanwhile */
    }
    was_woken = __atomic_load_n(&waiter->is_woken, __ATOMIC_RELAXED);
    if (!was_woken)
        list_remove(&waiter->link);
    spin_unlock(&bucket->lock);
    if (waiter->is_moved)
        futex_key_put(&waiter->key);
    return was_woken;
}

static bool is_woken(void *arg)
{
    struct futex_waiter *waiter = arg;

    return __atomic_load_n(&waiter->is_woken, __ATOMIC_ACQUIRE) ||
           lend_is_orphan(&waiter->lend);
}

int futex_sleep(struct futex_waiter *waiter, uint64_t deadline_ns)
{
    return wait_interruptible(is_woken, waiter, deadline_ns);
}

/* --- wait and wake -------------------------------------------------------- */

/* Enters waiter while the word holds value: 0, -EAGAIN, -EFAULT (the page is
 * not in). */
static int enqueue_if(struct futex_waiter *waiter, const struct futex_key *key,
                      uaddr_t addr, uint32_t value)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    uint32_t now;
    int error;

    spin_lock(&bucket->lock);
    error = hal_user_load32(addr, &now);
    if (error == 0 && now != value)
        error = -EAGAIN;
    if (error == 0)
        futex_enqueue(waiter, bucket, key);
    spin_unlock(&bucket->lock);
    return error;
}

int futex_enqueue_word(struct futex_waiter *waiter,
                       const struct futex_word *word,
                       const struct futex_key *key, uint32_t value)
{
    int error;

    do {
        error = enqueue_if(waiter, key, word->addr, value);
        if (error == -EFAULT && futex_bring_in(word, HAL_READ) != 0)
            return -EFAULT;
    } while (error == -EFAULT);
    return error;
}

int futex_wait(const struct futex_word *word, uint32_t value, uint32_t bits,
               uint64_t deadline_ns)
{
    struct futex_waiter waiter = {.bits = bits};
    struct futex_key key;
    int error;

    if (bits == 0)
        return -EINVAL;
    error = futex_key_get(word, HAL_READ, &key);
    if (error != 0)
        return error;
    error = futex_enqueue_word(&waiter, word, &key, value);
    if (error == 0) {
        error = futex_sleep(&waiter, deadline_ns);
        if (futex_dequeue(&waiter))
            error = 0;
    }
    futex_key_put(&key);
    return error;
}

/* How many, or -EINVAL. */
static int wake_in(struct futex_bucket *bucket, const struct futex_key *key,
                   uint32_t count, uint32_t bits) REQUIRES(bucket->lock)
{
    uint32_t woken = 0;

    list_for_each_safe(node, &bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);

        if (woken >= count)
            break;
        if (!futex_key_equal(&waiter->key, key))
            continue;
        if (waiter->tid != 0)
            return -EINVAL;
        if ((waiter->bits & bits) == 0)
            continue;
        futex_release(waiter);
        woken++;
    }
    return (int)woken;
}

int futex_wake_key(const struct futex_key *key, uint32_t count, uint32_t bits)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    int woken;

    spin_lock(&bucket->lock);
    woken = wake_in(bucket, key, count, bits);
    spin_unlock(&bucket->lock);
    return woken;
}

/* FUTEX_WAKE wakes one where it is asked for none or fewer. */
static uint32_t at_least_one(uint32_t count)
{
    return (int32_t)count <= 0 ? 1 : count;
}

int futex_wake(const struct futex_word *word, uint32_t count, uint32_t bits)
{
    struct futex_key key;
    int result;

    if (bits == 0)
        return -EINVAL;
    result = futex_key_get(word, HAL_READ, &key);
    if (result != 0)
        return result;
    result = futex_wake_key(&key, at_least_one(count), bits);
    futex_key_put(&key);
    return result;
}

/* --- two words ------------------------------------------------------------ */

/* Moves waiters of from to another bucket and key; how many, or -EINVAL. */
static int move_waiters(struct futex_bucket *bucket,
                        const struct futex_key *from,
                        const struct futex_key *to, uint32_t count)
{
    struct futex_bucket *goal = futex_bucket_of(to);
    int moved = 0;

    list_for_each_safe(node, &bucket->waiters)
    {
        struct futex_waiter *waiter =
            list_entry(node, struct futex_waiter, link);

        if ((uint32_t)moved >= count)
            break;
        if (!futex_key_equal(&waiter->key, from))
            continue;
        if (waiter->tid != 0)
            return -EINVAL;
        moved++;
        if (futex_key_equal(from, to))
            continue;
        /* The caller's own references keep both objects alive: no last put. */
        if (to->object != NULL)
            vm_object_get(to->object);
        if (waiter->is_moved)
            futex_key_put(&waiter->key);
        waiter->key = *to;
        waiter->is_moved = true;
        list_remove(&waiter->link);
        __atomic_store_n(&waiter->bucket, goal, __ATOMIC_RELEASE);
        list_push_back(&goal->waiters, &waiter->link);
    }
    return moved;
}

/* Under both locks: 0 and the word as expected, -EAGAIN, -EFAULT. */
static int check_word(const struct futex_move *move)
{
    uint32_t now;
    int error;

    if (move->expect == NULL)
        return 0;
    error = hal_user_load32(move->from.addr, &now);
    if (error != 0)
        return error;
    return now == *move->expect ? 0 : -EAGAIN;
}

/* The wake and the move; under both locks. */
static int wake_and_move(struct futex_bucket *bucket,
                         const struct futex_move *move,
                         const struct futex_key *from,
                         const struct futex_key *to) NO_TSA
{
    int woken = wake_in(bucket, from, move->wake, LX_FUTEX_BITSET_MATCH_ANY);
    int moved;

    if (woken < 0)
        return woken;
    moved = move_waiters(bucket, from, to, move->move);
    return moved < 0 ? moved : woken + moved;
}

static int requeue_keys(const struct futex_move *move,
                        const struct futex_key *from,
                        const struct futex_key *to)
{
    struct futex_bucket *a = futex_bucket_of(from), *b = futex_bucket_of(to);
    int result;

    for (;;) {
        futex_lock_two(a, b);
        result = check_word(move);
        if (result == 0)
            result = wake_and_move(a, move, from, to);
        futex_unlock_two(a, b);
        if (result != -EFAULT)
            return result;
        if (futex_bring_in(&move->from, HAL_READ) != 0)
            return -EFAULT;
    }
}

int futex_requeue(const struct futex_move *move)
{
    struct futex_key from, to;
    int result;

    if ((int32_t)move->wake < 0 || (int32_t)move->move < 0)
        return -EINVAL;
    result = futex_key_get(&move->from, HAL_READ, &from);
    if (result != 0)
        return result;
    result = futex_key_get(&move->to, HAL_READ, &to);
    if (result == 0) {
        result = requeue_keys(move, &from, &to);
        futex_key_put(&to);
    }
    futex_key_put(&from);
    return result;
}

/* The parts of val3 of FUTEX_WAKE_OP. */
struct wake_op {
    unsigned operation, comparison;
    int32_t with, against;
};

/* A field of 12 bits with a sign. */
static int32_t field_of(uint32_t op, unsigned shift)
{
    return (int32_t)(op << (20 - shift)) >> 20;
}

static int decode_op(uint32_t op, struct wake_op *out)
{
    *out = (struct wake_op){.operation = op >> 28 & 7,
                            .comparison = op >> 24 & 15,
                            .with = field_of(op, 12),
                            .against = field_of(op, 0)};
    if ((op >> 28 & LX_FUTEX_OP_OPARG_SHIFT) != 0)
        out->with = (int32_t)(UINT32_C(1) << ((uint32_t)out->with & 31));
    if (out->operation > LX_FUTEX_OP_XOR ||
        out->comparison > LX_FUTEX_OP_CMP_GE)
        return -ENOSYS;
    return 0;
}

static uint32_t apply_op(const struct wake_op *op, uint32_t value)
{
    uint32_t with = (uint32_t)op->with;

    switch (op->operation) {
    case LX_FUTEX_OP_SET:
        return with;
    case LX_FUTEX_OP_ADD:
        return value + with;
    case LX_FUTEX_OP_OR:
        return value | with;
    case LX_FUTEX_OP_ANDN:
        return value & ~with;
    default:
        return value ^ with;
    }
}

static bool compare_op(const struct wake_op *op, int32_t value)
{
    switch (op->comparison) {
    case LX_FUTEX_OP_CMP_EQ:
        return value == op->against;
    case LX_FUTEX_OP_CMP_NE:
        return value != op->against;
    case LX_FUTEX_OP_CMP_LT:
        return value < op->against;
    case LX_FUTEX_OP_CMP_LE:
        return value <= op->against;
    case LX_FUTEX_OP_CMP_GT:
        return value > op->against;
    default:
        return value >= op->against;
    }
}

/* One atomic change of the word: 0 and what it held, or -EFAULT. */
static int change_word(uaddr_t addr, const struct wake_op *op, uint32_t *old)
{
    uint32_t seen;
    int error = hal_user_load32(addr, &seen);

    while (error == 0) {
        *old = seen;
        error = hal_user_cas32(addr, &seen, apply_op(op, *old));
        if (error == 0 && seen == *old)
            break;
    }
    return error;
}

/* The wakes of FUTEX_WAKE_OP; under both locks. */
static int wake_both(const struct futex_move *move,
                     const struct futex_key *from, const struct futex_key *to,
                     bool also_second) NO_TSA
{
    const uint32_t any = LX_FUTEX_BITSET_MATCH_ANY;
    int woken =
        wake_in(futex_bucket_of(from), from, at_least_one(move->wake), any);
    int others;

    if (woken < 0 || !also_second)
        return woken;
    others = wake_in(futex_bucket_of(to), to, at_least_one(move->move), any);
    return others < 0 ? others : woken + others;
}

static int wake_op_keys(const struct futex_move *move, const struct wake_op *op,
                        const struct futex_key *from,
                        const struct futex_key *to)
{
    struct futex_bucket *a = futex_bucket_of(from), *b = futex_bucket_of(to);
    uint32_t old;
    int result;

    for (;;) {
        futex_lock_two(a, b);
        result = change_word(move->to.addr, op, &old);
        if (result == 0)
            result = wake_both(move, from, to, compare_op(op, (int32_t)old));
        futex_unlock_two(a, b);
        if (result != -EFAULT)
            return result;
        if (futex_bring_in(&move->to, HAL_WRITE) != 0)
            return -EFAULT;
    }
}

int futex_wake_op(const struct futex_move *move, uint32_t op)
{
    struct futex_key from, to;
    struct wake_op decoded;
    int result = futex_key_get(&move->from, HAL_READ, &from);

    if (result != 0)
        return result;
    result = futex_key_get(&move->to, HAL_WRITE, &to);
    if (result == 0) {
        result = decode_op(op, &decoded);
        if (result == 0)
            result = wake_op_keys(move, &decoded, &from, &to);
        futex_key_put(&to);
    }
    futex_key_put(&from);
    return result;
}
