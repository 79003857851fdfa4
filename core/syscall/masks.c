/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/masks.c - contract in masks.h.
 */
#include "core/syscall/masks.h"

#include "core/abi/errno.h"
#include "core/proc/signal.h"
#include "core/syscall/args.h"
#include "core/vm/uaccess.h"

int mask_take(struct thread *self, uaddr_t from, uint64_t size)
{
    signal_set mask;

    if (from == 0)
        return 0;
    if (size != LX_SIGSET_SIZE)
        return -EINVAL;
    if (copy_in_struct(process_of(self)->as, &mask, from) != 0)
        return -EFAULT;
    signal_set_temporary_mask(self->task, mask);
    return 0;
}

void mask_give_back(struct thread *self, bool was_interrupted)
{
    struct task_signals *signals = &self->task->signals;

    if (was_interrupted || !signals->has_saved)
        return;
    signals->has_saved = false;
    signal_set_mask(self->task, signals->saved);
}
