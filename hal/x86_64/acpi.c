/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/acpi.c - the contract is in acpi.h.
 */
#include "hal/x86_64/acpi.h"

#include "core/base/defs.h"
#include "core/base/string.h"

/* Where firmware leaves the root pointer: ACPI, 5.2.5.1. */
#define EBDA_SEGMENT UINT64_C(0x40e)
#define EBDA_SIZE    1024
#define EBDA_START   UINT64_C(0x80000)
#define ROM_START    UINT64_C(0xe0000)
#define ROM_END      UINT64_C(0x100000)

#define EARLY_LIMIT  (UINT64_C(1) << 32)
#define TABLE_MAX    (UINT64_C(1) << 24) /* what is longer is no table */

enum { ROOT_OLD_SIZE = 20, ROOT_NEW = 2, ROOT_ALIGN = 16 };

struct root_pointer {
    uint8_t signature[8];
    uint8_t sum;
    uint8_t maker[6];
    uint8_t revision;
    uint32_t rsdt;
    /* From revision 2 on: */
    uint32_t size;
    uint64_t xsdt;
    uint8_t long_sum;
    uint8_t reserved[3];
} __attribute__((packed));

struct table_head {
    uint8_t signature[4];
    uint32_t size;
    uint8_t rest[28];
} __attribute__((packed));

/* The compiler must not know it for a small constant: such addresses it holds
 * for members of a null pointer. */
static const void *early_at(uint64_t addr)
{
    __asm__("" : "+r"(addr));
    return (const void *)addr;
}

static bool sums_up(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + at[i]);
    return sum == 0;
}

/* The table at addr when it is whole; NULL otherwise. */
static const void *table_at(uint64_t addr, size_t *size)
{
    struct table_head head;

    if (addr == 0 || addr > EARLY_LIMIT - sizeof(head))
        return NULL;
    mem_copy(&head, early_at(addr), sizeof(head));
    if (head.size < sizeof(head) || head.size > TABLE_MAX ||
        head.size > EARLY_LIMIT - addr || !sums_up(early_at(addr), head.size))
        return NULL;
    *size = head.size;
    return early_at(addr);
}

static bool is_named(const void *table, const char *signature)
{
    return table != NULL && mem_equal(table, signature, 4);
}

const void *acpi_table(uint64_t addr, const char *signature, size_t *size)
{
    const void *table = table_at(addr, size);

    return is_named(table, signature) ? table : NULL;
}

/* The table with that signature among those that the root table at addr points
 * to, by words of entry_size bytes. */
static const void *find_in(uint64_t addr, size_t entry_size,
                           const char *signature, size_t *size)
{
    size_t root_size;
    const char *root = table_at(addr, &root_size);

    if (!is_named(root, entry_size == sizeof(uint64_t) ? "XSDT" : "RSDT"))
        return NULL;
    for (size_t at = sizeof(struct table_head); root_size - at >= entry_size;
         at += entry_size) {
        uint64_t entry = 0;
        const void *table;

        mem_copy(&entry, root + at, entry_size);
        table = table_at(entry, size);
        if (is_named(table, signature))
            return table;
    }
    return NULL;
}

static bool is_root(const void *at, size_t size)
{
    return size >= ROOT_OLD_SIZE && mem_equal(at, "RSD PTR ", 8) &&
           sums_up(at, ROOT_OLD_SIZE);
}

const void *acpi_find_from(const void *root_pointer, size_t size,
                           const char *signature, size_t *table_size)
{
    struct root_pointer root = {.size = 0};
    const void *table = NULL;

    if (!is_root(root_pointer, size))
        return NULL;
    mem_copy(&root, root_pointer, min_size(size, sizeof(root)));
    if (root.revision >= ROOT_NEW && size >= sizeof(root) &&
        root.size >= sizeof(root) && root.size <= size &&
        sums_up(root_pointer, root.size))
        table = find_in(root.xsdt, sizeof(uint64_t), signature, table_size);
    if (table == NULL)
        table = find_in(root.rsdt, sizeof(uint32_t), signature, table_size);
    return table;
}

const void *acpi_search(uint64_t start, uint64_t end)
{
    for (start = round_up(start, ROOT_ALIGN);
         start < end && end - start >= ROOT_OLD_SIZE; start += ROOT_ALIGN)
        if (is_root(early_at(start), (size_t)(end - start)))
            return early_at(start);
    return NULL;
}

static const void *search_low_memory(void)
{
    const void *found = NULL;
    uint16_t segment;
    uint64_t ebda;

    mem_copy(&segment, early_at(EBDA_SEGMENT), sizeof(segment));
    ebda = (uint64_t)segment << 4;
    if (ebda >= EBDA_START && ebda < ROM_START)
        found = acpi_search(ebda, ebda + EBDA_SIZE);
    return found != NULL ? found : acpi_search(ROM_START, ROM_END);
}

const void *acpi_find(const struct bootinfo *info, const char *signature,
                      size_t *size)
{
    const void *root = NULL;

    if (info->rsdp_size > 0)
        return acpi_find_from(info->rsdp_copy, info->rsdp_size, signature,
                              size);
    if (info->rsdp != 0 &&
        info->rsdp <= EARLY_LIMIT - sizeof(struct root_pointer))
        root = early_at(info->rsdp);
    else
        root = search_low_memory();
    if (root == NULL)
        return NULL;
    return acpi_find_from(root, sizeof(struct root_pointer), signature, size);
}
