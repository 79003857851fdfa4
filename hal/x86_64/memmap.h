/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/memmap.h - which memory is RAM that the kernel may use.
 *
 * Made of what the loader said: sorted, without overlap, whole pages, nothing
 * that any entry calls reserved, of what is below 1 MiB only the initrd, not
 * the kernel's image.
 * Pages are taken from it for the first page tables, before there is a page
 * allocator; what is left is hal_boot_facts()->ram.
 */
#ifndef HAL_X86_64_MEMMAP_H
#define HAL_X86_64_MEMMAP_H

#include "hal/platform.h"
#include "hal/x86_64/bootinfo.h"

struct memmap {
    struct hal_span ranges[HAL_RAM_RANGES_MAX];
    size_t count;
};

HAL_DECLS_BEGIN

/* Builds map from info's regions, without what lies at or above limit. Where
 * there are too many ranges the smallest are left out. */
void memmap_build(struct memmap *map, const struct bootinfo *info,
                  uint64_t limit);

/* Adds [start, end), whole pages; merges it with its neighbours. */
void memmap_add(struct memmap *map, uint64_t start, uint64_t end);

/* Takes [start, end) out. */
void memmap_remove(struct memmap *map, uint64_t start, uint64_t end);

/* Does one range hold all of span? */
bool memmap_holds(const struct memmap *map, struct hal_span span);

/* Takes a page below limit that does not touch keep. PADDR_NONE: no more. */
paddr_t memmap_take(struct memmap *map, struct hal_span keep, uint64_t limit);

/*
 * The first of count pages below 640 KiB that info calls RAM and that hold no
 * part of its initrd: none of them is in a map. PADDR_NONE: there are not so
 * many.
 */
paddr_t memmap_find_low(const struct bootinfo *info, unsigned count);

/* Bytes in all ranges. */
uint64_t memmap_total(const struct memmap *map);

HAL_DECLS_END

#endif /* HAL_X86_64_MEMMAP_H */
