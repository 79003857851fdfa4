/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/tty_file.c - files of terminals, from the programs' side; contract
 * in tty_file.h.
 *
 * Reads that go by MIN and TIME (termios(3)) wait here: how long, and for how
 * much, depends on when the call began and on how much it wants, which
 * file.c's loop does not tell.
 */
#include "core/fs/tty_file.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/ioctl.h"
#include "core/abi/signal.h"
#include "core/abi/stat.h"
#include "core/dev/chardev.h"
#include "core/dev/pty.h"
#include "core/mem/cache.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { CHUNK = 512 }; /* bytes on the stack at a time */

/* An open file. */
struct tty_open {
    struct tty *tty; /* a reference */
    unsigned hangups;
};

static struct tty_open *open_of(const struct file *file)
{
    return file->data;
}

/* --- reading -------------------------------------------------------------- */

/* A read that waits by rules of its own. */
struct tty_read {
    struct tty_open *open;
    uint64_t want;          /* bytes */
    uint64_t started_ns;    /* when it began */
    struct tty_input input; /* as it was looked at last */
    bool is_over;           /* by TIME, or as nothing is waited for */
};

static bool is_enough(const struct tty_input *in, uint64_t want)
{
    if (in->is_gone)
        return true;
    if (in->is_canonical)
        return in->count > 0;
    return in->count >= min_u64(max_u64(in->min, 1), want);
}

static bool has_changed(void *arg)
{
    const struct tty_read *read = arg;
    struct tty_input now;

    tty_look(read->open->tty, read->open->hangups, &now);
    return is_enough(&now, read->want) || now.count != read->input.count;
}

static uint64_t deadline_of(const struct tty_read *read)
{
    const struct tty_input *in = &read->input;

    if (in->time_ns == 0 || (in->min > 0 && in->count == 0))
        return WAIT_FOREVER;
    if (in->min == 0)
        return read->started_ns + in->time_ns;
    return max_u64(read->started_ns, in->input_ns) + in->time_ns;
}

/* Waits by MIN and TIME: 0 when what is there, if anything, is to be read, or
 * -EAGAIN when the wait is file.c's, or -EINTR. */
static int wait_for_input(struct tty_read *read, bool may_wait)
{
    struct tty_input *in = &read->input;
    int error;

    for (;;) {
        tty_look(read->open->tty, read->open->hangups, in);
        if (is_enough(in, read->want))
            return 0;
        if (in->is_canonical)
            return -EAGAIN;
        read->is_over = in->min == 0 && in->time_ns == 0;
        if (read->is_over || (!may_wait && in->count > 0))
            return 0;
        if (!may_wait || (in->time_ns == 0 && in->min <= 1))
            return -EAGAIN;
        error = waitq_wait_interruptible(&read->open->tty->waitq, has_changed,
                                         read, deadline_of(read));
        read->is_over = error == -ETIMEDOUT;
        if (read->is_over)
            return 0;
        if (error != 0)
            return in->count > 0 ? 0 : error;
    }
}

/* Of one line at most; what could not be copied stays. -EAGAIN: nothing. */
static ssize_t copy_input(struct tty *tty, struct user_cursor *to)
{
    struct ldisc_view view;
    uint8_t chunk[CHUNK];
    bool found = false;
    ssize_t done = 0;
    size_t moved;

    do {
        if (!tty_peek(tty, chunk, min_size(sizeof(chunk), to->left), &view))
            break;
        found = true;
        moved = cursor_copy_out(to, chunk, view.size);
        tty_take(tty, &view, moved == view.size ? view.spent : moved);
        done += (ssize_t)moved;
        if (moved < view.size)
            return done > 0 ? done : -EFAULT;
    } while (!view.is_end && to->left > 0);
    return found ? done : -EAGAIN;
}

static ssize_t read_tty(struct file *file, struct user_cursor *to,
                        uint64_t *position)
{
    struct tty_read read = {
        .open = open_of(file), .want = to->left, .started_ns = hal_clock_now()};
    struct tty *tty = read.open->tty;
    ssize_t result;

    (void)position;
    if (tty_is_gone(tty, read.open->hangups))
        return 0;
    result = tty_get_jobs()->check(tty, LX_SIGTTIN);
    if (result == 0)
        result = wait_for_input(&read, !file_must_not_wait(file, to));
    if (result != 0 || read.input.is_gone)
        return result;
    if (mutex_lock_killable(&tty->reader) != 0)
        return -EINTR;
    result = copy_input(tty, to);
    mutex_unlock(&tty->reader);
    return result == -EAGAIN && read.is_over ? 0 : result;
}

/* --- writing -------------------------------------------------------------- */

static ssize_t write_chunks(struct tty *tty, struct user_cursor *from)
{
    uint8_t chunk[CHUNK];
    size_t size, taken;
    ssize_t done = 0;

    do {
        struct user_cursor ahead = *from;

        size = min_size(sizeof(chunk), from->left);
        if (cursor_copy_in(&ahead, chunk, size) < size)
            return done > 0 ? done : -EFAULT;
        taken = tty_write(tty, chunk, size);
        cursor_skip(from, taken);
        done += (ssize_t)taken;
    } while (taken == size && from->left > 0);
    return done > 0 ? done : -EAGAIN;
}

/* Writing counts as a change of the terminal where TOSTOP is set. */
static int check_write(struct tty *tty)
{
    struct lx_termios2 termios;

    tty_get_termios(tty, &termios);
    return (termios.c_lflag & LX_TOSTOP) != 0
               ? tty_get_jobs()->check(tty, LX_SIGTTOU)
               : 0;
}

