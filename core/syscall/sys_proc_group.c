/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_group.c - setpgid(2), getpgid(2), getpgrp(2),
 * setsid(2), getsid(2), vhangup(2).
 */
#include "core/proc/group.h"
#include "core/proc/terminal.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"

static int int_arg(uint64_t arg)
{
    return (int32_t)(uint32_t)arg;
}

int64_t sys_setpgid(struct thread *self, const uint64_t *args)
{
    return group_set(self->task, int_arg(args[0]), int_arg(args[1]));
}

int64_t sys_getpgid(struct thread *self, const uint64_t *args)
{
    return group_of(self->task, int_arg(args[0]));
}

int64_t sys_getpgrp(struct thread *self, const uint64_t *args)
{
    (void)args;
    return group_of(self->task, 0);
}

int64_t sys_setsid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return session_create(self->task);
}

int64_t sys_getsid(struct thread *self, const uint64_t *args)
{
    return session_of(self->task, int_arg(args[0]));
}

int64_t sys_vhangup(struct thread *self, const uint64_t *args)
{
    (void)args;
    return terminal_hang_up(self->task);
}
