/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/cred.c - contract in cred.h.
 */
#include "core/id/cred.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/id/user.h"
#include "core/mem/cache.h"

#define KEEP UINT32_MAX

static size_t size_of(unsigned group_count)
{
    return sizeof(struct cred) + group_count * sizeof(lx_gid_t);
}

int cred_create_root(struct cred **out)
{
    struct cred *cred = kmem_alloc(size_of(0), MEM_WAIT | MEM_ZERO, NULL);

    if (cred == NULL)
        return -ENOMEM;
    cred->user = user_find(0);
    if (cred->user == NULL) {
        kmem_free(cred, size_of(0));
        return -ENOMEM;
    }
    refcount_init(&cred->refs, 1);
    cred->permitted = cred->effective = cred->bounding = CAPS_ALL;
    *out = cred;
    return 0;
}

void cred_get(struct cred *cred)
{
    refcount_get(&cred->refs);
}

void cred_put(struct cred *cred)
{
    if (!refcount_put(&cred->refs))
        return;
    user_put(cred->user);
    kmem_free(cred, size_of(cred->group_count));
}

/* A copy with room for count groups, which are not set. */
static struct cred *copy_head(const struct cred *cred, unsigned count)
{
    const size_t kept = offsetof(struct cred, uid);
    struct cred *copy = kmem_alloc(size_of(count), MEM_WAIT, NULL);

    if (copy == NULL)
        return NULL;
    /* All but the count, which others change meanwhile. */
    mem_copy((char *)copy + kept, (const char *)cred + kept,
             sizeof(*cred) - kept);
    refcount_init(&copy->refs, 1);
    copy->group_count = count;
    user_get(copy->user);
    return copy;
}

int cred_copy(const struct cred *cred, struct cred **out)
{
    struct cred *copy = copy_head(cred, cred->group_count);

    if (copy == NULL)
        return -ENOMEM;
    mem_copy(copy->groups, cred->groups,
             cred->group_count * sizeof(cred->groups[0]));
    *out = copy;
    return 0;
}

/* Moves groups[at] down the heap of count groups to where it belongs. */
static void sift_down(lx_gid_t *groups, unsigned at, unsigned count)
{
    for (;;) {
        unsigned child = 2 * at + 1;
        lx_gid_t gid = groups[at];

        if (child >= count)
            return;
        if (child + 1 < count && groups[child + 1] > groups[child])
            child++;
        if (groups[child] <= gid)
            return;
        groups[at] = groups[child];
        groups[child] = gid;
        at = child;
    }
}

static void sort_groups(lx_gid_t *groups, unsigned count)
{
    for (unsigned at = count / 2; at > 0; at--)
        sift_down(groups, at - 1, count);
    for (unsigned left = count; left > 1; left--) {
        lx_gid_t largest = groups[0];

        groups[0] = groups[left - 1];
        groups[left - 1] = largest;
        sift_down(groups, 0, left - 1);
    }
}

int cred_copy_groups(const struct cred *cred, const lx_gid_t *groups,
                     unsigned count, struct cred **out)
{
    struct cred *copy;

    ASSERT(count <= CRED_GROUPS_MAX);
    copy = copy_head(cred, count);
    if (copy == NULL)
        return -ENOMEM;
    mem_copy(copy->groups, groups, count * sizeof(groups[0]));
    sort_groups(copy->groups, count);
    *out = copy;
    return 0;
}

bool cred_is_capable(const struct cred *cred, unsigned capability)
{
    ASSERT(capability <= CAP_LAST);
    return (cred->effective >> capability & 1) != 0;
}

