/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/choice.h - seeded choices.
 *
 * xoshiro256** by Blackman and Vigna, its state filled by splitmix64. Each
 * purpose has a stream of its own, so that one more choice of one kind does not
 * move those of another.
 */
#ifndef SIM_CHOICE_H
#define SIM_CHOICE_H

#include <stdint.h>

struct sim_choice {
    uint64_t state[4];
};

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the stream of that number under a seed. */
void sim_choice_init(struct sim_choice *choice, uint64_t seed, uint64_t stream);

/* The next 64 bits. */
uint64_t sim_choice_next(struct sim_choice *choice);

/* Evenly below bound > 0. */
uint64_t sim_choice_below(struct sim_choice *choice, uint64_t bound);

#ifdef __cplusplus
}
#endif

#endif /* SIM_CHOICE_H */
