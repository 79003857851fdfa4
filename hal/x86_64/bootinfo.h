/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/bootinfo.h - what the loader said, copied out of its memory.
 *
 * PVH: struct hvm_start_info of Xen's PVH boot ABI. multiboot2: the tags of
 * its specification 2.0, section 3.6. All of it lies below 4 GiB, where the
 * early tables map it at its physical address.
 */
#ifndef HAL_X86_64_BOOTINFO_H
#define HAL_X86_64_BOOTINFO_H

#include "hal/platform.h"
#include "hal/types.h"

enum { BOOTINFO_REGIONS_MAX = 128, BOOTINFO_RSDP_MAX = 36 };

struct bootinfo_region {
    uint64_t start;
    uint64_t size;
    bool ram; /* false: whatever else, not to be touched */
};

struct bootinfo {
    char command_line[HAL_COMMAND_LINE_MAX];
    struct bootinfo_region regions[BOOTINFO_REGIONS_MAX];
    size_t region_count;
    struct hal_span initrd; /* size 0: none */
    struct hal_framebuffer framebuffer;
    uint64_t rsdp; /* physical address, 0: unknown */
    uint8_t rsdp_copy[BOOTINFO_RSDP_MAX];
    size_t rsdp_size; /* of the copy that multiboot2 hands over; 0: none */
};

HAL_DECLS_BEGIN

/*
 * Reads the information at physical address info, of the kind magic names
 * (BOOT_MAGIC_*). Returns false for another magic. On the early tables.
 */
bool bootinfo_read(struct bootinfo *out, uint32_t magic, uint32_t info);

HAL_DECLS_END

#endif /* HAL_X86_64_BOOTINFO_H */
