/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/ldisc.h - the line discipline: what a terminal makes of bytes.
 *
 * Two queues and the rules between them. Input that came from the line is
 * edited and marked off into lines (canonical mode) or kept as it is, and
 * echoed to the output queue; what programs write goes there too, processed.
 * It knows no process, no driver and no time.
 *
 * Semantics: termios(3), POSIX chapter 11. Where Linux differs, as Linux: a
 * line holds 4095 bytes and its end, further ones are echoed and lost, without
 * a bell; input that was there when canonical mode came on is a line.
 * Locking: none; the owner (struct tty) serialises.
 */
#ifndef CORE_DEV_LDISC_H
#define CORE_DEV_LDISC_H

#include "core/abi/termios.h"
#include "core/base/defs.h"

enum {
    LDISC_IN_SIZE = 4096,  /* bytes; powers of two */
    LDISC_OUT_SIZE = 8192, /* echo may use it all, ... */
    LDISC_OUT_MAX = 6144   /* ... writers this much */
};

/* What a call came to; bits are only ever added. */
enum ldisc_event {
    LDISC_READABLE = 1, /* there is more to read */
    LDISC_OUTPUT = 2,   /* there is more in the output queue */
    LDISC_WRITABLE = 4, /* writers have room again */
    LDISC_STOPPED = 8,  /* output was stopped, or goes on */
    LDISC_STARTED = 16,
    LDISC_FLUSHED_IN = 32, /* a queue was emptied */
    LDISC_FLUSHED_OUT = 64,
    LDISC_FLOW_ON = 128, /* VSTOP and VSTART are ^S and ^Q now, and heeded */
    LDISC_FLOW_OFF = 256 /* no longer (ioctl_tty(2), TIOCPKT_DOSTOP) */
};

struct ldisc_result {
    unsigned events;
    unsigned signal; /* for the foreground group; 0: none */
};

struct ldisc {
    struct lx_termios2 termios;
    /* Input: byte n is in[n % LDISC_IN_SIZE], with n running freely, and
     * head <= line <= tail <= head + LDISC_IN_SIZE. */
    uint32_t head; /* the next to be read */
    uint32_t line; /* canonical: behind the last whole line */
    uint32_t tail; /* behind the last */
    uint8_t in[LDISC_IN_SIZE];
    uint8_t ends[LDISC_IN_SIZE / 8]; /* a bit per byte: it ends a line */
    /* Output, the same way. */
    uint32_t out_head, out_tail;
    uint32_t out_limit; /* while stopped: where the output ends */
    uint8_t out[LDISC_OUT_SIZE];
    unsigned column;      /* of the cursor, as far as that can be told */
    unsigned line_column; /* where the edited line began */
    bool is_literal;      /* the next byte is: VLNEXT */
    bool is_erasing;      /* inside the \.../ of ECHOPRT */
    bool is_stopped;      /* by VSTOP or TCOOFF */
    bool is_stopped_by_call;
};

C_DECLS_BEGIN

/* Empty, with the settings of a fresh Linux terminal ("stty sane"). */
void ldisc_init(struct ldisc *d);

/*
 * Takes input from the line: returns how many of size bytes. Stops behind a
 * byte that raises a signal (result->signal), and where there is no room.
 */
size_t ldisc_receive(struct ldisc *d, const uint8_t *bytes, size_t size,
                     struct ldisc_result *result);

/* Would ldisc_receive() take a byte? */
bool ldisc_has_room(const struct ldisc *d);

/* How many bytes a read would find: in canonical mode those of whole lines,
 * without marks of end of file (FIONREAD). */
size_t ldisc_count(const struct ldisc *d);

/* Is there a whole line, or in raw mode at least one byte? */
bool ldisc_is_readable(const struct ldisc *d);

/* A look at what is to be read. */
struct ldisc_view {
    uint32_t start; /* where it begins */
    size_t size;    /* bytes that were copied */
    size_t spent;   /* bytes that go with them: an end of file is one more */
    bool is_end;    /* a read ends here: a whole line */
};

/* Copies up to size bytes of the input, of one line at most, without taking
 * them. False: there is nothing to read. */
bool ldisc_peek(const struct ldisc *d, uint8_t *to, size_t size,
                struct ldisc_view *view);

/* Takes count <= view->spent bytes of what was looked at, unless they were
 * flushed since. */
void ldisc_take(struct ldisc *d, const struct ldisc_view *view, size_t count);

/* Processes output: returns how many of size bytes found room. */
size_t ldisc_write(struct ldisc *d, const uint8_t *bytes, size_t size,
                   struct ldisc_result *result);
bool ldisc_can_write(const struct ldisc *d);

/* The output as the line gets it: copies up to size bytes from *start on; then
 * takes count of them, unless they were flushed. */
size_t ldisc_peek_out(const struct ldisc *d, uint8_t *to, size_t size,
                      uint32_t *start);
void ldisc_take_out(struct ldisc *d, uint32_t start, size_t count,
                    struct ldisc_result *result);

/* Bytes in the output queue; those that the line may have now. */
size_t ldisc_out_count(const struct ldisc *d);
size_t ldisc_out_ready(const struct ldisc *d);

/* Puts a byte in the output queue as it is: VSTOP, VSTART. Lost when full. */
void ldisc_send(struct ldisc *d, uint8_t byte, struct ldisc_result *result);

/* tcsetattr(3): new settings from now on. */
void ldisc_set_termios(struct ldisc *d, const struct lx_termios2 *termios,
                       struct ldisc_result *result);

/* tcflush(3). */
void ldisc_flush_in(struct ldisc *d, struct ldisc_result *result);
void ldisc_flush_out(struct ldisc *d, struct ldisc_result *result);

/* tcflow(3) for the output. */
void ldisc_stop(struct ldisc *d, struct ldisc_result *result);
void ldisc_start(struct ldisc *d, struct ldisc_result *result);

C_DECLS_END

#endif /* CORE_DEV_LDISC_H */
