/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_log.c - syslog(2).
 */
#include "core/abi/errno.h"
#include "core/fs/kmsg.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"

/* CAP_SYS_ADMIN was enough before Linux 2.6.37, and is. */
static bool may_log(const struct thread *self)
{
    return cred_is_capable(self->task->cred, CAP_SYSLOG) ||
           cred_is_capable(self->task->cred, CAP_SYS_ADMIN);
}

int64_t sys_syslog(struct thread *self, const uint64_t *args)
{
    int action = (int32_t)(uint32_t)args[0];
    ssize_t result;

    if (kmsg_is_privileged(action) && !may_log(self))
        return -EPERM;
    result = kmsg_syslog(process_of(self)->as, action, args[1],
                         (int32_t)(uint32_t)args[2]);
    return result == -EINTR ? -ERESTART_CALL : result;
}
