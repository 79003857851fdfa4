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

C_DECLS_END

#endif /* CORE_SYSCALL_TIMES_H */
