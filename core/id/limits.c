/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/limits.c - contract in limits.h.
 */
#include "core/id/limits.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/id/user.h"

static const struct lock_class limits_class = {"limits", LOCK_RANK_IDS};

void limits_init(struct limits *limits)
{
    spin_init(&limits->lock, &limits_class);
    for (size_t i = 0; i < COUNT_OF(limits->of); i++)
        limits->of[i] =
            (struct lx_rlimit64){LX_RLIM_INFINITY, LX_RLIM_INFINITY};
    limits->of[LX_RLIMIT_STACK].rlim_cur = 8 << 20;
    limits->of[LX_RLIMIT_CORE].rlim_cur = 0;
    limits->of[LX_RLIMIT_NPROC] = (struct lx_rlimit64){
        user_limit_all() / 2,
        user_limit_all() / 2,
    };
    limits->of[LX_RLIMIT_NOFILE] = (struct lx_rlimit64){1024, 4096};
    limits->of[LX_RLIMIT_MEMLOCK] = (struct lx_rlimit64){8 << 20, 8 << 20};
    limits->of[LX_RLIMIT_MSGQUEUE] = (struct lx_rlimit64){819200, 819200};
    limits->of[LX_RLIMIT_NICE] = (struct lx_rlimit64){0, 0};
    limits->of[LX_RLIMIT_RTPRIO] = (struct lx_rlimit64){0, 0};
}

void limits_clone(struct limits *to, struct limits *from)
{
    unsigned saved;

    spin_init(&to->lock, &limits_class);
    saved = spin_lock_irq(&from->lock);
    mem_copy(to->of, from->of, sizeof(to->of));
    spin_unlock_irq(&from->lock, saved);
}

int limits_change(struct limits *limits, unsigned resource,
                  const struct lx_rlimit64 *fresh, bool may_raise,
                  struct lx_rlimit64 *out)
{
    struct lx_rlimit64 *limit = &limits->of[resource];
    unsigned saved;
    int error = 0;

    ASSERT(resource < LX_RLIM_NLIMITS);
    if (fresh != NULL && fresh->rlim_cur > fresh->rlim_max)
        return -EINVAL;
    if (fresh != NULL && resource == LX_RLIMIT_NOFILE &&
        fresh->rlim_max > LIMITS_FILES_MAX)
        return -EPERM;
    saved = spin_lock_irq(&limits->lock);
    if (fresh != NULL && fresh->rlim_max > limit->rlim_max && !may_raise)
        error = -EPERM;
    if (error == 0 && out != NULL)
        *out = *limit;
    if (error == 0 && fresh != NULL) {
        limit->rlim_max = fresh->rlim_max;
        __atomic_store_n(&limit->rlim_cur, fresh->rlim_cur, __ATOMIC_RELAXED);
    }
    spin_unlock_irq(&limits->lock, saved);
    return error;
}

void limits_get(struct limits *limits, unsigned resource,
                struct lx_rlimit64 *out)
{
    unsigned saved = spin_lock_irq(&limits->lock);

    *out = limits->of[resource];
    spin_unlock_irq(&limits->lock, saved);
}

void limits_move_soft(struct limits *limits, unsigned resource, uint64_t from,
                      uint64_t to)
{
    unsigned saved = spin_lock_irq(&limits->lock);
    struct lx_rlimit64 *limit = &limits->of[resource];

    if (limit->rlim_cur == from)
        limit->rlim_cur = min_u64(to, limit->rlim_max);
    spin_unlock_irq(&limits->lock, saved);
}

uint64_t limits_current(const struct limits *limits, unsigned resource) NO_TSA
{
    return __atomic_load_n(&limits->of[resource].rlim_cur, __ATOMIC_RELAXED);
}
