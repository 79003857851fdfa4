/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/kmsg.h - the kernel's log for programs: /dev/kmsg and syslog(2).
 *
 * Semantics: syslog(2); Linux's ABI document dev-kmsg: each read is one record,
 * "priority,sequence,microseconds,-;text" with a newline.
 */
#ifndef CORE_FS_KMSG_H
#define CORE_FS_KMSG_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;

C_DECLS_BEGIN

/* Registers /dev/kmsg. Once, in a thread; 0 or -EBUSY. */
MUST_USE int kmsg_init(void);

/* syslog(2) by one who may: a count or 0; -EINVAL, -EFAULT, -EINTR, -ENOMEM.
 * May sleep. */
MUST_USE ssize_t kmsg_syslog(struct aspace *as, int action, uaddr_t to,
                             int size);

/* Is that an action for CAP_SYSLOG alone? */
bool kmsg_is_privileged(int action);

C_DECLS_END

#endif /* CORE_FS_KMSG_H */
