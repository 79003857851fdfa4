/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/smp.c - hal_cpu_count() and hal_cpu_start(); the contract of the
 * rest is in smp.h.
 *
 * A CPU is woken by INIT and two startup messages (SDM volume 3, 8.4.4) into
 * the trampoline, whose tables share the kernel's half and map its own page
 * besides, executable and read-only once paging is on.
 */
#include "hal/x86_64/smp.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/common/ptable.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/upcall.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/context.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/entry.h"
#include "hal/x86_64/fpu.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/madt.h"

#define INIT_NS          UINT64_C(10000000) /* from INIT to the first startup */
#define STARTUP_NS       UINT64_C(200000)   /* and to the second */
#define ANSWER_NS        UINT64_C(3000000000)
#define STOP_NS          UINT64_C(100000000)

#define TRAMPOLINE_FLAGS (PTE_PRESENT | PTE_ACCESSED)
#define TABLE_FLAGS      (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

_Static_assert(offsetof(struct start_order, root) == START_ROOT, "layout.h");
_Static_assert(offsetof(struct start_order, stack) == START_STACK, "layout.h");
_Static_assert(offsetof(struct start_order, block) == START_BLOCK, "layout.h");
_Static_assert(offsetof(struct start_order, apic_id) == START_APIC, "layout.h");
_Static_assert(sizeof(struct cpu_block) <= PAGE_SIZE, "a frame holds a block");

extern const char trampoline[], trampoline_end[];
extern struct start_order cpu_start_order;

struct start_order cpu_start_order;

/* Constant after smp_setup(). */
static const struct madt *table;
static unsigned cpu_count = 1;
static paddr_t low_pages;

static unsigned stopping; /* atomic: 1 + the CPU that stops the others */

unsigned hal_cpu_count(void)
{
    return cpu_count;
}

void smp_setup(const struct madt *madt, unsigned limit, paddr_t low)
{
    table = madt;
    low_pages = low;
    cpu_count = madt->cpu_count < limit ? madt->cpu_count : limit;
    if (madt->cpus_left_out > 0)
        log_warning("x86_64: %u CPUs too many are left out",
                    madt->cpus_left_out);
    if (cpu_count > 1 && low == PADDR_NONE) {
        log_warning("x86_64: no memory below 640 KiB to start CPUs in");
        cpu_count = 1;
    }
}

/* --- starting ------------------------------------------------------------- */

/* Fills the low pages: the trampoline, then four levels of tables that map it
 * where it lies. */
static void lay_trampoline(void)
{
    const uint64_t *kernel = hal_phys(kmap_root());
    char *code = hal_phys(low_pages);
    paddr_t at = low_pages + PAGE_SIZE;
    uint64_t *entries = hal_phys(at);

    mem_copy(code, trampoline, (size_t)(trampoline_end - trampoline));
    mem_set(entries, 0, (SMP_LOW_PAGES - 1) * PAGE_SIZE);
    mem_copy(entries + PTABLE_ENTRIES / 2, kernel + PTABLE_ENTRIES / 2,
             PAGE_SIZE / 2);
    for (unsigned level = PTABLE_LEVELS; level > 1; level--) {
        at += PAGE_SIZE;
        entries[0] = at | TABLE_FLAGS; /* all of it lies below 1 MiB */
        entries = hal_phys(at);
    }
    entries[low_pages / PAGE_SIZE] = low_pages | TRAMPOLINE_FLAGS;
}

static void free_block(struct cpu_block *block, unsigned stacks)
{
    for (unsigned i = 0; i < stacks; i++)
        cpu_stack_destroy(block, i);
    core_frames_free(hal_phys_of(block), 0);
}

/* The block of a CPU that does not run yet, and its stacks. */
static struct cpu_block *make_block(unsigned cpu)
{
    paddr_t frame = core_frames_alloc(0);
    struct cpu_block *block;

