/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/tty.c - contract in tty.h.
 *
 * Under the lock a call collects what it has come to (struct outcome); once
 * the lock is given back settle() tells programs, line and jobs.
 */
#include "core/dev/tty.h"

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/id/pid.h"
#include "hal/clock.h"

#define TENTH_NS UINT64_C(100000000)

static const struct lock_class tty_class = {"tty", LOCK_RANK_TTY};
static const struct lock_class reader_class = {"tty reader", LOCK_RANK_INODE};
static const struct lock_class writer_class = {"tty writer", LOCK_RANK_INODE};

static const struct tty_jobs *the_jobs; /* const after boot */

struct outcome {
    struct ldisc_result result;
    struct pid *group; /* that gets result.signal; a reference, or NULL */
    bool has_room;     /* for input that found none */
};

void tty_set_jobs(const struct tty_jobs *jobs)
{
    the_jobs = jobs;
}

const struct tty_jobs *tty_get_jobs(void)
{
    return the_jobs;
}

void tty_init(struct tty *tty, const struct tty_ops *ops, uint32_t major,
              uint32_t minor)
{
    mem_set(tty, 0, sizeof(*tty));
    refcount_init(&tty->refs, 1);
    tty->ops = ops;
    tty->major = major;
    tty->minor = minor;
    waitq_init(&tty->waitq);
    mutex_init(&tty->reader, &reader_class);
    mutex_init(&tty->writer, &writer_class);
    spin_init(&tty->lock, &tty_class);
    ldisc_init(&tty->ldisc);
}

void tty_get(struct tty *tty)
{
    refcount_get(&tty->refs);
}

static void put_pid(struct pid *pid)
{
    if (pid != NULL)
        pid_put(pid);
}

void tty_put(struct tty *tty)
{
    if (!refcount_put(&tty->refs))
        return;
    put_pid(tty->session);
    put_pid(tty->foreground);
    tty->ops->free(tty);
}

/* Completes what was found out under the lock, which is still held. */
static void conclude(struct tty *tty, struct outcome *outcome)
    REQUIRES(tty->lock)
{
    if (tty->ops->has_line && tty->ldisc.is_stopped)
        tty->ldisc.out_limit = tty->ldisc.out_head;
    if (tty->ops->note != NULL)
        tty->ops->note(tty, outcome->result.events);
    if (outcome->result.signal != 0 && tty->foreground != NULL) {
        pid_get(tty->foreground);
        outcome->group = tty->foreground;
    }
    if (tty->is_short && ldisc_has_room(&tty->ldisc)) {
        tty->is_short = false;
        outcome->has_room = true;
    }
}

static void settle(struct tty *tty, const struct outcome *outcome)
{
    unsigned events = outcome->result.events;

    if ((events & (LDISC_READABLE | LDISC_WRITABLE)) != 0)
        waitq_wake_all(&tty->waitq);
    if ((events & ~(unsigned)(LDISC_READABLE | LDISC_WRITABLE)) != 0)
        tty->ops->output(tty);
    if (outcome->has_room)
        tty->ops->input_room(tty);
    if (outcome->group != NULL) {
        the_jobs->signal(outcome->group, outcome->result.signal);
        pid_put(outcome->group);
    }
}

int tty_open(struct tty *tty, unsigned *hangups)
{
    bool may_intrude =
        !tty_is_exclusive(tty) || the_jobs->is_capable(TTY_MAY_ADMIN);
    bool is_first = false;
    int error = 0;

    spin_lock(&tty->lock);
    if (tty->is_exclusive && !may_intrude)
        error = -EBUSY;
    else
        is_first = tty->opens++ == 0;
    *hangups = tty->hangups;
    spin_unlock(&tty->lock);
    if (is_first && tty->ops->opened != NULL)
        tty->ops->opened(tty);
    return error;
}

void tty_close(struct tty *tty)
{
    bool is_last;

    spin_lock(&tty->lock);
    ASSERT(tty->opens > 0);
    is_last = --tty->opens == 0;
    if (is_last)
        tty->is_exclusive = false;
    spin_unlock(&tty->lock);
    if (is_last && tty->ops->closed != NULL)
        tty->ops->closed(tty);
}

bool tty_is_gone(struct tty *tty, unsigned hangups)
{
    bool is_gone;

    spin_lock(&tty->lock);
    is_gone = tty->hangups != hangups;
    spin_unlock(&tty->lock);
    return is_gone;
}

/* --- the line's side ------------------------------------------------------ */

/* Input up to a byte that raises a signal: how much. */
static size_t receive_some(struct tty *tty, const uint8_t *bytes, size_t size)
{
    struct outcome outcome = {0};
    size_t done;

    spin_lock(&tty->lock);
    done = ldisc_receive(&tty->ldisc, bytes, size, &outcome.result);
    tty->input_ns = hal_clock_now();
    conclude(tty, &outcome);
    if (done < size && outcome.result.signal == 0)
        tty->is_short = true;
    spin_unlock(&tty->lock);
    settle(tty, &outcome);
    return done;
}

