/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_console.c - contract in virtio_console.h.
 *
 * Both directions have a fixed number of buffers. Input waits in the order it
 * came, in the buffers that the device filled, and each goes back to the device
 * when it was read: who does not read holds the other side up. Output that the
 * device has taken is noticed when there is no free buffer left; only then an
 * interrupt is asked for.
 *
 * A device that takes no output for SILENCE_NS is declared broken. The time is
 * long, since to a device of this kind belongs somebody who may stop reading.
 */
#include "drivers/virtio_console.h"

#include "core/abi/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/timer.h"
#include "drivers/virtio.h"
#include "hal/clock.h"
#include "hal/phys.h"

enum { QUEUE_IN, QUEUE_OUT, QUEUES };
enum {
    BUFFERS = 16, /* of each direction */
    BUFFER_SIZE = 1024,
    BUFFERS_ORDER = 3, /* all of them */
    NAME_SIZE = 16
};

_Static_assert(QUEUES *BUFFERS *BUFFER_SIZE <= PAGE_SIZE << BUFFERS_ORDER,
               "the buffers fit their frames");

#define SILENCE_NS UINT64_C(600000000000)

struct buffer {
    uint8_t *data;    /* const */
    uint32_t at, end; /* of input: what is not read yet */
    struct list link; /* of `filled` or `free` */
};

struct virtio_console {
    struct virtio_device device;
    struct console_backend backend;
    char name[NAME_SIZE];
    uint8_t *data;
    struct buffer buffers[QUEUES][BUFFERS];
    /* Under the device's lock: */
    struct list filled; /* input, the oldest first */
    struct list free;   /* for output */
    bool is_waiting;    /* somebody wants to know of a free one */
    bool is_attached;   /* the device has input buffers */
    uint16_t seen;      /* output taken when the timer was armed */
    /* What to call; set once. */
    void (*ready)(void *arg);
    void *ready_arg;
    struct timer silence;
    uint16_t rows, columns; /* 0: unknown; atomic */
};

static struct virtio_console *console_of(struct virtio_device *device)
{
    return container_of(device, struct virtio_console, device);
}

static void tell(struct virtio_console *console)
{
    void (*ready)(void *arg) =
        __atomic_load_n(&console->ready, __ATOMIC_ACQUIRE);

    if (ready != NULL)
        ready(console->ready_arg);
}

/* --- buffers -------------------------------------------------------------- */

static int give_buffer(struct virtio_console *console, unsigned queue,
                       struct buffer *buffer, size_t size)
{
    struct virtio_part part = {hal_phys_of(buffer->data), (uint32_t)size};

    return virtqueue_add(&console->device.queues[queue], &part,
                         queue == QUEUE_OUT, queue == QUEUE_IN, buffer);
}

static void take_input(struct virtio_console *console)
    REQUIRES(console->device.lock)
{
    uint32_t written;
    void *token;

    while (virtio_take(&console->device, QUEUE_IN, &token, &written)) {
        struct buffer *buffer = token;

        buffer->at = 0;
        buffer->end = written;
        list_push_back(&console->filled, &buffer->link);
    }
}

static void take_output(struct virtio_console *console)
    REQUIRES(console->device.lock)
{
    uint32_t written;
    void *token;

    while (virtio_take(&console->device, QUEUE_OUT, &token, &written)) {
        struct buffer *buffer = token;

        list_push_back(&console->free, &buffer->link);
    }
}

/* --- the device's calls, in interrupts ------------------------------------ */

static void used(struct virtio_device *device)
{
    struct virtio_console *console = console_of(device);
    unsigned saved = spin_lock_irq(&console->device.lock);

    do {
        take_input(console);
    } while (virtqueue_enable_interrupt(&device->queues[QUEUE_IN]) &&
             !virtio_is_broken(device));
    if (console->is_waiting) {
        take_output(console);
        console->is_waiting = list_is_empty(&console->free);
        if (!console->is_waiting)
            virtqueue_disable_interrupt(&device->queues[QUEUE_OUT]);
    }
    spin_unlock_irq(&console->device.lock, saved);
    tell(console);
}

