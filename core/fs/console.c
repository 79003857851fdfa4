/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/console.c - contract in console.h.
 *
 * Raw streams: input goes through a ring, so that a reader whose buffer faults
 * loses nothing. One mutex keeps the ring and the order of output.
 */
#include "core/fs/console.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/ioctl.h"
#include "core/abi/poll.h"
#include "core/abi/stat.h"
#include "core/base/ring.h"
#include "core/dev/chardev.h"
#include "core/dev/console.h"
#include "core/dev/console_stream.h"
#include "core/fs/tty_file.h"
#include "core/sched/mutex.h"
#include "core/vm/uaccess.h"

enum {
    INPUT_SIZE = 4096,
    OUTPUT_CHUNK = 512, /* bytes on the stack at a time */
};

/* Device numbers: the console, and the serial line that it is. */
enum {
    CONSOLE_MAJOR = 5,
    CONSOLE_MINOR = 1,
    SERIAL_MAJOR = 4,
    SERIAL_MINOR = 64,
    OWNER_ONLY = 0600
};

static const struct lock_class console_class = {"console", LOCK_RANK_INODE};

static struct {
    struct file files[3];  /* by enum hal_stream; never released */
    struct file *terminal; /* instead of these; a reference, or NULL */
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

/* The stream's call: input or room may have come. Interrupt context. */
static void note_ready(void *arg)
{
    (void)arg;
    set_flag(&console.may_read, true);
    set_flag(&console.may_write, true);
    waitq_wake_all(&console.waitq);
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
    got = console_stream_read(span, room);
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

static ssize_t read_console(struct file *file, struct user_cursor *to,
                            uint64_t *position)
{
    ssize_t result;

    (void)file;
    (void)position;
    if (mutex_lock_killable(&console.lock) != 0)
        return -EINTR;
    result = fill_input();
    if (result == 0)
        result = drain_input(to);
    mutex_unlock(&console.lock);
    return result;
}

/* Files that were opened by name write to the second stream. */
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
    taken = console_stream_write(stream, chunk, size);
    if (taken == 0)
        return -EAGAIN;
    set_flag(&console.may_write, true);
    if (taken < 0)
        return taken;
    ASSERT((size_t)taken <= size);
    cursor_skip(from, (size_t)taken);
    return taken;
}

static ssize_t write_console(struct file *file, struct user_cursor *from,
                             uint64_t *position)
{
    ssize_t result = 0, done = 0;

    (void)position;
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

/* A stream without a name. */
static void stat_console(struct file *file, struct lx_stat *out)
{
    *out = (struct lx_stat){
        .st_ino = 1 + (uint64_t)(file - console.files),
        .st_nlink = 1,
        .st_mode = LX_S_IFIFO | LX_S_IRUSR | LX_S_IWUSR,
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

static const struct file_ops stream_ops = {
    .read = read_console,
    .write = write_console,
    .poll = poll_console,
    .waitq = console_waitq,
    .stat = stat_console,
    .ioctl = control_console,
    .is_stream = true,
};

/* The same below /dev, where the node answers stat(2). */
static const struct file_ops node_ops = {
    .read = read_console,
    .write = write_console,
    .poll = poll_console,
    .waitq = console_waitq,
    .ioctl = control_console,
    .is_stream = true,
};

/* --- the terminal --------------------------------------------------------- */

static int read_port(void *to, size_t size)
{
    int got = console_stream_read(to, size);

    return got == HAL_CONSOLE_END ? CONSOLE_PORT_END : got;
}

static int write_port(const void *from, size_t size)
{
    return console_stream_write(HAL_STREAM_OUT, from, size);
}

static const struct console_port stream_port = {
    .read = read_port,
    .write = write_port,
    .window = console_stream_window,
    .attach = console_stream_attach,
    .major = SERIAL_MAJOR,
    .minor = SERIAL_MINOR,
};

/* --- devices -------------------------------------------------------------- */

/* console(4): opening it makes it nobody's controlling terminal. */
static int open_node(struct chardev *device, uint32_t minor, unsigned flags,
                     struct file **out)
{
    (void)minor;
    if (console_tty() == NULL)
        return file_create(&node_ops, flags, NULL, out);
    if (device->major == CONSOLE_MAJOR)
        flags |= LX_O_NOCTTY;
    return tty_file_open(console_tty(), flags, true, out);
}

static const struct chardev_ops device_ops = {.open = open_node};

static struct chardev node = {"console",  CONSOLE_MAJOR, CONSOLE_MINOR, 1,
                              OWNER_ONLY, &device_ops,   NULL,          {0}};
static struct chardev line = {"ttyS0",    SERIAL_MAJOR, SERIAL_MINOR, 1,
                              OWNER_ONLY, &device_ops,  NULL,         {0}};

static void start_streams(void)
{
    static const unsigned modes[] = {LX_O_RDONLY, LX_O_WRONLY, LX_O_WRONLY};

    waitq_init(&console.waitq);
    mutex_init(&console.lock, &console_class);
    ring_init(&console.input, console.bytes, sizeof(console.bytes));
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        file_init(&console.files[i], &stream_ops, modes[i], NULL);
    console_stream_attach(note_ready, NULL);
    /* Nobody was told of what came before. */
    set_flag(&console.may_write, true);
    mutex_lock(&console.lock);
    (void)fill_input();
    mutex_unlock(&console.lock);
}

int console_init(void)
{
    int error = chardev_register(&node);

    if (!hal_console_is_terminal()) {
        start_streams();
        return error;
    }
    console_tty_start(&stream_port);
    if (error == 0)
        error = chardev_register(&line);
    if (error == 0)
        error = tty_file_open(console_tty(), LX_O_RDWR | LX_O_NOCTTY, false,
                              &console.terminal);
    return error;
}

struct file *console_file(enum hal_stream stream)
{
    struct file *file = console.terminal;

    if (file == NULL)
        file = &console.files[stream];
    file_get(file);
    return file;
}
