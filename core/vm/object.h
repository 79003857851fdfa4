/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/object.h - what a region maps: pages by index, and their pager.
 *
 * The pages of a file belong to its object, one copy for read, mmap and exec.
 * Whoever embeds an object says where its pages come from.
 */
#ifndef CORE_VM_OBJECT_H
#define CORE_VM_OBJECT_H

#include "core/base/refcount.h"
#include "core/mem/page.h"

struct vm_object;

struct vm_pager_ops {
    /*
     * The page at index, up to date, with a reference for the caller. 0,
     * -EIO when it cannot be had, -ENXIO when index lies past the end (the
     * access becomes SIGBUS), -ENOMEM. May sleep.
     */
    int (*get_page)(struct vm_object *object, uint64_t index,
                    struct page **out);
    /* The last reference went. */
    void (*release)(struct vm_object *object);
};

struct vm_object {
    struct refcount refs;
    const struct vm_pager_ops *ops; /* const */
};

C_DECLS_BEGIN

void vm_object_init(struct vm_object *object, const struct vm_pager_ops *ops);
void vm_object_get(struct vm_object *object);
void vm_object_put(struct vm_object *object);

C_DECLS_END

#endif /* CORE_VM_OBJECT_H */
