/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/tty_file.h - open files of terminals: consoles, both sides of
 * pseudo-terminals, /dev/tty.
 *
 * Semantics: termios(3), ioctl_tty(2), pty(7), tty(4).
 */
#ifndef CORE_FS_TTY_FILE_H
#define CORE_FS_TTY_FILE_H

#include "core/fs/file.h"

struct pty;
struct tty;

C_DECLS_BEGIN

/* Registers /dev/tty, /dev/ptmx and the slaves' numbers. Once; 0 or -EBUSY. */
MUST_USE int tty_files_init(void);

/*
 * An open file of tty, which gets a reference of its own: 0, -EBUSY
 * (TIOCEXCL), -EIO (a slave that is locked or has no master), -ENFILE, -ENOMEM.
 * It becomes the caller's controlling terminal where flags have no
 * LX_O_NOCTTY and tty_jobs says so. has_node: fstat(2) asks the file's path.
 */
MUST_USE int tty_file_open(struct tty *tty, unsigned flags, bool has_node,
                           struct file **out);

/* A new pair's master: 0, -ENOSPC, -ENFILE, -ENOMEM. */
MUST_USE int pty_file_open(unsigned flags, struct file **out);

/* An ioctl(2) on a terminal. */
struct tty_call {
    struct tty *tty; /* the slave, where the master was asked */
    bool is_master;
    bool may_read; /* the file was opened for it */
    struct aspace *as;
    unsigned request;
    uint64_t arg;
};

/* Serves what both sides of a terminal know: 0 or more, -ENOTTY for what they
 * do not, or an error of ioctl_tty(2). May sleep. */
MUST_USE int tty_control(const struct tty_call *call);

/* The same for what only a master knows; -ENOTTY for the rest. */
MUST_USE int pty_control(struct pty *pty, const struct tty_call *call);

C_DECLS_END

#endif /* CORE_FS_TTY_FILE_H */
