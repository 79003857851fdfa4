/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/console_stream.c - contract in console_stream.h.
 */
#include "core/dev/console_stream.h"

#include "core/base/log.h"
#include "core/base/string.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"

enum { NAME_MAX = 16, DLE = 0x10, EOT = 0x04 };

static struct {
    struct list backends;           /* const once the console started */
    struct console_backend *inout;  /* or NULL: the HAL's; atomic */
    struct console_backend *errors; /* the same */
    void (*ready)(void *arg);       /* const once the console started */
    void *ready_arg;                /* the same */
    /* Of the input's framing: the reader's. */
    bool is_framed, is_escaped, has_ended;
} console = {.backends = {&console.backends, &console.backends}};

void console_backend_register(struct console_backend *backend)
{
    list_init(&backend->link);
    list_push_back(&console.backends, &backend->link);
}

static struct console_backend *find(const char *name)
{
    list_for_each(node, &console.backends)
    {
        struct console_backend *one =
            list_entry(node, struct console_backend, link);

        if (str_equal(one->name, name))
            return one;
    }
    return NULL;
}

bool console_stream_select(const char *name)
{
    struct console_backend *backend = find(name);
    char next[NAME_MAX];
    size_t length = str_length(name, sizeof(next));

    if (backend == NULL || length == 0 || length == sizeof(next))
        return false;
    (void)str_copy(next, name, sizeof(next));
    next[length - 1]++;
    console.inout = backend;
    console.errors = find(next);
    if (console.errors == NULL)
        console.errors = backend;
    console.is_framed = !hal_console_is_terminal();
    return true;
}

static struct console_backend *backend_of(enum hal_stream stream)
{
    return __atomic_load_n(stream == HAL_STREAM_ERR ? &console.errors
                                                    : &console.inout,
                           __ATOMIC_ACQUIRE);
}

/* The device is of no use any more. */
static void give_up(enum hal_stream stream)
{
    __atomic_store_n(stream == HAL_STREAM_ERR ? &console.errors
                                              : &console.inout,
                     NULL, __ATOMIC_RELEASE);
}

int console_stream_write(enum hal_stream stream, const void *data, size_t size)
{
    struct console_backend *backend = backend_of(stream);
    int taken;

    if (backend != NULL) {
        taken = backend->write(backend, data, size);
        if (taken >= 0)
            return taken;
        give_up(stream);
    }
    return hal_console_write(stream, data, size);
}

/* Takes the framing off size bytes in place; returns how many are left. */
static size_t unframe(uint8_t *data, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < size && !console.has_ended; i++) {
        uint8_t byte = data[i];

        if (!console.is_escaped && byte == DLE) {
            console.is_escaped = true;
            continue;
        }
        if (console.is_escaped && byte == EOT)
            console.has_ended = true;
        else
            data[kept++] = byte;
        console.is_escaped = false;
    }
    return kept;
}

/* Bytes may be all framing: it looks again while there are more. */
static int read_backend(struct console_backend *backend, void *data,
                        size_t size)
{
    while (!console.has_ended) {
        int got = backend->read(backend, data, size);

        if (got <= 0 || !console.is_framed)
            return got;
        got = (int)unframe(data, (size_t)got);
        if (got > 0)
            return got;
    }
    return HAL_CONSOLE_END;
}

int console_stream_read(void *data, size_t size)
{
    struct console_backend *backend = backend_of(HAL_STREAM_IN);
    int got;

    if (console.has_ended)
        return HAL_CONSOLE_END;
    if (backend == NULL)
        return hal_console_read(data, size);
    got = read_backend(backend, data, size);
    if (got >= 0 || console.has_ended)
        return got;
    give_up(HAL_STREAM_IN);
    return hal_console_read(data, size);
}

/* The HAL's call. */
static void hal_ready(void *arg)
{
    (void)arg;
    cpu_enter_interrupt();
    console.ready(console.ready_arg);
    cpu_leave_interrupt();
}

void console_stream_attach(void (*ready)(void *arg), void *arg)
{
    struct console_backend *inout = backend_of(HAL_STREAM_OUT);
    struct console_backend *errors = backend_of(HAL_STREAM_ERR);

    if (inout != NULL)
        inout->attach(inout, ready, arg);
    if (errors != NULL && errors != inout)
        errors->attach(errors, ready, arg);
    console.ready = ready;
    console.ready_arg = arg;
    hal_console_attach(hal_ready, NULL);
}

bool console_stream_window(struct lx_winsize *out)
{
    struct console_backend *backend = backend_of(HAL_STREAM_OUT);
    struct hal_screen size;

    if (backend != NULL)
        return backend->window(backend, out);
    if (!hal_console_size(&size))
        return false;
    *out =
        (struct lx_winsize){size.rows, size.columns, size.width, size.height};
    return true;
}

static bool is_drained(enum hal_stream stream)
{
    struct console_backend *backend = backend_of(stream);

    return backend == NULL || backend->is_drained(backend);
}

void console_stream_drain(uint64_t timeout_ns)
{
    uint64_t end = hal_clock_now() + timeout_ns;

    while (!is_drained(HAL_STREAM_OUT) || !is_drained(HAL_STREAM_ERR)) {
        if (hal_clock_now() > end)
            return;
        thread_yield();
    }
}
