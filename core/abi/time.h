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

struct lx_itimerspec {
    struct lx_timespec it_interval;
    struct lx_timespec it_value;
};
LX_SIZE_IS(struct lx_itimerspec, 32);

struct lx_itimerval {
    struct lx_timeval it_interval;
    struct lx_timeval it_value;
};
LX_SIZE_IS(struct lx_itimerval, 32);

struct lx_timezone {
    int32_t tz_minuteswest;
    int32_t tz_dsttime;
};
LX_SIZE_IS(struct lx_timezone, 8);

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

#define LX_ITIMER_REAL              0
#define LX_ITIMER_VIRTUAL           1
#define LX_ITIMER_PROF              2

#endif /* CORE_ABI_TIME_H */
