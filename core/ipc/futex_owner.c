/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex_owner.c - what a thread's end does to futexes; contract in
 * futex.h.
 */
#include "core/abi/errno.h"
#include "core/ipc/futex_impl.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "hal/uaccess.h"

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
        if (futex_hand_over(word, tid, LX_FUTEX_OWNER_DIED) == 0) {
            other.is_private = true; /* or by this name */
            (void)!futex_hand_over(&other, 0, LX_FUTEX_OWNER_DIED);
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