static void read_size(struct virtio_console *console)
{
    uint16_t size[2]; /* columns, rows */

    _Static_assert(VIRTIO_CONSOLE_ROWS - VIRTIO_CONSOLE_COLUMNS == 2,
                   "one follows the other");
    if (!(console->device.features & VIRTIO_CONSOLE_F_SIZE) ||
        virtio_read_config(&console->device, VIRTIO_CONSOLE_COLUMNS, size,
                           sizeof(size)) != 0)
        return;
    __atomic_store_n(&console->columns, size[0], __ATOMIC_RELAXED);
    __atomic_store_n(&console->rows, size[1], __ATOMIC_RELAXED);
}

static void config_changed(struct virtio_device *device)
{
    struct virtio_console *console = console_of(device);

    read_size(console);
    tell(console);
}

/* Output is taken as long as there is some: the timer goes on. */
static void look_for_life(void *arg)
{
    struct virtio_console *console = arg;
    struct virtqueue *out = &console->device.queues[QUEUE_OUT];
    unsigned saved = spin_lock_irq(&console->device.lock);
    bool is_silent;

    take_output(console);
    is_silent = out->out > 0 && out->taken == console->seen;
    if (out->out > 0 && !is_silent && !virtio_is_broken(&console->device)) {
        console->seen = out->taken;
        timer_arm(&console->silence, hal_clock_now() + SILENCE_NS);
    }
    spin_unlock_irq(&console->device.lock, saved);
    if (is_silent)
        virtio_break(&console->device, "it takes no output");
    tell(console);
}

static const struct virtio_driver driver = {
    .name = "hvc",
    .device_id = VIRTIO_ID_CONSOLE,
    .features = VIRTIO_CONSOLE_F_SIZE,
    .queues = QUEUES,
    .used = used,
    .config_changed = config_changed,
};

/* --- the backend ---------------------------------------------------------- */

static struct virtio_console *from_backend(struct console_backend *backend)
{
    return container_of(backend, struct virtio_console, backend);
}

/* A free buffer for output; NULL: there is none, and an interrupt will tell. */
static struct buffer *find_free(struct virtio_console *console)
    REQUIRES(console->device.lock)
{
    struct virtqueue *out = &console->device.queues[QUEUE_OUT];
    bool was_idle = out->out == 0;

    if (list_is_empty(&console->free))
        take_output(console);
    while (list_is_empty(&console->free)) {
        console->is_waiting = true;
        if (!virtqueue_enable_interrupt(out) ||
            virtio_is_broken(&console->device))
            return NULL;
        take_output(console);
    }
    if (was_idle) {
        console->seen = out->taken;
        timer_arm(&console->silence, hal_clock_now() + SILENCE_NS);
    }
    return list_entry(list_pop_front(&console->free), struct buffer, link);
}

static int write_console(struct console_backend *backend, const void *data,
                         size_t size)
{
    struct virtio_console *console = from_backend(backend);
    const uint8_t *from = data;
    size_t done = 0;
    unsigned saved = spin_lock_irq(&console->device.lock);

    size = min_size(size, INT32_MAX);
    while (done < size && !virtio_is_broken(&console->device)) {
        struct buffer *buffer = find_free(console);
        size_t part = min_size(size - done, BUFFER_SIZE);

        if (buffer == NULL)
            break;
        mem_copy(buffer->data, from + done, part);
        if (give_buffer(console, QUEUE_OUT, buffer, part) != 0) {
            list_push_front(&console->free, &buffer->link);
            break;
        }
        done += part;
    }
    virtio_kick(&console->device, QUEUE_OUT);
    spin_unlock_irq(&console->device.lock, saved);
    if (done == 0 && virtio_is_broken(&console->device))
        return -EIO;
    return (int)done;
}

/* Moves what is left of a filled buffer; one that is empty goes back. */
static size_t read_buffer(struct virtio_console *console, uint8_t *to,
                          size_t size)
{
    struct buffer *buffer =
        list_entry(console->filled.next, struct buffer, link);
    size_t part = min_size(size, buffer->end - buffer->at);

    mem_copy(to, buffer->data + buffer->at, part);
    buffer->at += (uint32_t)part;
    if (buffer->at == buffer->end) {
        list_remove(&buffer->link);
        /* It has the place that it had before. */
        (void)!give_buffer(console, QUEUE_IN, buffer, BUFFER_SIZE);
    }
    return part;
}

static int read_console(struct console_backend *backend, void *data,
                        size_t size)
{
    struct virtio_console *console = from_backend(backend);
    uint8_t *to = data;
    size_t done = 0;
    unsigned saved = spin_lock_irq(&console->device.lock);

    size = min_size(size, INT32_MAX);
    while (done < size && !list_is_empty(&console->filled))
        done += read_buffer(console, to + done, size - done);
    virtio_kick(&console->device, QUEUE_IN);
    spin_unlock_irq(&console->device.lock, saved);
    if (done == 0 && virtio_is_broken(&console->device))
        return -EIO;
    return (int)done;
}

