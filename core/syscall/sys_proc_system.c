/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_system.c - uname(2), sethostname(2), setdomainname(2),
 * sysinfo(2).
 */
#include "core/abi/errno.h"
#include "core/abi/personality.h"
#include "core/abi/sysinfo.h"
#include "core/abi/utsname.h"
#include "core/base/string.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"
#include "core/proc/usage.h"
#include "core/sched/load.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

/* uname(2); setarch(8) makes programs ask for another name. */
int64_t sys_uname(struct thread *self, const uint64_t *args)
{
    struct lx_new_utsname name = {0};
    bool is_32 = (self->task->personality & LX_PER_MASK) == LX_PER_LINUX32;

    (void)str_copy(name.sysname, "Linux", sizeof(name.sysname));
    (void)str_copy(name.release, PROC_RELEASE, sizeof(name.release));
    (void)str_copy(name.version, PROC_VERSION, sizeof(name.version));
    (void)str_copy(name.machine, is_32 ? "i686" : "x86_64",
                   sizeof(name.machine));
    uts_get(self->task->ns->uts, name.nodename, name.domainname);
    return copy_out_struct(process_of(self)->as, args[0], &name);
}

/* A name argument: its length, or -errno. */
static int take_name(struct thread *self, const uint64_t *args, char *name)
{
    int32_t size = (int32_t)(uint32_t)args[1];

    if (!cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        return -EPERM;
    if (size < 0 || size >= UTS_NAME_MAX)
        return -EINVAL;
    if (copy_in(process_of(self)->as, name, args[0], (size_t)size) != 0)
        return -EFAULT;
    return size;
}

int64_t sys_sethostname(struct thread *self, const uint64_t *args)
{
    char name[UTS_NAME_MAX];
    int size = take_name(self, args, name);

    if (size < 0)
        return size;
    uts_set(self->task->ns->uts, name, NULL, (size_t)size);
    return 0;
}

int64_t sys_setdomainname(struct thread *self, const uint64_t *args)
{
    char name[UTS_NAME_MAX];
    int size = take_name(self, args, name);

    if (size < 0)
        return size;
    uts_set(self->task->ns->uts, NULL, name, (size_t)size);
    return 0;
}

int64_t sys_sysinfo(struct thread *self, const uint64_t *args)
{
    struct lx_sysinfo info = {
        .uptime = (int64_t)(hal_clock_now() / UINT64_C(1000000000)),
        .totalram = page_total_count() * PAGE_SIZE,
        .freeram = page_free_count() * PAGE_SIZE,
        .mem_unit = 1,
    };
    struct process_counts counts;
    struct machine_usage usage;

    usage_of_machine(&usage);
    process_get_counts(&counts);
    load_get(info.loads);
    info.sharedram = usage.shared * PAGE_SIZE;
    info.procs = (uint16_t)counts.threads;
    return copy_out_struct(process_of(self)->as, args[0], &info);
}
