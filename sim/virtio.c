/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/virtio.c - the contract is in virtio.h: registers, rings and lies.
 */
#include "sim/virtio.h"

#include <string.h>

enum { DESC_SIZE = 16, USED_SIZE = 8, RING_HEAD = 4, LIE_STREAM = 1 };

void sim_virtio_copy(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb"
                     : "+D"(to), "+S"(from), "+c"(size)
                     :
                     : "memory");
}

static void reset(struct sim_virtio *device)
{
    memset(device->queues, 0, sizeof(device->queues));
    device->driver_features = 0;
    device->device_sel = device->driver_sel = device->queue_sel = 0;
    device->status = device->isr = 0;
    device->is_silent = device->is_storming = false;
    if (device->kind->reset != NULL)
        device->kind->reset(device);
}

void sim_virtio_init(struct sim_virtio *device,
                     const struct sim_virtio_kind *kind, void *state)
{
    memset(device, 0, sizeof(*device));
    device->kind = kind;
    device->state = state;
    reset(device);
}

void sim_virtio_be_hostile(struct sim_virtio *device, uint64_t seed,
                           uint64_t one_in)
{
    sim_choice_init(&device->lies, seed, LIE_STREAM);
    device->one_in = one_in;
}

static void interrupt(struct sim_virtio *device, uint32_t cause)
{
    __atomic_fetch_or(&device->isr, cause, __ATOMIC_SEQ_CST);
    device->interrupt(device->arg);
}

/* The driver erred. */
static void need_reset(struct sim_virtio *device)
{
    device->status |= VIRTIO_NEEDS_RESET;
    interrupt(device, VIRTIO_ISR_CONFIG);
}

/* --- registers ------------------------------------------------------------ */

static struct sim_queue *selected(struct sim_virtio *device)
{
    static struct sim_queue none;

    none = (struct sim_queue){0};
    return device->queue_sel < device->kind->queues
               ? &device->queues[device->queue_sel]
               : &none;
}

static uint64_t offered(const struct sim_virtio *device)
{
    return device->kind->features | VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX;
}

static uint32_t read_generation(struct sim_virtio *device)
{
    if (device->is_storming)
        device->generation++;
    return device->generation;
}

static uint32_t read_register(struct sim_virtio *device, uint64_t offset)
{
    switch (offset) {
    case VIRTIO_MMIO_MAGIC:
        return VIRTIO_MAGIC;
    case VIRTIO_MMIO_VERSION:
        return VIRTIO_MMIO_VERSION_2;
    case VIRTIO_MMIO_DEVICE_ID:
        return device->kind->device_id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return device->device_sel > 1
                   ? 0
                   : (uint32_t)(offered(device) >> 32 * device->device_sel);
    case VIRTIO_MMIO_QUEUE_MAX:
        return device->queue_sel < device->kind->queues ? SIM_VIRTIO_QUEUE_SIZE
                                                        : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return selected(device)->ready;
    case VIRTIO_MMIO_ISR:
        return __atomic_load_n(&device->isr, __ATOMIC_SEQ_CST);
    case VIRTIO_MMIO_STATUS:
        return device->status;
    case VIRTIO_MMIO_GENERATION:
        return read_generation(device);
    default:
        return 0;
    }
}

uint64_t sim_virtio_read(struct sim_virtio *device, uint64_t offset,
                         unsigned size)
{
    uint64_t value = 0;

    if (offset >= VIRTIO_MMIO_CONFIG) {
        offset -= VIRTIO_MMIO_CONFIG;
        if (offset < SIM_VIRTIO_CONFIG && size <= SIM_VIRTIO_CONFIG - offset)
            sim_virtio_copy(&value, device->config + offset, size);
        return value;
    }
    return size == sizeof(uint32_t) ? read_register(device, offset) : 0;
}

static void set_half(uint64_t *word, bool is_high, uint32_t value)
{
    if (is_high)
        *word = (*word & UINT32_MAX) | (uint64_t)value << 32;
    else
        *word = (*word & ~(uint64_t)UINT32_MAX) | value;
}