size_t tty_receive(struct tty *tty, const uint8_t *bytes, size_t size)
{
    enum { AT_ONCE = 512 }; /* under the lock */
    size_t done = 0, now, taken;

    do {
        now = min_size(size - done, AT_ONCE);
        taken = receive_some(tty, bytes + done, now);
        done += taken;
    } while (taken > 0 && done < size);
    return done;
}

bool tty_has_room(struct tty *tty)
{
    bool has_room;

    spin_lock(&tty->lock);
    has_room = ldisc_has_room(&tty->ldisc);
    if (!has_room)
        tty->is_short = true;
    spin_unlock(&tty->lock);
    return has_room;
}

size_t tty_peek_out(struct tty *tty, uint8_t *to, size_t size, uint32_t *start)
{
    size_t count;

    spin_lock(&tty->lock);
    count = ldisc_peek_out(&tty->ldisc, to, size, start);
    spin_unlock(&tty->lock);
    return count;
}

void tty_take_out(struct tty *tty, uint32_t start, size_t count)
{
    struct ldisc_result result = {0};

    spin_lock(&tty->lock);
    ldisc_take_out(&tty->ldisc, start, count, &result);
    spin_unlock(&tty->lock);
    if ((result.events & LDISC_WRITABLE) != 0)
        waitq_wake_all(&tty->waitq);
}

void tty_hang_up(struct tty *tty)
{
    struct outcome outcome = {0};

    spin_lock(&tty->lock);
    tty->hangups++;
    ldisc_start(&tty->ldisc, &outcome.result);
    ldisc_flush_in(&tty->ldisc, &outcome.result);
    if (!tty->ops->has_line)
        ldisc_flush_out(&tty->ldisc, &outcome.result);
    outcome.result.events |= LDISC_READABLE;
    conclude(tty, &outcome);
    spin_unlock(&tty->lock);
    the_jobs->detach(tty);
    settle(tty, &outcome);
}

void tty_set_window(struct tty *tty, const struct lx_winsize *window)
{
    struct pid *group = NULL;

    spin_lock(&tty->lock);
    if (!mem_equal(&tty->window, window, sizeof(*window))) {
        tty->window = *window;
        group = tty->foreground;
        if (group != NULL)
            pid_get(group);
    }
    spin_unlock(&tty->lock);
    if (group == NULL)
        return;
    the_jobs->signal(group, LX_SIGWINCH);
    pid_put(group);
}

/* --- the programs' side --------------------------------------------------- */

void tty_look(struct tty *tty, unsigned hangups, struct tty_input *out)
{
    const struct ldisc *d = &tty->ldisc;

    spin_lock(&tty->lock);
    out->is_gone = tty->hangups != hangups;
    out->is_canonical = (d->termios.c_lflag & LX_ICANON) != 0;
    out->count = out->is_canonical ? ldisc_is_readable(d) : ldisc_count(d);
    out->min = d->termios.c_cc[LX_VMIN];
    out->time_ns = d->termios.c_cc[LX_VTIME] * TENTH_NS;
    out->input_ns = tty->input_ns;
    spin_unlock(&tty->lock);
}

/* Is there as much to read as poll(2) asks for? */
static bool is_poll_readable(const struct ldisc *d)
{
    const uint8_t *keys = d->termios.c_cc;
    size_t least = 1;

    if ((d->termios.c_lflag & LX_ICANON) != 0)
        return ldisc_is_readable(d);
    if (keys[LX_VTIME] == 0 && keys[LX_VMIN] != 0)
        least = keys[LX_VMIN];
    return ldisc_count(d) >= least;
}

unsigned tty_poll(struct tty *tty, unsigned hangups)
{
    unsigned events = 0;

    spin_lock(&tty->lock);
    if (tty->hangups != hangups)
        events = LX_POLLIN | LX_POLLOUT | LX_POLLERR | LX_POLLHUP |
                 LX_POLLRDNORM | LX_POLLWRNORM;
    if (is_poll_readable(&tty->ldisc))
        events |= LX_POLLIN | LX_POLLRDNORM;
    if (ldisc_can_write(&tty->ldisc))
        events |= LX_POLLOUT | LX_POLLWRNORM;
    spin_unlock(&tty->lock);
    return events;
}

bool tty_peek(struct tty *tty, uint8_t *to, size_t size,
              struct ldisc_view *view)
{
    bool found;

    spin_lock(&tty->lock);
    found = ldisc_peek(&tty->ldisc, to, size, view);
    spin_unlock(&tty->lock);
    return found;
}

void tty_take(struct tty *tty, const struct ldisc_view *view, size_t count)
{
    struct outcome outcome = {0};

    spin_lock(&tty->lock);
    ldisc_take(&tty->ldisc, view, count);
    conclude(tty, &outcome);
    spin_unlock(&tty->lock);
    settle(tty, &outcome);
}

