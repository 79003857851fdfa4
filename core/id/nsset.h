/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/nsset.h - the namespaces a thread lives in (namespaces(7)).
 *
 * Immutable and refcounted, like credentials. There is one of each kind; no
 * call makes others yet.
 */
#ifndef CORE_ID_NSSET_H
#define CORE_ID_NSSET_H

#include "core/base/refcount.h"
#include "core/sync/spinlock.h"

struct mount_ns; /* core/fs/mount.h */
struct pid_ns;

enum { UTS_NAME_MAX = 65 }; /* with the NUL: uname(2) */

/* Host and domain name (uts_namespaces(7)). */
struct uts_ns {
    struct refcount refs;
    struct spinlock lock;
    char node[UTS_NAME_MAX] GUARDED_BY(lock);
    char domain[UTS_NAME_MAX] GUARDED_BY(lock);
};

struct nsset {
    struct refcount refs;
    struct pid_ns *pid; /* of the thread itself and its children */
    struct uts_ns *uts;
    struct mount_ns *mounts; /* NULL before there is a file system */
};

C_DECLS_BEGIN

/* Once, after pid_init_all(). */
void nsset_init_all(void);

/* The machine's own set, with a reference for the caller; never freed. */
struct nsset *nsset_root(void);

/* Gives the machine's set its mounts, with the caller's reference. Once, at
 * boot, before the first process. */
void nsset_set_mounts(struct mount_ns *mounts);

void nsset_get(struct nsset *set);
void nsset_put(struct nsset *set);

/* Names of a uts namespace, UTS_NAME_MAX bytes each, NUL-padded. */
void uts_get(struct uts_ns *uts, char *node, char *domain);

/* Sets one to size bytes, size < UTS_NAME_MAX; the other argument is NULL. */
void uts_set(struct uts_ns *uts, const char *node, const char *domain,
             size_t size);

C_DECLS_END

#endif /* CORE_ID_NSSET_H */
