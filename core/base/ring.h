/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/ring.h - byte ring over memory that the caller owns.
 *
 * head and tail run freely and are masked only when used as an index, so
 * "full" and "empty" need no spare slot. The copying is left to the caller,
 * who takes a contiguous span, fills or drains it, and commits what he moved:
 * a copy that faults half way leaves the ring exact.
 *
 * Invariant: 0 <= tail - head <= size, and size is a power of two.
 */
#ifndef CORE_BASE_RING_H
#define CORE_BASE_RING_H

#include "core/base/defs.h"

struct ring {
    uint8_t *data;
    size_t size;
    size_t head; /* bytes ever taken out */
    size_t tail; /* bytes ever put in */
};

static inline void ring_init(struct ring *r, void *data, size_t size)
{
    ASSERT(is_power_of_two(size));
    r->data = (uint8_t *)data;
    r->size = size;
    r->head = 0;
    r->tail = 0;
}

static inline size_t ring_used(const struct ring *r)
{
    return r->tail - r->head;
}

static inline size_t ring_free(const struct ring *r)
{
    return r->size - ring_used(r);
}

/* The first run of free bytes; 0 when the ring is full. */
static inline size_t ring_free_span(const struct ring *r, void **out)
{
    size_t at = r->tail & (r->size - 1);

    *out = r->data + at;
    return min_size(ring_free(r), r->size - at);
}

/* The first run of stored bytes; 0 when the ring is empty. */
static inline size_t ring_used_span(const struct ring *r, const void **out)
{
    size_t at = r->head & (r->size - 1);

    *out = r->data + at;
    return min_size(ring_used(r), r->size - at);
}

static inline void ring_put(struct ring *r, size_t n)
{
    ASSERT(n <= ring_free(r));
    r->tail += n;
}

static inline void ring_take(struct ring *r, size_t n)
{
    ASSERT(n <= ring_used(r));
    r->head += n;
}

#endif /* CORE_BASE_RING_H */
