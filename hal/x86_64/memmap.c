/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/memmap.c - the contract is in memmap.h.
 */
#include "hal/x86_64/memmap.h"

#include "core/base/defs.h"

#define LOW_MEMORY  UINT64_C(0x100000) /* firmware's and legacy devices' */
#define LOW_RAM_END UINT64_C(0xa0000)
#define LOW_FIRST   UINT64_C(0x1000) /* behind what real mode uses */

static uint64_t end_of(struct hal_span span)
{
    return span.start + span.size;
}

static void remove_at(struct memmap *map, size_t index)
{
    map->count--;
    for (size_t i = index; i < map->count; i++)
        map->ranges[i] = map->ranges[i + 1];
}

static size_t smallest(const struct memmap *map)
{
    size_t found = 0;

    for (size_t i = 1; i < map->count; i++)
        if (map->ranges[i].size < map->ranges[found].size)
            found = i;
    return found;
}

/* Inserts [start, end), which overlaps nothing, at its place. */
static void insert_range(struct memmap *map, uint64_t start, uint64_t end)
{
    size_t i;

    if (start >= end)
        return;
    if (map->count == HAL_RAM_RANGES_MAX) {
        size_t least = smallest(map);

        if (map->ranges[least].size >= end - start)
            return;
        remove_at(map, least);
    }
    for (i = map->count; i > 0 && map->ranges[i - 1].start > start; i--)
        map->ranges[i] = map->ranges[i - 1];
    map->ranges[i].start = start;
    map->ranges[i].size = end - start;
    map->count++;
}

void memmap_remove(struct memmap *map, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    for (size_t i = map->count; i-- > 0;) {
        struct hal_span r = map->ranges[i];

        if (r.start >= end || end_of(r) <= start)
            continue;
        remove_at(map, i);
        insert_range(map, r.start, min_u64(start, end_of(r)));
        insert_range(map, max_u64(end, r.start), end_of(r));
        /* What was put back lies outside: a second look does no harm. */
        i = map->count;
    }
}

static void merge_neighbours(struct memmap *map)
{
    for (size_t i = 1; i < map->count;) {
        if (end_of(map->ranges[i - 1]) == map->ranges[i].start) {
            map->ranges[i - 1].size += map->ranges[i].size;
            remove_at(map, i);
        } else {
            i++;
        }
    }
}

void memmap_add(struct memmap *map, uint64_t start, uint64_t end)
{
    /* What is there already, from an entry that overlaps, goes first. */
    memmap_remove(map, start, end);
    insert_range(map, start, end);
    merge_neighbours(map);
}

/* The region's end, without overflow. */
static uint64_t region_end(const struct bootinfo_region *r)
{
    return r->size > UINT64_MAX - r->start ? UINT64_MAX : r->start + r->size;
}

/* Takes low memory out, but for an initrd there (GRUB on UEFI does that). */
static void remove_low(struct memmap *map, struct hal_span initrd)
{
    uint64_t end = min_u64(end_of(initrd), LOW_MEMORY);

    if (initrd.size == 0 || initrd.start >= LOW_MEMORY)
        end = 0;
    memmap_remove(map, round_up(end, PAGE_SIZE), LOW_MEMORY);
    if (end > 0)
        end = round_down(initrd.start, PAGE_SIZE);
    memmap_remove(map, 0, max_u64(end, PAGE_SIZE));
}

void memmap_build(struct memmap *map, const struct bootinfo *info,
                  uint64_t limit)
{
    map->count = 0;
    for (size_t i = 0; i < info->region_count; i++) {
        const struct bootinfo_region *r = &info->regions[i];
        uint64_t end = min_u64(region_end(r), limit);

        if (r->ram && r->start < end)
            memmap_add(map, round_up(r->start, PAGE_SIZE),
                       round_down(end, PAGE_SIZE));
    }
    for (size_t i = 0; i < info->region_count; i++) {
        const struct bootinfo_region *r = &info->regions[i];
        uint64_t end = min_u64(region_end(r), UINT64_MAX - PAGE_SIZE);

        if (!r->ram)
            memmap_remove(map, round_down(r->start, PAGE_SIZE),
                          round_up(end, PAGE_SIZE));
    }
    remove_low(map, info->initrd);
}

bool memmap_holds(const struct memmap *map, struct hal_span span)
{
    for (size_t i = 0; i < map->count; i++) {
        struct hal_span r = map->ranges[i];

        if (span.start >= r.start && span.start - r.start <= r.size &&
            span.size <= r.size - (span.start - r.start))
            return true;
    }
    return false;
}

/* The first page of r that does not touch keep; may lie past its end. */
static uint64_t first_free(struct hal_span r, struct hal_span keep)
{
    uint64_t page = r.start;

    if (keep.size > 0 && page < end_of(keep) && page + PAGE_SIZE > keep.start)
        page = round_up(end_of(keep), PAGE_SIZE);
    return page;
}

paddr_t memmap_take(struct memmap *map, struct hal_span keep, uint64_t limit)
{
    for (size_t i = 0; i < map->count; i++) {
        struct hal_span r = map->ranges[i];
        uint64_t page = first_free(r, keep);

        if (page + PAGE_SIZE > min_u64(end_of(r), limit))
            continue;
        memmap_remove(map, page, page + PAGE_SIZE);
        return page;
    }
    return PADDR_NONE;
}

static bool overlaps(uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
    return start < to && from < end;
}

/* Is [start, end) RAM in one region and reserved by none? */
static bool is_free_ram(const struct bootinfo *info, uint64_t start,
                        uint64_t end)
{
    bool is_ram = false;

    for (size_t i = 0; i < info->region_count; i++) {
        const struct bootinfo_region *r = &info->regions[i];

        if (r->ram)
            is_ram |= r->start <= start && end <= region_end(r);
        else if (overlaps(start, end, r->start, region_end(r)))
            return false;
    }
    return is_ram;
}

paddr_t memmap_find_low(const struct bootinfo *info, unsigned count)
{
    uint64_t size = (uint64_t)count * PAGE_SIZE;

    for (uint64_t at = LOW_FIRST; at + size <= LOW_RAM_END; at += PAGE_SIZE)
        if (is_free_ram(info, at, at + size) &&
            !overlaps(at, at + size, info->initrd.start, end_of(info->initrd)))
            return at;
    return PADDR_NONE;
}

uint64_t memmap_total(const struct memmap *map)
{
    uint64_t total = 0;

    for (size_t i = 0; i < map->count; i++)
        total += map->ranges[i].size;
    return total;
}
