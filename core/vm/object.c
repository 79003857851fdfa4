/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/object.c - the contract is in object.h.
 */
#include "core/vm/object.h"

#include "core/vm/region.h"

static const struct lock_class object_lock_class = {"object", LOCK_RANK_OBJECT};

void vm_object_init(struct vm_object *object, const struct vm_pager_ops *ops)
{
    refcount_init(&object->refs, 1);
    object->ops = ops;
    mutex_init(&object->lock, &object_lock_class);
    list_init(&object->regions);
    object->claims = 0;
    object->is_write_denied = false;
    object->unmaps = 0;
    object->removals = 0;
}

void vm_object_get(struct vm_object *object)
{
    refcount_get(&object->refs);
}

void vm_object_put(struct vm_object *object)
{
    if (!refcount_put(&object->refs))
        return;
    ASSERT(list_is_empty(&object->regions));
    object->ops->release(object);
}

void vm_object_begin_removal(struct vm_object *object)
{
    (void)__atomic_fetch_add(&object->removals, 1, __ATOMIC_ACQ_REL);
}

void vm_object_end_removal(struct vm_object *object)
{
    (void)__atomic_fetch_sub(&object->removals, 1, __ATOMIC_ACQ_REL);
}

static bool is_shared_writable(const struct vm_object *object)
    REQUIRES(object->lock)
{
    list_for_each(node, &object->regions)
    {
        const struct region *region =
            list_entry(node, struct region, of_object);

        if (region->shared && (region->deny & LX_PROT_WRITE) == 0)
            return true;
    }
    return false;
}

bool vm_object_deny_write(struct vm_object *object)
{
    bool is_denied;

    mutex_lock(&object->lock);
    is_denied = object->claims == 0 && !is_shared_writable(object);
    if (is_denied)
        object->is_write_denied = true;
    mutex_unlock(&object->lock);
    return is_denied;
}

bool vm_object_claim_write(struct vm_object *object)
{
    bool may;

    mutex_lock(&object->lock);
    may = !object->is_write_denied;
    object->claims += may;
    mutex_unlock(&object->lock);
    return may;
}

void vm_object_unclaim_write(struct vm_object *object)
{
    mutex_lock(&object->lock);
    ASSERT(object->claims > 0);
    object->claims--;
    mutex_unlock(&object->lock);
}
