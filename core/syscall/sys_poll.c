/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_poll.c - poll(2), ppoll(2).
 *
 * The files are looked at once without more ado; only who has to sleep hangs
 * waiters in them, and looks again.
 */
#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/fs/poll.h"
#include "core/mem/cache.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/masks.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { FEW_FDS = 32, CHUNK_FDS = 1000, NS_PER_MS = 1000000 };

/* The array of pollfds in pieces, since its size is the user's to choose. */
struct piece {
    struct piece *next;
    unsigned count;
    struct lx_pollfd *fds; /* as they came */
    uint16_t *found;       /* what revents is to be, of each */
};

struct big_piece {
    struct piece piece;
    struct lx_pollfd fds[CHUNK_FDS];
    uint16_t found[CHUNK_FDS];
};

/* What holds of one descriptor. */
static unsigned look_at(struct thread *self, const struct lx_pollfd *fd)
{
    struct fd_loan loan;
    unsigned events;

    if (fd->fd < 0)
        return 0;
    loan = fd_borrow(self->task->files, fd->fd);
    if (loan.file == NULL)
        return LX_POLLNVAL;
    events = (file_flags(loan.file) & LX_O_PATH) != 0 ? LX_POLLNVAL
                                                      : file_poll(loan.file);
    fd_give_back(loan);
    return events &
           ((uint16_t)fd->events | LX_POLLERR | LX_POLLHUP | LX_POLLNVAL);
}

/* Fills found; returns how many are not 0. */
static int look_at_all(struct thread *self, struct piece *first)
{
    int count = 0;

    for (struct piece *piece = first; piece != NULL; piece = piece->next)
        for (unsigned i = 0; i < piece->count; i++) {
            unsigned events = look_at(self, &piece->fds[i]);

            piece->found[i] = (uint16_t)events;
            if (events != 0)
                count++;
        }
    return count;
}

static int watch_all(struct thread *self, struct poll_watches *watches,
                     const struct piece *first)
{
    int error = 0;

    for (const struct piece *piece = first; piece != NULL; piece = piece->next)
        for (unsigned i = 0; i < piece->count && error == 0; i++) {
            const struct lx_pollfd *fd = &piece->fds[i];
            struct fd_loan loan;

            if (fd->fd < 0)
                continue;
            loan = fd_borrow(self->task->files, fd->fd);
            if (loan.file != NULL)
                error = poll_add(watches, loan.file, (uint16_t)fd->events);
            fd_give_back(loan);
        }
    return error;
}

static SELDOM int sleep_and_look(struct thread *self, struct piece *first,
                                 uint64_t deadline_ns)
{
    struct poll_watches watches;
    int count;

    poll_watches_init(&watches);
    count = watch_all(self, &watches, first);
    while (count == 0) {
        wait_set_reset(&watches.set);
        count = look_at_all(self, first);
        if (count == 0)
            count = wait_set_sleep(&watches.set, deadline_ns);
        else
            break;
    }
    poll_watches_fini(&watches);
    return count == -ETIMEDOUT ? 0 : count;
}

/* How many are ready, 0 at the deadline (0: now), -EINTR, -ENOMEM. */
static int poll_all(struct thread *self, struct piece *first,
                    uint64_t deadline_ns)
{
    int count = look_at_all(self, first);

    if (count != 0)
        return count;
    if (signal_is_pending(self->task))
        return -EINTR;
    return deadline_ns == 0 ? 0 : sleep_and_look(self, first, deadline_ns);
}

static void free_pieces(struct piece *first)
{
    while (first != NULL) {
        struct piece *piece = first;

        first = piece->next;
        kmem_free(container_of(piece, struct big_piece, piece),
                  sizeof(struct big_piece));
    }
}

/* The rest of the array, behind what is in last: 0, -ENOMEM, -EFAULT. */
static int take_rest(struct thread *self, struct piece *last, uaddr_t from,
                     unsigned count)
{
    while (count > 0) {
        struct big_piece *big = kmem_alloc(sizeof(*big), MEM_WAIT, NULL);
        unsigned part = (unsigned)min_u64(count, CHUNK_FDS);

        if (big == NULL)
            return -ENOMEM;
        big->piece =
            (struct piece){.count = part, .fds = big->fds, .found = big->found};
        last->next = &big->piece;
        last = &big->piece;
        if (copy_in(process_of(self)->as, big->fds, from,
                    part * sizeof(struct lx_pollfd)) != 0)
            return -EFAULT;
        from += part * sizeof(struct lx_pollfd);
        count -= part;
    }
    return 0;
}

/* Writes revents alone, as others may use the rest meanwhile, and where it is
 * another than it was; the first in any case, so that a bad address is told. */
static int give_revents(struct thread *self, const struct piece *first,
                        uaddr_t to)
{
    if (!is_user_range(to, 0))
        return -EFAULT;
    to += offsetof(struct lx_pollfd, revents);
    for (const struct piece *piece = first; piece != NULL; piece = piece->next)
        for (unsigned i = 0; i < piece->count; i++) {
            if ((piece->found[i] != (uint16_t)piece->fds[i].revents ||
                 (i == 0 && piece == first)) &&
                copy_out_struct(process_of(self)->as, to, &piece->found[i]) !=
                    0)
                return -EFAULT;
            to += sizeof(struct lx_pollfd);
        }
    return 0;
}

static int poll_array(struct thread *self, uaddr_t at, unsigned count,
                      uint64_t deadline_ns)
{
    struct lx_pollfd few[FEW_FDS];
    uint16_t found[FEW_FDS] = {0};
    struct piece first = {
        .count = (unsigned)min_u64(count, FEW_FDS), .fds = few, .found = found};
    size_t size = first.count * sizeof(few[0]);
    int result = 0;

    if (count > limits_current(&process_of(self)->limits, LX_RLIMIT_NOFILE))
        return -EINVAL;
    if (copy_in(process_of(self)->as, few, at, size) != 0)
        return -EFAULT;
    if (count > FEW_FDS)
        result = take_rest(self, &first, at + size, count - FEW_FDS);
    if (result == 0) {
        result = poll_all(self, &first, deadline_ns);
        if (give_revents(self, &first, at) != 0)
            result = -EFAULT;
    }
    if (count > FEW_FDS)
        free_pieces(first.next);
    return result;
}

int64_t sys_poll(struct thread *self, const uint64_t *args)
{
    struct task_signals *signals = &self->task->signals;
    int32_t timeout = (int32_t)(uint32_t)args[2];
    uint64_t deadline_ns = 0;
    int result;

    if (signals->resumes)
        deadline_ns = signals->deadline_ns;
    else if (timeout < 0)
        deadline_ns = WAIT_FOREVER;
    else if (timeout > 0)
        deadline_ns = hal_clock_now() + (uint64_t)timeout * NS_PER_MS;
    result = poll_array(self, args[0], (unsigned)args[1], deadline_ns);
    if (result != -EINTR)
        return result;
    signals->deadline_ns = deadline_ns;
    return -ERESTART_BLOCK;
}

int64_t sys_ppoll(struct thread *self, const uint64_t *args)
{
    struct timeout timeout;
    int result = timeout_take(self, args[2], TIMEOUT_SPEC, &timeout);

    if (result == 0)
        result = mask_take(self, args[3], args[4]);
    if (result != 0)
        return result;
    result = poll_array(self, args[0], (unsigned)args[1], timeout.deadline_ns);
    mask_give_back(self, result == -EINTR);
    return timeout_give(self, &timeout, result);
}
