/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/mmu.c - hal/mmu.h over hal/common/ptable.
 *
 * A hal_mmu is its root table: the lower half belongs to ptable, the upper is
 * the kernel's, the same in every address space and constant since boot.
 * Without PCID a load of CR3 forgets every user translation, so only what is
 * active on a CPU can be stale there.
 *
 * Which CPUs have it active is kept in eight entries of the upper half that no
 * kernel address uses: bits 1 to 8 of each stand for eight CPUs. The processor
 * looks at nothing of an entry whose bit 0 is clear (SDM volume 3, 4.5), and
 * bits this low name no memory. So a process has no page for 64 bits.
 *
 * A CPU sets its bit before it loads CR3 and clears it after it has loaded
 * another. The flush edits (under the caller's lock), then reads the bits, with
 * a full barrier between: whose bit it does not see has not begun to walk these
 * tables, and will see the edit, or has forgotten them.
 */
#include "hal/mmu.h"

#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/common/ptable.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/shoot.h"

enum {
    USER_ENTRIES = PTABLE_ENTRIES / 2,
    ACTIVE_FIRST = 496, /* a cache line of entries, at 0xfffff80000000000 */
    ACTIVE_WORDS = 8,
    ACTIVE_BITS = HAL_CPUS_MAX / ACTIVE_WORDS,
    ACTIVE_SHIFT = 1
};

struct hal_mmu {
    uint64_t entries[PTABLE_ENTRIES];
};

static void set_active(struct hal_mmu *mmu, unsigned cpu, bool is_active)
{
    uint64_t *word = &mmu->entries[ACTIVE_FIRST + cpu / ACTIVE_BITS];
    uint64_t bit = UINT64_C(1) << (ACTIVE_SHIFT + cpu % ACTIVE_BITS);

    if (is_active)
        (void)__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
    else
        (void)__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

/* A bit for each CPU that has it active. */
static uint64_t active_on(const struct hal_mmu *mmu)
{
    unsigned count = hal_cpu_count();
    uint64_t cpus = 0;

    for (unsigned i = 0; i * ACTIVE_BITS < count; i++)
        cpus |= __atomic_load_n(&mmu->entries[ACTIVE_FIRST + i],
                                __ATOMIC_SEQ_CST) >>
                ACTIVE_SHIFT << i * ACTIVE_BITS;
    return cpus;
}

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

    ASSERT(active_on(mmu) == 0);
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

    if (cpu_block()->mmu == mmu)
        shoot_here(range);
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

/*
 * A user copy on another CPU is covered like user code there: the answer to
 * the request comes from an interrupt. With interrupts on it comes between two
 * accesses of the copy, the next of which walks the tables anew; with them off
 * it waits until the copy is over.
 *
 * This thread may move meanwhile: a CPU whose bit was not set when it looked
 * has nothing to forget, whoever runs there later.
 */
void hal_mmu_flush(struct hal_gather *gather)
{
    ASSERT(!hal_irq_are_off());
    if (gather->span.count > 0) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        shoot_user(active_on(gather->mmu), gather->mmu, gather->span);
    }
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
    struct hal_mmu *old = cpu->mmu;

    ASSERT(hal_irq_are_off());
    if (old == mmu)
        return;
    if (mmu != NULL)
        set_active(mmu, cpu->number, true);
    cpu->mmu = mmu;
    write_cr3(mmu != NULL ? hal_phys_of(mmu) : kmap_root());
    if (old != NULL)
        set_active(old, cpu->number, false);
}
