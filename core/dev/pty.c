/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/pty.c - contract in pty.h.
 */
#include "core/dev/pty.h"

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/mem/cache.h"

static const struct lock_class table_class = {"ptys", LOCK_RANK_IDS};
static const struct lock_class reader_class = {"pty reader", LOCK_RANK_INODE};

static struct {
    struct spinlock lock;
    struct pty *of[PTY_MAX] GUARDED_BY(lock);
    uint64_t last_serial GUARDED_BY(lock);
} table;

void pty_init_all(void)
{
    spin_init(&table.lock, &table_class);
}

static struct pty *from_tty(struct tty *tty)
{
    return container_of(tty, struct pty, tty);
}

static void output_came(struct tty *tty)
{
    waitq_wake_all(&from_tty(tty)->waitq);
}

/* What packet mode tells of events. */
static unsigned status_of(unsigned events)
{
    static const struct {
        unsigned event, status;
    } pairs[] = {
        {LDISC_FLUSHED_IN, LX_TIOCPKT_FLUSHREAD},
        {LDISC_FLUSHED_OUT, LX_TIOCPKT_FLUSHWRITE},
        {LDISC_STOPPED, LX_TIOCPKT_STOP},
        {LDISC_STARTED, LX_TIOCPKT_START},
        {LDISC_FLOW_OFF, LX_TIOCPKT_NOSTOP},
        {LDISC_FLOW_ON, LX_TIOCPKT_DOSTOP},
    };
    unsigned status = 0;

    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if ((events & pairs[i].event) != 0)
            status |= pairs[i].status;
    return status;
}

/* Of two bits that exclude each other the newer one counts. */
static unsigned drop_opposites(unsigned status, unsigned fresh)
{
    static const unsigned opposites[] = {
        LX_TIOCPKT_STOP | LX_TIOCPKT_START,
        LX_TIOCPKT_NOSTOP | LX_TIOCPKT_DOSTOP,
    };

    for (size_t i = 0; i < COUNT_OF(opposites); i++)
        if ((fresh & opposites[i]) != 0)
            status &= ~opposites[i];
    return status | fresh;
}

static void note_events(struct tty *tty, unsigned events)
{
    const unsigned both = LDISC_STOPPED | LDISC_STARTED;
    struct pty *pty = from_tty(tty);

    if ((events & both) == both) /* what it came to in the end */
        events &= ~(tty->ldisc.is_stopped ? (unsigned)LDISC_STARTED
                                          : (unsigned)LDISC_STOPPED);
    if (pty->is_packet)
        pty->status = drop_opposites(pty->status, status_of(events));
}

/* There are no bits on a wire: eight, without parity. */
static void limit_termios(struct lx_termios2 *termios)
{
    termios->c_cflag &= ~(LX_CSIZE | LX_PARENB);
    termios->c_cflag |= LX_CS8 | LX_CREAD;
}

static void set_left(struct tty *tty, bool is_left)
{
    struct pty *pty = from_tty(tty);

    spin_lock(&tty->lock);
    pty->is_left = is_left;
    spin_unlock(&tty->lock);
    waitq_wake_all(&pty->waitq);
}

static void slave_opened(struct tty *tty)
{
    set_left(tty, false);
}

static void slave_closed(struct tty *tty)
{
    set_left(tty, true);
}

static void free_pair(struct tty *tty)
{
    kmem_free(from_tty(tty), sizeof(struct pty));
}

static const struct tty_ops slave_ops = {
    .output = output_came,
    .input_room = output_came, /* the master has one queue */
    .note = note_events,
    .limit = limit_termios,
    .opened = slave_opened,
    .closed = slave_closed,
    .free = free_pair,
};

/* Gives pty the lowest free number: 0 or -ENOSPC. */
static int enter(struct pty *pty)
{
    int error = -ENOSPC;

    spin_lock(&table.lock);
    for (unsigned i = 0; i < PTY_MAX && error != 0; i++) {
        if (table.of[i] != NULL)
            continue;
        table.of[i] = pty;
        pty->index = i;
        pty->serial = ++table.last_serial;
        pty->tty.minor = i;
        error = 0;
    }
    spin_unlock(&table.lock);
    return error;
}

