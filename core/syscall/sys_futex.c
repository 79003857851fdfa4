/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_futex.c - futex(2), futex_waitv(2).
 */
#include "core/abi/errno.h"
#include "core/abi/time.h"
#include "core/id/nsset.h"
#include "core/ipc/futex.h"
#include "core/mem/cache.h"
#include "core/proc/clock.h"
#include "core/proc/signal.h"
#include "core/sched/waitq.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

static struct futex_word word_at(struct thread *self, uaddr_t addr,
                                 uint32_t flags)
{
    return (struct futex_word){
        .as = process_of(self)->as,
        .addr = addr,
        .is_private = (flags & LX_FUTEX_PRIVATE_FLAG) != 0,
    };
}

/* The time at from as a deadline; 0: never. */
static int take_absolute(struct thread *self, uaddr_t from, int32_t clock,
                         uint64_t *deadline_ns)
{
    uint64_t ns;
    int error;

    *deadline_ns = WAIT_FOREVER;
    if (from == 0)
        return 0;
    error = time_take(self, from, &ns);
    if (error == 0)
        *deadline_ns = clock_deadline(clock, ns);
    return error;
}

static int32_t clock_of(uint32_t op)
{
    return (op & LX_FUTEX_CLOCK_REALTIME) != 0 ? LX_CLOCK_REALTIME
                                               : LX_CLOCK_MONOTONIC;
}

/* FUTEX_WAIT: its timeout counts from now; cut short it goes on to the same
 * end. */
static int64_t wait_relative(struct thread *self, const uint64_t *args)
{
    struct futex_word word = word_at(self, args[0], (uint32_t)args[1]);
    struct task_signals *signals = &self->task->signals;
    uint64_t deadline = WAIT_FOREVER;
    int error = 0;

    if (args[3] != 0)
        error = deadline_take(self, args[3], &deadline);
    if (error != 0)
        return error;
    if (signals->resumes)
        deadline = signals->deadline_ns;
    error = futex_wait(&word, (uint32_t)args[2], LX_FUTEX_BITSET_MATCH_ANY,
                       deadline);
    if (error != -EINTR)
        return error;
    signals->deadline_ns = deadline;
    return args[3] != 0 ? -ERESTART_BLOCK : -ERESTART_CALL;
}

static int64_t wait_bits(struct thread *self, const uint64_t *args)
{
    uint32_t op = (uint32_t)args[1];
    struct futex_word word = word_at(self, args[0], op);
    uint64_t deadline;
    int error = take_absolute(self, args[3], clock_of(op), &deadline);

    if (error == 0)
        error =
            futex_wait(&word, (uint32_t)args[2], (uint32_t)args[5], deadline);
    return error == -EINTR ? -ERESTART_CALL : error;
}

static int64_t wake(struct thread *self, const uint64_t *args, uint32_t bits)
{
    struct futex_word word = word_at(self, args[0], (uint32_t)args[1]);

    return futex_wake(&word, (uint32_t)args[2], bits);
}

static struct futex_move move_of(struct thread *self, const uint64_t *args)
{
    uint32_t op = (uint32_t)args[1];

    return (struct futex_move){
        .from = word_at(self, args[0], op),
        .to = word_at(self, args[4], op),
        .wake = (uint32_t)args[2],
        .move = (uint32_t)args[3],
    };
}

static int64_t requeue(struct thread *self, const uint64_t *args, bool compares)
{
    struct futex_move move = move_of(self, args);
    uint32_t expect = (uint32_t)args[5];

    if (compares)
        move.expect = &expect;
    return futex_requeue(&move);
}

static int64_t wake_op(struct thread *self, const uint64_t *args)
{
    struct futex_move move = move_of(self, args);

    return futex_wake_op(&move, (uint32_t)args[5]);
}

/* The thread that the running one's namespace calls tid; with a reference. */
static struct thread *find_thread(uint32_t tid)
{
    struct task *task = task_find(task_current()->ns->pid, (int)tid);
    struct thread *thread;

    if (task == NULL)
        return NULL;
    thread = task->thread;
    thread_get(thread);
    task_put(task);
    return thread;
}

static struct futex_self self_of(const struct thread *self)
{
    return (struct futex_self){(uint32_t)task_number(self->task), find_thread};
}

static int64_t lock_pi(struct thread *self, const uint64_t *args, bool is_try,
                       int32_t clock)
{
    struct futex_word word = word_at(self, args[0], (uint32_t)args[1]);
    struct futex_self me = self_of(self);
    uint64_t deadline = WAIT_FOREVER;
    int error = 0;

    if (!is_try)
        error = take_absolute(self, args[3], clock, &deadline);
    if (error == 0)
        error = futex_lock_pi(&word, &me, is_try, deadline);
    return error == -EINTR ? -ERESTART_NOINTR : error;
}

static int64_t unlock_pi(struct thread *self, const uint64_t *args)
{
    struct futex_word word = word_at(self, args[0], (uint32_t)args[1]);

    return futex_unlock_pi(&word, (uint32_t)task_number(self->task));
}

