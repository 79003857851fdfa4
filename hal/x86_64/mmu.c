/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/mmu.c - hal/mmu.h over hal/common/ptable.
 *
 * A hal_mmu is its root table: the lower half belongs to ptable, the upper is
 * the kernel's, the same in every address space and constant since boot.
 * Without PCID a load of CR3 forgets every user translation, so only what is
 * active on a CPU can be stale there.
 */
#include "hal/mmu.h"

#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/common/ptable.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"

enum { FLUSH_PAGES_MAX = 32, USER_ENTRIES = PTABLE_ENTRIES / 2 };

struct hal_mmu {
    uint64_t entries[PTABLE_ENTRIES];
};

static struct ptable ptable_of(struct hal_mmu *mmu)
{
    return (struct ptable){.root = hal_phys_of(mmu), .large = true};
}

int hal_mmu_create(struct hal_mmu **out)
{
    const struct hal_mmu *kernel = hal_phys(kmap_root());
    struct ptable pt;
    struct hal_mmu *mmu;
    int error = ptable_create(&pt, true);

    if (error != 0)
        return error;
    mmu = hal_phys(pt.root);
    mem_copy(&mmu->entries[USER_ENTRIES], &kernel->entries[USER_ENTRIES],
             sizeof(mmu->entries) / 2);
    *out = mmu;
    return 0;
}

void hal_mmu_destroy(struct hal_mmu *mmu)
{
    struct ptable pt = ptable_of(mmu);

    ASSERT(cpu_block()->mmu != mmu);
    ptable_destroy(&pt);
}

int hal_mmu_reserve(struct hal_tables *out, struct hal_range range)
{
    return ptable_reserve(out, range);
}

void hal_mmu_unreserve(struct hal_tables *tables)
{
    ptable_free_tables(tables);
}

/* Drops this CPU's translations of range in mmu. */
static void drop_range(struct hal_mmu *mmu, struct hal_range range)
{
    unsigned saved = hal_irq_save();

    if (cpu_block()->mmu == mmu) {
        if (range.count > FLUSH_PAGES_MAX)
            write_cr3(read_cr3());
        else
            for (size_t i = 0; i < range.count; i++)
                flush_page(range.start + i * PAGE_SIZE);
    }
    hal_irq_restore(saved);
}

void hal_mmu_map(struct hal_mmu *mmu, struct hal_range range, paddr_t page,
                 unsigned rights, enum hal_memory type, struct hal_tables *from)
{
    struct ptable pt = ptable_of(mmu);
    struct ptable_page what = {.page = page, .rights = rights, .type = type};

    if (ptable_map(&pt, range, what, from))
        drop_range(mmu, range);
}

void hal_mmu_unmap(struct hal_gather *gather, struct hal_range range)
{
    struct ptable pt = ptable_of(gather->mmu);

    ptable_unmap(&pt, range, gather);
}

void hal_mmu_protect(struct hal_gather *gather, struct hal_range range,
                     unsigned rights)
{
    struct ptable pt = ptable_of(gather->mmu);

    ptable_protect(&pt, range, rights, gather);
}

void hal_mmu_flush(struct hal_gather *gather)
{
    ASSERT(!hal_irq_are_off());
    drop_range(gather->mmu, gather->span);
    gather->span = (struct hal_range){0};
    ptable_free_tables(&gather->tables);
}

bool hal_mmu_query(struct hal_mmu *mmu, uaddr_t addr, struct hal_mapping *out)
{
    struct ptable pt = ptable_of(mmu);

    return ptable_query(&pt, addr, out);
}

void hal_mmu_activate(struct hal_mmu *mmu)
{
    struct cpu_block *cpu = cpu_block();

    ASSERT(hal_irq_are_off());
    if (cpu->mmu == mmu)
        return;
    cpu->mmu = mmu;
    write_cr3(mmu != NULL ? hal_phys_of(mmu) : kmap_root());
}
