/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/ldisc.c - the input queue: what bytes mean, lines, settings.
 * Contract in ldisc.h.
 */
#include "core/dev/ldisc.h"

#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/dev/ldisc_impl.h"

enum { SPEED_DEFAULT = 38400 };

static bool has_local(const struct ldisc *d, uint32_t bits)
{
    return ldisc_has(d->termios.c_lflag, bits);
}

static bool has_input(const struct ldisc *d, uint32_t bits)
{
    return ldisc_has(d->termios.c_iflag, bits);
}

static bool is_canonical(const struct ldisc *d)
{
    return has_local(d, LX_ICANON);
}

void ldisc_init(struct ldisc *d)
{
    static const uint8_t keys[LX_NCCS] = {
        [LX_VINTR] = 'C' & 0x1f,    [LX_VQUIT] = '\\' & 0x1f,
        [LX_VERASE] = 0x7f,         [LX_VKILL] = 'U' & 0x1f,
        [LX_VEOF] = 'D' & 0x1f,     [LX_VMIN] = 1,
        [LX_VSTART] = 'Q' & 0x1f,   [LX_VSTOP] = 'S' & 0x1f,
        [LX_VSUSP] = 'Z' & 0x1f,    [LX_VREPRINT] = 'R' & 0x1f,
        [LX_VDISCARD] = 'O' & 0x1f, [LX_VWERASE] = 'W' & 0x1f,
        [LX_VLNEXT] = 'V' & 0x1f,
    };

    mem_set(d, 0, sizeof(*d));
    d->termios.c_iflag = LX_ICRNL | LX_IXON;
    d->termios.c_oflag = LX_OPOST | LX_ONLCR;
    d->termios.c_cflag = LX_B38400 | LX_CS8 | LX_CREAD;
    d->termios.c_lflag = LX_ISIG | LX_ICANON | LX_ECHO | LX_ECHOE | LX_ECHOK |
                         LX_ECHOCTL | LX_ECHOKE | LX_IEXTEN;
    mem_copy(d->termios.c_cc, keys, sizeof(keys));
    d->termios.c_ispeed = d->termios.c_ospeed = SPEED_DEFAULT;
}

/* --- the queue ------------------------------------------------------------ */

static size_t used(const struct ldisc *d)
{
    return d->tail - d->head;
}

static void set_end(struct ldisc *d, uint32_t at, bool is_end)
{
    unsigned bit = at % LDISC_IN_SIZE;
    uint8_t mask = (uint8_t)(1u << bit % 8);

    if (is_end)
        d->ends[bit / 8] |= mask;
    else
        d->ends[bit / 8] &= (uint8_t)~mask;
}

static bool is_end(const struct ldisc *d, uint32_t at)
{
    unsigned bit = at % LDISC_IN_SIZE;

    return (d->ends[bit / 8] >> bit % 8 & 1) != 0;
}

static void put(struct ldisc *d, uint8_t c)
{
    ASSERT(used(d) < LDISC_IN_SIZE);
    d->in[d->tail % LDISC_IN_SIZE] = c;
    set_end(d, d->tail, false);
    d->tail++;
}

/* PARMRK marks the byte that begins its marks. */
static void put_marked(struct ldisc *d, uint8_t c)
{
    if (has_input(d, LX_PARMRK) && c == 0xff)
        put(d, c);
    put(d, c);
}

/* The bytes that one of the line may become. */
static size_t width(const struct ldisc *d)
{
    return has_input(d, LX_PARMRK) ? 2 : 1;
}

/* A line that is full can still be ended, or be edited. */
static bool is_overfull(const struct ldisc *d)
{
    return is_canonical(d) && d->line == d->head;
}

bool ldisc_has_room(const struct ldisc *d)
{
    return used(d) + width(d) < LDISC_IN_SIZE || is_overfull(d);
}

/* Makes room for a byte; at the cost of the last one of a line that is full. */
static bool make_room(struct ldisc *d)
{
    if (!ldisc_has_room(d))
        return false;
    while (used(d) + width(d) > LDISC_IN_SIZE)
        d->tail--;
    return true;
}

static void end_line(struct ldisc *d, uint8_t c, struct ldisc_result *result)
{
    put(d, c);
    set_end(d, d->tail - 1, true);
    d->line = d->tail;
    result->events |= LDISC_READABLE;
}

/* --- what bytes mean ------------------------------------------------------ */

/* A newline that a return became is shown as one; one that was typed where it
 * ends no line, as ^J. */
static void take_ordinary(struct ldisc *d, uint8_t c, bool was_return,
                          struct ldisc_result *result)
{
    if (has_local(d, LX_ECHO)) {
        ldisc_finish_erasing(d);
        if (d->line == d->tail)
            d->line_column = d->column;
        if (was_return)
            ldisc_echo_raw(d, c);
        else
            ldisc_echo(d, c);
    }
    put_marked(d, c);
    if (!is_canonical(d))
        result->events |= LDISC_READABLE;
}

