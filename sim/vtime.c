/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/vtime.c - the event queue: a binary heap, its root the next event.
 */
#include "sim/vtime.h"

void sim_vtime_init(struct sim_vtime *time)
{
    time->now = 0;
    time->order = 0;
    time->count = 0;
}

static bool comes_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void place(struct sim_vtime *time, struct sim_event *event, size_t slot)
{
    time->heap[slot] = event;
    event->slot = slot;
}

/* Puts event at slot or above it, where its parent comes before it. */
static void sift_up(struct sim_vtime *time, struct sim_event *event,
                    size_t slot)
{
    while (slot > 1 && comes_before(event, time->heap[slot / 2])) {
        place(time, time->heap[slot / 2], slot);
        slot /= 2;
    }
    place(time, event, slot);
}

/* Puts event at slot or below it, where it comes before its children. */
static void sift_down(struct sim_vtime *time, struct sim_event *event,
                      size_t slot)
{
    for (;;) {
        size_t child = 2 * slot;

        if (child > time->count)
            break;
        if (child < time->count &&
            comes_before(time->heap[child + 1], time->heap[child]))
            child++;
        if (!comes_before(time->heap[child], event))
            break;
        place(time, time->heap[child], slot);
        slot = child;
    }
    place(time, event, slot);
}

bool sim_vtime_add(struct sim_vtime *time, struct sim_event *event, uint64_t at)
{
    sim_vtime_cancel(time, event);
    if (time->count == SIM_EVENTS_MAX)
        return false;
    event->at = at;
    event->order = ++time->order;
    sift_up(time, event, ++time->count);
    return true;
}

void sim_vtime_cancel(struct sim_vtime *time, struct sim_event *event)
{
    struct sim_event *last;
    size_t slot = event->slot;

    if (slot == 0)
        return;
    event->slot = 0;
    last = time->heap[time->count--];
    if (last == event)
        return;
    if (slot > 1 && comes_before(last, time->heap[slot / 2]))
        sift_up(time, last, slot);
    else
        sift_down(time, last, slot);
}

/* Fires what is due now; not what it queues for this very moment, or a
 * function that queues itself again would never let go. */
static void fire_due(struct sim_vtime *time)
{
    uint64_t last = time->order;

    while (time->count > 0) {
        struct sim_event *event = time->heap[1];

        if (event->at > time->now || event->order > last)
            return;
        sim_vtime_cancel(time, event);
        event->fire(event->arg);
    }
}

void sim_vtime_charge(struct sim_vtime *time, uint64_t by_ns)
{
    time->now += by_ns;
    if (sim_vtime_next(time) <= time->now)
        fire_due(time);
}

bool sim_vtime_skip(struct sim_vtime *time)
{
    uint64_t next = sim_vtime_next(time);

    if (time->count == 0)
        return false;
    if (next > time->now)
        time->now = next;
    fire_due(time);
    return true;
}

uint64_t sim_vtime_next(const struct sim_vtime *time)
{
    return time->count == 0 ? UINT64_MAX : time->heap[1]->at;
}
