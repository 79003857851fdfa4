/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/kmsg.c - contract in kmsg.h.
 *
 * A line may come where nobody can be woken. So a line that comes in a thread
 * wakes the readers, and a timer, armed while somebody waits, does for the
 * others.
 */
#include "core/fs/kmsg.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/base/format.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/fs/file.h"
#include "core/mem/cache.h"
#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "core/sync/percpu.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"
#include "hal/cpu.h"

enum {
    KMSG_MAJOR = 1,
    KMSG_MINOR = 11,
    KMSG_MODE = 0644,
    FACILITY_USER = 1 << 3,           /* syslog(3) */
    TEXT_MAX = 4 * LOG_LINE_MAX + 64, /* of a record as it is read */
    PRIORITY_DIGITS = 4
};

/* syslog(2) */
enum {
    ACTION_CLOSE,
    ACTION_OPEN,
    ACTION_READ,
    ACTION_READ_ALL,
    ACTION_READ_CLEAR,
    ACTION_CLEAR,
    ACTION_CONSOLE_OFF,
    ACTION_CONSOLE_ON,
    ACTION_CONSOLE_LEVEL,
    ACTION_SIZE_UNREAD,
    ACTION_SIZE_BUFFER
};

#define LOOK_NS UINT64_C(100000000) /* between two looks for late lines */

static const struct lock_class syslog_class = {"syslog", LOCK_RANK_INODE};
static const struct lock_class timer_class = {"kmsg timer", LOCK_RANK_IDS};

static struct {
    struct waitq waitq;
    struct spinlock timer_lock;
    struct timer timer GUARDED_BY(timer_lock);
    struct mutex lock;
    uint64_t unread GUARDED_BY(lock);  /* the next for ACTION_READ */
    size_t taken GUARDED_BY(lock);     /* bytes of it that were read */
    uint64_t cleared GUARDED_BY(lock); /* ACTION_CLEAR: nothing before */
    int saved_level GUARDED_BY(lock);  /* ACTION_CONSOLE_OFF; 0: none */
} kmsg;

static void note_line(void)
{
    if (hal_cpu_local() != NULL && !cpu_is_atomic())
        waitq_wake_all(&kmsg.waitq);
}

static void look_again(void *arg)
{
    (void)arg;
    waitq_wake_all(&kmsg.waitq);
}

/* Somebody waits: lines of any context will be seen. */
static void expect_lines(void)
{
    unsigned saved = spin_lock_irq(&kmsg.timer_lock);

    timer_arm(&kmsg.timer, hal_clock_now() + LOOK_NS);
    spin_unlock_irq(&kmsg.timer_lock, saved);
}

/* --- /dev/kmsg ------------------------------------------------------------ */

/* An open file. */
struct kmsg_open {
    uint64_t next; /* record to be read; the file's position_lock to write,
                      atomic */
};

static uint64_t next_of(const struct file *file)
{
    const struct kmsg_open *open = file->data;

    return __atomic_load_n(&open->next, __ATOMIC_RELAXED);
}

static void set_next(struct file *file, uint64_t next)
{
    struct kmsg_open *open = file->data;

    __atomic_store_n(&open->next, next, __ATOMIC_RELAXED);
}

/* A record as it is read: its length. */
static size_t show_record(const struct log_record *record, char *to)
{
    size_t used =
        format(to, TEXT_MAX, "%u,%lu,%lu,-;", record->priority,
               (unsigned long)record->sequence, (unsigned long)record->time_us);

    for (unsigned i = 0; i < record->size; i++) {
        uint8_t c = (uint8_t)record->text[i];

        if (c >= ' ' && c < 0x7f && c != '\\')
            to[used++] = (char)c;
        else
            used += format(to + used, TEXT_MAX - used, "\\x%02x", c);
    }
    to[used++] = '\n';
    ASSERT(used <= TEXT_MAX);
    return used;
}

