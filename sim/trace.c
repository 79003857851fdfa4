/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/trace.c - hashes events.
 */
#include "sim/trace.h"

#include <sched.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

void sim_trace_init(struct sim_trace *trace)
{
    *trace = (struct sim_trace){.hash = FNV_BASIS};
}

static void lock(struct sim_trace *trace)
{
    while (__atomic_exchange_n(&trace->lock, 1, __ATOMIC_ACQUIRE) != 0)
        sched_yield();
}

static void unlock(struct sim_trace *trace)
{
    __atomic_store_n(&trace->lock, 0, __ATOMIC_RELEASE);
}

void sim_trace_add(struct sim_trace *trace, const uint64_t *words, size_t count)
{
    lock(trace);
    for (size_t i = 0; i < count; i++) {
        trace->hash = (trace->hash ^ words[i]) * FNV_PRIME;
        /* A product carries upwards only: bring the top bits down. */
        trace->hash ^= trace->hash >> 32;
    }
    trace->events++;
    unlock(trace);
}

void sim_trace_doubt(struct sim_trace *trace)
{
    lock(trace);
    if (trace->unreproducible_from == 0)
        trace->unreproducible_from = trace->events + 1;
    unlock(trace);
}

uint64_t sim_trace_hash(const struct sim_trace *trace)
{
    uint64_t hash = trace->hash ^ trace->events;

    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}
