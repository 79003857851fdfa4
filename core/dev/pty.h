/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/pty.h - pseudo-terminals (pty(7)).
 *
 * The slave is a terminal; the master is its line: what is written there is
 * the terminal's input, and the terminal's output is what is read there. So
 * there is one line discipline, and settings of the master are the slave's.
 *
 * Lifetime: the slave's struct tty holds all of it; the master has one
 * reference. When the master is closed the slave hangs up and its number is
 * free again.
 * Locking: what is marked so, the slave's tty->lock; a table of numbers has a
 * spinlock of rank LOCK_RANK_IDS.
 */
#ifndef CORE_DEV_PTY_H
#define CORE_DEV_PTY_H

#include "core/dev/tty.h"

enum { PTY_MAX = 1024, PTY_MAJOR = 136 };

struct pty {
    struct tty tty;      /* the slave */
    unsigned index;      /* const */
    uint64_t serial;     /* const; never used again */
    uint32_t uid, gid;   /* of who made it; const */
    struct waitq waitq;  /* of the master */
    struct mutex reader; /* of the master, one at a time, over a call */
    bool is_locked;      /* TIOCSPTLCK; tty.lock */
    bool is_packet;      /* TIOCPKT; tty.lock */
    bool is_left;        /* the slave was opened and closed; tty.lock */
    bool is_closed;      /* the master was; tty.lock */
    unsigned status;     /* LX_TIOCPKT_* not told yet; tty.lock */
};

/* What a read of the master would find. */
struct pty_output {
    size_t size;     /* bytes that were copied */
    uint32_t start;  /* where they begin */
    unsigned status; /* packet mode: told instead of bytes; 0: none */
    bool is_packet;
    bool is_left; /* nothing there, and nothing to come */
};

C_DECLS_BEGIN

/* Once, before the first pty_create(). */
void pty_init_all(void);

/* A pair of uid's and gid's, locked, with the lowest free number: 0, -ENOSPC
 * (PTY_MAX pairs) or -ENOMEM. The reference is the master's. May sleep. */
MUST_USE int pty_create(uint32_t uid, uint32_t gid, struct pty **out);

/* The pair with that number, with a reference, or NULL. */
MUST_USE struct pty *pty_find(unsigned index);

/* What tells one pair from others, and whose it is. */
struct pty_identity {
    unsigned index;
    uint64_t serial;
    uint32_t uid, gid;
};

/* The first pair with a number from index on; false: there is none. */
bool pty_next(unsigned index, struct pty_identity *out);

/* The pair whose slave tty is; NULL when it is none. */
struct pty *pty_of(struct tty *tty);

/* May the slave be opened? 0, or -EIO: locked, or the master is closed. */
MUST_USE int pty_check_open(struct pty *pty);

/* The master was closed: hangs the slave up; drops the reference. */
void pty_close(struct pty *pty);

/* Copies up to size bytes of output without taking them, or says why not. */
void pty_peek(struct pty *pty, uint8_t *to, size_t size,
              struct pty_output *out);
/* Takes count bytes, or the status, of what was looked at. */
void pty_take(struct pty *pty, const struct pty_output *output, size_t count);

/* LX_POLL* bits of the master. */
unsigned pty_poll(struct pty *pty);

void pty_set_locked(struct pty *pty, bool locked);
bool pty_is_locked(struct pty *pty);
void pty_set_packet(struct pty *pty, bool packet);
bool pty_is_packet(struct pty *pty);

C_DECLS_END

#endif /* CORE_DEV_PTY_H */