/* VSTART and VSTOP. */
static bool take_flow(struct ldisc *d, uint8_t c, struct ldisc_result *result)
{
    if (!has_input(d, LX_IXON))
        return false;
    if (ldisc_is_special(d, LX_VSTART, c)) {
        ldisc_start(d, result);
        return true;
    }
    if (!ldisc_is_special(d, LX_VSTOP, c))
        return false;
    ldisc_stop(d, result);
    return true;
}

static unsigned signal_of(const struct ldisc *d, uint8_t c)
{
    if (ldisc_is_special(d, LX_VINTR, c))
        return LX_SIGINT;
    if (ldisc_is_special(d, LX_VQUIT, c))
        return LX_SIGQUIT;
    return ldisc_is_special(d, LX_VSUSP, c) ? LX_SIGTSTP : 0;
}

static bool take_signal(struct ldisc *d, uint8_t c, struct ldisc_result *result)
{
    unsigned number = has_local(d, LX_ISIG) ? signal_of(d, c) : 0;

    if (number == 0)
        return false;
    result->signal = number;
    if (!has_local(d, LX_NOFLSH)) {
        ldisc_flush_in(d, result);
        ldisc_flush_out(d, result);
    }
    if (has_input(d, LX_IXON))
        ldisc_start(d, result);
    if (has_local(d, LX_ECHO))
        ldisc_echo(d, c);
    return true;
}

/* The keys that edit a line; true when c was one. */
static bool take_editing(struct ldisc *d, uint8_t c)
{
    bool is_extended = has_local(d, LX_IEXTEN);

    if (ldisc_is_special(d, LX_VERASE, c)) {
        ldisc_erase(d, LX_VERASE);
    } else if (ldisc_is_special(d, LX_VKILL, c)) {
        ldisc_erase(d, LX_VKILL);
    } else if (is_extended && ldisc_is_special(d, LX_VWERASE, c)) {
        ldisc_erase(d, LX_VWERASE);
    } else if (is_extended && ldisc_is_special(d, LX_VLNEXT, c)) {
        d->is_literal = true;
        if (has_local(d, LX_ECHO)) {
            ldisc_finish_erasing(d);
            if (has_local(d, LX_ECHOCTL))
                ldisc_echo_text(d, "^\b");
        }
    } else if (is_extended && has_local(d, LX_ECHO) &&
               ldisc_is_special(d, LX_VREPRINT, c)) {
        ldisc_reprint(d, c);
    } else {
        return false;
    }
    return true;
}

/* What ends a line; true when c did. */
static bool take_ending(struct ldisc *d, uint8_t c, struct ldisc_result *result)
{
    if (c == '\n') {
        if (has_local(d, LX_ECHO | LX_ECHONL))
            ldisc_echo_raw(d, '\n');
        end_line(d, c, result);
    } else if (ldisc_is_special(d, LX_VEOF, c)) {
        end_line(d, '\0', result);
    } else if (ldisc_is_special(d, LX_VEOL, c) ||
               (has_local(d, LX_IEXTEN) && ldisc_is_special(d, LX_VEOL2, c))) {
        if (has_local(d, LX_ECHO)) {
            if (d->line == d->tail)
                d->line_column = d->column;
            ldisc_echo(d, c);
        }
        if (has_input(d, LX_PARMRK) && c == 0xff)
            put(d, c);
        end_line(d, c, result);
    } else {
        return false;
    }
    return true;
}

/* IUCLC in ISO 8859-1. */
static uint8_t to_lower(uint8_t c)
{
    bool is_upper =
        (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);

    return (uint8_t)(is_upper ? c + 0x20 : c);
}

static void receive_byte(struct ldisc *d, uint8_t c,
                         struct ldisc_result *result)
{
    bool was_return;

    if (has_input(d, LX_ISTRIP))
        c &= 0x7f;
    if (has_input(d, LX_IUCLC) && has_local(d, LX_IEXTEN))
        c = to_lower(c);
    if (d->is_literal) {
        d->is_literal = false;
        take_ordinary(d, c, false, result);
        return;
    }
    if (take_flow(d, c, result) || take_signal(d, c, result))
        return;
    if (has_input(d, LX_IXON) && has_input(d, LX_IXANY))
        ldisc_start(d, result);
    if (c == '\r' && has_input(d, LX_IGNCR))
        return;
    was_return = c == '\r' && has_input(d, LX_ICRNL);
    if (was_return)
        c = '\n';
    else if (c == '\n' && has_input(d, LX_INLCR))
        c = '\r';
    if (is_canonical(d) && (take_editing(d, c) || take_ending(d, c, result)))
        return;
    take_ordinary(d, c, was_return, result);
}

/* Is every byte as good as any other? */
static bool is_plain(const struct ldisc *d)
{
    return !has_local(d, LX_ICANON | LX_ECHO | LX_ISIG) &&
           !has_input(d, LX_ISTRIP | LX_IUCLC | LX_IGNCR | LX_ICRNL | LX_INLCR |
                             LX_IXON | LX_PARMRK) &&
           !d->is_literal;
}