size_t tty_write(struct tty *tty, const uint8_t *bytes, size_t size)
{
    struct ldisc_result result = {0};
    size_t done;

    spin_lock(&tty->lock);
    done = ldisc_write(&tty->ldisc, bytes, size, &result);
    spin_unlock(&tty->lock);
    return done;
}

void tty_push(struct tty *tty)
{
    tty->ops->output(tty);
}

bool tty_has_output(struct tty *tty)
{
    return tty->ops->has_line && tty_count_out(tty) > 0;
}

void tty_get_termios(struct tty *tty, struct lx_termios2 *out)
{
    spin_lock(&tty->lock);
    *out = tty->ldisc.termios;
    spin_unlock(&tty->lock);
}

void tty_set_termios(struct tty *tty, const struct lx_termios2 *termios)
{
    struct lx_termios2 fresh = *termios;
    struct outcome outcome = {0};

    if (tty->ops->limit != NULL)
        tty->ops->limit(&fresh);
    spin_lock(&tty->lock);
    ldisc_set_termios(&tty->ldisc, &fresh, &outcome.result);
    conclude(tty, &outcome);
    spin_unlock(&tty->lock);
    settle(tty, &outcome);
}

int tty_flush(struct tty *tty, unsigned which)
{
    struct outcome outcome = {0};

    if (which > LX_TCIOFLUSH)
        return -EINVAL;
    spin_lock(&tty->lock);
    if (which != LX_TCOFLUSH)
        ldisc_flush_in(&tty->ldisc, &outcome.result);
    if (which != LX_TCIFLUSH)
        ldisc_flush_out(&tty->ldisc, &outcome.result);
    conclude(tty, &outcome);
    spin_unlock(&tty->lock);
    settle(tty, &outcome);
    return 0;
}

static void change_flow(struct ldisc *d, unsigned action,
                        struct ldisc_result *result)
{
    uint8_t key = d->termios.c_cc[action == LX_TCIOFF ? LX_VSTOP : LX_VSTART];

    switch (action) {
    case LX_TCOOFF:
        ldisc_stop(d, result);
        d->is_stopped_by_call = true;
        break;
    case LX_TCOON:
        if (d->is_stopped_by_call) {
            d->is_stopped_by_call = false;
            ldisc_start(d, result);
        }
        break;
    default:
        if (key != 0)
            ldisc_send(d, key, result);
        break;
    }
}

int tty_flow(struct tty *tty, unsigned action)
{
    struct outcome outcome = {0};

    if (action > LX_TCION)
        return -EINVAL;
    spin_lock(&tty->lock);
    change_flow(&tty->ldisc, action, &outcome.result);
    conclude(tty, &outcome);
    spin_unlock(&tty->lock);
    settle(tty, &outcome);
    return 0;
}

size_t tty_count_in(struct tty *tty)
{
    size_t count;

    spin_lock(&tty->lock);
    count = ldisc_count(&tty->ldisc);
    spin_unlock(&tty->lock);
    return count;
}

size_t tty_count_out(struct tty *tty)
{
    size_t count;

    spin_lock(&tty->lock);
    count = ldisc_out_count(&tty->ldisc);
    spin_unlock(&tty->lock);
    return count;
}

size_t tty_count_out_ready(struct tty *tty)
{
    size_t count;

    spin_lock(&tty->lock);
    count = ldisc_out_ready(&tty->ldisc);
    spin_unlock(&tty->lock);
    return count;
}

void tty_get_window(struct tty *tty, struct lx_winsize *out)
{
    spin_lock(&tty->lock);
    *out = tty->window;
    spin_unlock(&tty->lock);
}

void tty_set_exclusive(struct tty *tty, bool exclusive)
{
    spin_lock(&tty->lock);
    tty->is_exclusive = exclusive;
    spin_unlock(&tty->lock);
}

bool tty_is_exclusive(struct tty *tty)
{
    bool is_exclusive;

    spin_lock(&tty->lock);
    is_exclusive = tty->is_exclusive;
    spin_unlock(&tty->lock);
    return is_exclusive;
}

/* --- jobs ----------------------------------------------------------------- */

static struct pid *get_pid(struct tty *tty, struct pid *const *field)
{
    struct pid *pid;

    spin_lock(&tty->lock);
    pid = *field;
    if (pid != NULL)
        pid_get(pid);
    spin_unlock(&tty->lock);
    return pid;
}

struct pid *tty_foreground(struct tty *tty)
{
    return get_pid(tty, &tty->foreground);
}

struct pid *tty_session(struct tty *tty)
{
    return get_pid(tty, &tty->session);
}

void tty_set_foreground(struct tty *tty, struct pid *group)
{
    struct pid *old;

    spin_lock(&tty->lock);
    old = tty->foreground;
    tty->foreground = group;
    spin_unlock(&tty->lock);
    put_pid(old);
}

void tty_set_session(struct tty *tty, struct pid *session, struct pid *group)
{
    struct pid *old;

    spin_lock(&tty->lock);
    old = tty->session;
    tty->session = session;
    spin_unlock(&tty->lock);
    put_pid(old);
    tty_set_foreground(tty, group);
}
