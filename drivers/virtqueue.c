/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtqueue.c - contract in virtqueue.h.
 *
 * All three areas lie in one run of frames: descriptors, the driver's ring, and
 * from a page boundary on the device's.
 */
#include "drivers/virtqueue.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "hal/bus.h"
#include "hal/phys.h"

enum { RINGS_ORDER = 1, USED_OFFSET = PAGE_SIZE };

_Static_assert(VIRTQUEUE_SIZE_MAX *(sizeof(struct virtq_desc) + 2) + 8 <=
                   USED_OFFSET,
               "descriptors and the driver's ring fit a page");
_Static_assert(VIRTQUEUE_SIZE_MAX * sizeof(struct virtq_used_item) + 8 <=
                   PAGE_SIZE,
               "the device's ring fits a page");

static uint16_t *used_event(struct virtqueue *q)
{
    return &q->avail->ring[q->size];
}

/* It lies behind the device's ring. */
static const uint16_t *avail_event(const struct virtqueue *q)
{
    return (const uint16_t *)(const void *)&q->used->ring[q->size];
}

int virtqueue_init(struct virtqueue *q, unsigned max, bool has_event)
{
    struct page *page = page_alloc(RINGS_ORDER, MEM_WAIT | MEM_ZERO, NULL);
    uint8_t *data;

    ASSERT(max > 0);
    if (page == NULL)
        return -ENOMEM;
    data = page_data(page);
    mem_set(q, 0, sizeof(*q));
    q->size = VIRTQUEUE_SIZE_MAX;
    while (q->size > max)
        q->size /= 2;
    q->has_event = has_event;
    q->desc = (struct virtq_desc *)(void *)data;
    q->avail =
        (struct virtq_avail *)(void *)(data + q->size * sizeof(*q->desc));
    q->used = (struct virtq_used *)(void *)(data + USED_OFFSET);
    q->free_count = q->size;
    for (uint16_t i = 0; i < q->size; i++)
        q->slots[i].next = (uint16_t)(i + 1);
    return 0;
}

void virtqueue_fini(struct virtqueue *q)
{
    if (q->desc != NULL)
        page_put(page_of(hal_phys_of(q->desc)));
    q->desc = NULL;
}

paddr_t virtqueue_desc(const struct virtqueue *q)
{
    return hal_phys_of(q->desc);
}

paddr_t virtqueue_avail(const struct virtqueue *q)
{
    return hal_phys_of(q->avail);
}

paddr_t virtqueue_used(const struct virtqueue *q)
{
    return hal_phys_of(q->used);
}

/* Fills the descriptors of a chain from the free ones; returns its head. */
static uint16_t fill_chain(struct virtqueue *q, const struct virtio_part *parts,
                           unsigned readable, unsigned count)
{
    uint16_t head = q->free_head, at = head;
    uint32_t room = 0;

    for (unsigned i = 0; i < count; i++) {
        bool is_last = i + 1 == count;

        q->desc[at] = (struct virtq_desc){
            .address = parts[i].start,
            .size = parts[i].size,
            .flags = (uint16_t)((is_last ? 0 : VIRTQ_NEXT) |
                                (i < readable ? 0 : VIRTQ_WRITE)),
            .next = is_last ? 0 : q->slots[at].next,
        };
        if (i >= readable)
            room += parts[i].size;
        if (!is_last)
            at = q->slots[at].next;
    }
    q->free_head = q->slots[at].next;
    q->free_count = (uint16_t)(q->free_count - count);
    q->slots[head].room = room;
    q->slots[head].count = (uint16_t)count;
    return head;
}

int virtqueue_add(struct virtqueue *q, const struct virtio_part *parts,
                  unsigned readable, unsigned writable, void *token)
{
    unsigned count = readable + writable;
    uint16_t head;

    ASSERT(count > 0 && count <= VIRTQUEUE_PARTS_MAX && token != NULL);
    if (count > q->free_count)
        return -ENOSPC;
    head = fill_chain(q, parts, readable, count);
    q->slots[head].token = token;
    q->out++;
    q->avail->ring[q->added % q->size] = head;
    q->added++;
    /* The entry before the index. */
    __atomic_store_n(&q->avail->index, q->added, __ATOMIC_RELEASE);
    return 0;
}

bool virtqueue_must_notify(struct virtqueue *q)
{
    uint16_t old = q->kicked;

    if (q->added == old)
        return false;
    q->kicked = q->added;
    /* The index before the look at what the device wants. */
    hal_bus_barrier();
    if (q->has_event)
        return virtq_passes(__atomic_load_n(avail_event(q), __ATOMIC_RELAXED),
                            q->added, old);
    return (__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
            VIRTQ_NO_NOTIFY) == 0;
}

/* Back to the free ones. */
static void free_chain(struct virtqueue *q, uint16_t head)
{
    uint16_t at = head;

    for (unsigned i = 1; i < q->slots[head].count; i++)
        at = q->slots[at].next;
    q->slots[at].next = q->free_head;
    q->free_head = head;
    q->free_count = (uint16_t)(q->free_count + q->slots[head].count);
    q->slots[head].token = NULL;
    q->out--;
}

int virtqueue_take(struct virtqueue *q, void **token, uint32_t *written)
{
    uint16_t ready =
        (uint16_t)(__atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE) -
                   q->taken);
    const struct virtq_used_item *item = &q->used->ring[q->taken % q->size];
    uint32_t id, size;

    if (ready == 0)
        return 0;
    if (ready > q->out)
        return -EIO;
    id = __atomic_load_n(&item->id, __ATOMIC_RELAXED);
    size = __atomic_load_n(&item->size, __ATOMIC_RELAXED);
    if (id >= q->size || q->slots[id].token == NULL || size > q->slots[id].room)
        return -EIO;
    q->taken++;
    *token = q->slots[id].token;
    *written = size;
    free_chain(q, (uint16_t)id);
    return 1;
}

bool virtqueue_enable_interrupt(struct virtqueue *q)
{
    if (q->has_event)
        __atomic_store_n(used_event(q), q->taken, __ATOMIC_RELAXED);
    __atomic_store_n(&q->avail->flags, 0, __ATOMIC_RELAXED);
    /* What is wanted before the look at what came. */
    hal_bus_barrier();
    return __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE) != q->taken;
}

/* With event indices: one that was passed long ago comes round again only after
 * all others. */
void virtqueue_disable_interrupt(struct virtqueue *q)
{
    if (q->has_event)
        __atomic_store_n(used_event(q), (uint16_t)(q->taken - 1),
                         __ATOMIC_RELAXED);
    __atomic_store_n(&q->avail->flags, VIRTQ_NO_INTERRUPT, __ATOMIC_RELAXED);
}
