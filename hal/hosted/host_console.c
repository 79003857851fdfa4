/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_console.c - init's three streams, and the kernel's log.
 *
 * Streams are the process's own 0, 1 and 2, which others may share: they are
 * never made non-blocking. A call asks poll(2) first and moves at most what
 * then cannot block. When there is nothing to do it arms the descriptor, one
 * shot, in an epoll set that the event loop watches, and the kernel hears of
 * it by hosted_raise_console(). A regular file is always ready.
 *
 * On a terminal the loop itself reads what is typed, so that Ctrl-A x works
 * whatever the guest does, into a ring: the loop moves its tail, a CPU its
 * head.
 *
 * One CPU at a time asks and moves. Not instrumented by TSan, like the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"
#include "sim/loop.h"

enum {
    RING_SIZE = 4096,     /* typed ahead; a power of two */
    TYPED_AT_ONCE = 256,  /* bytes */
    WRITE_AT_ONCE = 4096, /* PIPE_BUF: what a ready pipe takes whole */
    STREAMS = 3,
    LOG_AT_ONCE = 512 /* bytes */
};

static struct host_lock lock; /* of what CPUs read and write */
static int log_fd = STDERR_FILENO;
static bool log_is_terminal;
static int armed_fd = -1; /* the epoll set */
static bool always_ready[STREAMS];

static unsigned char ring[RING_SIZE];
static uint32_t ring_head, ring_tail; /* free-running */
static bool typed_end;                /* the terminal hung up */

/* Of a seeded run: all of stdin, read before boot. */
static char *input;
static size_t input_size, input_at;

/* Has the loop told the kernel once the stream is ready. */
static void arm(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT,
                                .data = {.fd = fd}};

    if (epoll_ctl(armed_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        epoll_ctl(armed_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Can fd be read, or written, without blocking? */
static bool is_ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return always_ready[fd] || poll(&p, 1, 0) > 0;
}

static void push_typed(const unsigned char *bytes, size_t size)
{
    uint32_t head = __atomic_load_n(&ring_head, __ATOMIC_ACQUIRE);
    uint32_t tail = ring_tail;

    /* As a terminal does: what nobody reads is dropped when it is full. */
    for (size_t i = 0; i < size && tail - head < RING_SIZE; i++)
        ring[tail++ % RING_SIZE] = bytes[i];
    __atomic_store_n(&ring_tail, tail, __ATOMIC_RELEASE);
}

static void end_typed(void)
{
    __atomic_store_n(&typed_end, true, __ATOMIC_RELEASE);
    hosted_raise_console();
}

/* On the loop's thread: the terminal has input. */
static void read_typed(void)
{
    unsigned char bytes[TYPED_AT_ONCE];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    bool quit = false;

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        end_typed();
        return;
    }
    if (got > 0) {
        push_typed(bytes, host_terminal_filter(bytes, (size_t)got, &quit));
        hosted_raise_console();
    }
    if (quit) {
        host_terminal_restore();
        host_error("ended by Ctrl-A x", 0);
        host_stop(0);
        return;
    }
    arm(STDIN_FILENO, EPOLLIN);
}

/* On the loop's thread: something armed is ready. */
static void armed_ready(void *arg)
{
    struct epoll_event events[STREAMS];
    int count = epoll_wait(armed_fd, events, STREAMS, 0);

    (void)arg;
    for (int i = 0; i < count; i++) {
        if (host_facts()->terminal && events[i].data.fd == STDIN_FILENO)
            read_typed();
        else
            hosted_raise_console();
    }
    if (count > 0)
        host_bus_streams_ready();
}

static int take_typed(unsigned char *to, size_t size)
{
    bool ended = __atomic_load_n(&typed_end, __ATOMIC_ACQUIRE);
    uint32_t tail = __atomic_load_n(&ring_tail, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&ring_head, __ATOMIC_RELAXED);
    size_t count = 0;

    while (count < size && head != tail)
        to[count++] = ring[head++ % RING_SIZE];
    __atomic_store_n(&ring_head, head, __ATOMIC_RELEASE);
    return count == 0 && ended ? -1 : (int)count;
}

static int take_input(void *to, size_t size)
{
    size_t count = input_size - input_at;

    if (count == 0)
        return -1;
    if (count > size)
        count = size;
    memcpy(to, input + input_at, count);
    input_at += count;
    return (int)count;
}

static int read_input(void *data, size_t size)
{
    ssize_t got;

    if (host_facts()->seeded)
        return take_input(data, size);
    if (host_facts()->terminal)
        return take_typed(data, size);
    if (is_ready(STDIN_FILENO, POLLIN)) {
        got = read(STDIN_FILENO, data, size);
        if (got > 0)
            return (int)got;
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return -1;
    }
    arm(STDIN_FILENO, EPOLLIN);
    return 0;
}

int host_console_read(void *data, size_t size)
{
    int got;

    host_lock_take(&lock);
    got = read_input(data, size > INT32_MAX ? INT32_MAX : size);
    host_lock_give(&lock);
    return got;
}

/* A seeded run does not depend on how fast the other side reads. */
static int write_whole(int fd, const void *data, size_t size)
{
    return host_write_all(fd, data, size) != 0 ? -1 : (int)size;
}

static int write_output(int stream, const void *data, size_t size)
{
    ssize_t done;

    if (host_facts()->seeded)
        return write_whole(stream, data, size);
    if (size > WRITE_AT_ONCE && !always_ready[stream])
        size = WRITE_AT_ONCE;
    if (is_ready(stream, POLLOUT)) {
        done = write(stream, data, size);
        if (done > 0)
            return (int)done;
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
    }
    arm(stream, EPOLLOUT);
    return 0;
}

int host_console_write(int stream, const void *data, size_t size)
{
    int done;

    host_lock_take(&lock);
    done = write_output(stream, data, size > INT32_MAX ? INT32_MAX : size);
    host_lock_give(&lock);
    return done;
}

/* Each line in one write(2), so that two do not mix. */
static void log_to_terminal(const char *text, size_t size)
{
    char line[LOG_AT_ONCE];
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            line[used++] = '\r';
        line[used++] = text[i];
        if (used >= sizeof(line) - 1 || text[i] == '\n' || i + 1 == size) {
            (void)host_write_all(log_fd, line, used);
            used = 0;
        }
    }
}

