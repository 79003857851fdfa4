/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/console.c - contract in console.h.
 *
 * Input goes through a ring, so that a reader whose buffer faults loses
 * nothing. One mutex keeps the ring and the order of output.
 */
#include "core/fs/console.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/ioctl.h"
#include "core/abi/poll.h"
#include "core/abi/stat.h"
#include "core/base/ring.h"
#include "core/sched/mutex.h"
#include "core/sync/percpu.h"
#include "core/vm/uaccess.h"

enum {
    INPUT_SIZE = 4096,
    OUTPUT_CHUNK = 512, /* bytes on the stack at a time */
    CONSOLE_MAJOR = 5,
    CONSOLE_MINOR = 1
};

static const struct lock_class console_class = {"console", LOCK_RANK_INODE};

static struct {
    struct file files[3]; /* by enum hal_stream; never released */
    struct waitq waitq;
    struct mutex lock;
    struct ring input GUARDED_BY(lock);
    bool ended GUARDED_BY(lock); /* the input's end was seen */
    /* Is a try worth it? Atomic; cleared before one, set by its success and by
     * the HAL, so that no waiter misses what another's try left behind. */
    bool may_read, may_write;
    uint8_t bytes[INPUT_SIZE] GUARDED_BY(lock);
} console;

static void set_flag(bool *flag, bool value)
{
    __atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* The HAL's call: input or room may have come. Interrupt context. */
static void note_ready(void *arg)
{
    (void)arg;
    cpu_enter_interrupt();
    set_flag(&console.may_read, true);
    set_flag(&console.may_write, true);
    waitq_wake_all(&console.waitq);
    cpu_leave_interrupt();
}

/* Fills the empty ring with what the HAL has: 0, or -EAGAIN. */
static int fill_input(void) REQUIRES(console.lock)
{
    void *span;
    size_t room;
    int got;

    if (console.ended || ring_used(&console.input) > 0)
        return 0;
    room = ring_free_span(&console.input, &span);
    set_flag(&console.may_read, false);
    got = hal_console_read(span, room);
    if (got == 0)
        return -EAGAIN;
    set_flag(&console.may_read, true);
    if (got == HAL_CONSOLE_END)
        console.ended = true;
    else
        ring_put(&console.input, (size_t)got);
    return 0;
}

static ssize_t drain_input(struct user_cursor *to) REQUIRES(console.lock)
{
    const void *span;
    size_t want, moved, done = 0;

    do {
        want = min_u64(ring_used_span(&console.input, &span), to->left);
        moved = cursor_copy_out(to, span, want);
        ring_take(&console.input, moved);
        done += moved;
    } while (moved == want && want > 0);
    return done > 0 || want == 0 ? (ssize_t)done : -EFAULT;
}

static ssize_t read_console(struct file *file, struct user_cursor *to)
{
    ssize_t result;

    (void)file;
    if (mutex_lock_killable(&console.lock) != 0)
        return -EINTR;
    result = fill_input();
    if (result == 0)
        result = drain_input(to);
    mutex_unlock(&console.lock);
    return result;
}

static enum hal_stream stream_of(const struct file *file)
{
    return file == &console.files[HAL_STREAM_ERR] ? HAL_STREAM_ERR
                                                  : HAL_STREAM_OUT;
}

/* One chunk from the cursor to the HAL; the cursor moves by what it took. */
static ssize_t write_chunk(enum hal_stream stream, struct user_cursor *from)
{
    uint8_t chunk[OUTPUT_CHUNK];
    struct user_cursor ahead = *from;
    size_t size = cursor_copy_in(&ahead, chunk, sizeof(chunk));
    int taken;

    if (size == 0)
        return -EFAULT;
    set_flag(&console.may_write, false);
    taken = hal_console_write(stream, chunk, size);
    if (taken == 0)
        return -EAGAIN;
    set_flag(&console.may_write, true);
    if (taken < 0)
        return taken;
    ASSERT((size_t)taken <= size);
    from->at += (size_t)taken;
    from->left -= (size_t)taken;
    return taken;
}

static ssize_t write_console(struct file *file, struct user_cursor *from)
{
    ssize_t result = 0, done = 0;

    if (mutex_lock_killable(&console.lock) != 0)
        return -EINTR;
    while (from->left > 0 && result >= 0) {
        result = write_chunk(stream_of(file), from);
        if (result > 0)
            done += result;
    }
    mutex_unlock(&console.lock);
    return done > 0 ? done : result;
}

/* The HAL tells of changes, not of levels, so this says what is worth a try. */
static unsigned poll_console(struct file *file)
{
    unsigned events = 0;

    (void)file;
    if (__atomic_load_n(&console.may_read, __ATOMIC_SEQ_CST))
        events |= LX_POLLIN;
    if (__atomic_load_n(&console.may_write, __ATOMIC_SEQ_CST))
        events |= LX_POLLOUT;
    return events;
}

static struct waitq *console_waitq(struct file *file)
{
    (void)file;
    return &console.waitq;
}

static void stat_console(struct file *file, struct lx_stat *out)
{
    bool is_terminal = hal_console_is_terminal();

    *out = (struct lx_stat){
        .st_ino = 1 + (uint64_t)(file - console.files),
        .st_nlink = 1,
        .st_mode = is_terminal ? LX_S_IFCHR | LX_S_IRUSR | LX_S_IWUSR
                               : LX_S_IFIFO | LX_S_IRUSR | LX_S_IWUSR,
        .st_rdev = is_terminal ? CONSOLE_MAJOR << 8 | CONSOLE_MINOR : 0,
        .st_blksize = 4096,
    };
}

/* FIONREAD (ioctl_tty(2)): how many bytes a read would get at once. */
static int count_input(struct aspace *as, uaddr_t to)
{
    int32_t count;

    mutex_lock(&console.lock);
    (void)fill_input();
    count = (int32_t)ring_used(&console.input);
    mutex_unlock(&console.lock);
    return copy_out_struct(as, to, &count);
}

static int control_console(struct file *file, struct aspace *as,
                           unsigned request, uint64_t arg)
{
    (void)file;
    return request == LX_FIONREAD ? count_input(as, arg) : -ENOTTY;
}

static const struct file_ops console_ops = {
    .read = read_console,
    .write = write_console,
    .poll = poll_console,
    .waitq = console_waitq,
    .stat = stat_console,
    .ioctl = control_console,
};

void console_init(void)
{
    static const unsigned modes[] = {LX_O_RDONLY, LX_O_WRONLY, LX_O_WRONLY};
    unsigned both = hal_console_is_terminal() ? LX_O_RDWR : 0;

    waitq_init(&console.waitq);
    mutex_init(&console.lock, &console_class);
    ring_init(&console.input, console.bytes, sizeof(console.bytes));
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        file_init(&console.files[i], &console_ops, both != 0 ? both : modes[i]);
    hal_console_attach(note_ready, NULL);
}

struct file *console_file(enum hal_stream stream)
{
    file_get(&console.files[stream]);
    return &console.files[stream];
}
