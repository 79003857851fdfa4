/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_splice.c - splice(2), tee(2), vmsplice(2), sendfile(2).
 */
#include "core/abi/errno.h"
#include "core/abi/resource.h"
#include "core/abi/splice.h"
#include "core/fs/splice.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

#define SPLICE_KNOWN \
    (LX_SPLICE_F_MOVE | LX_SPLICE_F_NONBLOCK | LX_SPLICE_F_MORE | \
     LX_SPLICE_F_GIFT)

static int64_t result_of(struct thread *self, ssize_t moved)
{
    if (moved == -EPIPE)
        io_signal_broken(self);
    return moved == -EINTR ? -ERESTART_CALL : moved;
}

/* At most size bytes, and no file beyond RLIMIT_FSIZE. */
static struct splice_order order_of(const struct thread *self, uint64_t size,
                                    bool is_patient)
{
    uint64_t size_max = io_size_max(self);

    return (struct splice_order){.size = min_u64(size, CALL_BYTES_MAX),
                                 .is_patient = is_patient,
                                 .is_limited = size_max != LX_RLIM_INFINITY,
                                 .size_max = size_max,
                                 .writer = self->task->cred};
}

/* A limit that was met is told by a signal, whatever moved before it. */
static int64_t result_of_order(struct thread *self,
                               const struct splice_order *order, ssize_t moved)
{
    if (order->is_beyond)
        io_signal_size(self);
    return result_of(self, moved);
}

/* A position argument, which is 0 or the address of one. */
struct offset {
    uaddr_t at;
    uint64_t value;
};

static int take_offset(struct thread *self, uaddr_t at, struct offset *out)
{
    *out = (struct offset){.at = at};
    if (at == 0)
        return 0;
    if (copy_in_struct(process_of(self)->as, &out->value, at) != 0)
        return -EFAULT;
    return (int64_t)out->value < 0 ? -EINVAL : 0;
}

static int give_offset(struct thread *self, const struct offset *offset)
{
    if (offset->at == 0)
        return 0;
    return copy_out_struct(process_of(self)->as, offset->at, &offset->value);
}

/* Two descriptors of a call. */
struct loans {
    struct fd_loan from, to;
};

static int take_loans(struct thread *self, uint64_t from, uint64_t to,
                      struct loans *out)
{
    out->from = fd_borrow(self->task->files, fd_of(from));
    if (out->from.file == NULL)
        return -EBADF;
    out->to = fd_borrow(self->task->files, fd_of(to));
    if (out->to.file != NULL)
        return 0;
    fd_give_back(out->from);
    return -EBADF;
}

static void give_loans(const struct loans *loans)
{
    fd_give_back(loans->from);
    fd_give_back(loans->to);
}

static int64_t splice_offsets(struct thread *self, const struct loans *loans,
                              const uint64_t *args)
{
    struct splice_order order =
        order_of(self, args[4], (args[5] & LX_SPLICE_F_NONBLOCK) == 0);
    struct splice_end from = {.file = loans->from.file};
    struct splice_end to = {.file = loans->to.file};
    struct offset offset_from, offset_to;
    ssize_t moved;
    int error;

    error = take_offset(self, args[1], &offset_from);
    if (error == 0)
        error = take_offset(self, args[3], &offset_to);
    if (error != 0)
        return error;
    if (args[1] != 0)
        from.position = &offset_from.value;
    if (args[3] != 0)
        to.position = &offset_to.value;
    moved = splice_move(&from, &to, &order);
    if (moved >= 0 && (give_offset(self, &offset_from) != 0 ||
                       give_offset(self, &offset_to) != 0))
        return -EFAULT;
    return result_of_order(self, &order, moved);
}

int64_t sys_splice(struct thread *self, const uint64_t *args)
{
    struct loans loans;
    int64_t result;

    if (args[4] == 0)
        return 0;
    if (((uint32_t)args[5] & ~SPLICE_KNOWN) != 0)
        return -EINVAL;
    result = take_loans(self, args[0], args[2], &loans);
    if (result != 0)
        return result;
    result = splice_offsets(self, &loans, args);
    give_loans(&loans);
    return result;
}

int64_t sys_tee(struct thread *self, const uint64_t *args)
{
    struct loans loans;
    int64_t result;

    if (((uint32_t)args[3] & ~SPLICE_KNOWN) != 0)
        return -EINVAL;
    if (args[2] == 0)
        return 0;
    result = take_loans(self, args[0], args[1], &loans);
    if (result != 0)
        return result;
    result = result_of(self, splice_tee(loans.from.file, loans.to.file,
                                        min_u64(args[2], CALL_BYTES_MAX),
                                        (args[3] & LX_SPLICE_F_NONBLOCK) == 0));
    give_loans(&loans);
    return result;
}

int64_t sys_vmsplice(struct thread *self, const uint64_t *args)
{
    struct fd_loan loan;
    struct io_vectors vectors;
    struct user_cursor cursor;
    int64_t result;

    if (((uint32_t)args[3] & ~SPLICE_KNOWN) != 0)
        return -EINVAL;
    loan = fd_borrow(self->task->files, fd_of(args[0]));
    if (loan.file == NULL)
        return -EBADF;
    result = io_take_vectors(self, args[1], args[2], &vectors, &cursor);
    if (result == 0) {
        if (cursor.left > 0)
            result = splice_memory(loan.file, &cursor,
                                   (args[3] & LX_SPLICE_F_NONBLOCK) == 0);
        io_give_vectors(&vectors);
    }
    fd_give_back(loan);
    return result_of(self, result);
}

static int64_t send(struct thread *self, const struct loans *loans,
                    const uint64_t *args)
{
    struct splice_order order = order_of(self, args[3], true);
    struct splice_end from = {.file = loans->from.file};
    struct offset offset;
    ssize_t moved;
    int error = take_offset(self, args[2], &offset);

    if (error != 0)
        return error;
    if (args[2] != 0)
        from.position = &offset.value;
    moved = splice_send(&from, loans->to.file, &order);
    if (moved >= 0 && give_offset(self, &offset) != 0)
        return -EFAULT;
    return result_of_order(self, &order, moved);
}

int64_t sys_sendfile(struct thread *self, const uint64_t *args)
{
    struct loans loans;
    int64_t result = take_loans(self, args[1], args[0], &loans);

    if (result != 0)
        return result;
    result = send(self, &loans, args);
    give_loans(&loans);
    return result;
}