static size_t receive_plain(struct ldisc *d, const uint8_t *bytes, size_t size,
                            struct ldisc_result *result)
{
    size_t room = LDISC_IN_SIZE - 1 - used(d);
    size_t count = min_size(size, room);
    size_t at = d->tail % LDISC_IN_SIZE;
    size_t first = min_size(count, LDISC_IN_SIZE - at);

    mem_copy(d->in + at, bytes, first);
    mem_copy(d->in, bytes + first, count - first);
    d->tail += (uint32_t)count;
    if (count > 0)
        result->events |= LDISC_READABLE;
    return count;
}

size_t ldisc_receive(struct ldisc *d, const uint8_t *bytes, size_t size,
                     struct ldisc_result *result)
{
    uint32_t out_before = d->out_tail;
    size_t done = 0;

    if (is_plain(d) && used(d) < LDISC_IN_SIZE)
        return receive_plain(d, bytes, size, result);
    while (done < size && result->signal == 0 && make_room(d))
        receive_byte(d, bytes[done++], result);
    if (d->out_tail != out_before)
        result->events |= LDISC_OUTPUT;
    return done;
}

/* --- reading -------------------------------------------------------------- */

bool ldisc_is_readable(const struct ldisc *d)
{
    return (is_canonical(d) ? d->line : d->tail) != d->head;
}

size_t ldisc_count(const struct ldisc *d)
{
    size_t marks = 0;

    if (!is_canonical(d))
        return used(d);
    for (uint32_t at = d->head; at != d->line; at++)
        marks += is_end(d, at) && ldisc_byte(d, at) == '\0';
    return d->line - d->head - marks;
}

/* The end of the first line, with the byte that ends it. */
static uint32_t end_of_line(const struct ldisc *d)
{
    uint32_t at = d->head;

    while (at != d->line && !is_end(d, at))
        at++;
    return at != d->line ? at + 1 : at;
}

static void copy_input(const struct ldisc *d, uint8_t *to, size_t size)
{
    size_t at = d->head % LDISC_IN_SIZE;
    size_t first = min_size(size, LDISC_IN_SIZE - at);

    mem_copy(to, d->in + at, first);
    mem_copy(to + first, d->in, size - first);
}

bool ldisc_peek(const struct ldisc *d, uint8_t *to, size_t size,
                struct ldisc_view *view)
{
    uint32_t end = d->tail;
    size_t bytes;

    if (!ldisc_is_readable(d))
        return false;
    *view = (struct ldisc_view){.start = d->head};
    if (is_canonical(d))
        end = end_of_line(d);
    bytes = view->spent = end - d->head;
    /* What ends a line as zero was VEOF, and is no byte of it. */
    if (is_canonical(d) && is_end(d, end - 1) && ldisc_byte(d, end - 1) == '\0')
        bytes--;
    view->size = min_size(bytes, size);
    if (view->size < bytes)
        view->spent = view->size;
    else
        view->is_end = is_canonical(d);
    copy_input(d, to, view->size);
    return true;
}

void ldisc_take(struct ldisc *d, const struct ldisc_view *view, size_t count)
{
    ASSERT(count <= view->spent);
    if (d->head != view->start)
        return;
    d->head += (uint32_t)count;
    if ((int32_t)(d->line - d->head) < 0)
        d->line = d->head;
}

void ldisc_flush_in(struct ldisc *d, struct ldisc_result *result)
{
    d->head = d->line = d->tail;
    d->is_erasing = false;
    d->is_literal = false;
    result->events |= LDISC_FLUSHED_IN;
}

/* --- settings ------------------------------------------------------------- */

/* What is there becomes a line, or part of none. */
static void change_mode(struct ldisc *d, struct ldisc_result *result)
{
    mem_set(d->ends, 0, sizeof(d->ends));
    d->is_erasing = false;
    d->is_literal = false;
    d->line = d->head;
    if (is_canonical(d) && used(d) > 0) {
        set_end(d, d->tail - 1, true);
        d->line = d->tail;
    }
    result->events |= LDISC_READABLE;
}

static bool has_usual_flow(const struct lx_termios2 *t)
{
    return ldisc_has(t->c_iflag, LX_IXON) &&
           t->c_cc[LX_VSTOP] == ('S' & 0x1f) &&
           t->c_cc[LX_VSTART] == ('Q' & 0x1f);
}

void ldisc_set_termios(struct ldisc *d, const struct lx_termios2 *termios,
                       struct ldisc_result *result)
{
    struct lx_termios2 old = d->termios;

    d->termios = *termios;
    if (((old.c_lflag ^ termios->c_lflag) & LX_ICANON) != 0)
        change_mode(d, result);
    if (ldisc_has(old.c_iflag, LX_IXON) && !has_input(d, LX_IXON))
        ldisc_start(d, result);
    if (has_usual_flow(&old) != has_usual_flow(termios))
        result->events |=
            has_usual_flow(termios) ? LDISC_FLOW_ON : LDISC_FLOW_OFF;
}
