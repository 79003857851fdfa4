/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_select.c - select(2), pselect6(2).
 */
#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/base/string.h"
#include "core/fs/poll.h"
#include "core/mem/cache.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/masks.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"

/* What makes a descriptor ready in each set (select(2), "Correspondence"). */
#define READY_IN \
    (LX_POLLRDNORM | LX_POLLRDBAND | LX_POLLIN | LX_POLLHUP | LX_POLLERR)
#define READY_OUT (LX_POLLWRBAND | LX_POLLWRNORM | LX_POLLOUT | LX_POLLERR)
#define READY_EX  (LX_POLLPRI)

enum { SET_IN, SET_OUT, SET_EX, SETS };

enum { WORD_BITS = 64, FEW_WORDS = 16 };

static const unsigned ready_bits[SETS] = {READY_IN, READY_OUT, READY_EX};

/* Three sets asked for, and the three that are the answer. */
struct select {
    unsigned fds;   /* descriptors lie below it */
    unsigned words; /* of each set */
    uint64_t *asked[SETS];
    uint64_t *ready[SETS];
};

/* The sets of word at in which bit is asked for, as a mask of 1 << SET_*. */
static uint64_t union_at(const struct select *select, unsigned at)
{
    return select->asked[SET_IN][at] | select->asked[SET_OUT][at] |
           select->asked[SET_EX][at];
}

/* Looks at one descriptor: how many of its bits are ready, or -EBADF. */
static int look_at(struct thread *self, struct select *select, unsigned fd)
{
    unsigned at = fd / WORD_BITS, events;
    uint64_t bit = UINT64_C(1) << (fd % WORD_BITS);
    struct fd_loan loan = fd_borrow(self->task->files, (int)fd);
    int count = 0;

    if (loan.file == NULL)
        return -EBADF;
    events = file_poll(loan.file);
    fd_give_back(loan);
    for (unsigned i = 0; i < SETS; i++)
        if ((select->asked[i][at] & bit) != 0 &&
            (events & ready_bits[i]) != 0) {
            select->ready[i][at] |= bit;
            count++;
        }
    return count;
}

/* All of them: how many bits, or -EBADF. */
static int look_at_all(struct thread *self, struct select *select)
{
    int count = 0;

    for (unsigned at = 0; at < select->words; at++) {
        for (uint64_t rest = union_at(select, at); rest != 0;
             rest &= rest - 1) {
            unsigned fd = at * WORD_BITS + (unsigned)__builtin_ctzll(rest);
            int found = look_at(self, select, fd);

            if (found < 0)
                return found;
            count += found;
        }
    }
    return count;
}

static int watch_one(struct thread *self, struct poll_watches *watches,
                     const struct select *select, unsigned fd)
{
    struct fd_loan loan = fd_borrow(self->task->files, (int)fd);
    unsigned events = 0;
    int error;

    if (loan.file == NULL)
        return -EBADF;
    for (unsigned i = 0; i < SETS; i++)
        if ((select->asked[i][fd / WORD_BITS] >> (fd % WORD_BITS) & 1) != 0)
            events |= ready_bits[i];
    error = poll_add(watches, loan.file, events);
    fd_give_back(loan);
    return error;
}

static int watch_all(struct thread *self, struct poll_watches *watches,
                     const struct select *select)
{
    int error = 0;

    for (unsigned at = 0; at < select->words; at++)
        for (uint64_t rest = union_at(select, at); rest != 0 && error == 0;
             rest &= rest - 1)
            error = watch_one(self, watches, select,
                              at * WORD_BITS + (unsigned)__builtin_ctzll(rest));
    return error;
}

static SELDOM int sleep_and_look(struct thread *self, struct select *select,
                                 uint64_t deadline_ns)
{
    struct poll_watches watches;
    int count;

    poll_watches_init(&watches);
    count = watch_all(self, &watches, select);
    while (count == 0) {
        wait_set_reset(&watches.set);
        count = look_at_all(self, select);
        if (count == 0)
            count = wait_set_sleep(&watches.set, deadline_ns);
        else
            break;
    }
    poll_watches_fini(&watches);
    return count == -ETIMEDOUT ? 0 : count;
}

static int select_all(struct thread *self, struct select *select,
                      uint64_t deadline_ns)
{
    int count = look_at_all(self, select);

    if (count != 0)
        return count;
    if (signal_is_pending(self->task))
        return -EINTR;
    return deadline_ns == 0 ? 0 : sleep_and_look(self, select, deadline_ns);
}

