/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/ldisc_edit.c - editing the line that is being typed, and showing it
 * (termios(3), "Canonical and noncanonical mode"). Contract in ldisc_impl.h.
 *
 * The line lies between d->line and d->tail.
 */
#include "core/dev/ldisc_impl.h"

enum { TAB_WIDTH = 8 };

static bool is_shown_as_two(const struct ldisc *d, uint8_t c)
{
    return ldisc_is_control(c) && ldisc_has(d->termios.c_lflag, LX_ECHOCTL);
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == '_' ||
           (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

void ldisc_finish_erasing(struct ldisc *d)
{
    if (!d->is_erasing)
        return;
    ldisc_echo_raw(d, '/');
    d->is_erasing = false;
}

/* Where the last character of the line begins; one whose first byte is not in
 * the line is none: then d->tail. */
static uint32_t last_character(const struct ldisc *d)
{
    uint32_t at = d->tail;

    do
        at--;
    while (at != d->line && ldisc_is_inside(d, ldisc_byte(d, at)));
    return ldisc_is_inside(d, ldisc_byte(d, at)) ? d->tail : at;
}

/* The cursor goes back over a tab that stood at `at`: to the column behind what
 * is before it, which the last tab or the line's first column tells. */
static void unshow_tab(struct ldisc *d, uint32_t at)
{
    unsigned columns = 0;
    bool met_tab = false;

    while (at != d->line && !met_tab) {
        uint8_t c = ldisc_byte(d, --at);

        if (c == '\t')
            met_tab = true;
        else if (is_shown_as_two(d, c))
            columns += 2;
        else if (!ldisc_is_control(c) && !ldisc_is_inside(d, c))
            columns++;
    }
    if (!met_tab)
        columns += d->line_column;
    for (unsigned i = columns % TAB_WIDTH; i < TAB_WIDTH; i++)
        ldisc_echo_raw(d, '\b');
}

/* Takes a character that begins at `at`, the line's new end, off the screen. */
static void unshow(struct ldisc *d, uint32_t at)
{
    uint8_t c = ldisc_byte(d, at);

    if (c == '\t') {
        unshow_tab(d, at);
        return;
    }
    if (is_shown_as_two(d, c))
        ldisc_echo_text(d, "\b \b");
    if (is_shown_as_two(d, c) || !ldisc_is_control(c))
        ldisc_echo_text(d, "\b \b");
}

/* ECHOPRT: shows what is erased, on paper. */
static void print_erased(struct ldisc *d, uint32_t at, uint32_t end)
{
    if (!d->is_erasing)
        ldisc_echo_raw(d, '\\');
    d->is_erasing = true;
    ldisc_echo(d, ldisc_byte(d, at));
    while (++at != end)
        ldisc_echo_raw(d, ldisc_byte(d, at));
}

/* Erases the character that begins at `at`, with all of its bytes. */
static void erase_from(struct ldisc *d, uint32_t at, unsigned index)
{
    uint32_t flags = d->termios.c_lflag;
    uint32_t end = d->tail;

    d->tail = at;
    if (!ldisc_has(flags, LX_ECHO))
        return;
    if (ldisc_has(flags, LX_ECHOPRT))
        print_erased(d, at, end);
    else if (index == LX_VERASE && !ldisc_has(flags, LX_ECHOE))
        ldisc_echo(d, d->termios.c_cc[LX_VERASE]);
    else
        unshow(d, at);
}

/* VKILL where the line is not wiped off the screen: returns whether that is
 * so. */
static bool kill_unseen(struct ldisc *d)
{
    const uint32_t wiping = LX_ECHO | LX_ECHOE | LX_ECHOK | LX_ECHOKE;
    uint32_t flags = d->termios.c_lflag;

    if ((flags & wiping) == wiping)
        return false;
    d->tail = d->line;
    if (!ldisc_has(flags, LX_ECHO))
        return true;
    ldisc_finish_erasing(d);
    ldisc_echo(d, d->termios.c_cc[LX_VKILL]);
    if (ldisc_has(flags, LX_ECHOK))
        ldisc_echo_raw(d, '\n');
    return true;
}

void ldisc_erase(struct ldisc *d, unsigned index)
{
    bool met_word = false;

    if (d->tail == d->line || (index == LX_VKILL && kill_unseen(d)))
        return;
    while (d->tail != d->line) {
        uint32_t at = last_character(d);
        bool is_in_word = is_word(ldisc_byte(d, at));

        if (at == d->tail || (index == LX_VWERASE && met_word && !is_in_word))
            break;
        met_word = met_word || is_in_word;
        erase_from(d, at, index);
        if (index == LX_VERASE)
            break;
    }
    if (d->tail == d->line && ldisc_has(d->termios.c_lflag, LX_ECHO))
        ldisc_finish_erasing(d);
}

void ldisc_reprint(struct ldisc *d, uint8_t c)
{
    ldisc_finish_erasing(d);
    ldisc_echo(d, c);
    ldisc_echo_raw(d, '\n');
    for (uint32_t at = d->line; at != d->tail; at++)
        ldisc_echo(d, ldisc_byte(d, at));
}