bool cred_is_in_group(const struct cred *cred, lx_gid_t gid)
{
    unsigned low = 0, high = cred->group_count;

    if (gid == cred->fsgid)
        return true;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (cred->groups[middle] == gid)
            return true;
        if (cred->groups[middle] < gid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* May one without the capability take id, having a, b and c? */
static bool is_own(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
    return id == KEEP || id == a || id == b || id == c;
}

/* capabilities(7): what goes from zero to nonzero, and back. */
static void follow_uids(struct cred *cred, bool had_root, lx_uid_t old_euid)
{
    bool has_root = cred->uid == 0 || cred->euid == 0 || cred->suid == 0;

    if (had_root && !has_root) {
        if (!cred->keeps_caps)
            cred->permitted = 0;
        cred->ambient = 0;
    }
    if (old_euid == 0 && cred->euid != 0)
        cred->effective = 0;
    else if (old_euid != 0 && cred->euid == 0)
        cred->effective = cred->permitted;
    cred->effective &= cred->permitted;
}

int cred_set_uids(struct cred *cred, lx_uid_t uid, lx_uid_t euid, lx_uid_t suid)
{
    bool had_root = cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
    lx_uid_t old_euid = cred->euid;
    struct user *user;

    if (!cred_is_capable(cred, CAP_SETUID) &&
        !(is_own(uid, cred->uid, cred->euid, cred->suid) &&
          is_own(euid, cred->uid, cred->euid, cred->suid) &&
          is_own(suid, cred->uid, cred->euid, cred->suid)))
        return -EPERM;
    if (uid != KEEP && uid != cred->uid) {
        user = user_find(uid);
        if (user == NULL)
            return -ENOMEM;
        user_put(cred->user);
        cred->user = user;
        cred->uid = uid;
    }
    if (euid != KEEP)
        cred->euid = euid;
    if (suid != KEEP)
        cred->suid = suid;
    cred->fsuid = cred->euid;
    follow_uids(cred, had_root, old_euid);
    return 0;
}

int cred_set_gids(struct cred *cred, lx_gid_t gid, lx_gid_t egid, lx_gid_t sgid)
{
    if (!cred_is_capable(cred, CAP_SETGID) &&
        !(is_own(gid, cred->gid, cred->egid, cred->sgid) &&
          is_own(egid, cred->gid, cred->egid, cred->sgid) &&
          is_own(sgid, cred->gid, cred->egid, cred->sgid)))
        return -EPERM;
    if (gid != KEEP)
        cred->gid = gid;
    if (egid != KEEP)
        cred->egid = egid;
    if (sgid != KEEP)
        cred->sgid = sgid;
    cred->fsgid = cred->egid;
    return 0;
}

/* capabilities(7): what follows the file system user id alone. */
static const uint64_t fs_caps =
    UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE |
    UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_FOWNER |
    UINT64_C(1) << CAP_FSETID | UINT64_C(1) << CAP_MKNOD |
    UINT64_C(1) << CAP_LINUX_IMMUTABLE | UINT64_C(1) << CAP_MAC_OVERRIDE;

void cred_set_fsuid(struct cred *cred, lx_uid_t fsuid)
{
    lx_uid_t old = cred->fsuid;

    if (cred_is_capable(cred, CAP_SETUID) || fsuid == cred->fsuid ||
        (fsuid != KEEP && is_own(fsuid, cred->uid, cred->euid, cred->suid)))
        cred->fsuid = fsuid != KEEP ? fsuid : cred->fsuid;
    if (old == 0 && cred->fsuid != 0)
        cred->effective &= ~fs_caps;
    else if (old != 0 && cred->fsuid == 0)
        cred->effective |= cred->permitted & fs_caps;
}

void cred_set_fsgid(struct cred *cred, lx_gid_t fsgid)
{
    if (cred_is_capable(cred, CAP_SETGID) || fsgid == cred->fsgid ||
        (fsgid != KEEP && is_own(fsgid, cred->gid, cred->egid, cred->sgid)))
        cred->fsgid = fsgid != KEEP ? fsgid : cred->fsgid;
}

void cred_exec(struct cred *cred, lx_uid_t euid, lx_gid_t egid)
{
    if (euid != KEEP)
        cred->euid = euid;
    if (egid != KEEP)
        cred->egid = egid;
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    cred->keeps_caps = false;
    if (cred->uid == 0 || cred->euid == 0)
        cred->permitted = cred->inheritable | cred->bounding;
    else
        cred->permitted = cred->ambient;
    cred->effective = cred->euid == 0 ? cred->permitted : cred->ambient;
}

bool cred_may_signal(const struct cred *cred, const struct cred *other)
{
    return cred_is_capable(cred, CAP_KILL) || cred->euid == other->uid ||
           cred->euid == other->suid || cred->uid == other->uid ||
           cred->uid == other->suid;
}
