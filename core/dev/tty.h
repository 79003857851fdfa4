/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/tty.h - terminals: a line discipline between programs and a line,
 * and what it has to do with jobs.
 *
 * The line is a console or the master of a pseudo-terminal: struct tty_ops.
 * Jobs are core/proc's: struct tty_jobs. Calls are passive; what is to be
 * waited for is told by tty_poll() and tty->waitq.
 *
 * Semantics: termios(3), ioctl_tty(2), POSIX chapter 11.
 * Lifetime: reference counted: one count per open file, per process whose
 * controlling terminal it is, and the line's own.
 * Locking: one spinlock, rank LOCK_RANK_TTY, which no interrupt handler takes;
 * inside the process tree's lock. Lines and jobs are called without it, so a
 * signal is never raised under it. session and foreground are written under
 * the process tree's lock too.
 */
#ifndef CORE_DEV_TTY_H
#define CORE_DEV_TTY_H

#include "core/base/refcount.h"
#include "core/dev/ldisc.h"
#include "core/dev/tty_jobs.h"
#include "core/sched/mutex.h"
#include "core/sched/waitq.h"

struct pid;
struct tty;

/* What stands behind a terminal. Called without its lock; may be NULL where
 * that is said. */
struct tty_ops {
    /* There is output, or more of it may go, or it was flushed: takes it with
     * tty_peek_out(). May sleep. */
    void (*output)(struct tty *tty);
    /* Input that found no room may be given again. Sleeps not. */
    void (*input_room)(struct tty *tty);
    /* Events (enum ldisc_event), for packet mode. Under tty->lock. NULL: no
     * matter. */
    void (*note)(struct tty *tty, unsigned events);
    /* Settings that the line does not have are put right. NULL: has all. */
    void (*limit)(struct lx_termios2 *termios);
    /* The first file was opened, or the last one closed. NULL: no matter. */
    void (*opened)(struct tty *tty);
    void (*closed)(struct tty *tty);
    /* The last reference went. */
    void (*free)(struct tty *tty);
    /* It is a line, not a program: what it has not taken yet can be stopped,
     * waited for (tcdrain(3)) and outlives a hang-up, and the end of its
     * session hangs it up. */
    bool has_line;
};

struct tty {
    struct refcount refs;
    const struct tty_ops *ops; /* const */
    uint32_t major, minor;     /* const */
    struct waitq waitq;        /* of programs */
    /* Of one reader and one writer at a time, each over a call; outside lock,
     * and they may fault. */
    struct mutex reader, writer;
    struct spinlock lock;
    struct ldisc ldisc GUARDED_BY(lock);
    struct lx_winsize window GUARDED_BY(lock);
    struct pid *session GUARDED_BY(lock); /* references; NULL: none */
    struct pid *foreground GUARDED_BY(lock);
    unsigned opens GUARDED_BY(lock);    /* files */
    unsigned hangups GUARDED_BY(lock);  /* files of before see none of it */
    uint64_t input_ns GUARDED_BY(lock); /* when input came last */
    bool is_exclusive GUARDED_BY(lock);
    bool is_short GUARDED_BY(lock); /* input found no room */
};

C_DECLS_BEGIN

/* One reference, for the line. */
void tty_init(struct tty *tty, const struct tty_ops *ops, uint32_t major,
              uint32_t minor);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty); /* may sleep */

/* A file is opened: 0, or -EBUSY (TIOCEXCL). *hangups is for tty_is_gone().
 * The file's reference is the caller's business. */
MUST_USE int tty_open(struct tty *tty, unsigned *hangups);
void tty_close(struct tty *tty);

/* Has it hung up since the file was opened? */
bool tty_is_gone(struct tty *tty, unsigned hangups);

/* --- the line's side ------------------------------------------------------ */

/* Input: how many of size bytes were taken; with fewer, ops->input_room comes
 * when there is room. Raises signals. In a thread. */
size_t tty_receive(struct tty *tty, const uint8_t *bytes, size_t size);
bool tty_has_room(struct tty *tty);

/* Output: see ldisc.h. */
size_t tty_peek_out(struct tty *tty, uint8_t *to, size_t size, uint32_t *start);
void tty_take_out(struct tty *tty, uint32_t start, size_t count);

/* Everything that programs have open is at its end: reading says so, the rest
 * fails; the session is told. In a thread. */
void tty_hang_up(struct tty *tty);

/* TIOCSWINSZ, and what a console finds out: tells the foreground group. */
void tty_set_window(struct tty *tty, const struct lx_winsize *window);

/* --- the programs' side --------------------------------------------------- */

/* What decides whether a read is over (termios(3), MIN and TIME). */
struct tty_input {
    bool is_canonical;
    bool is_gone;
    size_t count;      /* bytes that can be read; canonical: 0 or 1 */
    size_t min;        /* MIN */
    uint64_t time_ns;  /* TIME */
    uint64_t input_ns; /* when input came last */
};

void tty_look(struct tty *tty, unsigned hangups, struct tty_input *out);

/* LX_POLL* bits for a file. */
unsigned tty_poll(struct tty *tty, unsigned hangups);

/* See ldisc.h; tty->reader is held from peek to take. */
bool tty_peek(struct tty *tty, uint8_t *to, size_t size,
              struct ldisc_view *view);
void tty_take(struct tty *tty, const struct ldisc_view *view, size_t count);

/* Queues output: how many of size bytes; tty_push() then sets it going. */
size_t tty_write(struct tty *tty, const uint8_t *bytes, size_t size);
void tty_push(struct tty *tty);

/* Is there output that the line has not taken? */
bool tty_has_output(struct tty *tty);

void tty_get_termios(struct tty *tty, struct lx_termios2 *out);
void tty_set_termios(struct tty *tty, const struct lx_termios2 *termios);

/* TCFLSH, TCXONC: 0 or -EINVAL. */
MUST_USE int tty_flush(struct tty *tty, unsigned which);
MUST_USE int tty_flow(struct tty *tty, unsigned action);

/* FIONREAD, TIOCOUTQ. */
size_t tty_count_in(struct tty *tty);
size_t tty_count_out(struct tty *tty);
size_t tty_count_out_ready(struct tty *tty); /* less what is stopped */

void tty_get_window(struct tty *tty, struct lx_winsize *out);
void tty_set_exclusive(struct tty *tty, bool exclusive);
bool tty_is_exclusive(struct tty *tty);

/* The session and its foreground group, with references (NULL: none); new
 * ones, whose references are taken over. Setting: process tree lock. */
struct pid *tty_foreground(struct tty *tty);
struct pid *tty_session(struct tty *tty);
void tty_set_foreground(struct tty *tty, struct pid *group);
void tty_set_session(struct tty *tty, struct pid *session, struct pid *group);

C_DECLS_END

#endif /* CORE_DEV_TTY_H */