static ssize_t give_record(struct file *file, struct user_cursor *to,
                           const struct log_record *record)
{
    char *text = kmem_alloc(TEXT_MAX, MEM_WAIT, NULL);
    ssize_t result;
    size_t size;

    if (text == NULL)
        return -ENOMEM;
    size = show_record(record, text);
    result = (ssize_t)size;
    if (size > to->left)
        result = -EINVAL;
    else if (cursor_copy_out(to, text, size) < size)
        result = -EFAULT;
    kmem_free(text, TEXT_MAX);
    if (result > 0)
        set_next(file, record->sequence + 1);
    return result;
}

/* The first record that is left: there reading begins. */
static uint64_t first_record(void)
{
    struct log_record record;
    uint64_t first = 0;

    (void)!log_read(&first, &record);
    return first;
}

static ssize_t read_next(struct file *file, struct user_cursor *to)
{
    uint64_t wanted = next_of(file), next = wanted;
    struct log_record record;

    if (!log_read(&next, &record)) {
        expect_lines();
        return -EAGAIN;
    }
    if (next != wanted) {
        set_next(file, next);
        return -EPIPE; /* some were lost in between */
    }
    return give_record(file, to, &record);
}

static ssize_t read_kmsg(struct file *file, struct user_cursor *to,
                         uint64_t *position)
{
    ssize_t result;

    (void)position;
    if (mutex_lock_killable(&file->position_lock) != 0)
        return -EINTR;
    result = read_next(file, to);
    mutex_unlock(&file->position_lock);
    return result;
}

/* The priority of "<N>" that text begins with, and what follows it. */
static unsigned take_priority(const char **text, size_t *size)
{
    unsigned value = 0;
    size_t at = 1;

    if (*size < 3 || (*text)[0] != '<')
        return FACILITY_USER | LOG_WARNING;
    while (at < *size && at <= PRIORITY_DIGITS && (*text)[at] >= '0' &&
           (*text)[at] <= '9')
        value = value * 10 + (unsigned)((*text)[at++] - '0');
    if (at == 1 || at >= *size || (*text)[at] != '>')
        return FACILITY_USER | LOG_WARNING;
    *text += at + 1;
    *size -= at + 1;
    return value < FACILITY_USER ? FACILITY_USER | value : value;
}

static ssize_t write_kmsg(struct file *file, struct user_cursor *from,
                          uint64_t *position)
{
    char line[LOG_LINE_MAX];
    const char *text = line;
    size_t size = from->left, rest = size;
    unsigned priority;

    (void)file;
    (void)position;
    if (size > sizeof(line))
        return -EINVAL;
    if (cursor_copy_in(from, line, size) < size)
        return -EFAULT;
    priority = take_priority(&text, &rest);
    if (rest > 0 && text[rest - 1] == '\n')
        rest--;
    log_put(priority, text, rest);
    return (ssize_t)size;
}

static unsigned poll_kmsg(struct file *file)
{
    uint64_t wanted = next_of(file), next = wanted;
    struct log_record record;

    if (log_read(&next, &record))
        return LX_POLLOUT | LX_POLLWRNORM | LX_POLLIN | LX_POLLRDNORM |
               (next != wanted ? LX_POLLERR | LX_POLLPRI : 0);
    expect_lines();
    return LX_POLLOUT | LX_POLLWRNORM;
}

static struct waitq *kmsg_waitq(struct file *file)
{
    (void)file;
    return &kmsg.waitq;
}

static int64_t seek_kmsg(struct file *file, int64_t offset, unsigned whence)
{
    if (offset != 0)
        return -ESPIPE;
    switch (whence) {
    case LX_SEEK_SET:
        set_next(file, first_record());
        return 0;
    case LX_SEEK_DATA:
        mutex_lock(&kmsg.lock);
        set_next(file, kmsg.cleared);
        mutex_unlock(&kmsg.lock);
        return 0;
    case LX_SEEK_END:
        set_next(file, log_next());
        return 0;
    default:
        return -EINVAL;
    }
}

static void release_kmsg(struct file *file)
{
    kmem_free(file->data, sizeof(struct kmsg_open));
}

