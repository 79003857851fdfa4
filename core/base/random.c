/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/random.c - contract in random.h; the block function is RFC 8439,
 * section 2.3.
 *
 * The key is copied out, advanced and put back under one atomic word, so two
 * CPUs never use the same one; this layer lies below the spinlocks.
 */
#include "core/base/random.h"

#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/platform.h"

enum { KEY_WORDS = 8, BLOCK_WORDS = 16, BLOCK_SIZE = 64 };

static struct {
    unsigned taken; /* atomic: somebody holds the state */
    bool is_seeded; /* atomic */
    uint32_t key[KEY_WORDS];
    size_t since_seed; /* bytes */
    void (*ask)(void); /* atomic; NULL: nobody feeds */
} state;

static uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static void quarter_round(uint32_t *x, unsigned a, unsigned b, unsigned c,
                          unsigned d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void make_block(const uint32_t *key, uint64_t counter, uint32_t *out)
{
    static const uint32_t constants[] = {0x61707865, 0x3320646e, 0x79622d32,
                                         0x6b206574};
    uint32_t in[BLOCK_WORDS] = {0};

    mem_copy(in, constants, sizeof(constants));
    mem_copy(in + 4, key, KEY_WORDS * sizeof(*key));
    in[12] = (uint32_t)counter;
    in[13] = (uint32_t)(counter >> 32);
    mem_copy(out, in, sizeof(in));
    for (int round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4; i++)
            quarter_round(out, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++)
            quarter_round(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4,
                          12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += in[i];
}

static unsigned take_state(void)
{
    unsigned saved = hal_irq_save();

    while (__atomic_exchange_n(&state.taken, 1, __ATOMIC_ACQUIRE) != 0)
        hal_cpu_relax();
    return saved;
}

static void give_state(unsigned saved)
{
    __atomic_store_n(&state.taken, 0, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
}

/* The key becomes what ChaCha20 makes of it and fresh. */
static void fold_in(const uint32_t *fresh)
{
    uint32_t block[BLOCK_WORDS];

    for (unsigned i = 0; i < KEY_WORDS; i++)
        state.key[i] ^= fresh[i];
    make_block(state.key, UINT64_MAX, block);
    mem_copy(state.key, block, sizeof(state.key));
}

/* Mixes the machine's entropy and the time into the key. */
static void reseed(void)
{
    uint32_t fresh[KEY_WORDS] = {0};
    uint64_t now = hal_clock_now();

    if (hal_entropy(fresh, sizeof(fresh)))
        __atomic_store_n(&state.is_seeded, true, __ATOMIC_RELEASE);
    fresh[0] ^= (uint32_t)now;
    fresh[1] ^= (uint32_t)hal_clock_wall();
    fold_in(fresh);
    state.since_seed = 0;
}

bool random_init(void)
{
    unsigned saved = take_state();

    reseed();
    give_state(saved);
    return random_is_seeded();
}

bool random_is_seeded(void)
{
    return __atomic_load_n(&state.is_seeded, __ATOMIC_ACQUIRE);
}

void random_mix(const void *from, size_t size)
{
    const uint8_t *at = from;

    while (size > 0) {
        uint32_t fresh[KEY_WORDS] = {0};
        size_t part = min_size(size, sizeof(fresh));
        unsigned saved;

        mem_copy(fresh, at, part);
        saved = take_state();
        fold_in(fresh);
        give_state(saved);
        at += part;
        size -= part;
    }
}

void random_add(const void *from, size_t size)
{
    random_mix(from, size);
    __atomic_store_n(&state.is_seeded, true, __ATOMIC_RELEASE);
}

void random_set_feeder(void (*ask)(void))
{
    __atomic_store_n(&state.ask, ask, __ATOMIC_RELEASE);
}

/* A key that nobody else will use; the state's moves on. Returns whether much
 * was given out since the last seed. */
static bool take_key(uint32_t *key, size_t size)
{
    uint32_t block[BLOCK_WORDS];
    unsigned saved = take_state();
    bool is_hungry;

    state.since_seed += size;
    is_hungry = state.since_seed > RANDOM_RESEED;
    if (is_hungry)
        reseed();
    make_block(state.key, 0, block);
    mem_copy(state.key, block, sizeof(state.key));
    give_state(saved);
    mem_copy(key, block + KEY_WORDS, KEY_WORDS * sizeof(*key));
    mem_set(block, 0, sizeof(block));
    return is_hungry;
}

void random_bytes(void *to, size_t size)
{
    uint32_t key[KEY_WORDS], block[BLOCK_WORDS];
    void (*ask)(void) = NULL;
    uint8_t *at = to;

    if (take_key(key, size))
        ask = __atomic_load_n(&state.ask, __ATOMIC_ACQUIRE);
    for (uint64_t counter = 1; size > 0; counter++) {
        size_t part = min_size(size, BLOCK_SIZE);

        make_block(key, counter, block);
        mem_copy(at, block, part);
        at += part;
        size -= part;
    }
    mem_set(key, 0, sizeof(key));
    mem_set(block, 0, sizeof(block));
    if (ask != NULL)
        ask();
}
