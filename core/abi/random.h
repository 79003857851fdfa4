/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/random.h - flags of getrandom(2).
 */
#ifndef CORE_ABI_RANDOM_H
#define CORE_ABI_RANDOM_H

#define LX_GRND_NONBLOCK   1u
#define LX_GRND_RANDOM     2u
#define LX_GRND_INSECURE   4u

/* Up to this many bytes a signal never cuts short. */
#define LX_GETRANDOM_WHOLE 256

#endif /* CORE_ABI_RANDOM_H */
