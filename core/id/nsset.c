/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/nsset.c - contract in nsset.h.
 */
#include "core/id/nsset.h"

#include "core/base/string.h"
#include "core/id/pid.h"

static const struct lock_class uts_class = {"uts", LOCK_RANK_IDS};

static struct uts_ns root_uts;
static struct nsset root_set;

void nsset_init_all(void)
{
    refcount_init(&root_uts.refs, 1);
    spin_init(&root_uts.lock, &uts_class);
    (void)str_copy(root_uts.node, "(none)", sizeof(root_uts.node));
    (void)str_copy(root_uts.domain, "(none)", sizeof(root_uts.domain));
    refcount_init(&root_set.refs, 1);
    root_set.pid = pid_ns_root();
    root_set.uts = &root_uts;
}

struct nsset *nsset_root(void)
{
    nsset_get(&root_set);
    return &root_set;
}

void nsset_set_mounts(struct mount_ns *mounts)
{
    root_set.mounts = mounts;
}

void nsset_get(struct nsset *set)
{
    refcount_get(&set->refs);
}

/* The root's own reference is never put. */
void nsset_put(struct nsset *set)
{
    bool was_last = refcount_put(&set->refs);

    ASSERT(!was_last);
}

void uts_get(struct uts_ns *uts, char *node, char *domain)
{
    spin_lock(&uts->lock);
    mem_copy(node, uts->node, sizeof(uts->node));
    mem_copy(domain, uts->domain, sizeof(uts->domain));
    spin_unlock(&uts->lock);
}

void uts_set(struct uts_ns *uts, const char *node, const char *domain,
             size_t size)
{
    char *to = node != NULL ? uts->node : uts->domain;

    ASSERT(size < UTS_NAME_MAX && (node == NULL) != (domain == NULL));
    spin_lock(&uts->lock);
    mem_set(to, 0, UTS_NAME_MAX);
    mem_copy(to, node != NULL ? node : domain, size);
    spin_unlock(&uts->lock);
}
