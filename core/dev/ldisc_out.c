/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/ldisc_out.c - the output queue: processing (termios(3), c_oflag),
 * echo, flow control. Contract in ldisc.h.
 */
#include "core/base/string.h"
#include "core/dev/ldisc_impl.h"

enum { TAB_WIDTH = 8 };

static size_t room_below(const struct ldisc *d, size_t limit)
{
    size_t used = d->out_tail - d->out_head;

    return used < limit ? limit - used : 0;
}

static void push(struct ldisc *d, uint8_t byte)
{
    d->out[d->out_tail++ % LDISC_OUT_SIZE] = byte;
}

static void push_all(struct ldisc *d, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        size_t at = d->out_tail % LDISC_OUT_SIZE;
        size_t part = min_size(size, LDISC_OUT_SIZE - at);

        mem_copy(d->out + at, bytes, part);
        d->out_tail += (uint32_t)part;
        bytes += part;
        size -= part;
    }
}

static bool put_newline(struct ldisc *d, size_t room)
{
    uint32_t flags = d->termios.c_oflag;

    if (room < (ldisc_has(flags, LX_ONLCR) ? 2 : 1))
        return false;
    if (ldisc_has(flags, LX_ONLCR | LX_ONLRET))
        d->column = 0;
    d->line_column = d->column;
    if (ldisc_has(flags, LX_ONLCR))
        push(d, '\r');
    push(d, '\n');
    return true;
}

static bool put_return(struct ldisc *d, size_t room)
{
    uint32_t flags = d->termios.c_oflag;
    bool becomes_newline = ldisc_has(flags, LX_OCRNL);

    if (ldisc_has(flags, LX_ONOCR) && d->column == 0)
        return true;
    if (room < 1)
        return false;
    if (!becomes_newline || ldisc_has(flags, LX_ONLRET))
        d->column = d->line_column = 0;
    push(d, becomes_newline ? '\n' : '\r');
    return true;
}

static bool put_tab(struct ldisc *d, size_t room)
{
    unsigned width = TAB_WIDTH - d->column % TAB_WIDTH;
    bool expands = (d->termios.c_oflag & LX_TABDLY) == LX_XTABS;

    if (room < (expands ? width : 1))
        return false;
    d->column += width;
    if (!expands)
        push(d, '\t');
    for (unsigned i = 0; expands && i < width; i++)
        push(d, ' ');
    return true;
}

/* OLCUC in ISO 8859-1. */
static uint8_t to_upper(uint8_t c)
{
    bool is_lower = (c >= 'a' && c <= 'z') || (c >= 0xdf && c != 0xf7);

    return (uint8_t)(is_lower ? c - 0x20 : c);
}

/* Processes a byte when that leaves the queue within limit; else false. */
static bool put(struct ldisc *d, uint8_t c, size_t limit)
{
    size_t room = room_below(d, limit);

    switch (c) {
    case '\n':
        return put_newline(d, room);
    case '\r':
        return put_return(d, room);
    case '\t':
        return put_tab(d, room);
    default:
        break;
    }
    if (room < 1)
        return false;
    if (c == '\b' && d->column > 0)
        d->column--;
    if (!ldisc_is_control(c)) {
        if (ldisc_has(d->termios.c_oflag, LX_OLCUC))
            c = to_upper(c);
        d->column += !ldisc_is_inside(d, c);
    }
    push(d, c);
    return true;
}

/* How many bytes from the first on mean nothing to put()? */
static size_t plain_run(const struct ldisc *d, const uint8_t *bytes,
                        size_t size)
{
    size_t run = 0;

    if (ldisc_has(d->termios.c_oflag, LX_OLCUC))
        return 0;
    while (run < size && bytes[run] >= ' ' && bytes[run] < 0x7f)
        run++;
    return run;
}

static size_t write_processed(struct ldisc *d, const uint8_t *bytes,
                              size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t run = plain_run(d, bytes + done, size - done);
        size_t part = min_size(run, room_below(d, LDISC_OUT_MAX));

        push_all(d, bytes + done, part);
        d->column += (unsigned)part;
        done += part;
        if (part < run || done == size || !put(d, bytes[done], LDISC_OUT_MAX))
            break;
        done++;
    }
    return done;
}

