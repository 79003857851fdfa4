/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_barrier.c - membarrier(2).
 *
 * A barrier reaches every CPU that runs a user thread, which is more than the
 * global commands promise. The return to user mode after the interrupt
 * serialises the core.
 */
#include "core/abi/errno.h"
#include "core/abi/membarrier.h"
#include "core/sched/barrier.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/aspace.h"

#define REGISTRATIONS \
    (LX_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
     LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
     LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | \
     LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
#define COMMANDS \
    (REGISTRATIONS | LX_MEMBARRIER_CMD_GLOBAL | \
     LX_MEMBARRIER_CMD_GLOBAL_EXPEDITED | \
     LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED | \
     LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
     LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | \
     LX_MEMBARRIER_CMD_GET_REGISTRATIONS)

static int64_t pass_all(void)
{
    static const struct cpus_barrier all = {.cpus = UINT64_MAX};

    cpus_pass_barrier(&all);
    return 0;
}

/* On the CPUs that run threads of this memory, if it was registered. */
static int64_t pass_own(struct thread *self, uint32_t command, uint64_t cpus)
{
    struct aspace *as = process_of(self)->as;
    struct cpus_barrier barrier = {.mmu = aspace_mmu(as), .cpus = cpus};

    /* A command's registration is the next bit. */
    if ((aspace_add_barriers(as, 0) & command << 1) == 0)
        return -EPERM;
    if (command == LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ)
        barrier.work = THREAD_WORK_RSEQ;
    cpus_pass_barrier(&barrier);
    return 0;
}

/* The CPU of an argument; one that there is not is nobody's. */
static uint64_t cpus_of(uint32_t flags, int32_t cpu)
{
    if ((flags & LX_MEMBARRIER_CMD_FLAG_CPU) == 0 || cpu < 0)
        return UINT64_MAX;
    return cpu < HAL_CPUS_MAX ? UINT64_C(1) << cpu : 0;
}

/* Whoever registered for one of the private commands counts as registered for
 * the plain one, as on Linux. */
static int64_t registrations(struct thread *self)
{
    const uint32_t others =
        LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
        LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    uint32_t mine = (uint32_t)aspace_add_barriers(process_of(self)->as, 0);

    if ((mine & others) != 0)
        mine |= LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    return mine;
}

static int64_t serve(struct thread *self, uint32_t command, uint64_t cpus)
{
    switch (command) {
    case LX_MEMBARRIER_CMD_QUERY:
        return COMMANDS;
    case LX_MEMBARRIER_CMD_GLOBAL:
    case LX_MEMBARRIER_CMD_GLOBAL_EXPEDITED:
        return pass_all();
    case LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED:
    case LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
    case LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
        return pass_own(self, command, cpus);
    case LX_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
    case LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
    case LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
    case LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
        (void)aspace_add_barriers(process_of(self)->as, command);
        return 0;
    case LX_MEMBARRIER_CMD_GET_REGISTRATIONS:
        return registrations(self);
    default:
        return -EINVAL;
    }
}

int64_t sys_membarrier(struct thread *self, const uint64_t *args)
{
    uint32_t command = (uint32_t)args[0], flags = (uint32_t)args[1];
    uint32_t known = command == LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ
                         ? LX_MEMBARRIER_CMD_FLAG_CPU
                         : 0;

    if ((flags & ~known) != 0)
        return -EINVAL;
    return serve(self, command, cpus_of(flags, (int32_t)(uint32_t)args[2]));
}
