/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/bootinfo.c - the contract is in bootinfo.h.
 */
#include "hal/x86_64/bootinfo.h"

#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/x86_64/layout.h"

enum { MEMORY_RAM = 1 }; /* of PVH's and multiboot2's memory maps alike */

struct pvh_start {
    uint32_t magic;
    uint32_t version; /* from 1 on there is a memory map */
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memmap;
    uint32_t memmap_count;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t start;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
};

struct pvh_region {
    uint64_t start;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

#define PVH_MAGIC 0x336ec578u

enum mb2_type {
    MB2_END = 0,
    MB2_COMMAND_LINE = 1,
    MB2_MODULE = 3,
    MB2_MEMMAP = 6,
    MB2_FRAMEBUFFER = 8,
    MB2_RSDP_OLD = 14,
    MB2_RSDP_NEW = 15
};

struct mb2_tag {
    uint32_t type;
    uint32_t size; /* with this head; the next tag is 8-aligned */
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start;
    uint32_t end;
};

struct mb2_memmap {
    struct mb2_tag tag;
    uint32_t entry_size;
    uint32_t version;
};

struct mb2_framebuffer {
    struct mb2_tag tag;
    uint64_t start;
    uint32_t pitch;
    uint32_t width;
    uint32_t height;
    uint8_t bits_per_pixel;
    uint8_t type;
    uint16_t reserved;
};

enum { MB2_DIRECT_RGB = 1 };

/* Memory below 4 GiB by its physical address. */
static const void *early_at(uint64_t addr)
{
    return (const void *)addr;
}

static bool is_early(uint64_t addr)
{
    return addr != 0 && addr < UINT64_C(1) << 32;
}

static void add_region(struct bootinfo *out, uint64_t start, uint64_t size,
                       uint32_t type)
{
    struct bootinfo_region *r = &out->regions[out->region_count];

    if (size == 0 || out->region_count == BOOTINFO_REGIONS_MAX)
        return;
    r->start = start;
    r->size = size;
    r->ram = type == MEMORY_RAM;
    out->region_count++;
}

static bool read_pvh(struct bootinfo *out, uint32_t info)
{
    const struct pvh_start *start = early_at(info);
    const struct pvh_module *module = early_at(start->modules);
    const struct pvh_region *region = early_at(start->memmap);

    if (start->magic != PVH_MAGIC)
        return false;
    if (is_early(start->command_line))
        (void)str_copy(out->command_line, early_at(start->command_line),
                       sizeof(out->command_line));
    if (start->module_count > 0 && is_early(start->modules)) {
        out->initrd.start = module->start;
        out->initrd.size = module->size;
    }
    if (start->version >= 1 && is_early(start->memmap))
        for (uint32_t i = 0; i < start->memmap_count; i++)
            add_region(out, region[i].start, region[i].size, region[i].type);
    out->rsdp = start->rsdp;
    return true;
}

/* Copies the head of a tag into *to; false for a tag that is shorter. */
#define READ_TAG(tag, to) read_tag_head(tag, to, sizeof(*(to)))

static bool read_tag_head(const struct mb2_tag *tag, void *to, size_t size)
{
    if (tag->size < size)
        return false;
    mem_copy(to, tag, size);
    return true;
}

static void read_line_tag(struct bootinfo *out, const struct mb2_tag *tag)
{
    const char *line = (const char *)(tag + 1);
    size_t size = str_length(line, tag->size - sizeof(*tag));

    size = min_size(size, sizeof(out->command_line) - 1);
    mem_copy(out->command_line, line, size);
    out->command_line[size] = '\0';
}

static void read_module_tag(struct bootinfo *out, const struct mb2_tag *tag)
{
    struct mb2_module module;

    if (!READ_TAG(tag, &module) || out->initrd.size > 0 ||
        module.end <= module.start)
        return;
    out->initrd.start = module.start;
    out->initrd.size = module.end - module.start;
}

static void read_memmap_tag(struct bootinfo *out, const struct mb2_tag *tag)
{
    const char *at = (const char *)tag;
    struct mb2_memmap map;
    struct pvh_region r; /* the head of theirs too: start, size, type */
    size_t left;

    if (!READ_TAG(tag, &map) || map.entry_size < sizeof(r))
        return;
    at += sizeof(map);
    left = tag->size - sizeof(map);
    for (; left >= map.entry_size; left -= map.entry_size) {
        mem_copy(&r, at, sizeof(r));
        add_region(out, r.start, r.size, r.type);
        at += map.entry_size;
    }
}

static void read_screen_tag(struct bootinfo *out, const struct mb2_tag *tag)
{
    struct mb2_framebuffer fb;

    if (!READ_TAG(tag, &fb) || fb.type != MB2_DIRECT_RGB)
        return;
    out->framebuffer.start = fb.start;
    out->framebuffer.width = fb.width;
    out->framebuffer.height = fb.height;
    out->framebuffer.pitch = fb.pitch;
    out->framebuffer.bits_per_pixel = fb.bits_per_pixel;
}

static void read_tag(struct bootinfo *out, const struct mb2_tag *tag)
{
    size_t size = tag->size - sizeof(*tag);

    switch (tag->type) {
    case MB2_COMMAND_LINE:
        read_line_tag(out, tag);
        break;
    case MB2_MODULE:
        read_module_tag(out, tag);
        break;
    case MB2_MEMMAP:
        read_memmap_tag(out, tag);
        break;
    case MB2_FRAMEBUFFER:
        read_screen_tag(out, tag);
        break;
    case MB2_RSDP_OLD:
    case MB2_RSDP_NEW:
        /* The new one follows the old, and holds more. */
        out->rsdp_size = min_size(size, BOOTINFO_RSDP_MAX);
        mem_copy(out->rsdp_copy, tag + 1, out->rsdp_size);
        break;
    default:
        break;
    }
}

static bool read_multiboot2(struct bootinfo *out, uint32_t info)
{
    uint32_t total = *(const uint32_t *)early_at(info);
    uint64_t at = (uint64_t)info + 8;
    uint64_t end = (uint64_t)info + total;

    while (at + sizeof(struct mb2_tag) <= end) {
        const struct mb2_tag *tag = early_at(at);

        if (tag->type == MB2_END || tag->size < sizeof(*tag) ||
            tag->size > end - at)
            break;
        if (tag->size > sizeof(*tag))
            read_tag(out, tag);
        at += round_up(tag->size, 8);
    }
    return true;
}

bool bootinfo_read(struct bootinfo *out, uint32_t magic, uint32_t info)
{
    if (magic == BOOT_MAGIC_PVH)
        return read_pvh(out, info);
    if (magic == BOOT_MAGIC_MULTIBOOT2)
        return read_multiboot2(out, info);
    return false;
}