static void write_status(struct sim_virtio *device, uint32_t status)
{
    if (status == 0) {
        reset(device);
        return;
    }
    if ((status & VIRTIO_FEATURES_OK) &&
        ((device->driver_features & ~offered(device)) != 0 ||
         !(device->driver_features & VIRTIO_F_VERSION_1)))
        status &= ~(uint32_t)VIRTIO_FEATURES_OK;
    device->status = status;
}

static void write_queue(struct sim_queue *queue, uint64_t offset,
                        uint32_t value)
{
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_SIZE:
        if (value <= SIM_VIRTIO_QUEUE_SIZE && (value & (value - 1)) == 0)
            queue->size = value;
        break;
    case VIRTIO_MMIO_QUEUE_READY:
        queue->ready = value & (queue->size != 0);
        break;
    case VIRTIO_MMIO_QUEUE_DESC:
    case VIRTIO_MMIO_QUEUE_DESC + 4:
        set_half(&queue->desc, offset & 4, value);
        break;
    case VIRTIO_MMIO_QUEUE_DRIVER:
    case VIRTIO_MMIO_QUEUE_DRIVER + 4:
        set_half(&queue->avail, offset & 4, value);
        break;
    case VIRTIO_MMIO_QUEUE_DEVICE:
    case VIRTIO_MMIO_QUEUE_DEVICE + 4:
        set_half(&queue->used, offset & 4, value);
        break;
    default:
        break;
    }
}

bool sim_virtio_write(struct sim_virtio *device, uint64_t offset, unsigned size,
                      uint64_t value)
{
    uint32_t word = (uint32_t)value;

    if (size != sizeof(word))
        return false;
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        device->device_sel = word;
        return false;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        device->driver_sel = word;
        return false;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        if (device->driver_sel <= 1)
            set_half(&device->driver_features, device->driver_sel == 1, word);
        return false;
    case VIRTIO_MMIO_QUEUE_SEL:
        device->queue_sel = word;
        return false;
    case VIRTIO_MMIO_ISR_ACK:
        __atomic_fetch_and(&device->isr, ~word, __ATOMIC_SEQ_CST);
        return false;
    case VIRTIO_MMIO_STATUS:
        write_status(device, word);
        return true;
    case VIRTIO_MMIO_NOTIFY:
        return true;
    default:
        write_queue(selected(device), offset, word);
        return false;
    }
}

void sim_virtio_set_config(struct sim_virtio *device, unsigned offset,
                           const void *from, unsigned size)
{
    sim_virtio_copy(device->config + offset, from, size);
    device->generation++;
    if (device->status & VIRTIO_DRIVER_OK)
        interrupt(device, VIRTIO_ISR_CONFIG);
}

/* --- rings ---------------------------------------------------------------- */

/* A half-word of the ring area at `area`, which the other side may change. */
static uint16_t *half_at(struct sim_virtio *device, uint64_t area,
                         uint64_t offset)
{
    return device->memory(area + offset, sizeof(uint16_t));
}

static bool take_desc(struct sim_virtio *device, const struct sim_queue *queue,
                      uint16_t at, struct virtq_desc *out)
{
    const void *from =
        device->memory(queue->desc + (uint64_t)at * DESC_SIZE, DESC_SIZE);

    if (at >= queue->size || from == NULL)
        return false;
    sim_virtio_copy(out, from, sizeof(*out));
    return true;
}

/* Follows a chain from its head; false: the driver erred. */
static bool follow(struct sim_virtio *device, const struct sim_queue *queue,
                   struct sim_chain *out)
{
    struct virtq_desc desc = {.flags = VIRTQ_NEXT, .next = out->head};

    out->count = out->readable = 0;
    while (desc.flags & VIRTQ_NEXT) {
        if (out->count == SIM_CHAIN_PARTS ||
            !take_desc(device, queue, desc.next, &desc))
            return false;
        out->parts[out->count].data = device->memory(desc.address, desc.size);
        out->parts[out->count].size = desc.size;
        if (desc.size == 0 || out->parts[out->count].data == NULL)
            return false;
        out->count++;
        if (!(desc.flags & VIRTQ_WRITE)) {
            if (++out->readable != out->count)
                return false; /* readable parts come first */
        }
    }
    return true;
}

