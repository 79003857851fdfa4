/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/layout.h - where exec puts things in a new address space.
 *
 * Address space layout randomisation: how many bits are random is Linux's, see
 * vm.mmap_rnd_bits (proc_sys_vm(5)): 28 for mappings and movable programs, 22
 * for the stack. Without it everything lies where it does there.
 */
#ifndef CORE_VM_LAYOUT_H
#define CORE_VM_LAYOUT_H

#include "core/base/defs.h"
#include "hal/mmu.h"

/* Page aligned but for stack_top, which is a multiple of 16. */
struct aspace_layout {
    uaddr_t stack_top;   /* grows down from here */
    uaddr_t mmap_base;   /* for aspace_set_mmap_base(); room for the stack, and
                            a guard, lies above */
    uaddr_t movable;     /* a movable program goes here or above */
    uint64_t brk_offset; /* from the end of the program to the heap */
};

C_DECLS_BEGIN

/* stack_limit: RLIMIT_STACK in bytes. Without randomize (ADDR_NO_RANDOMIZE of
 * personality(2)) always the same. Takes no lock. */
void aspace_choose_layout(struct aspace_layout *out, uint64_t stack_limit,
                          bool randomize);

C_DECLS_END

#endif /* CORE_VM_LAYOUT_H */
