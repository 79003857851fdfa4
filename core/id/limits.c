/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/limits.c - contract in limits.h.
 */
#include "core/id/limits.h"

void limits_init(struct limits *limits)
{
    for (size_t i = 0; i < COUNT_OF(limits->of); i++)
        limits->of[i] =
            (struct lx_rlimit64){LX_RLIM_INFINITY, LX_RLIM_INFINITY};
    limits->of[LX_RLIMIT_STACK].rlim_cur = 8 << 20;
    limits->of[LX_RLIMIT_CORE].rlim_cur = 0;
    limits->of[LX_RLIMIT_NOFILE] = (struct lx_rlimit64){1024, 4096};
    limits->of[LX_RLIMIT_MEMLOCK] = (struct lx_rlimit64){8 << 20, 8 << 20};
    limits->of[LX_RLIMIT_MSGQUEUE] = (struct lx_rlimit64){819200, 819200};
    limits->of[LX_RLIMIT_NICE] = (struct lx_rlimit64){0, 0};
    limits->of[LX_RLIMIT_RTPRIO] = (struct lx_rlimit64){0, 0};
}
