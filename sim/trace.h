/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/trace.h - the hash over all that happened, in order.
 *
 * FNV-1a over 64-bit words with a final mix: two runs have the same hash when
 * they had the same events. Nothing of it is order that other code may rely
 * on, so TSan does not see its lock.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct sim_trace {
    uint64_t hash;
    uint64_t events;
    uint64_t unreproducible_from; /* event; 0: all of it is reproducible */
    unsigned lock;
};

#ifdef __cplusplus
extern "C" {
#endif

void sim_trace_init(struct sim_trace *trace);

/* Adds an event of count words. Any thread. */
void sim_trace_add(struct sim_trace *trace, const uint64_t *words,
                   size_t count);

/* The first call notes the event to come as the first in doubt. */
void sim_trace_doubt(struct sim_trace *trace);

/* The hash of what was added so far. */
uint64_t sim_trace_hash(const struct sim_trace *trace);

#ifdef __cplusplus
}
#endif

#endif /* SIM_TRACE_H */
