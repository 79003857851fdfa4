/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/bus.c - hal/bus.h: register blocks in memory.
 *
 * virtio-mmio devices are those of the words virtio_mmio.device= of the command
 * line, in their order; without any, those of the ACPI name space, in its
 * order, which on QEMU's microvm is the same. PCI functions are found by
 * looking at each bus that a bridge leads to.
 *
 * A window that was closed stays mapped, and serves who opens the same again:
 * no other CPU need forget anything.
 */
#include "hal/bus.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/log.h"
#include "hal/platform.h"
#include "hal/x86_64/acpi.h"
#include "hal/x86_64/bus.h"
#include "hal/x86_64/cmdline.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/lock.h"
#include "hal/x86_64/tables.h"

enum { DEVICES_MAX = 128, WINDOWS_MAX = 128 };

#define WINDOW_SIZE_MAX (UINT64_C(16) << 20)

/* Configuration space: PCI Express base specification, 7.2.2 and 7.5.1. */
enum {
    BUS_SHIFT = 20,
    FUNCTION_SHIFT = 12,
    FUNCTIONS = 8,
    PER_BUS = 256, /* functions */
    CONFIG_ID = 0,
    CONFIG_HEADER = 0xe,
    CONFIG_SECONDARY = 0x19,
    HEADER_MANY = 0x80,
    HEADER_BRIDGE = 1,
    NO_VENDOR = 0xffff,
    BUSES = 256
};

struct hal_window {
    volatile uint8_t *registers;
    paddr_t start;
    uint64_t size;
    bool is_open;
};

/* Constant after bus_setup(). */
static struct hal_device devices[DEVICES_MAX];
static size_t device_count;
static struct tables_mcfg config_space;
static bool has_config_space;

static struct lock lock;
static struct hal_window windows[WINDOWS_MAX]; /* lock */
static size_t window_count;                    /* ever mapped; lock */

/* --- finding -------------------------------------------------------------- */

static void add_device(const struct hal_device *device)
{
    if (device_count < DEVICES_MAX)
        devices[device_count++] = *device;
}

static void add_virtio(const struct tables_virtio *found)
{
    struct hal_device device = {.kind = HAL_BUS_VIRTIO_MMIO,
                                .start = found->start,
                                .size = found->size,
                                .line = found->line};

    add_device(&device);
}

static void find_by_words(const char *line)
{
    static const char head[] = "virtio_mmio.device=";
    struct tables_virtio found;
    const char *at = line;

    while ((at = cmdline_first(at, head)) != NULL)
        if (tables_read_word(at, &found))
            add_virtio(&found);
}

static void find_by_names(const struct bootinfo *info)
{
    struct tables_virtio found;
    struct tables_fadt fadt;
    size_t size, at = 0;
    const void *table = acpi_find(info, "FACP", &size);

    if (table == NULL || !tables_read_fadt(&fadt, table, size))
        return;
    table = acpi_table(fadt.dsdt, "DSDT", &size);
    while (table != NULL && tables_next_virtio(table, size, &at, &found))
        add_virtio(&found);
}

void bus_find(const struct bootinfo *info)
{
    size_t size;
    const void *table = acpi_find(info, "MCFG", &size);

    has_config_space =
        table != NULL && tables_read_mcfg(&config_space, table, size);
    find_by_words(info->command_line);
    if (device_count == 0)
        find_by_names(info);
}

/* --- PCI ------------------------------------------------------------------ */

static paddr_t function_start(unsigned bus, unsigned function)
{
    return config_space.base + ((paddr_t)bus << BUS_SHIFT) +
           ((paddr_t)function << FUNCTION_SHIFT);
}

/* A function that answers: adds it, and notes the bus behind a bridge. Returns
 * its header type. */
static unsigned add_function(volatile uint8_t *config, unsigned bus,
                             unsigned function, bool *reached)
{
    unsigned header = config[CONFIG_HEADER];
    struct hal_device device = {.kind = HAL_BUS_PCI,
                                .start = function_start(bus, function),
                                .size = PAGE_SIZE,
                                .pci_number =
                                    (uint16_t)(bus * PER_BUS + function)};

    add_device(&device);
    if ((header & ~(unsigned)HEADER_MANY) == HEADER_BRIDGE &&
        config[CONFIG_SECONDARY] > bus)
        reached[config[CONFIG_SECONDARY]] = true;
    return header;
}

