/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/cred.h - credentials: who a thread acts as (credentials(7),
 * capabilities(7)).
 *
 * Immutable once published: a change makes a copy, edits it while nobody else
 * has it, and puts it in place. So whoever holds a reference reads without a
 * lock.
 */
#ifndef CORE_ID_CRED_H
#define CORE_ID_CRED_H

#include "core/abi/types.h"
#include "core/base/refcount.h"

struct user;

/* Capability numbers: capabilities(7), <linux/capability.h>. */
enum {
    CAP_CHOWN = 0,
    CAP_DAC_OVERRIDE = 1,
    CAP_DAC_READ_SEARCH = 2,
    CAP_FOWNER = 3,
    CAP_FSETID = 4,
    CAP_KILL = 5,
    CAP_SETGID = 6,
    CAP_SETUID = 7,
    CAP_SETPCAP = 8,
    CAP_LINUX_IMMUTABLE = 9,
    CAP_IPC_LOCK = 14,
    CAP_SYS_CHROOT = 18,
    CAP_SYS_PTRACE = 19,
    CAP_SYS_ADMIN = 21,
    CAP_SYS_BOOT = 22,
    CAP_SYS_NICE = 23,
    CAP_SYS_RESOURCE = 24,
    CAP_SYS_TIME = 25,
    CAP_SYS_TTY_CONFIG = 26,
    CAP_MKNOD = 27,
    CAP_LEASE = 28,
    CAP_MAC_OVERRIDE = 32,
    CAP_SYSLOG = 34,
    CAP_WAKE_ALARM = 35,
    CAP_LAST = 40
};

#define CAPS_ALL ((UINT64_C(1) << (CAP_LAST + 1)) - 1)

enum { CRED_GROUPS_MAX = 8192 }; /* bounded by KMEM_MAX; Linux has 65536 */

struct cred {
    struct refcount refs;
    lx_uid_t uid, euid, suid, fsuid;
    lx_gid_t gid, egid, sgid, fsgid;
    uint64_t permitted, effective, inheritable, bounding, ambient;
    bool keeps_caps;      /* PR_SET_KEEPCAPS */
    struct user *user;    /* of uid; a reference */
    unsigned group_count; /* supplementary groups */
    lx_gid_t groups[];    /* ascending */
};

C_DECLS_BEGIN

/* Root's, as init has them: 0 or -ENOMEM. */
MUST_USE int cred_create_root(struct cred **out);

void cred_get(struct cred *cred);
void cred_put(struct cred *cred);

/* A copy for the caller alone, to be edited: 0 or -ENOMEM. */
MUST_USE int cred_copy(const struct cred *cred, struct cred **out);

/* The same with other supplementary groups, in any order. count is at most
 * CRED_GROUPS_MAX. */
MUST_USE int cred_copy_groups(const struct cred *cred, const lx_gid_t *groups,
                              unsigned count, struct cred **out);

/* Does it have the capability in effect? */
bool cred_is_capable(const struct cred *cred, unsigned capability);

/* Is gid the group it acts as, or a supplementary one? */
bool cred_is_in_group(const struct cred *cred, lx_gid_t gid);

/*
 * setresuid(2) on cred, the caller's own copy; UINT32_MAX leaves a value. 0,
 * -EPERM or -ENOMEM (the user's struct); then cred is unchanged. Capabilities
 * follow as capabilities(7), "Effect of user ID changes", has it.
 */
MUST_USE int cred_set_uids(struct cred *cred, lx_uid_t uid, lx_uid_t euid,
                           lx_uid_t suid);

/* setresgid(2), the same way: 0 or -EPERM. */
MUST_USE int cred_set_gids(struct cred *cred, lx_gid_t gid, lx_gid_t egid,
                           lx_gid_t sgid);

/* setfsuid(2), setfsgid(2): changes it where that is allowed. */
void cred_set_fsuid(struct cred *cred, lx_uid_t fsuid);
void cred_set_fsgid(struct cred *cred, lx_gid_t fsgid);

/* execve(2) of a set-user-ID or set-group-ID file: becomes its owner's;
 * UINT32_MAX leaves a value. */
void cred_exec(struct cred *cred, lx_uid_t euid, lx_gid_t egid);

/* May one with cred send signals to a process of other's (kill(2))? */
bool cred_may_signal(const struct cred *cred, const struct cred *other);

C_DECLS_END

#endif /* CORE_ID_CRED_H */