static int64_t wait_requeue_pi(struct thread *self, const uint64_t *args)
{
    uint32_t op = (uint32_t)args[1];
    struct futex_word word = word_at(self, args[0], op);
    struct futex_word to = word_at(self, args[4], op);
    struct futex_self me = self_of(self);
    uint64_t deadline;
    int error = take_absolute(self, args[3], clock_of(op), &deadline);

    if (error == 0)
        error =
            futex_wait_requeue_pi(&word, (uint32_t)args[2], &to, &me, deadline);
    return error == -EINTR ? -ERESTART_NOINTR : error;
}

static int64_t requeue_pi(struct thread *self, const uint64_t *args)
{
    struct futex_move move = move_of(self, args);
    struct futex_self me = self_of(self);
    uint32_t expect = (uint32_t)args[5];

    move.expect = &expect;
    return futex_requeue_pi(&move, &me);
}

/* Which operations know another clock. */
static bool takes_clock(uint32_t command)
{
    return command == LX_FUTEX_WAIT || command == LX_FUTEX_WAIT_BITSET ||
           command == LX_FUTEX_LOCK_PI2 || command == LX_FUTEX_WAIT_REQUEUE_PI;
}

int64_t sys_futex(struct thread *self, const uint64_t *args)
{
    uint32_t op = (uint32_t)args[1];
    uint32_t command = op & (uint32_t)LX_FUTEX_CMD_MASK;

    if ((op & LX_FUTEX_CLOCK_REALTIME) != 0 && !takes_clock(command))
        return -ENOSYS;
    switch (command) {
    case LX_FUTEX_WAIT:
        return wait_relative(self, args);
    case LX_FUTEX_WAIT_BITSET:
        return wait_bits(self, args);
    case LX_FUTEX_WAKE:
        return wake(self, args, LX_FUTEX_BITSET_MATCH_ANY);
    case LX_FUTEX_WAKE_BITSET:
        return wake(self, args, (uint32_t)args[5]);
    case LX_FUTEX_REQUEUE:
        return requeue(self, args, false);
    case LX_FUTEX_CMP_REQUEUE:
        return requeue(self, args, true);
    case LX_FUTEX_WAKE_OP:
        return wake_op(self, args);
    case LX_FUTEX_LOCK_PI:
        return lock_pi(self, args, false, LX_CLOCK_REALTIME);
    case LX_FUTEX_LOCK_PI2:
        return lock_pi(self, args, false, clock_of(op));
    case LX_FUTEX_TRYLOCK_PI:
        return lock_pi(self, args, true, LX_CLOCK_REALTIME);
    case LX_FUTEX_UNLOCK_PI:
        return unlock_pi(self, args);
    case LX_FUTEX_WAIT_REQUEUE_PI:
        return wait_requeue_pi(self, args);
    case LX_FUTEX_CMP_REQUEUE_PI:
        return requeue_pi(self, args);
    default:
        return -ENOSYS;
    }
}

/* --- futex_waitv(2) ------------------------------------------------------- */

/* Room for the arguments of one call. */
struct vectors {
    struct lx_futex_waitv in[LX_FUTEX_WAITV_MAX];
    struct futex_word words[LX_FUTEX_WAITV_MAX];
    uint32_t values[LX_FUTEX_WAITV_MAX];
};

static int take_vectors(struct thread *self, uaddr_t from, unsigned count,
                        struct vectors *out)
{
    if (copy_in(process_of(self)->as, out->in, from,
                count * sizeof(out->in[0])) != 0)
        return -EFAULT;
    for (unsigned i = 0; i < count; i++) {
        const struct lx_futex_waitv *in = &out->in[i];

        if ((in->flags & ~(uint32_t)LX_FUTEX_PRIVATE_FLAG) != LX_FUTEX_32 ||
            in->reserved != 0 || in->val > UINT32_MAX)
            return -EINVAL;
        out->words[i] = word_at(self, in->uaddr, in->flags);
        out->values[i] = (uint32_t)in->val;
    }
    return 0;
}

int64_t sys_futex_waitv(struct thread *self, const uint64_t *args)
{
    unsigned count = (unsigned)args[1];
    int32_t clock = (int32_t)(uint32_t)args[4];
    uint64_t deadline = WAIT_FOREVER;
    struct vectors *vectors;
    int error = 0;

    if ((uint32_t)args[2] != 0 || count == 0 || count > LX_FUTEX_WAITV_MAX ||
        args[0] == 0)
        return -EINVAL;
    if (args[3] != 0 && clock != LX_CLOCK_MONOTONIC &&
        clock != LX_CLOCK_REALTIME)
        return -EINVAL;
    error = take_absolute(self, args[3], clock, &deadline);
    if (error != 0)
        return error;
    vectors = kmem_alloc(sizeof(*vectors), MEM_WAIT, NULL);
    if (vectors == NULL)
        return -ENOMEM;
    error = take_vectors(self, args[0], count, vectors);
    if (error == 0)
        error =
            futex_wait_many(vectors->words, vectors->values, count, deadline);
    kmem_free(vectors, sizeof(*vectors));
    return error == -EINTR ? -ERESTART_CALL : error;
}
