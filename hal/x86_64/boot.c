/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/boot.c - from boot.S to core_main(): the order in which the
 * machine comes up.
 */
#include "hal/x86_64/boot.h"

#include "core/base/defs.h"
#include "core/base/format.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/context.h"
#include "hal/upcall.h"
#include "hal/x86_64/acpi.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/bus.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/cmdline.h"
#include "hal/x86_64/console.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/entry.h"
#include "hal/x86_64/fpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/lines.h"
#include "hal/x86_64/madt.h"
#include "hal/x86_64/memmap.h"
#include "hal/x86_64/power.h"
#include "hal/x86_64/smp.h"

#define MEMORY_MIN (UINT64_C(4) << 20)

enum { PATCH_SIZE = 3, HWCAP2_FSGSBASE = 2 };

/* The linker script's. */
extern const char image_start[], image_end[], image_early_end[];
extern const uint64_t patch_clac_start[], patch_clac_end[];
extern const uint64_t patch_stac_start[], patch_stac_end[];

static struct bootinfo info;
static struct memmap memory;
static struct madt processors;
static struct hal_boot facts = {.machine = "x86_64"};

const struct hal_boot *hal_boot_facts(void)
{
    return &facts;
}

const struct bootinfo *boot_info(void)
{
    return &info;
}

void boot_refuse(const char *what, const char *why)
{
    char line[LOG_LINE_MAX];
    size_t size = format(line, sizeof(line), "cyphera: %s: %s\n", what, why);

    hal_log_write(line, min_size(size, sizeof(line) - 1));
    hal_power_off(EXIT_REFUSED);
}

/* Puts instruction in the place of the nops listed; text is still writable. */
static void patch(const uint64_t *first, const uint64_t *end,
                  const uint8_t instruction[PATCH_SIZE])
{
    for (; first < end; first++)
        mem_copy((void *)*first, instruction, PATCH_SIZE);
}

static void patch_smap(void)
{
    static const uint8_t clac[PATCH_SIZE] = {0x0f, 0x01, 0xca};
    static const uint8_t stac[PATCH_SIZE] = {0x0f, 0x01, 0xcb};

    if (!cpu_features.smap)
        return;
    patch(patch_clac_start, patch_clac_end, clac);
    patch(patch_stac_start, patch_stac_end, stac);
}

static uint64_t image_phys(const char *symbol)
{
    return (uint64_t)symbol - KERNEL_BASE;
}

/* Takes out what mem= leaves out; an initrd there stays. */
static void limit_memory(struct hal_span initrd)
{
    uint64_t limit = cmdline_number(info.command_line, "mem=", DIRECT_SIZE);
    uint64_t end = round_up(initrd.start + initrd.size, PAGE_SIZE);

    if (limit == 0)
        return;
    limit = round_down(limit, PAGE_SIZE);
    if (initrd.size == 0 || end <= limit) {
        memmap_remove(&memory, limit, DIRECT_SIZE);
        return;
    }
    memmap_remove(&memory, limit, round_down(initrd.start, PAGE_SIZE));
    memmap_remove(&memory, end, DIRECT_SIZE);
}

static void set_up_memory(void)
{
    static const char what[] = "memory";

    if (info.region_count == 0)
        boot_refuse(what, "the boot loader gave no memory map");
    memmap_build(&memory, &info, DIRECT_SIZE);
    facts.initrd = info.initrd;
    if (info.initrd.size > 0 && !memmap_holds(&memory, info.initrd))
        boot_refuse(what, "the initrd lies outside of RAM");
    limit_memory(info.initrd);
    if (memmap_total(&memory) < MEMORY_MIN)
        boot_refuse(what, "too little: 4 MiB are needed");
    memmap_remove(&memory, (uint64_t)image_start, image_phys(image_early_end));
    if (kmap_setup(&memory, info.initrd) != 0)
        boot_refuse(what, "too little for the page tables");
}

/* What ACPI tells of CPUs and interrupts, while its tables are mapped. */
static void find_processors(void)
{
    size_t size;
    const void *table = acpi_find(&info, "APIC", &size);

    if (table != NULL && madt_parse(&processors, table, size))
        return;
    if (table != NULL)
        log_warning("x86_64: the ACPI table of CPUs is broken");
    madt_default(&processors);
}

/* The pages that other CPUs start in; PADDR_NONE where they cannot be had. */
static paddr_t find_low_pages(void)
{
    struct hal_span low = {.size = SMP_LOW_PAGES * PAGE_SIZE};

    if (processors.cpu_count < 2)
        return PADDR_NONE;
    low.start = memmap_find_low(&info, SMP_LOW_PAGES);
    if (low.start == PADDR_NONE || kmap_direct(low) != 0)
        return PADDR_NONE;
    return low.start;
}

/* maxcpus= as Linux has it: 0 is 1. */
static unsigned cpu_limit(void)
{
    const char *line = info.command_line;
    unsigned limit;

    if (cmdline_find(line, "maxcpus=") == NULL)
        return HAL_CPUS_MAX;
    limit = (unsigned)cmdline_number(line, "maxcpus=", HAL_CPUS_MAX);
    return limit > 0 ? limit : 1;
}

static void set_up_cpu(void)
{
    struct cpu_block *block = cpu_block();

    for (unsigned i = 0; i < CPU_STACKS; i++)
        if (cpu_stack_create(block, i) != 0)
            boot_refuse("memory", "too little for the kernel's stacks");
    cpu_setup(block);
    trap_setup();
    trap_load();
    fpu_setup();
}

static void set_up_devices(paddr_t low_pages)
{
    lines_silence_pic();
    if (apic_setup(processors.apic) != 0)
        boot_refuse("memory", "too little for the interrupt controllers");
    madt_put_first(&processors, apic_id());
    cpu_block()->apic_id = apic_id();
    apic_enable(&processors, 0);
    if (lines_setup(&processors) != 0)
        boot_refuse("memory", "too little for the interrupt controllers");
    power_setup();
    bus_setup();
    clock_setup(info.command_line);
    smp_setup(&processors, cpu_limit(), low_pages);
    if (console_start(info.command_line) != 0)
        boot_refuse("console", "its interrupt line is not there");
}

/* RAM is what the boot code left over, and what it no longer needs. */
static void hand_over_memory(void)
{
    kmap_drop_early();
    kmap_boot_ends();
    memmap_add(&memory, image_phys(image_end), image_phys(image_early_end));
    facts.ram_count = memory.count;
    for (size_t i = 0; i < memory.count; i++)
        facts.ram[i] = memory.ranges[i];
}

/* On the boot context's own stack; the early one is gone. */
static void go_on(void)
{
    paddr_t low_pages = find_low_pages();

    set_up_devices(low_pages);
    hand_over_memory();
    cpu_log_exposure();
    core_main();
}

void boot_main(uint64_t magic, uint64_t from)
{
    const char *missing;

    cpu_claim_block();
    console_setup();
    missing = cpu_probe();
    if (missing != NULL)
        boot_refuse("this processor lacks", missing);
    if (!bootinfo_read(&info, (uint32_t)magic, (uint32_t)from))
        boot_refuse("boot", "not started by PVH or multiboot2");
    facts.command_line = info.command_line;
    facts.framebuffer = info.framebuffer;
    facts.hwcap = read_cpuid(1, 0).edx;
    facts.hwcap2 = HWCAP2_FSGSBASE; /* it is required */
    find_processors();
    power_find(&info);
    bus_find(&info);
    patch_smap();
    set_up_memory();
    set_up_cpu();
    boot_on_stack((uint64_t)hal_context_boot(), go_on);
}