static ssize_t write_tty(struct file *file, struct user_cursor *from,
                         uint64_t *position)
{
    struct tty_open *open = open_of(file);
    ssize_t result = 0;

    (void)position;
    if (!tty_is_gone(open->tty, open->hangups))
        result = check_write(open->tty);
    if (result != 0)
        return result;
    if (mutex_lock_killable(&open->tty->writer) != 0)
        return -EINTR;
    if (tty_is_gone(open->tty, open->hangups))
        result = -EIO;
    else
        result = write_chunks(open->tty, from);
    mutex_unlock(&open->tty->writer);
    tty_push(open->tty);
    return result;
}

/* --- the rest ------------------------------------------------------------- */

static unsigned poll_tty(struct file *file)
{
    return tty_poll(open_of(file)->tty, open_of(file)->hangups);
}

static struct waitq *tty_waitq(struct file *file)
{
    return &open_of(file)->tty->waitq;
}

static int control_file(struct file *file, struct aspace *as, unsigned request,
                        uint64_t arg)
{
    struct tty_open *open = open_of(file);
    struct tty_call call = {
        .tty = open->tty,
        .may_read = (file_flags(file) & LX_O_ACCMODE) != LX_O_WRONLY,
        .as = as,
        .request = request,
        .arg = arg,
    };

    if (tty_is_gone(open->tty, open->hangups))
        return request == LX_TIOCSPGRP ? -ENOTTY : -EIO;
    return tty_control(&call);
}

static void release_tty(struct file *file)
{
    struct tty_open *open = open_of(file);

    tty_close(open->tty);
    tty_put(open->tty);
    kmem_free(open, sizeof(*open));
}

static void stat_tty(struct file *file, struct lx_stat *out)
{
    const struct tty *tty = open_of(file)->tty;

    *out = (struct lx_stat){
        .st_ino = 1,
        .st_nlink = 1,
        .st_mode = LX_S_IFCHR | LX_S_IRUSR | LX_S_IWUSR,
        .st_rdev = chardev_number(tty->major, tty->minor),
        .st_blksize = 4096,
    };
}

static const struct file_ops tty_file_ops = {
    .read = read_tty,
    .write = write_tty,
    .poll = poll_tty,
    .waitq = tty_waitq,
    .ioctl = control_file,
    .release = release_tty,
    .is_stream = true,
};

static const struct file_ops nodeless_file_ops = {
    .read = read_tty,
    .write = write_tty,
    .poll = poll_tty,
    .waitq = tty_waitq,
    .stat = stat_tty,
    .ioctl = control_file,
    .release = release_tty,
    .is_stream = true,
};

/* Tells tty of the file, which has its reference already. */
static int begin_use(struct tty *tty, struct tty_open *open)
{
    struct pty *pty = pty_of(tty);
    int error = pty != NULL ? pty_check_open(pty) : 0;

    return error != 0 ? error : tty_open(tty, &open->hangups);
}

int tty_file_open(struct tty *tty, unsigned flags, bool has_node,
                  struct file **out)
{
    struct tty_open *open = kmem_alloc(sizeof(*open), MEM_WAIT, NULL);
    bool may_read = (flags & LX_O_ACCMODE) != LX_O_WRONLY;
    int error;

    if (open == NULL)
        return -ENOMEM;
    open->tty = tty;
    error = begin_use(tty, open);
    if (error == 0) {
        error = file_create(has_node ? &tty_file_ops : &nodeless_file_ops,
                            flags & ~LX_O_NOCTTY, open, out);
        if (error != 0)
            tty_close(tty);
    }
    if (error != 0) {
        kmem_free(open, sizeof(*open));
        return error;
    }
    tty_get(tty);
    if ((flags & LX_O_NOCTTY) == 0)
        tty_get_jobs()->note_open(tty, may_read);
    return 0;
}

/* --- devices -------------------------------------------------------------- */

enum { AUX_MAJOR = 5, MINOR_TTY = 0, MINOR_PTMX = 2, EVERYBODY = 0666 };

static int open_own(struct chardev *device, uint32_t minor, unsigned flags,
                    struct file **out)
{
    struct tty *tty = tty_get_jobs()->current();
    int error;

    (void)device;
    (void)minor;
    if (tty == NULL)
        return -ENXIO;
    error = tty_file_open(tty, flags | LX_O_NOCTTY, true, out);
    tty_put(tty);
    return error;
}

static int open_slave(struct chardev *device, uint32_t minor, unsigned flags,
                      struct file **out)
{
    struct pty *pty = pty_find(minor);
    int error;

    (void)device;
    if (pty == NULL)
        return -EIO;
    error = tty_file_open(&pty->tty, flags, true, out);
    tty_put(&pty->tty);
    return error;
}

static int open_master(struct chardev *device, uint32_t minor, unsigned flags,
                       struct file **out)
{
    (void)device;
    (void)minor;
    return pty_file_open(flags, out);
}

static const struct chardev_ops own_ops = {.open = open_own};
static const struct chardev_ops slave_ops = {.open = open_slave};
static const struct chardev_ops master_ops = {.open = open_master};

static struct chardev devices[] = {
    {"tty", AUX_MAJOR, MINOR_TTY, 1, EVERYBODY, &own_ops, NULL, {0}},
    {"ptmx", AUX_MAJOR, MINOR_PTMX, 1, EVERYBODY, &master_ops, NULL, {0}},
    {NULL, PTY_MAJOR, 0, PTY_MAX, 0, &slave_ops, NULL, {0}},
};

int tty_files_init(void)
{
    int error = 0;

    pty_init_all();
    for (size_t i = 0; i < COUNT_OF(devices) && error == 0; i++)
        error = chardev_register(&devices[i]);
    return error;
}
