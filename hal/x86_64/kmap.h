/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/kmap.h - the kernel's half of the address space.
 *
 * The entries of the root's upper half are made at boot and never change, so
 * every address space has a copy of them. What changes after boot are the
 * kernel stacks: each has a slot whose lower half stays unmapped.
 *
 * A stack that is freed leaves stale translations on the CPUs that its thread
 * ran on. They do no harm before its slot is used again, so a slot whose stack
 * is gone rests until all CPUs have forgotten all; that happens when no other
 * slot is left, for all that rest at once. The frames are free at once.
 */
#ifndef HAL_X86_64_KMAP_H
#define HAL_X86_64_KMAP_H

#include "hal/types.h"
#include "hal/x86_64/memmap.h"

enum {
    KMAP_STACK_PAGES = 4,           /* of a kernel stack */
    KMAP_SLOT_SIZE = 8 * PAGE_SIZE, /* the stack and its guard */
    KMAP_STACK_SIZE = KMAP_STACK_PAGES * PAGE_SIZE
};

HAL_DECLS_BEGIN

/*
 * Makes the kernel's tables and runs on them: at DIRECT_BASE all of map and the
 * part of the image that only the early code uses (not in map yet), the image
 * by its sections, no identity map. Pages for tables come out of map,
 * below 4 GiB, sparing keep. Returns 0 or -ENOMEM. On the early tables.
 */
HAL_MUST_USE int kmap_setup(struct memmap *map, struct hal_span keep);

/* Maps RAM that is in no map at DIRECT_BASE too: 0 or -ENOMEM. Boot only. */
HAL_MUST_USE int kmap_direct(struct hal_span span);

/* Unmaps the part of the image that only the early code used. */
void kmap_drop_early(void);

/* Pages come from core_frames_alloc() from now on. */
void kmap_boot_ends(void);

/* The root table of the kernel alone. */
paddr_t kmap_root(void);

/* Maps the page that a device's registers at addr lie in uncached; returns
 * addr's address there, or NULL when there is no memory. Pages mapped one after
 * the other follow each other. After boot, hal/x86_64/bus.c alone, under its
 * lock. */
void *kmap_device(paddr_t addr);

/* Puts another page of registers in the place of one that kmap_device() mapped.
 * Boot only, while one CPU runs. */
void kmap_device_move(void *at, paddr_t addr);

/*
 * Makes a kernel stack of 1 to KMAP_STACK_PAGES pages with a guard below it.
 * Returns 0 and the address past its end, or -ENOMEM. With CPUs running,
 * interrupts are on.
 */
HAL_MUST_USE int kmap_stack_create(unsigned pages, uint64_t *top);

/* Frees a stack made of pages. No CPU may be on it. Any context. */
void kmap_stack_destroy(uint64_t top, unsigned pages);

/* Tables made since kmap_boot_ends(); they stay. Any context. */
uint64_t kmap_table_count(void);

/* Is addr in a stack's guard? */
bool kmap_is_stack_guard(uint64_t addr);

/* Is addr mapped, in the kernel's half? Never faults. */
bool kmap_is_mapped(uint64_t addr);

HAL_DECLS_END

#endif /* HAL_X86_64_KMAP_H */