static const struct file_ops kmsg_file_ops = {
    .read = read_kmsg,
    .write = write_kmsg,
    .poll = poll_kmsg,
    .waitq = kmsg_waitq,
    .seek = seek_kmsg,
    .release = release_kmsg,
    .is_placeless = true,
};

static int open_kmsg(struct chardev *device, uint32_t minor, unsigned flags,
                     struct file **out)
{
    struct kmsg_open *open = kmem_alloc(sizeof(*open), MEM_WAIT, NULL);
    int error;

    (void)device;
    (void)minor;
    if (open == NULL)
        return -ENOMEM;
    open->next = first_record();
    error = file_create(&kmsg_file_ops, flags, open, out);
    if (error != 0)
        kmem_free(open, sizeof(*open));
    return error;
}

static const struct chardev_ops kmsg_ops = {.open = open_kmsg};

static struct chardev kmsg_device = {"kmsg",    KMSG_MAJOR, KMSG_MINOR, 1,
                                     KMSG_MODE, &kmsg_ops,  NULL,       {0}};

int kmsg_init(void)
{
    waitq_init(&kmsg.waitq);
    spin_init(&kmsg.timer_lock, &timer_class);
    timer_init(&kmsg.timer, look_again, NULL);
    mutex_init(&kmsg.lock, &syslog_class);
    log_set_hook(note_line);
    return chardev_register(&kmsg_device);
}

/* --- syslog(2) ------------------------------------------------------------ */

/* A line as syslog(2) has it, "<6>[    1.000000] text": its length. */
static size_t show_line(const struct log_record *record, char *to)
{
    size_t used = format(to, TEXT_MAX, "<%u>[%5lu.%06lu] ", record->priority,
                         (unsigned long)(record->time_us / 1000000),
                         (unsigned long)(record->time_us % 1000000));

    mem_copy(to + used, record->text, record->size);
    used += record->size;
    to[used++] = '\n';
    return used;
}

static bool has_unread(void *arg)
{
    uint64_t next = *(const uint64_t *)arg;

    if (log_next() > next)
        return true;
    expect_lines();
    return false;
}

/* What was not read yet, as far as it fits; the last line may be cut. */
static ssize_t copy_unread(struct aspace *as, uaddr_t to, size_t size,
                           char *text) REQUIRES(kmsg.lock)
{
    struct log_record record;
    size_t done = 0;

    while (done < size) {
        uint64_t next = kmsg.unread;
        size_t length, part;

        if (!log_read(&next, &record))
            break;
        if (next != kmsg.unread)
            kmsg.taken = 0;
        length = show_line(&record, text);
        part = min_size(length - kmsg.taken, size - done);
        if (copy_out(as, to + done, text + kmsg.taken, part) != 0)
            return done > 0 ? (ssize_t)done : -EFAULT;
        done += part;
        kmsg.taken += part;
        kmsg.unread = next;
        if (kmsg.taken == length) {
            kmsg.unread = next + 1;
            kmsg.taken = 0;
        }
    }
    return (ssize_t)done;
}

static ssize_t read_unread(struct aspace *as, uaddr_t to, size_t size,
                           char *text)
{
    ssize_t result;
    uint64_t next;
    int error;

    do {
        mutex_lock(&kmsg.lock);
        next = kmsg.unread;
        mutex_unlock(&kmsg.lock);
        error = waitq_wait_interruptible(&kmsg.waitq, has_unread, &next,
                                         WAIT_FOREVER);
        if (error != 0)
            return error;
        if (mutex_lock_killable(&kmsg.lock) != 0)
            return -EINTR;
        result = copy_unread(as, to, size, text);
        mutex_unlock(&kmsg.lock);
    } while (result == 0);
    return result;
}

