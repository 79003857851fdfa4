/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_bus.c - the devices of the machine: two consoles, for init's
 * input and output and for its errors, and an entropy device (sim/virtio.h).
 *
 * In real time they work on the event loop's thread, woken by an eventfd; with
 * a seed, when an event of virtual time fires, some time after the driver's
 * notification. A lock per device is between that and the CPUs.
 *
 * Not instrumented by TSan, like the lock.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hal/hosted/cpu.h"
#include "hal/hosted/host_bus.h"
#include "hal/hosted/host_parts.h"
#include "sim/loop.h"
#include "sim/virtio.h"
#include "sim/vtime.h"

enum {
    SLOTS = 8,
    CONSOLES = 2,
    LINE_FIRST = 16,
    LATENCY_NS = 20000 /* at most, of virtual time */
};

/* Above all memory that a guest can have. */
#define BUS_START UINT64_C(0x400000000000)

struct slot {
    struct host_lock lock;
    struct sim_virtio *device; /* NULL: empty */
    bool is_manual;            /* a test's */
    struct sim_event event;
};

static struct slot slots[SLOTS];
static int wake_fd = -1;

static struct sim_virtio consoles[CONSOLES], rng;
static struct sim_console streams[CONSOLES];
static struct sim_rng entropy = {.fill = host_entropy};

static void *memory(uint64_t start, uint64_t size)
{
    const struct host_facts *facts = host_facts();

    for (size_t i = 0; i < facts->ram_count; i++) {
        const struct host_range *ram = &facts->ram[i];

        if (start >= ram->start && size <= ram->size &&
            start - ram->start <= ram->size - size)
            return (char *)host_ram() + start;
    }
    return NULL;
}

static void raise_line(void *arg)
{
    const struct slot *slot = arg;

    hosted_irq_line(LINE_FIRST + (unsigned)(slot - slots));
}

static void work(void *arg)
{
    struct slot *slot = arg;
    bool goes_on;

    host_lock_take(&slot->lock);
    sim_virtio_work(slot->device);
    goes_on = slot->device->is_storming &&
              !(slot->device->status & VIRTIO_FAILED) &&
              slot->device->status != 0;
    host_lock_give(&slot->lock);
    if (goes_on && host_facts()->seeded)
        host_seed_event(&slot->event, LATENCY_NS);
    else if (goes_on)
        (void)eventfd_write(wake_fd, 1);
}

/* On the loop's thread. */
static void work_all(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].device != NULL && !slots[i].is_manual)
            work(&slots[i]);
}

static void woken(void *arg)
{
    eventfd_t count;

    (void)arg;
    if (eventfd_read(wake_fd, &count) == 0)
        work_all();
}

void host_bus_streams_ready(void)
{
    if (wake_fd >= 0)
        work_all();
}

static bool plug(struct sim_virtio *device, bool is_manual)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &slots[i];

        if (slot->device != NULL)
            continue;
        slot->is_manual = is_manual;
        slot->event = (struct sim_event){.fire = work, .arg = slot};
        device->memory = memory;
        device->interrupt = raise_line;
        device->arg = slot;
        slot->device = device;
        return true;
    }
    return false;
}

/* The first console is the terminal, where there is one. */
static void set_window(void)
{
    uint16_t rows, columns, width, height;
    uint16_t size[2]; /* as VIRTIO_CONSOLE_COLUMNS and _ROWS lie */

    if (!host_console_size(&rows, &columns, &width, &height))
        return;
    size[0] = columns;
    size[1] = rows;
    sim_virtio_set_config(&consoles[0], VIRTIO_CONSOLE_COLUMNS, size,
                          sizeof(size));
}

void host_bus_resized(void)
{
    if (wake_fd < 0)
        return;
    host_lock_take(&slots[0].lock);
    set_window();
    host_lock_give(&slots[0].lock);
}

static void fill_place(size_t index, struct host_bus_place *out)
{
    out->start = BUS_START + index * VIRTIO_MMIO_SIZE;
    out->size = VIRTIO_MMIO_SIZE;
    out->line = LINE_FIRST + (unsigned)index;
}

bool host_bus_plug(struct sim_virtio *device, struct host_bus_place *out)
{
    if (!plug(device, true))
        return false;
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].device == device)
            fill_place(i, out);
    return true;
}

void host_bus_unplug(struct sim_virtio *device)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].device == device)
            slots[i].device = NULL;
}

static void add_devices(const struct host_options *options)
{
    for (int i = 0; i < CONSOLES; i++) {
        streams[i] = (struct sim_console){
            .read = i == 0 ? host_console_read : NULL,
            .write = host_console_write,
            .stream = i + 1,
            .is_framed = !host_facts()->terminal,
        };
        sim_virtio_init(&consoles[i], &sim_virtio_console, &streams[i]);
        (void)plug(&consoles[i], false);
    }
    set_window();
    sim_virtio_init(&rng, &sim_virtio_rng, &entropy);
    (void)plug(&rng, false);
    for (size_t i = 0; i < SLOTS && options->device_lies != 0; i++)
        if (slots[i].device != NULL)
            sim_virtio_be_hostile(slots[i].device, options->seed + i,
                                  options->device_lies);
}

int host_bus_start(const struct host_options *options, struct sim_loop *loop)
{
    int error;

    add_devices(options);
    if (host_facts()->seeded)
        return 0;
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd >= 0)
        wake_fd = host_fd_high(wake_fd);
    if (wake_fd < 0)
        return host_error("devices", errno);
    error = sim_loop_watch(loop, wake_fd, woken, NULL);
    return error == 0 ? 0 : host_error("devices", -error);
}

void host_bus_stop(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        slots[i].device = NULL;
    if (wake_fd >= 0)
        close(wake_fd);
    wake_fd = -1;
}

bool host_bus_device(size_t index, uint64_t *start, uint64_t *size,
                     unsigned *line)
{
    struct host_bus_place place;

    if (index >= SLOTS || slots[index].device == NULL || slots[index].is_manual)
        return false;
    fill_place(index, &place);
    *start = place.start;
    *size = place.size;
    *line = place.line;
    return true;
}

bool host_bus_answers(uint64_t start, uint64_t size)
{
    uint64_t index = (start - BUS_START) / VIRTIO_MMIO_SIZE;

    return start >= BUS_START && index < SLOTS && slots[index].device != NULL &&
           size != 0 && size <= VIRTIO_MMIO_SIZE - start % VIRTIO_MMIO_SIZE;
}

uint64_t host_bus_read(uint64_t at, unsigned size)
{
    struct slot *slot = &slots[(at - BUS_START) / VIRTIO_MMIO_SIZE];
    uint64_t value;

    host_lock_take(&slot->lock);
    value = sim_virtio_read(slot->device, at % VIRTIO_MMIO_SIZE, size);
    host_lock_give(&slot->lock);
    return value;
}

void host_bus_write(uint64_t at, unsigned size, uint64_t value)
{
    struct slot *slot = &slots[(at - BUS_START) / VIRTIO_MMIO_SIZE];
    bool has_work;

    host_lock_take(&slot->lock);
    has_work =
        sim_virtio_write(slot->device, at % VIRTIO_MMIO_SIZE, size, value);
    host_lock_give(&slot->lock);
    if (!has_work || slot->is_manual)
        return;
    if (host_facts()->seeded)
        host_seed_event(&slot->event, LATENCY_NS);
    else
        (void)eventfd_write(wake_fd, 1);
}