static void scan_bus(void *page, unsigned bus, bool *reached)
{
    volatile uint8_t *config = page;
    unsigned header = 0;

    for (unsigned f = 0; f < PER_BUS; f++) {
        bool is_first = f % FUNCTIONS == 0;

        if (!is_first && !(header & HEADER_MANY))
            continue;
        kmap_device_move(page, function_start(bus, f));
        if (*(volatile uint16_t *)(config + CONFIG_ID) == NO_VENDOR)
            header = is_first ? 0 : header;
        else if (is_first)
            header = add_function(config, bus, f, reached);
        else
            (void)add_function(config, bus, f, reached);
    }
}

void bus_setup(void)
{
    static bool reached[BUSES];
    void *page;

    if (!has_config_space)
        return;
    page = kmap_device(config_space.base);
    if (page == NULL)
        return;
    reached[config_space.first_bus] = true;
    for (unsigned bus = config_space.first_bus; bus <= config_space.last_bus;
         bus++)
        if (reached[bus])
            scan_bus(page, bus, reached);
}

bool hal_bus_device(size_t index, struct hal_device *out)
{
    if (index >= device_count)
        return false;
    *out = devices[index];
    return true;
}

/* --- windows -------------------------------------------------------------- */

static bool may_be_device(paddr_t start, uint64_t size)
{
    const struct hal_boot *facts = hal_boot_facts();

    if (size == 0 || size > WINDOW_SIZE_MAX || start == 0 ||
        start + size < start)
        return false;
    for (size_t i = 0; i < facts->ram_count; i++)
        if (start < facts->ram[i].start + facts->ram[i].size &&
            facts->ram[i].start < start + size)
            return false;
    return true;
}

/* A window of that place that is mapped and closed; NULL: there is none. Under
 * lock. */
static struct hal_window *find_mapped(paddr_t start, uint64_t size)
{
    for (size_t i = 0; i < window_count; i++)
        if (!windows[i].is_open && windows[i].start == start &&
            windows[i].size == size)
            return &windows[i];
    return NULL;
}

/* Under lock, so that its pages follow each other. */
static struct hal_window *map_new(paddr_t start, uint64_t size)
{
    struct hal_window *window = &windows[window_count];
    void *first;

    if (window_count == WINDOWS_MAX)
        return NULL;
    first = kmap_device(start);
    for (paddr_t page = round_down(start, PAGE_SIZE) + PAGE_SIZE;
         page < start + size && first != NULL; page += PAGE_SIZE)
        if (kmap_device(page) == NULL)
            return NULL;
    if (first == NULL)
        return NULL;
    *window =
        (struct hal_window){.registers = first, .start = start, .size = size};
    window_count++;
    return window;
}

int hal_bus_open(paddr_t start, uint64_t size, struct hal_window **out)
{
    struct hal_window *window;
    unsigned saved;

    if (!may_be_device(start, size))
        return -EINVAL;
    saved = lock_take(&lock);
    window = find_mapped(start, size);
    if (window == NULL)
        window = map_new(start, size);
    if (window != NULL)
        window->is_open = true;
    lock_drop(&lock, saved);
    *out = window;
    return window != NULL ? 0 : -ENOMEM;
}

void hal_bus_close(struct hal_window *window)
{
    unsigned saved = lock_take(&lock);

    ASSERT(window->is_open);
    window->is_open = false;
    lock_drop(&lock, saved);
}

static volatile uint8_t *register_at(struct hal_window *window, uint64_t offset,
                                     unsigned size)
{
    ASSERT(offset % size == 0 && offset < window->size &&
           size <= window->size - offset);
    return window->registers + offset;
}

uint64_t hal_bus_read(struct hal_window *window, uint64_t offset, unsigned size)
{
    volatile uint8_t *at = register_at(window, offset, size);

    switch (size) {
    case 1:
        return *at;
    case 2:
        return *(volatile uint16_t *)at;
    case 4:
        return *(volatile uint32_t *)at;
    default:
        ASSERT(size == 8);
        return *(volatile uint64_t *)at;
    }
}

void hal_bus_write(struct hal_window *window, uint64_t offset, unsigned size,
                   uint64_t value)
{
    volatile uint8_t *at = register_at(window, offset, size);

    switch (size) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)value;
        break;
    default:
        ASSERT(size == 8);
        *(volatile uint64_t *)at = value;
    }
}

void hal_bus_barrier(void)
{
    __asm__ volatile("mfence" : : : "memory");
}
