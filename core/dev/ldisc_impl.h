/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/ldisc_impl.h - what the files of the line discipline share.
 */
#ifndef CORE_DEV_LDISC_IMPL_H
#define CORE_DEV_LDISC_IMPL_H

#include "core/dev/ldisc.h"

static inline bool ldisc_has(uint32_t flags, uint32_t bits)
{
    return (flags & bits) != 0;
}

/* Is c the special character of that index? Zero is none. */
static inline bool ldisc_is_special(const struct ldisc *d, unsigned index,
                                    uint8_t c)
{
    return c != 0 && d->termios.c_cc[index] == c;
}

/* Bytes as ISO 8859-1 has them, which is what Linux goes by (isalnum(3)). */
static inline bool ldisc_is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

/* Is c inside a UTF-8 sequence, not its first byte? */
static inline bool ldisc_is_inside(const struct ldisc *d, uint8_t c)
{
    return ldisc_has(d->termios.c_iflag, LX_IUTF8) && (c & 0xc0) == 0x80;
}

static inline uint8_t ldisc_byte(const struct ldisc *d, uint32_t at)
{
    return d->in[at % LDISC_IN_SIZE];
}

C_DECLS_BEGIN

/* --- ldisc_out.c ---------------------------------------------------------- */

/* Echoes c as output; a control character as ^X where ECHOCTL says so. */
void ldisc_echo_raw(struct ldisc *d, uint8_t c);
void ldisc_echo(struct ldisc *d, uint8_t c);
void ldisc_echo_text(struct ldisc *d, const char *text);

/* --- ldisc_edit.c --------------------------------------------------------- */

/* Ends the \.../ of ECHOPRT, if it was begun. */
void ldisc_finish_erasing(struct ldisc *d);

/* VERASE, VWERASE or VKILL (index) on the line that is being edited. */
void ldisc_erase(struct ldisc *d, unsigned index);

/* VREPRINT. */
void ldisc_reprint(struct ldisc *d, uint8_t c);

C_DECLS_END

#endif /* CORE_DEV_LDISC_IMPL_H */