size_t ldisc_write(struct ldisc *d, const uint8_t *bytes, size_t size,
                   struct ldisc_result *result)
{
    size_t done = 0;

    if (d->is_stopped)
        return 0;
    if (ldisc_has(d->termios.c_oflag, LX_OPOST)) {
        done = write_processed(d, bytes, size);
    } else {
        done = min_size(size, room_below(d, LDISC_OUT_MAX));
        push_all(d, bytes, done);
    }
    if (done > 0)
        result->events |= LDISC_OUTPUT;
    return done;
}

bool ldisc_can_write(const struct ldisc *d)
{
    /* A tab may need as much. */
    return !d->is_stopped && room_below(d, LDISC_OUT_MAX) >= TAB_WIDTH;
}

size_t ldisc_out_count(const struct ldisc *d)
{
    return d->out_tail - d->out_head;
}

size_t ldisc_out_ready(const struct ldisc *d)
{
    uint32_t end = d->is_stopped ? d->out_limit : d->out_tail;

    return (int32_t)(end - d->out_head) > 0 ? end - d->out_head : 0;
}

size_t ldisc_peek_out(const struct ldisc *d, uint8_t *to, size_t size,
                      uint32_t *start)
{
    size_t count = min_size(size, ldisc_out_ready(d));
    size_t at = d->out_head % LDISC_OUT_SIZE;
    size_t first = min_size(count, LDISC_OUT_SIZE - at);

    mem_copy(to, d->out + at, first);
    mem_copy(to + first, d->out, count - first);
    *start = d->out_head;
    return count;
}

void ldisc_take_out(struct ldisc *d, uint32_t start, size_t count,
                    struct ldisc_result *result)
{
    uint32_t end = start + (uint32_t)count;

    ASSERT((int32_t)(d->out_tail - end) >= 0);
    if ((int32_t)(end - d->out_head) > 0)
        d->out_head = end;
    if (ldisc_can_write(d))
        result->events |= LDISC_WRITABLE;
}

void ldisc_send(struct ldisc *d, uint8_t byte, struct ldisc_result *result)
{
    if (room_below(d, LDISC_OUT_SIZE) == 0)
        return;
    push(d, byte);
    result->events |= LDISC_OUTPUT;
}

void ldisc_flush_out(struct ldisc *d, struct ldisc_result *result)
{
    d->out_head = d->out_tail;
    d->out_limit = d->out_tail;
    result->events |= LDISC_FLUSHED_OUT | LDISC_WRITABLE;
}

void ldisc_stop(struct ldisc *d, struct ldisc_result *result)
{
    if (d->is_stopped)
        return;
    d->is_stopped = true;
    d->out_limit = d->out_tail;
    result->events |= LDISC_STOPPED;
}

void ldisc_start(struct ldisc *d, struct ldisc_result *result)
{
    if (!d->is_stopped || d->is_stopped_by_call)
        return;
    d->is_stopped = false;
    result->events |= LDISC_STARTED | LDISC_WRITABLE | LDISC_OUTPUT;
}

void ldisc_echo_raw(struct ldisc *d, uint8_t c)
{
    if (ldisc_has(d->termios.c_oflag, LX_OPOST))
        (void)put(d, c, LDISC_OUT_SIZE);
    else if (room_below(d, LDISC_OUT_SIZE) > 0)
        push(d, c);
}

void ldisc_echo(struct ldisc *d, uint8_t c)
{
    if (!ldisc_has(d->termios.c_lflag, LX_ECHOCTL) || !ldisc_is_control(c) ||
        c == '\t') {
        ldisc_echo_raw(d, c);
        return;
    }
    if (room_below(d, LDISC_OUT_SIZE) < 2)
        return;
    push(d, '^');
    push(d, c ^ 0100);
    d->column += 2;
}

void ldisc_echo_text(struct ldisc *d, const char *text)
{
    for (; *text != '\0'; text++)
        ldisc_echo_raw(d, (uint8_t)*text);
}
