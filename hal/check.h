/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/check.h - what the kernel tells the tools that watch it.
 *
 * Free when off: bare release builds compile each to nothing or a call that
 * returns at once; none changes what the kernel does.
 */
#ifndef HAL_CHECK_H
#define HAL_CHECK_H

#include "hal/types.h"

/* What a trace event tells; the hash of --trace-hash covers kind, CPU and the
 * three values. Never a pointer, an FPU image or a host-side refill. */
enum hal_event {
    HAL_EVENT_SWITCH = 1, /* thread number switched to */
    HAL_EVENT_CALL,       /* thread, call number */
    HAL_EVENT_RESULT,     /* thread, call number, result */
    HAL_EVENT_INTERRUPT,  /* which, deadline or line */
    HAL_EVENT_COMPLETION, /* device, result, size */
    HAL_EVENT_DATA        /* stream, size, checksum of the bytes */
};

/* Which choice the seed makes, for hal_check_choose(). */
enum hal_choice {
    HAL_CHOICE_FAIL = 1, /* does this allocation fail */
    HAL_CHOICE_FORGET,   /* is this translation forgotten */
    HAL_CHOICE_PREEMPT   /* is this thread switched out here */
};

HAL_DECLS_BEGIN

/* Memory the kernel does not own now: a touch of it is a report (ASan,
 * Valgrind). All of RAM but the initrd starts poisoned. unpoison makes its
 * bytes undefined. */
void hal_check_poison(const void *start, size_t size);
void hal_check_unpoison(const void *start, size_t size);

/* Does a tool act on the two calls above? If not, checked builds write patterns
 * into freed memory and look for them. Constant. */
bool hal_check_is_watching(void);

/* Here another CPU, or an interrupt, may come between. CHECKED builds call it
 * at every lock, unlock and atomic. */
void hal_check_point(void);

/* Adds an event to the trace (hosted: --trace-hash; elsewhere nothing). */
void hal_check_event(enum hal_event event, uint64_t a, uint64_t b, uint64_t c);

/* A choice below bound made by the seed; 0 where there is no seed. */
uint64_t hal_check_choose(enum hal_choice choice, uint64_t bound);

/* Control flow reached pc, for coverage-guided fuzzing of call programs. */
void hal_check_coverage(uint64_t pc);

/* A line for the report of a crash that follows (what ran, in which call). */
void hal_check_note(const char *note);

HAL_DECLS_END

#endif /* HAL_CHECK_H */