/* The first of the lines from `from` on that fit into size together. */
static uint64_t first_that_fits(uint64_t from, uint64_t end, size_t size,
                                char *text)
{
    struct log_record record;
    size_t sum = 0;

    for (uint64_t at = from; at < end && log_read(&at, &record); at++)
        sum += show_line(&record, text);
    while (sum > size && from < end && log_read(&from, &record)) {
        sum -= show_line(&record, text);
        from++;
    }
    return from;
}

static ssize_t read_all(struct aspace *as, uaddr_t to, size_t size, char *text)
    REQUIRES(kmsg.lock)
{
    uint64_t end = log_next();
    uint64_t at = first_that_fits(kmsg.cleared, end, size, text);
    struct log_record record;
    size_t done = 0;

    for (; at < end && log_read(&at, &record); at++) {
        size_t length = show_line(&record, text);

        if (done + length > size)
            break;
        if (copy_out(as, to + done, text, length) != 0)
            return -EFAULT;
        done += length;
    }
    return (ssize_t)done;
}

static ssize_t read_lines(struct aspace *as, int action, uaddr_t to, int size)
{
    ssize_t result;
    char *text;

    if (to == 0 || size < 0)
        return -EINVAL;
    if (size == 0)
        return 0;
    text = kmem_alloc(TEXT_MAX, MEM_WAIT, NULL);
    if (text == NULL)
        return -ENOMEM;
    if (action == ACTION_READ) {
        result = read_unread(as, to, (size_t)size, text);
    } else {
        mutex_lock(&kmsg.lock);
        result = read_all(as, to, (size_t)size, text);
        if (action == ACTION_READ_CLEAR && result >= 0)
            kmsg.cleared = log_next();
        mutex_unlock(&kmsg.lock);
    }
    kmem_free(text, TEXT_MAX);
    return result;
}

static ssize_t count_unread(void) REQUIRES(kmsg.lock)
{
    char *text = kmem_alloc(TEXT_MAX, MEM_WAIT, NULL);
    struct log_record record;
    size_t sum = 0;

    if (text == NULL)
        return -ENOMEM;
    for (uint64_t at = kmsg.unread; log_read(&at, &record); at++)
        sum += show_line(&record, text);
    kmem_free(text, TEXT_MAX);
    return (ssize_t)(sum - kmsg.taken);
}

static ssize_t set_console(int action, int level) REQUIRES(kmsg.lock)
{
    if (action == ACTION_CONSOLE_LEVEL) {
        if (level < 1 || level > LOG_DEBUG + 1)
            return -EINVAL;
        kmsg.saved_level = 0;
        log_set_console_level(level);
    } else if (action == ACTION_CONSOLE_OFF) {
        if (kmsg.saved_level == 0)
            kmsg.saved_level = log_console_level();
        log_set_console_level(1);
    } else if (kmsg.saved_level != 0) {
        log_set_console_level(kmsg.saved_level);
        kmsg.saved_level = 0;
    }
    return 0;
}

static ssize_t serve(int action, int size) REQUIRES(kmsg.lock)
{
    switch (action) {
    case ACTION_CLOSE:
    case ACTION_OPEN:
        return 0;
    case ACTION_CLEAR:
        kmsg.cleared = log_next();
        return 0;
    case ACTION_CONSOLE_OFF:
    case ACTION_CONSOLE_ON:
    case ACTION_CONSOLE_LEVEL:
        return set_console(action, size);
    case ACTION_SIZE_UNREAD:
        return count_unread();
    case ACTION_SIZE_BUFFER:
        return LOG_RECORDS * LOG_LINE_MAX;
    default:
        return -EINVAL;
    }
}

bool kmsg_is_privileged(int action)
{
    return action != ACTION_READ_ALL && action != ACTION_SIZE_BUFFER;
}

ssize_t kmsg_syslog(struct aspace *as, int action, uaddr_t to, int size)
{
    ssize_t result;

    if (action >= ACTION_READ && action <= ACTION_READ_CLEAR)
        return read_lines(as, action, to, size);
    mutex_lock(&kmsg.lock);
    result = serve(action, size);
    mutex_unlock(&kmsg.lock);
    return result;
}