int pty_create(uint32_t uid, uint32_t gid, struct pty **out)
{
    struct pty *pty = kmem_alloc(sizeof(struct pty), MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (pty == NULL)
        return -ENOMEM;
    tty_init(&pty->tty, &slave_ops, PTY_MAJOR, 0);
    waitq_init(&pty->waitq);
    mutex_init(&pty->reader, &reader_class);
    pty->is_locked = true;
    pty->uid = uid;
    pty->gid = gid;
    error = enter(pty);
    if (error == 0)
        *out = pty;
    else
        kmem_free(pty, sizeof(struct pty));
    return error;
}

struct pty *pty_find(unsigned index)
{
    struct pty *pty = NULL;

    spin_lock(&table.lock);
    if (index < PTY_MAX && table.of[index] != NULL) {
        pty = table.of[index];
        tty_get(&pty->tty);
    }
    spin_unlock(&table.lock);
    return pty;
}

bool pty_next(unsigned index, struct pty_identity *out)
{
    bool found = false;

    spin_lock(&table.lock);
    for (unsigned i = index; i < PTY_MAX && !found; i++) {
        const struct pty *pty = table.of[i];

        if (pty == NULL)
            continue;
        *out = (struct pty_identity){i, pty->serial, pty->uid, pty->gid};
        found = true;
    }
    spin_unlock(&table.lock);
    return found;
}

struct pty *pty_of(struct tty *tty)
{
    return tty->ops == &slave_ops ? from_tty(tty) : NULL;
}

int pty_check_open(struct pty *pty)
{
    int error;

    spin_lock(&pty->tty.lock);
    error = pty->is_locked || pty->is_closed ? -EIO : 0;
    spin_unlock(&pty->tty.lock);
    return error;
}

void pty_close(struct pty *pty)
{
    spin_lock(&table.lock);
    table.of[pty->index] = NULL;
    spin_unlock(&table.lock);
    spin_lock(&pty->tty.lock);
    pty->is_closed = true;
    spin_unlock(&pty->tty.lock);
    tty_hang_up(&pty->tty);
    tty_put(&pty->tty);
}

void pty_peek(struct pty *pty, uint8_t *to, size_t size, struct pty_output *out)
{
    const struct ldisc *d = &pty->tty.ldisc;

    *out = (struct pty_output){0};
    spin_lock(&pty->tty.lock);
    out->is_packet = pty->is_packet;
    out->status = pty->is_packet ? pty->status : 0;
    if (out->status == 0)
        out->size = ldisc_peek_out(d, to, size, &out->start);
    out->is_left = pty->is_left && out->size == 0 && ldisc_out_ready(d) == 0;
    spin_unlock(&pty->tty.lock);
}

void pty_take(struct pty *pty, const struct pty_output *output, size_t count)
{
    if (output->status == 0) {
        tty_take_out(&pty->tty, output->start, count);
        return;
    }
    spin_lock(&pty->tty.lock);
    pty->status &= ~output->status;
    spin_unlock(&pty->tty.lock);
}

unsigned pty_poll(struct pty *pty)
{
    unsigned events = 0;

    spin_lock(&pty->tty.lock);
    if (ldisc_out_ready(&pty->tty.ldisc) > 0)
        events |= LX_POLLIN | LX_POLLRDNORM;
    if (pty->is_packet && pty->status != 0)
        events |= LX_POLLIN | LX_POLLRDNORM | LX_POLLPRI;
    if (pty->is_left)
        events |= LX_POLLHUP;
    if (ldisc_has_room(&pty->tty.ldisc))
        events |= LX_POLLOUT | LX_POLLWRNORM;
    else
        pty->tty.is_short = true;
    spin_unlock(&pty->tty.lock);
    return events;
}

void pty_set_locked(struct pty *pty, bool locked)
{
    spin_lock(&pty->tty.lock);
    pty->is_locked = locked;
    spin_unlock(&pty->tty.lock);
}

bool pty_is_locked(struct pty *pty)
{
    bool is_locked;

    spin_lock(&pty->tty.lock);
    is_locked = pty->is_locked;
    spin_unlock(&pty->tty.lock);
    return is_locked;
}

void pty_set_packet(struct pty *pty, bool packet)
{
    spin_lock(&pty->tty.lock);
    if (packet && !pty->is_packet)
        pty->status = 0;
    pty->is_packet = packet;
    spin_unlock(&pty->tty.lock);
}

bool pty_is_packet(struct pty *pty)
{
    bool is_packet;

    spin_lock(&pty->tty.lock);
    is_packet = pty->is_packet;
    spin_unlock(&pty->tty.lock);
    return is_packet;
}