/* --- the sets ------------------------------------------------------------- */

static int take_sets(struct thread *self, struct select *select,
                     const uaddr_t at[SETS])
{
    size_t size = select->words * sizeof(uint64_t);

    for (unsigned i = 0; i < SETS; i++) {
        mem_set(select->ready[i], 0, size);
        if (at[i] == 0)
            mem_set(select->asked[i], 0, size);
        else if (copy_in(process_of(self)->as, select->asked[i], at[i], size) !=
                 0)
            return -EFAULT;
        /* Nothing is asked of descriptors at fds and above. */
        if (select->fds % WORD_BITS != 0)
            select->asked[i][select->words - 1] &=
                (UINT64_C(1) << (select->fds % WORD_BITS)) - 1;
    }
    return 0;
}

static int give_sets(struct thread *self, const struct select *select,
                     const uaddr_t at[SETS])
{
    size_t size = select->words * sizeof(uint64_t);

    for (unsigned i = 0; i < SETS; i++)
        if (at[i] != 0 &&
            copy_out(process_of(self)->as, at[i], select->ready[i], size) != 0)
            return -EFAULT;
    return 0;
}

static int select_sets(struct thread *self, struct select *select,
                       const uaddr_t at[SETS], uint64_t deadline_ns)
{
    int result = take_sets(self, select, at);

    if (result == 0)
        result = select_all(self, select, deadline_ns);
    if (result >= 0 && give_sets(self, select, at) != 0)
        result = -EFAULT;
    return result;
}

static void free_sets(struct select *select)
{
    size_t size = select->words * sizeof(uint64_t);

    for (unsigned i = 0; i < SETS; i++) {
        kmem_free(select->asked[i], size);
        kmem_free(select->ready[i], size);
    }
}

/* Sets too large for the stack. */
static SELDOM int select_many(struct thread *self, struct select *select,
                              const uaddr_t at[SETS], uint64_t deadline_ns)
{
    size_t size = select->words * sizeof(uint64_t);
    int result = -ENOMEM;
    bool has_all = true;

    for (unsigned i = 0; i < SETS; i++) {
        select->asked[i] = kmem_alloc(size, MEM_WAIT, NULL);
        select->ready[i] = kmem_alloc(size, MEM_WAIT, NULL);
        has_all =
            has_all && select->asked[i] != NULL && select->ready[i] != NULL;
    }
    if (has_all)
        result = select_sets(self, select, at, deadline_ns);
    free_sets(select);
    return result;
}

/* The rest of select(2)'s arguments: descriptors above all that the table has
 * ever had are not looked at (select(2), BUGS). */
static int select_fds(struct thread *self, const uint64_t *args,
                      uint64_t deadline_ns)
{
    uint64_t words[2 * SETS][FEW_WORDS];
    const uaddr_t at[SETS] = {args[1], args[2], args[3]};
    int32_t count = (int32_t)(uint32_t)args[0];
    struct select select;

    if (count < 0)
        return -EINVAL;
    select.fds =
        (unsigned)min_u64((unsigned)count, fd_table_size(self->task->files));
    select.words = (select.fds + WORD_BITS - 1) / WORD_BITS;
    if (select.words > FEW_WORDS)
        return select_many(self, &select, at, deadline_ns);
    for (unsigned i = 0; i < SETS; i++) {
        select.asked[i] = words[i];
        select.ready[i] = words[SETS + i];
    }
    return select_sets(self, &select, at, deadline_ns);
}

int64_t sys_select(struct thread *self, const uint64_t *args)
{
    struct timeout timeout;
    int result = timeout_take(self, args[4], TIMEOUT_VAL, &timeout);

    if (result != 0)
        return result;
    return timeout_give(self, &timeout,
                        select_fds(self, args, timeout.deadline_ns));
}

/* What pselect6(2)'s last argument points at. */
struct mask_argument {
    uint64_t at, size;
};

int64_t sys_pselect6(struct thread *self, const uint64_t *args)
{
    struct mask_argument mask = {0};
    struct timeout timeout;
    int result;

    if (args[5] != 0 &&
        copy_in_struct(process_of(self)->as, &mask, args[5]) != 0)
        return -EFAULT;
    result = timeout_take(self, args[4], TIMEOUT_SPEC, &timeout);
    if (result == 0)
        result = mask_take(self, mask.at, mask.size);
    if (result != 0)
        return result;
    result = select_fds(self, args, timeout.deadline_ns);
    mask_give_back(self, result == -EINTR);
    return timeout_give(self, &timeout, result);
}
