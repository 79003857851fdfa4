/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/limits.h - resource limits of a process (getrlimit(2)).
 *
 * Read without a lock by their owner's calls; there is no call that changes
 * them yet.
 */
#ifndef CORE_ID_LIMITS_H
#define CORE_ID_LIMITS_H

#include "core/abi/resource.h"
#include "core/base/defs.h"

struct limits {
    struct lx_rlimit64 of[LX_RLIM_NLIMITS]; /* by LX_RLIMIT_* */
};

C_DECLS_BEGIN

/* Those that Linux gives to init. */
void limits_init(struct limits *limits);

C_DECLS_END

#endif /* CORE_ID_LIMITS_H */
