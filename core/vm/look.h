/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/look.h - looking at an address space, from outside (/proc/PID/maps)
 * or before a change.
 */
#ifndef CORE_VM_LOOK_H
#define CORE_VM_LOOK_H

#include "core/vm/aspace.h"

C_DECLS_BEGIN

/* What is mapped from start to end, for whoever looks at it. */
struct aspace_region {
    uaddr_t start, end;
    unsigned prot; /* LX_PROT_* */
    bool is_shared;
    bool is_heap;             /* brk(2)'s */
    struct vm_object *object; /* a reference; NULL: anonymous */
    uint64_t offset;          /* of start in it, bytes */
};

/* The first region that ends above from; false: none. May sleep. */
bool aspace_next_region(struct aspace *as, uaddr_t from,
                        struct aspace_region *out);

/*
 * Copies from an address space that need not be active, without faults: pages
 * that are not there read as zero. How many bytes, short where nothing is
 * mapped, or -ENOMEM. May sleep.
 */
MUST_USE ssize_t aspace_peek(struct aspace *as, uaddr_t from, void *to,
                             size_t size);

/* Pages of all shared anonymous mappings of the machine. Any context. */
uint64_t anon_shared_count(void);

/* What aspace_map() says of a mapping that its file refuses with this error:
 * it, or what is wrong with size, place or flags, which comes first. The object
 * of the request is not looked at. Never 0. May sleep. core/vm/map.c. */
MUST_USE int aspace_refuse_map(struct aspace *as,
                               const struct map_request *request, int refusal);

C_DECLS_END

#endif /* CORE_VM_LOOK_H */