/* With event indices: where it is that the driver is to notify again. */
static bool is_empty(struct sim_virtio *device, struct sim_queue *queue,
                     uint16_t available)
{
    uint16_t *event = half_at(device, queue->used,
                              RING_HEAD + (uint64_t)USED_SIZE * queue->size);
    uint16_t *index = half_at(device, queue->avail, 2);

    if (available != queue->seen)
        return false;
    if (event == NULL)
        return true;
    __atomic_store_n(event, queue->seen, __ATOMIC_SEQ_CST);
    return __atomic_load_n(index, __ATOMIC_SEQ_CST) == queue->seen;
}

bool sim_virtio_take(struct sim_virtio *device, unsigned number,
                     struct sim_chain *out)
{
    struct sim_queue *queue = &device->queues[number];
    uint16_t *index, *entry;

    if (!queue->ready || device->is_silent)
        return false;
    index = half_at(device, queue->avail, 2);
    entry = half_at(device, queue->avail,
                    RING_HEAD + 2 * (uint64_t)(queue->seen % queue->size));
    if (index == NULL || entry == NULL) {
        need_reset(device);
        return false;
    }
    if (is_empty(device, queue, __atomic_load_n(index, __ATOMIC_ACQUIRE)))
        return false;
    out->head = __atomic_load_n(entry, __ATOMIC_RELAXED);
    if (!follow(device, queue, out)) {
        need_reset(device);
        return false;
    }
    queue->seen++;
    return true;
}

void sim_virtio_untake(struct sim_virtio *device, unsigned number)
{
    device->queues[number].seen--;
}

/* Is it time for a lie? Changes what is about to be said. */
static void lie(struct sim_virtio *device, struct virtq_used_item *item,
                uint16_t *index)
{
    enum sim_lie which;

    if (device->one_in == 0 ||
        sim_choice_below(&device->lies, device->one_in) != 0)
        return;
    which = (enum sim_lie)sim_choice_below(&device->lies, SIM_LIES);
    device->told |= 1u << which;
    switch (which) {
    case SIM_LIE_INDEX:
        *index = (uint16_t)(*index + sim_choice_next(&device->lies));
        break;
    case SIM_LIE_ID:
        item->id = (uint32_t)sim_choice_next(&device->lies);
        break;
    case SIM_LIE_SIZE:
        item->size += (uint32_t)sim_choice_next(&device->lies);
        break;
    case SIM_LIE_CONFIG:
        device->is_storming = true;
        break;
    default:
        device->is_silent = true;
        break;
    }
}

void sim_virtio_give(struct sim_virtio *device, unsigned number,
                     const struct sim_chain *chain, uint32_t written)
{
    struct sim_queue *queue = &device->queues[number];
    struct virtq_used_item item = {.id = chain->head, .size = written};
    uint16_t old = queue->index, now = (uint16_t)(old + 1);
    uint64_t at = RING_HEAD + (uint64_t)USED_SIZE * (old % queue->size);
    void *entry = device->memory(queue->used + at, USED_SIZE);
    uint16_t *index = half_at(device, queue->used, 2);
    uint16_t *event =
        half_at(device, queue->avail, RING_HEAD + 2 * (uint64_t)queue->size);

    if (entry == NULL || index == NULL || event == NULL) {
        need_reset(device);
        return;
    }
    lie(device, &item, &now);
    if (device->is_silent)
        return;
    sim_virtio_copy(entry, &item, sizeof(item));
    queue->index = now;
    __atomic_store_n(index, now, __ATOMIC_SEQ_CST);
    if (!(device->driver_features & VIRTIO_F_EVENT_IDX) ||
        virtq_passes(__atomic_load_n(event, __ATOMIC_SEQ_CST), now, old))
        interrupt(device, VIRTIO_ISR_QUEUE);
}

void sim_virtio_work(struct sim_virtio *device)
{
    if (!(device->status & VIRTIO_DRIVER_OK) ||
        (device->status & (VIRTIO_FAILED | VIRTIO_NEEDS_RESET)) != 0)
        return;
    if (device->is_storming)
        interrupt(device, VIRTIO_ISR_CONFIG);
    device->kind->work(device);
}
