/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/choice.c - the generator behind every choice of a seeded run.
 */
#include "sim/choice.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sim_choice_init(struct sim_choice *choice, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;

    state = splitmix(&state) ^ stream;
    for (int i = 0; i < 4; i++)
        choice->state[i] = splitmix(&state);
}

static uint64_t rotate_left(uint64_t n, int by)
{
    return n << by | n >> (64 - by);
}

uint64_t sim_choice_next(struct sim_choice *choice)
{
    uint64_t *s = choice->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t sim_choice_below(struct sim_choice *choice, uint64_t bound)
{
    uint64_t uneven = -bound % bound; /* 2^64 mod bound */
    uint64_t n;

    do {
        n = sim_choice_next(choice);
    } while (n < uneven);
    return n % bound;
}
