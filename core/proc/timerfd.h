/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/timerfd.h - timers that are read (timerfd_create(2)).
 */
#ifndef CORE_PROC_TIMERFD_H
#define CORE_PROC_TIMERFD_H

#include "core/proc/timers.h"

struct file;

C_DECLS_BEGIN

/* Once, after the caches. */
void timerfd_init_all(void);

/* timerfd_create(2) on a clock that may be used; flags is LX_TFD_NONBLOCK or 0.
 * 0, -EINVAL (the clock), -ENFILE, -ENOMEM. May sleep. */
MUST_USE int timerfd_make_file(int32_t clock, unsigned flags,
                               struct file **out);

/* Does the clock wake the machine? That takes CAP_WAKE_ALARM. */
bool timerfd_is_alarm(int32_t clock);

bool timerfd_is_timer(const struct file *file);

/*
 * timerfd_settime(2), timerfd_gettime(2); file is a timer. cancels: one that
 * is_absolute on the wall clock ends when that is set. fresh and old may be
 * NULL.
 */
void timerfd_change(struct file *file, const struct timer_setting *fresh,
                    bool cancels, struct timer_setting *old);

C_DECLS_END

#endif /* CORE_PROC_TIMERFD_H */
