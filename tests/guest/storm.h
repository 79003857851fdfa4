/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm.h - many of a kind at once: tests/guest/storm.c runs them.
 *
 * Each counts what it does and is right only when the sums are; each returns 0
 * then. Amounts are arguments, since worlds and presets differ in speed.
 */
#ifndef TESTS_GUEST_STORM_H
#define TESTS_GUEST_STORM_H

#include <stdint.h>

enum { STORM_THREADS = 8 };

/* A sequence that depends on its seed alone. */
static inline uint32_t storm_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Runs body(number) in STORM_THREADS threads; returns whether all gave 0. */
int storm_threads(int (*body)(long number));

/* count processes, at most alive of them at once, that end in many ways. */
int storm_fork(long count, long alive);

/* Threads that map, touch, protect and unmap, each count times. */
int storm_map(long count);

/* Threads and processes that meet at futexes, each count times. */
int storm_futex(long count);

/* Threads and processes that send each other signals, each count times. */
int storm_signal(long count);

#endif /* TESTS_GUEST_STORM_H */
