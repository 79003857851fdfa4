/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/times.h - times of user memory, as nanoseconds.
 */
#ifndef CORE_SYSCALL_TIMES_H
#define CORE_SYSCALL_TIMES_H

#include "core/abi/time.h"
#include "core/base/defs.h"
#include "hal/types.h"

struct thread;

enum timeout_form { TIMEOUT_SPEC, TIMEOUT_VAL }; /* timespec, timeval */

/* How long select(2), ppoll(2) and the like wait, and where they tell what is
 * left of it. */
struct timeout {
    uaddr_t at; /* 0: for ever */
    enum timeout_form form;
    uint64_t deadline_ns; /* on hal_clock_now(); 0: not at all */
};

C_DECLS_BEGIN

/* A timespec in ns, not above INT64_MAX: 0, or -EINVAL for one that is
 * negative or has 10^9 ns and more. */
MUST_USE int time_from_spec(const struct lx_timespec *spec, uint64_t *ns);
struct lx_timespec time_to_spec(uint64_t ns);

/* The same of a timeval. */
MUST_USE int time_from_val(const struct lx_timeval *val, uint64_t *ns);
struct lx_timeval time_to_val(uint64_t ns);

/* The timespec at from: 0, -EFAULT, -EINVAL. May sleep. */
MUST_USE int time_take(struct thread *self, uaddr_t from, uint64_t *ns);

/* The same as a time from now, on hal_clock_now(). */
MUST_USE int deadline_take(struct thread *self, uaddr_t from,
                           uint64_t *deadline_ns);

/* The timeout at from, or none (0): 0, -EFAULT, -EINVAL. May sleep. */
MUST_USE int timeout_take(struct thread *self, uaddr_t from,
                          enum timeout_form form, struct timeout *out);

/* Ends a call whose result this is: writes back what is left. Returns what the
 * handler returns: -EINTR becomes a restart, where the rest could be written.
 * May sleep. */
int64_t timeout_give(struct thread *self, const struct timeout *timeout,
                     int64_t result);

C_DECLS_END

#endif /* CORE_SYSCALL_TIMES_H */
