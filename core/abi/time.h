/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/time.h - times and clocks: clock_gettime(2), gettimeofday(2).
 */
#ifndef CORE_ABI_TIME_H
#define CORE_ABI_TIME_H

#include "core/abi/types.h"

struct lx_timespec {
    lx_time_t tv_sec;
    int64_t tv_nsec;
};
LX_SIZE_IS(struct lx_timespec, 16);

struct lx_timeval {
    lx_time_t tv_sec;
    int64_t tv_usec;
};
LX_SIZE_IS(struct lx_timeval, 16);

#define LX_CLOCK_REALTIME           0
#define LX_CLOCK_MONOTONIC          1
#define LX_CLOCK_PROCESS_CPUTIME_ID 2
#define LX_CLOCK_THREAD_CPUTIME_ID  3
#define LX_CLOCK_MONOTONIC_RAW      4
#define LX_CLOCK_REALTIME_COARSE    5
#define LX_CLOCK_MONOTONIC_COARSE   6
#define LX_CLOCK_BOOTTIME           7
#define LX_CLOCK_REALTIME_ALARM     8
#define LX_CLOCK_BOOTTIME_ALARM     9
#define LX_CLOCK_TAI                11

#define LX_TIMER_ABSTIME            1

#endif /* CORE_ABI_TIME_H */
