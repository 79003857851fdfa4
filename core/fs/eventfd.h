/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/eventfd.h - a counter to wait for (eventfd(2)).
 */
#ifndef CORE_FS_EVENTFD_H
#define CORE_FS_EVENTFD_H

#include "core/base/defs.h"

struct file;

C_DECLS_BEGIN

/* Once, after the caches. */
void eventfd_init_all(void);

/* eventfd2(2): flags are LX_EFD_SEMAPHORE and LX_EFD_NONBLOCK. 0, -ENFILE,
 * -ENOMEM. May sleep. */
MUST_USE int eventfd_create(uint64_t count, unsigned flags, struct file **out);

C_DECLS_END

#endif /* CORE_FS_EVENTFD_H */