    if (frame == PADDR_NONE)
        return NULL;
    block = hal_phys(frame);
    cpu_block_init(block, cpu, table->cpus[cpu].apic_id);
    for (unsigned i = 0; i < CPU_STACKS; i++)
        if (cpu_stack_create(block, i) != 0) {
            free_block(block, i);
            return NULL;
        }
    return block;
}

/* Waits until *word is what it should be, or it is that late; returns
 * whether. */
static bool wait_until(const unsigned *word, unsigned value, uint64_t end)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
        if (hal_clock_now() >= end)
            return false;
        hal_cpu_relax();
    }
    return true;
}

static bool wait_for(const unsigned *word, unsigned value, uint64_t ns)
{
    return wait_until(word, value, hal_clock_now() + ns);
}

static void send_startup(const struct cpu_block *block)
{
    unsigned saved = hal_irq_save();

    apic_send_startup(block->apic_id, low_pages);
    hal_irq_restore(saved);
}

/* Wakes the CPU; returns whether it set itself up. */
static bool wake(struct cpu_block *block)
{
    unsigned saved = hal_irq_save();

    apic_send_init(block->apic_id);
    hal_irq_restore(saved);
    /* What a hypervisor makes up needs no time to come round. */
    if (!cpu_features.hypervisor)
        (void)wait_for(&block->state, CPU_HERE, INIT_NS);
    send_startup(block);
    if (wait_for(&block->state, CPU_HERE, STARTUP_NS))
        return true;
    send_startup(block);
    return wait_for(&block->state, CPU_HERE, ANSWER_NS);
}

int hal_cpu_start(unsigned cpu)
{
    struct cpu_block *block;

    if (cpu >= cpu_count || cpu_block_of(cpu) != NULL)
        return -EINVAL;
    block = make_block(cpu);
    if (block == NULL)
        return -ENOMEM;
    lay_trampoline();
    cpu_start_order = (struct start_order){
        .root = kmap_root(),
        .stack = (uint64_t)block->boot_context,
        .apic_id = block->apic_id,
    };
    __atomic_store_n(&cpu_start_order.block, block, __ATOMIC_RELEASE);
    if (!wake(block)) {
        /* Who has not taken the order will not; who has keeps what he has. */
        if (__atomic_exchange_n(&cpu_start_order.block, NULL,
                                __ATOMIC_ACQ_REL) != NULL)
            free_block(block, CPU_STACKS);
        return -EIO;
    }
    cpu_publish(block);
    clock_compare(block);
    __atomic_store_n(&block->state, CPU_RUNS, __ATOMIC_RELEASE);
    return 0;
}

void cpu_start_main(struct cpu_block *block)
{
    cpu_setup(block);
    trap_load();
    fpu_enable();
    apic_enable(table, block->number);
    __atomic_store_n(&block->state, CPU_HERE, __ATOMIC_RELEASE);
    clock_answer(block);
    while (__atomic_load_n(&block->state, __ATOMIC_ACQUIRE) != CPU_RUNS)
        pause_cpu();
    core_cpu_main(block->number);
}

/* --- stopping ------------------------------------------------------------- */

void smp_stop_here(void)
{
    struct cpu_block *cpu = cpu_block();
    unsigned owner = __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);

    if (owner == 0 || owner == cpu->number + 1)
        return;
    __atomic_store_n(&cpu->state, CPU_STOPPED, __ATOMIC_RELEASE);
    hal_cpu_halt();
}

void smp_stop_others(void)
{
    unsigned self = hal_cpu_self(), owner = 0;
    uint64_t others = cpu_running() & ~(UINT64_C(1) << self);
    uint64_t end = hal_clock_now() + STOP_NS;

    if (!__atomic_compare_exchange_n(&stopping, &owner, self + 1, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (owner != self + 1)
            smp_stop_here();
        return;
    }
    for (uint64_t left = others; left != 0; left &= left - 1)
        apic_send_nmi(cpu_block_of((unsigned)__builtin_ctzll(left))->apic_id);
    for (; others != 0; others &= others - 1)
        (void)wait_until(
            &cpu_block_of((unsigned)__builtin_ctzll(others))->state,
            CPU_STOPPED, end);
}
