/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_cred.c - user and group ids: getuid(2), setresuid(2),
 * setfsuid(2), setgroups(2) and their kin.
 *
 * Each change is made to a copy of the credentials, which then takes their
 * place.
 */
#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "core/mem/cache.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

#define KEEP UINT32_MAX

static struct cred *cred_of(const struct thread *self)
{
    return self->task->cred;
}

int64_t sys_getuid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return cred_of(self)->uid;
}

int64_t sys_geteuid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return cred_of(self)->euid;
}

int64_t sys_getgid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return cred_of(self)->gid;
}

int64_t sys_getegid(struct thread *self, const uint64_t *args)
{
    (void)args;
    return cred_of(self)->egid;
}

static int64_t give_three(struct thread *self, const uint64_t *args,
                          const uint32_t *ids)
{
    for (size_t i = 0; i < 3; i++)
        if (copy_out_struct(process_of(self)->as, args[i], &ids[i]) != 0)
            return -EFAULT;
    return 0;
}

int64_t sys_getresuid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t ids[3] = {cred->uid, cred->euid, cred->suid};

    return give_three(self, args, ids);
}

int64_t sys_getresgid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t ids[3] = {cred->gid, cred->egid, cred->sgid};

    return give_three(self, args, ids);
}

/* ids are real, effective and saved. */
static int64_t set_ids(struct thread *self, const uint32_t *ids,
                       int (*set)(struct cred *, uint32_t, uint32_t, uint32_t))
{
    struct cred *cred;
    int error = cred_copy(cred_of(self), &cred);

    if (error != 0)
        return error;
    error = set(cred, ids[0], ids[1], ids[2]);
    if (error == 0)
        task_set_cred(self->task, cred);
    else
        cred_put(cred);
    return error;
}

int64_t sys_setresuid(struct thread *self, const uint64_t *args)
{
    uint32_t ids[3] = {(uint32_t)args[0], (uint32_t)args[1], (uint32_t)args[2]};

    return set_ids(self, ids, cred_set_uids);
}

int64_t sys_setresgid(struct thread *self, const uint64_t *args)
{
    uint32_t ids[3] = {(uint32_t)args[0], (uint32_t)args[1], (uint32_t)args[2]};

    return set_ids(self, ids, cred_set_gids);
}

/* What setreuid(2) makes of the saved id: the new effective one, when the real
 * one is set or the effective one becomes another than the real. */
static uint32_t saved_after(uint32_t real, uint32_t effective,
                            uint32_t old_real, uint32_t old_effective)
{
    uint32_t now = effective != KEEP ? effective : old_effective;

    if (real != KEEP || (effective != KEEP && effective != old_real))
        return now;
    return KEEP;
}

/* Without the capability, the real id becomes one of real and effective, the
 * effective one any of the three. */
static bool may_take_real(uint32_t id, uint32_t real, uint32_t effective)
{
    return id == KEEP || id == real || id == effective;
}

int64_t sys_setreuid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t uid = (uint32_t)args[0], euid = (uint32_t)args[1];
    uint32_t ids[3] = {uid, euid,
                       saved_after(uid, euid, cred->uid, cred->euid)};

    if (!cred_is_capable(cred, CAP_SETUID) &&
        !may_take_real(uid, cred->uid, cred->euid))
        return -EPERM;
    return set_ids(self, ids, cred_set_uids);
}

int64_t sys_setregid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t gid = (uint32_t)args[0], egid = (uint32_t)args[1];
    uint32_t ids[3] = {gid, egid,
                       saved_after(gid, egid, cred->gid, cred->egid)};

    if (!cred_is_capable(cred, CAP_SETGID) &&
        !may_take_real(gid, cred->gid, cred->egid))
        return -EPERM;
    return set_ids(self, ids, cred_set_gids);
}

int64_t sys_setuid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t uid = (uint32_t)args[0];
    uint32_t all[3] = {uid, uid, uid}, effective[3] = {KEEP, uid, KEEP};

    if (uid == KEEP)
        return -EINVAL;
    if (cred_is_capable(cred, CAP_SETUID))
        return set_ids(self, all, cred_set_uids);
    if (uid != cred->uid && uid != cred->suid)
        return -EPERM;
    return set_ids(self, effective, cred_set_uids);
}

int64_t sys_setgid(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    uint32_t gid = (uint32_t)args[0];
    uint32_t all[3] = {gid, gid, gid}, effective[3] = {KEEP, gid, KEEP};

    if (gid == KEEP)
        return -EINVAL;
    if (cred_is_capable(cred, CAP_SETGID))
        return set_ids(self, all, cred_set_gids);
    if (gid != cred->gid && gid != cred->sgid)
        return -EPERM;
    return set_ids(self, effective, cred_set_gids);
}

/* Both return what was, and say nothing of errors. */
int64_t sys_setfsuid(struct thread *self, const uint64_t *args)
{
    lx_uid_t old = cred_of(self)->fsuid;
    struct cred *cred;

    if (cred_copy(cred_of(self), &cred) != 0)
        return old;
    cred_set_fsuid(cred, (uint32_t)args[0]);
    task_set_cred(self->task, cred);
    return old;
}

int64_t sys_setfsgid(struct thread *self, const uint64_t *args)
{
    lx_gid_t old = cred_of(self)->fsgid;
    struct cred *cred;

    if (cred_copy(cred_of(self), &cred) != 0)
        return old;
    cred_set_fsgid(cred, (uint32_t)args[0]);
    task_set_cred(self->task, cred);
    return old;
}

int64_t sys_getgroups(struct thread *self, const uint64_t *args)
{
    const struct cred *cred = cred_of(self);
    int32_t size = (int32_t)(uint32_t)args[0];

    if (size < 0)
        return -EINVAL;
    if (size == 0)
        return cred->group_count;
    if ((unsigned)size < cred->group_count)
        return -EINVAL;
    if (copy_out(process_of(self)->as, args[1], cred->groups,
                 cred->group_count * sizeof(cred->groups[0])) != 0)
        return -EFAULT;
    return cred->group_count;
}

static int set_groups(struct thread *self, uaddr_t from, lx_gid_t *groups,
                      unsigned count)
{
    size_t size = count * sizeof(*groups);
    struct cred *cred;
    int error = copy_in(process_of(self)->as, groups, from, size);

    for (unsigned i = 0; error == 0 && i < count; i++)
        if (groups[i] == KEEP)
            error = -EINVAL; /* nobody's */
    if (error == 0)
        error = cred_copy_groups(cred_of(self), groups, count, &cred);
    if (error == 0)
        task_set_cred(self->task, cred);
    return error;
}

int64_t sys_setgroups(struct thread *self, const uint64_t *args)
{
    unsigned count = (unsigned)args[0];
    size_t size = max_size(count, 1) * sizeof(lx_gid_t);
    lx_gid_t *groups;
    int error;

    if (!cred_is_capable(cred_of(self), CAP_SETGID))
        return -EPERM;
    if (count > CRED_GROUPS_MAX)
        return -EINVAL;
    groups = kmem_alloc(size, MEM_WAIT, NULL);
    if (groups == NULL)
        return -ENOMEM;
    error = set_groups(self, args[1], groups, count);
    kmem_free(groups, size);
    return error;
}
