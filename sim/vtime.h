/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/vtime.h - virtual time and its one event queue.
 *
 * Time is a count of nanoseconds that only sim_vtime_charge() and
 * sim_vtime_skip() move; events fire from inside them, in the order of their
 * time, and of their adding where that is equal.
 *
 * Lifetime: an event belongs to who added it and stays put while it is queued.
 * Locking: none; one virtual CPU runs at a time and calls from there.
 */
#ifndef SIM_VTIME_H
#define SIM_VTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most events queued at once: one per virtual CPU and per device queue. */
enum { SIM_EVENTS_MAX = 256 };

struct sim_event {
    void (*fire)(void *arg);
    void *arg;
    /* sim/vtime.c's. */
    uint64_t at;
    uint64_t order;
    size_t slot; /* in the heap, from 1; 0: not queued */
};

struct sim_vtime {
    uint64_t now;
    uint64_t order;
    size_t count;
    struct sim_event *heap[SIM_EVENTS_MAX + 1]; /* from 1 */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Time 0, nothing queued. */
void sim_vtime_init(struct sim_vtime *time);

/* Queues event to fire at that time, or with the next charge when it has
 * passed; moves it when it is queued. False when the queue is full. */
bool sim_vtime_add(struct sim_vtime *time, struct sim_event *event,
                   uint64_t at);

/* Takes event out of the queue, if it is there. */
void sim_vtime_cancel(struct sim_vtime *time, struct sim_event *event);

/* Moves time on by so much, then fires what is due. */
void sim_vtime_charge(struct sim_vtime *time, uint64_t by_ns);

/* Moves time on to the next event and fires it, with all others of that
 * moment. False when nothing is queued. */
bool sim_vtime_skip(struct sim_vtime *time);

/* When the next event is due; UINT64_MAX when nothing is queued. */
uint64_t sim_vtime_next(const struct sim_vtime *time);

#ifdef __cplusplus
}
#endif

#endif /* SIM_VTIME_H */
