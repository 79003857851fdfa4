/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/sched.h - making threads and scheduling them: clone(2), sched(7).
 */
#ifndef CORE_ABI_SCHED_H
#define CORE_ABI_SCHED_H

#include "core/abi/types.h"

#define LX_CSIGNAL              0x000000ffu
#define LX_CLONE_VM             0x00000100u
#define LX_CLONE_FS             0x00000200u
#define LX_CLONE_FILES          0x00000400u
#define LX_CLONE_SIGHAND        0x00000800u
#define LX_CLONE_NEWTIME        0x00000080u /* of unshare(2) */
#define LX_CLONE_PIDFD          0x00001000u
#define LX_CLONE_PTRACE         0x00002000u
#define LX_CLONE_VFORK          0x00004000u
#define LX_CLONE_PARENT         0x00008000u
#define LX_CLONE_THREAD         0x00010000u
#define LX_CLONE_NEWNS          0x00020000u
#define LX_CLONE_SYSVSEM        0x00040000u
#define LX_CLONE_SETTLS         0x00080000u
#define LX_CLONE_PARENT_SETTID  0x00100000u
#define LX_CLONE_CHILD_CLEARTID 0x00200000u
#define LX_CLONE_DETACHED       0x00400000u
#define LX_CLONE_UNTRACED       0x00800000u
#define LX_CLONE_CHILD_SETTID   0x01000000u
#define LX_CLONE_NEWCGROUP      0x02000000u
#define LX_CLONE_NEWUTS         0x04000000u
#define LX_CLONE_NEWIPC         0x08000000u
#define LX_CLONE_NEWUSER        0x10000000u
#define LX_CLONE_NEWPID         0x20000000u
#define LX_CLONE_NEWNET         0x40000000u
#define LX_CLONE_IO             0x80000000u
#define LX_CLONE_CLEAR_SIGHAND  UINT64_C(0x100000000)
#define LX_CLONE_INTO_CGROUP    UINT64_C(0x200000000)

/* What clone3(2) takes; sizes of its versions. */
struct lx_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};
LX_SIZE_IS(struct lx_clone_args, 88);

#define LX_CLONE_ARGS_SIZE_VER0 64
#define LX_CLONE_ARGS_SIZE_VER1 80
#define LX_CLONE_ARGS_SIZE_VER2 88

#define LX_SCHED_NORMAL         0
#define LX_SCHED_FIFO           1
#define LX_SCHED_RR             2
#define LX_SCHED_BATCH          3
#define LX_SCHED_IDLE           5
#define LX_SCHED_DEADLINE       6
#define LX_SCHED_RESET_ON_FORK  0x40000000

/* What sched_setattr(2) takes; sizes of its versions. */
struct lx_sched_attr {
    uint32_t size;
    uint32_t sched_policy;
    uint64_t sched_flags;
    int32_t sched_nice;
    uint32_t sched_priority;
    uint64_t sched_runtime;
    uint64_t sched_deadline;
    uint64_t sched_period;
    uint32_t sched_util_min;
    uint32_t sched_util_max;
};
LX_SIZE_IS(struct lx_sched_attr, 56);

#define LX_SCHED_ATTR_SIZE_VER0      48
#define LX_SCHED_ATTR_SIZE_VER1      56

#define LX_SCHED_FLAG_RESET_ON_FORK  0x01
#define LX_SCHED_FLAG_RECLAIM        0x02
#define LX_SCHED_FLAG_DL_OVERRUN     0x04
#define LX_SCHED_FLAG_KEEP_POLICY    0x08
#define LX_SCHED_FLAG_KEEP_PARAMS    0x10
#define LX_SCHED_FLAG_UTIL_CLAMP_MIN 0x20
#define LX_SCHED_FLAG_UTIL_CLAMP_MAX 0x40

#endif /* CORE_ABI_SCHED_H */
