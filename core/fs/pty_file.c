/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pty_file.c - files of the masters of pseudo-terminals; contract in
 * tty_file.h.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/ioctl.h"
#include "core/abi/poll.h"
#include "core/abi/signal.h"
#include "core/dev/pty.h"
#include "core/fs/tty_file.h"
#include "core/id/pid.h"
#include "core/vm/uaccess.h"

enum { CHUNK = 512 }; /* bytes on the stack at a time */

static struct pty *pty_of_file(const struct file *file)
{
    return file->data;
}

/* The byte that packet mode puts before what is read. */
static bool copy_control(struct user_cursor *to, unsigned status)
{
    uint8_t byte = (uint8_t)status;

    return cursor_copy_out(to, &byte, 1) == 1;
}

/* A look at what comes next, and what came of it: what read(2) says. *is_whole:
 * a status was told, which comes alone. */
static ssize_t read_chunk(struct pty *pty, struct user_cursor *to,
                          bool is_first, bool *is_whole)
{
    struct pty_output output;
    uint8_t chunk[CHUNK];
    ssize_t extra = 0;
    size_t moved;

    pty_peek(pty, chunk, min_size(sizeof(chunk), to->left), &output);
    if (output.status == 0 && output.size == 0)
        return output.is_left ? -EIO : -EAGAIN;
    if (output.status != 0 && !is_first)
        return -EAGAIN; /* the next read tells */
    *is_whole = output.status != 0;
    if (output.is_packet && is_first) {
        if (!copy_control(to, output.status))
            return -EFAULT;
        extra = 1;
    }
    moved = cursor_copy_out(to, chunk, min_size(output.size, to->left));
    pty_take(pty, &output, moved);
    if (moved == 0 && extra == 0)
        return -EFAULT;
    return (ssize_t)moved + extra;
}

static ssize_t read_output(struct pty *pty, struct user_cursor *to)
{
    ssize_t result, done = 0;
    bool is_whole = false;

    do {
        result = read_chunk(pty, to, done == 0, &is_whole);
        if (result > 0)
            done += result;
    } while (result > 0 && !is_whole && to->left > 0);
    return done > 0 ? done : result;
}

static ssize_t read_master(struct file *file, struct user_cursor *to,
                           uint64_t *position)
{
    struct pty *pty = pty_of_file(file);
    ssize_t result;

    (void)position;
    if (mutex_lock_killable(&pty->reader) != 0)
        return -EINTR;
    result = read_output(pty, to);
    mutex_unlock(&pty->reader);
    return result;
}

static ssize_t write_master(struct file *file, struct user_cursor *from,
                            uint64_t *position)
{
    struct pty *pty = pty_of_file(file);
    uint8_t chunk[CHUNK];
    size_t size, taken;
    ssize_t done = 0;

    (void)position;
    do {
        struct user_cursor ahead = *from;

        size = min_size(sizeof(chunk), from->left);
        if (cursor_copy_in(&ahead, chunk, size) < size)
            return done > 0 ? done : -EFAULT;
        taken = tty_receive(&pty->tty, chunk, size);
        cursor_skip(from, taken);
        done += (ssize_t)taken;
    } while (taken == size && from->left > 0);
    return done > 0 ? done : -EAGAIN;
}

static unsigned poll_master(struct file *file)
{
    return pty_poll(pty_of_file(file));
}

static struct waitq *master_waitq(struct file *file)
{
    return &pty_of_file(file)->waitq;
}

static int copy_out_int(const struct tty_call *call, int32_t value)
{
    return copy_out_struct(call->as, call->arg, &value);
}

/* TIOCGPTPEER: the slave, opened with the flags of arg. */
static int open_peer(struct pty *pty, unsigned flags)
{
    const unsigned known =
        LX_O_ACCMODE | LX_O_NOCTTY | LX_O_NONBLOCK | LX_O_CLOEXEC;
    struct file *file;
    int result;

    result =
        tty_file_open(&pty->tty, flags & known & ~LX_O_CLOEXEC, true, &file);
    if (result != 0)
        return result;
    result = tty_get_jobs()->install(file, (flags & LX_O_CLOEXEC) != 0);
    if (result < 0)
        file_put(file);
    return result;
}

/* TIOCSIG: a signal for the slave's foreground group. */
static int send_signal(struct pty *pty, uint64_t number)
{
    struct pid *group;

    if (number != LX_SIGINT && number != LX_SIGQUIT && number != LX_SIGTSTP)
        return -EINVAL;
    group = tty_foreground(&pty->tty);
    if (group == NULL)
        return 0;
    tty_get_jobs()->signal(group, (unsigned)number);
    pid_put(group);
    return 0;
}

static int set_switch(struct pty *pty, const struct tty_call *call,
                      void (*set)(struct pty *pty, bool value))
{
    int32_t value;
    int error = copy_in_struct(call->as, &value, call->arg);

    if (error == 0)
        set(pty, value != 0);
    return error;
}

int pty_control(struct pty *pty, const struct tty_call *call)
{
    switch (call->request) {
    case LX_TIOCGPTN:
        return copy_out_int(call, (int32_t)pty->index);
    case LX_TIOCSPTLCK:
        return set_switch(pty, call, pty_set_locked);
    case LX_TIOCGPTLCK:
        return copy_out_int(call, pty_is_locked(pty));
    case LX_TIOCPKT:
        return set_switch(pty, call, pty_set_packet);
    case LX_TIOCGPKT:
        return copy_out_int(call, pty_is_packet(pty));
    case LX_TIOCSIG:
        return send_signal(pty, call->arg);
    case LX_TIOCGPTPEER:
        return open_peer(pty, (unsigned)call->arg);
    default:
        return -ENOTTY;
    }
}

static int control_master(struct file *file, struct aspace *as,
                          unsigned request, uint64_t arg)
{
    struct pty *pty = pty_of_file(file);
    struct tty_call call = {
        .tty = &pty->tty,
        .is_master = true,
        .may_read = (file_flags(file) & LX_O_ACCMODE) != LX_O_WRONLY,
        .as = as,
        .request = request,
        .arg = arg,
    };
    int result = pty_control(pty, &call);

    return result != -ENOTTY ? result : tty_control(&call);
}

static void release_master(struct file *file)
{
    pty_close(pty_of_file(file));
}

static const struct file_ops master_file_ops = {
    .read = read_master,
    .write = write_master,
    .poll = poll_master,
    .waitq = master_waitq,
    .ioctl = control_master,
    .release = release_master,
    .is_stream = true,
};

int pty_file_open(unsigned flags, struct file **out)
{
    uint32_t uid, gid;
    struct pty *pty;
    int error;

    tty_get_jobs()->get_owner(&uid, &gid);
    error = pty_create(uid, gid, &pty);
    if (error != 0)
        return error;
    error = file_create(&master_file_ops, flags, pty, out);
    if (error != 0)
        pty_close(pty);
    return error;
}
