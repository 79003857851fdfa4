/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/place.h - what a user address stands for, whoever maps it.
 *
 * A word in a shared mapping is the same word in every process: its page of the
 * object. In a private one it is this address space's own (futex(2)).
 */
#ifndef CORE_VM_PLACE_H
#define CORE_VM_PLACE_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct vm_object;

struct vm_place {
    struct vm_object *object; /* a reference; NULL: memory of as alone */
    uint64_t index;           /* of the page in object */
};

C_DECLS_BEGIN

/* Where addr lies, present for access (HAL_READ or HAL_WRITE): 0, or -EFAULT.
 * The caller gives the reference back. May sleep. */
MUST_USE int aspace_place(struct aspace *as, uaddr_t addr, unsigned access,
                          struct vm_place *out);

C_DECLS_END

#endif /* CORE_VM_PLACE_H */
