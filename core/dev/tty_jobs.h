/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/tty_jobs.h - what terminals need to know of processes: core/proc
 * fills the table, core/dev and core/fs ask.
 *
 * Semantics: credentials(7), ioctl_tty(2). Calls are made by the process they
 * are about, and may sleep; no tty's lock is held.
 */
#ifndef CORE_DEV_TTY_JOBS_H
#define CORE_DEV_TTY_JOBS_H

#include "core/base/defs.h"

struct file;
struct pid;
struct tty;

/* What the caller may do. */
enum tty_capability { TTY_MAY_ADMIN, TTY_MAY_CONFIGURE };

struct tty_jobs {
    /* Sends signal to a group. */
    void (*signal)(struct pid *group, unsigned signal);
    /*
     * May the caller read (LX_SIGTTIN), or change (LX_SIGTTOU), its
     * controlling terminal? 0; or the signal was sent to its group: -EINTR, the
     * call is to be made again; or nobody could let the group go on, or SIGTTIN
     * is not heard: -EIO.
     */
    int (*check)(struct tty *tty, unsigned signal);
    /* TIOCSCTTY: 0 or -EPERM. */
    int (*acquire)(struct tty *tty, bool steals, bool may_read);
    /* open(2) without O_NOCTTY: acquires it where that is allowed. */
    void (*note_open)(struct tty *tty, bool may_read);
    /* TIOCNOTTY: 0 or -ENOTTY. */
    int (*give_up)(struct tty *tty);
    /* TIOCGPGRP, TIOCGSID: 0, -ENOTTY. any: also when it is not the caller's
     * controlling terminal. */
    int (*get_group)(struct tty *tty, bool any, int *out);
    int (*get_session)(struct tty *tty, bool any, int *out);
    /* TIOCSPGRP: is it the caller's controlling terminal, and his session's?
     * 0 or -ENOTTY. Then: 0, -ENOTTY, -EINVAL, -ESRCH, -EPERM. */
    int (*check_owner)(struct tty *tty);
    int (*set_group)(struct tty *tty, int group);
    /* The terminal hung up: no process has it as its controlling terminal from
     * now on, and its session is told. */
    void (*detach)(struct tty *tty);
    /* The caller's controlling terminal with a reference, or NULL. */
    struct tty *(*current)(void);
    bool (*is_capable)(enum tty_capability capability);
    /* Whose files the caller makes. */
    void (*get_owner)(uint32_t *uid, uint32_t *gid);
    /* A descriptor of the caller's for file, whose reference it takes:
     * -EMFILE, -ENOMEM (the reference is the caller's still). */
    int (*install)(struct file *file, bool close_on_exec);
};

C_DECLS_BEGIN

/* Once, before the first call of a program. */
void tty_set_jobs(const struct tty_jobs *jobs);
const struct tty_jobs *tty_get_jobs(void);

C_DECLS_END

#endif /* CORE_DEV_TTY_JOBS_H */