static bool get_window(struct console_backend *backend, struct lx_winsize *out)
{
    const struct virtio_console *console = from_backend(backend);

    *out = (struct lx_winsize){
        .ws_row = __atomic_load_n(&console->rows, __ATOMIC_RELAXED),
        .ws_col = __atomic_load_n(&console->columns, __ATOMIC_RELAXED)};
    return out->ws_row != 0 && out->ws_col != 0;
}

static bool is_drained(struct console_backend *backend)
{
    struct virtio_console *console = from_backend(backend);
    unsigned saved = spin_lock_irq(&console->device.lock);
    bool drained;

    take_output(console);
    drained = console->device.queues[QUEUE_OUT].out == 0 ||
              virtio_is_broken(&console->device);
    spin_unlock_irq(&console->device.lock, saved);
    return drained;
}

static void attach(struct console_backend *backend, void (*ready)(void *arg),
                   void *arg)
{
    struct virtio_console *console = from_backend(backend);
    unsigned saved = spin_lock_irq(&console->device.lock);

    console->ready_arg = arg;
    __atomic_store_n(&console->ready, ready, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < BUFFERS && !console->is_attached; i++)
        if (give_buffer(console, QUEUE_IN, &console->buffers[QUEUE_IN][i],
                        BUFFER_SIZE) != 0)
            break; /* the device has a smaller queue */
    console->is_attached = true;
    virtio_kick(&console->device, QUEUE_IN);
    spin_unlock_irq(&console->device.lock, saved);
}

/* --- opening -------------------------------------------------------------- */

static void lay_out(struct virtio_console *console)
{
    uint8_t *at = console->data;

    list_init(&console->filled);
    list_init(&console->free);
    for (unsigned queue = 0; queue < QUEUES; queue++)
        for (unsigned i = 0; i < BUFFERS; i++, at += BUFFER_SIZE) {
            struct buffer *buffer = &console->buffers[queue][i];

            buffer->data = at;
            list_init(&buffer->link);
            if (queue == QUEUE_OUT)
                list_push_back(&console->free, &buffer->link);
        }
}

static int set_up(struct virtio_console *console,
                  const struct hal_device *where, unsigned number)
{
    unsigned saved;
    int error = virtio_open(&console->device, where, &driver, number);

    if (error != 0)
        return error;
    (void)format(console->name, sizeof(console->name), "hvc%u", number);
    console->backend = (struct console_backend){
        .name = console->name,
        .write = write_console,
        .read = read_console,
        .window = get_window,
        .is_drained = is_drained,
        .attach = attach,
    };
    saved = spin_lock_irq(&console->device.lock);
    virtqueue_disable_interrupt(&console->device.queues[QUEUE_OUT]);
    spin_unlock_irq(&console->device.lock, saved);
    read_size(console);
    virtio_start(&console->device);
    return 0;
}

int virtio_console_open(const struct hal_device *where, unsigned number,
                        struct virtio_console **out)
{
    struct virtio_console *console =
        kmem_alloc(sizeof(*console), MEM_WAIT | MEM_ZERO, NULL);
    struct page *page;
    int error = -ENOMEM;

    if (console == NULL)
        return -ENOMEM;
    page = page_alloc(BUFFERS_ORDER, MEM_WAIT | MEM_ZERO, NULL);
    if (page == NULL)
        goto free_console;
    console->data = page_data(page);
    timer_init(&console->silence, look_for_life, console);
    lay_out(console);
    error = set_up(console, where, number);
    if (error != 0)
        goto free_page;
    *out = console;
    return 0;

free_page:
    page_put(page);
free_console:
    kmem_free(console, sizeof(*console));
    return error;
}

struct console_backend *virtio_console_backend(struct virtio_console *console)
{
    return &console->backend;
}

bool virtio_console_is_broken(const struct virtio_console *console)
{
    return virtio_is_broken(&console->device);
}

void virtio_console_close(struct virtio_console *console)
{
    bool is_free = virtio_close(&console->device);

    (void)timer_cancel(&console->silence);
    if (!is_free)
        return;
    page_put(page_of(hal_phys_of(console->data)));
    kmem_free(console, sizeof(*console));
}
