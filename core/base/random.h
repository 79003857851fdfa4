/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/random.h - random bytes for user code and for the kernel.
 *
 * ChaCha20 (RFC 8439) keyed from hal_entropy(); each request ends by replacing
 * the key with fresh output, so what was given out cannot be found again. The
 * machine's source is mixed in again every RANDOM_RESEED bytes.
 */
#ifndef CORE_BASE_RANDOM_H
#define CORE_BASE_RANDOM_H

#include "core/base/defs.h"

enum { RANDOM_RESEED = 1 << 20 };

C_DECLS_BEGIN

/* Takes the first seed. Returns whether the machine had entropy. */
bool random_init(void);

/* Has the generator been seeded with entropy worth the name? */
bool random_is_seeded(void);

/* Mixes bytes of anybody's into what comes after; worth nothing as entropy
 * (random(4), "write"). Any context. */
void random_mix(const void *from, size_t size);

/* Mixes entropy of a device into what comes after; it counts as a seed. Any
 * context. */
void random_add(const void *from, size_t size);

/* Has ask() called, where random_bytes() was called, when much was given out
 * since the last seed. It must not wait, nor ask for random bytes. Once. */
void random_set_feeder(void (*ask)(void));

/* Fills to; before the seed the bytes are not secret. Any context. */
void random_bytes(void *to, size_t size);

C_DECLS_END

#endif /* CORE_BASE_RANDOM_H */
