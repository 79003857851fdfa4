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
    object->unmaps = 0;
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

bool vm_object_is_shared_writable(struct vm_object *object)
{
    bool found = false;

    mutex_lock(&object->lock);
    list_for_each(node, &object->regions)
    {
        const struct region *region =
            list_entry(node, struct region, of_object);

        if (region->shared && (region->deny & LX_PROT_WRITE) == 0)
            found = true;
    }
    mutex_unlock(&object->lock);
    return found;
}