void host_log_write(const char *text, size_t size)
{
    /* There is nobody to tell that the log is full. */
    if (log_is_terminal && host_terminal_is_raw())
        log_to_terminal(text, size);
    else
        (void)host_write_all(log_fd, text, size);
}

bool host_entropy(void *data, size_t size)
{
    char *at = data;

    if (host_facts()->seeded)
        return host_seed_entropy(data, size);
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return true;
}

static int read_all_input(void)
{
    enum { STEP = 64 << 10 };
    size_t room = 0;

    for (;;) {
        ssize_t got;

        if (room - input_size < STEP) {
            char *more = realloc(input, room += room + STEP);

            if (more == NULL)
                return host_error("stdin", ENOMEM);
            input = more;
        }
        got = read(STDIN_FILENO, input + input_size, room - input_size);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return host_error("stdin", errno);
        if (got > 0)
            input_size += (size_t)got;
        else
            poll(&(struct pollfd){.events = POLLIN}, 1, -1);
    }
}

static int open_log(const char *path)
{
    char what[256];
    int fd;

    if (path == NULL)
        return 0;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0)
        fd = host_fd_high(fd);
    if (fd < 0) {
        snprintf(what, sizeof(what), "--log: %s", path);
        return host_error(what, errno);
    }
    log_fd = fd;
    return 0;
}

/* epoll refuses what is always ready: files and /dev/null. */
static void find_always_ready(void)
{
    for (int fd = 0; fd < STREAMS; fd++) {
        struct epoll_event event = {.events = 0};

        always_ready[fd] = epoll_ctl(armed_fd, EPOLL_CTL_ADD, fd, &event) != 0;
        if (!always_ready[fd])
            epoll_ctl(armed_fd, EPOLL_CTL_DEL, fd, NULL);
    }
}

int host_console_start(const struct host_options *options,
                       struct sim_loop *loop)
{
    int error = open_log(options->log);

    if (error != 0)
        return error;
    armed_fd = epoll_create1(EPOLL_CLOEXEC);
    if (armed_fd >= 0)
        armed_fd = host_fd_high(armed_fd);
    if (armed_fd < 0)
        return host_error("console", errno);
    find_always_ready();
    log_is_terminal = isatty(log_fd);
    error = sim_loop_watch(loop, armed_fd, armed_ready, NULL);
    if (error != 0)
        return host_error("console", -error);
    if (options->seeded)
        return read_all_input();
    if (host_terminal_is_there()) {
        host_facts_edit()->terminal = true;
        error = host_terminal_raw();
        arm(STDIN_FILENO, EPOLLIN);
    }
    return error;
}

void host_console_stop(void)
{
    host_terminal_restore();
    free(input);
    input = NULL;
    if (armed_fd >= 0)
        close(armed_fd);
    armed_fd = -1;
    if (log_fd != STDERR_FILENO)
        close(log_fd);
    log_fd = STDERR_FILENO;
}
