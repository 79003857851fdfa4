/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/kmap.c - the contract is in kmap.h.
 */
#include "hal/x86_64/kmap.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/common/ptable.h"
#include "hal/cpu.h"
#include "hal/phys.h"
#include "hal/upcall.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/layout.h"
#include "hal/x86_64/lock.h"
#include "hal/x86_64/shoot.h"

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE)
#define DEVICE_LAST (DEVICE_BASE + (UINT64_C(512) << 20))
#define EARLY_LIMIT (UINT64_C(1) << 32) /* what boot.S mapped */

enum {
    SLOTS_MAX = 32768,
    SLOT_WORD_BITS = 64,
    SLOT_WORDS = SLOTS_MAX / SLOT_WORD_BITS,
    SLOTS_FIRST = 512, /* have tables from the start */
    REST_PART = 8      /* when this part of the slots rests, it is ended */
};

/* The linker script's: targets/x86_64/kernel.ld. */
extern const char image_text[], image_text_end[], image_rodata[], image_data[];
extern const char image_end[], image_early_end[];

static paddr_t root;

/* Where tables are reached: 0 on the early tables, then the direct map. */
static uint64_t table_base;

static uint64_t table_count; /* made since boot; atomic */

/* Boot only: where pages come from. */
static struct memmap *boot_map;
static struct hal_span boot_keep;

static uint64_t device_next = DEVICE_BASE;

_Static_assert(SLOT_WORD_BITS *KMAP_SLOT_SIZE == PTABLE_ENTRIES * PAGE_SIZE,
               "a word of slots fills a table");

static struct lock slot_lock;
static struct slot_word {
    uint64_t taken;   /* slot_lock */
    uint64_t resting; /* of those: their stack is gone; slot_lock */
    uint64_t ending;  /* and all CPUs are forgetting it; slot_lock */
} slots[SLOT_WORDS];
static unsigned slot_limit = SLOTS_FIRST; /* are in use; slot_lock */
static unsigned slot_hint;     /* no free bit in words before it; slot_lock */
static unsigned resting_count; /* slot_lock */
static bool rest_is_ending;    /* by some CPU; slot_lock */

static uint64_t *entries_of(paddr_t table)
{
    return (uint64_t *)(table_base + table);
}

static paddr_t take_page(void)
{
    if (boot_map != NULL)
        return memmap_take(boot_map, boot_keep, EARLY_LIMIT);
    return core_frames_alloc(0);
}

static paddr_t take_table(void)
{
    paddr_t table = take_page();

    if (table != PADDR_NONE)
        mem_set(entries_of(table), 0, PAGE_SIZE);
    return table;
}

static uint64_t span_of(unsigned level)
{
    return UINT64_C(1) << (PAGE_SHIFT + (level - 1) * PTABLE_BITS);
}

/* The table below *slot, made where there is none; PADDR_NONE when there is no
 * memory. Another thread may make it at the same time: one of the two stays. */
static paddr_t open_table(uint64_t *slot)
{
    uint64_t old = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    paddr_t table;

    if (old & PTE_PRESENT) {
        ASSERT(!(old & PTE_LARGE));
        return old & PTE_PAGE;
    }
    table = take_table();
    if (table == PADDR_NONE)
        return PADDR_NONE;
    if (!__atomic_compare_exchange_n(slot, &old, table | TABLE_FLAGS, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        core_frames_free(table, 0);
        return old & PTE_PAGE;
    }
    if (boot_map == NULL)
        __atomic_fetch_add(&table_count, 1, __ATOMIC_RELAXED);
    return table;
}

uint64_t kmap_table_count(void)
{
    return __atomic_load_n(&table_count, __ATOMIC_RELAXED);
}

/* The slot for virt in the tables of level, made where they miss; NULL when
 * there is no memory. */
static uint64_t *open_slot(uint64_t virt, unsigned level)
{
    paddr_t table = root;

    for (unsigned at = PTABLE_LEVELS;; at--) {
        uint64_t *slot =
            &entries_of(table)[virt / span_of(at) % PTABLE_ENTRIES];

        if (at == level)
            return slot;
        table = open_table(slot);
        if (table == PADDR_NONE)
            return NULL;
    }
}

/* The largest page that virt, phys and size allow. */
static unsigned level_for(uint64_t virt, paddr_t phys, uint64_t size)
{
    unsigned level = cpu_features.large_1g ? 3 : 2;

    while (level > 1 &&
           ((virt | phys) % span_of(level) != 0 || size < span_of(level)))
        level--;
    return level;
}

static int map_range(uint64_t virt, paddr_t phys, uint64_t size, uint64_t flags)
{
    uint64_t end = virt + size;

    flags |= PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;
    if (cpu_features.pge)
        flags |= PTE_GLOBAL;
    while (virt < end) {
        unsigned level = level_for(virt, phys, end - virt);
        uint64_t *slot = open_slot(virt, level);

        if (slot == NULL)
            return -ENOMEM;
        *slot = phys | flags | (level > 1 ? PTE_LARGE : 0);
        virt += span_of(level);
        phys += span_of(level);
    }
    return 0;
}

static int map_image(const char *start, const char *end, uint64_t flags)
{
    uint64_t virt = (uint64_t)start;

    return map_range(virt, virt - KERNEL_BASE,
                     round_up((uint64_t)end, PAGE_SIZE) - virt, flags);
}

static int map_all(const struct memmap *ram)
{
    paddr_t early = (uint64_t)image_end - KERNEL_BASE;
    int error =
        map_range(DIRECT_BASE + early, early,
                  (uint64_t)(image_early_end - image_end), PTE_WRITE | PTE_NX);

    for (size_t i = 0; i < ram->count && error == 0; i++)
        error =
            map_range(DIRECT_BASE + ram->ranges[i].start, ram->ranges[i].start,
                      ram->ranges[i].size, PTE_WRITE | PTE_NX);
    if (error == 0)
        error = map_image(image_text, image_text_end, 0);
    if (error == 0)
        error = map_image(image_rodata, image_data, PTE_NX);
    if (error == 0)
        error = map_image(image_data, image_early_end, PTE_WRITE | PTE_NX);
    /* The two areas that grow have their directories from the start, since
     * the root's entries are copied. */
    if (error == 0 && open_slot(DEVICE_BASE, 1) == NULL)
        error = -ENOMEM;
    for (unsigned i = 0; i < SLOTS_FIRST && error == 0; i += SLOT_WORD_BITS)
        if (open_slot(STACK_BASE + (uint64_t)i * KMAP_SLOT_SIZE, 1) == NULL)
            error = -ENOMEM;
    return error;
}

int kmap_setup(struct memmap *map, struct hal_span keep)
{
    struct memmap ram = *map; /* with the pages that become tables */
    int error;

    boot_map = map;
    boot_keep = keep;
    root = take_table();
    if (root == PADDR_NONE)
        return -ENOMEM;
    error = map_all(&ram);
    if (error != 0)
        return error;
    write_cr3(root);
    table_base = DIRECT_BASE;
    return 0;
}

int kmap_direct(struct hal_span span)
{
    return map_range(DIRECT_BASE + span.start, span.start, span.size,
                     PTE_WRITE | PTE_NX);
}

void kmap_drop_early(void)
{
    uint64_t virt = (uint64_t)image_end;

    for (; virt < (uint64_t)image_early_end; virt += PAGE_SIZE) {
        *open_slot(virt, 1) = 0;
        flush_page(virt);
    }
}

void kmap_boot_ends(void)
{
    boot_map = NULL;
}

paddr_t kmap_root(void)
{
    return root;
}

void *kmap_device(paddr_t addr)
{
    uint64_t virt = device_next;

    if (virt > DEVICE_LAST)
        return NULL;
    if (map_range(virt, round_down(addr, PAGE_SIZE), PAGE_SIZE,
                  PTE_WRITE | PTE_NX | PTE_PWT | PTE_PCD) != 0)
        return NULL;
    device_next += PAGE_SIZE;
    return (void *)(virt + addr % PAGE_SIZE);
}

void kmap_device_move(void *at, paddr_t addr)
{
    uint64_t virt = round_down((uint64_t)at, PAGE_SIZE);
    uint64_t *slot = open_slot(virt, 1);

    *slot = (*slot & ~PTE_PAGE) | round_down(addr, PAGE_SIZE);
    flush_page(virt);
}

/* --- stacks --------------------------------------------------------------- */

/* Takes a free slot; SLOTS_MAX: none is. Under slot_lock. */
static unsigned take_free_slot(void)
{
    for (unsigned w = slot_hint; w < slot_limit / SLOT_WORD_BITS; w++) {
        unsigned bit;

        if (slots[w].taken == UINT64_MAX)
            continue;
        bit = (unsigned)__builtin_ctzll(~slots[w].taken);
        slots[w].taken |= UINT64_C(1) << bit;
        slot_hint = w;
        return w * SLOT_WORD_BITS + bit;
    }
    slot_hint = slot_limit / SLOT_WORD_BITS;
    return SLOTS_MAX;
}

/* The slots that rest become free, once all CPUs have forgotten what they
 * held. rest_is_ending was set by the caller. */
static void end_rest(void)
{
    unsigned saved = lock_take(&slot_lock);

    for (unsigned w = 0; w < slot_limit / SLOT_WORD_BITS; w++) {
        slots[w].ending = slots[w].resting;
        slots[w].resting = 0;
    }
    resting_count = 0;
    lock_drop(&slot_lock, saved);
    shoot_kernel();
    saved = lock_take(&slot_lock);
    for (unsigned w = 0; w < slot_limit / SLOT_WORD_BITS; w++) {
        slots[w].taken &= ~slots[w].ending;
        slots[w].ending = 0;
    }
    slot_hint = 0;
    rest_is_ending = false;
    lock_drop(&slot_lock, saved);
}

/* No slot is free: says whether the rest of those that do is for the caller to
 * end, or begins to use more. Returns false when there are no more at all.
 * Under slot_lock. */
static bool find_more_slots(bool *ends_rest)
{
    *ends_rest = false;
    if (rest_is_ending)
        return true;
    if (slot_limit < SLOTS_MAX && resting_count < slot_limit / REST_PART) {
        slot_limit += SLOT_WORD_BITS;
        return true;
    }
    *ends_rest = rest_is_ending = resting_count > 0;
    return rest_is_ending;
}

static int take_slot(uint64_t *base)
{
    bool may_come = true, ends_rest = false;
    unsigned index, saved;

    for (;;) {
        saved = lock_take(&slot_lock);
        index = take_free_slot();
        if (index == SLOTS_MAX)
            may_come = find_more_slots(&ends_rest);
        lock_drop(&slot_lock, saved);
        if (index != SLOTS_MAX)
            break;
        if (!may_come)
            return -ENOMEM;
        if (ends_rest)
            end_rest();
        else
            hal_cpu_relax();
    }
    *base = STACK_BASE + (uint64_t)index * KMAP_SLOT_SIZE;
    return 0;
}

/* Tables stay: freeing one would need all CPUs to forget it. */
static void free_slot(uint64_t base)
{
    unsigned index = (unsigned)((base - STACK_BASE) / KMAP_SLOT_SIZE);
    unsigned word = index / SLOT_WORD_BITS;
    uint64_t bit = UINT64_C(1) << index % SLOT_WORD_BITS;
    unsigned saved = lock_take(&slot_lock);

    if (cpu_running() != 1) {
        slots[word].resting |= bit;
        resting_count++;
    } else {
        slots[word].taken &= ~bit;
        if (word < slot_hint)
            slot_hint = word;
    }
    lock_drop(&slot_lock, saved);
}

/* Unmaps and frees count pages from virt on. */
static void unmap_pages(uint64_t virt, unsigned count)
{
    for (unsigned i = 0; i < count; i++, virt += PAGE_SIZE) {
        uint64_t *slot = open_slot(virt, 1);
        paddr_t page = *slot & PTE_PAGE;

        *slot = 0;
        flush_page(virt);
        core_frames_free(page, 0);
    }
}

int kmap_stack_create(unsigned pages, uint64_t *top)
{
    uint64_t base, start;
    int error = take_slot(&base);

    if (error != 0)
        return error;
    ASSERT(pages <= KMAP_STACK_PAGES);
    start = base + KMAP_SLOT_SIZE - (uint64_t)pages * PAGE_SIZE;
    for (unsigned i = 0; i < pages; i++) {
        paddr_t page = take_page();

        if (page == PADDR_NONE) {
            unmap_pages(start, i);
            goto free_slot;
        }
        if (map_range(start + i * PAGE_SIZE, page, PAGE_SIZE,
                      PTE_WRITE | PTE_NX) != 0) {
            core_frames_free(page, 0);
            unmap_pages(start, i);
            goto free_slot;
        }
    }
    *top = base + KMAP_SLOT_SIZE;
    return 0;

free_slot:
    free_slot(base);
    return -ENOMEM;
}

void kmap_stack_destroy(uint64_t top, unsigned pages)
{
    unmap_pages(top - (uint64_t)pages * PAGE_SIZE, pages);
    free_slot(top - KMAP_SLOT_SIZE);
}

bool kmap_is_stack_guard(uint64_t addr)
{
    if (addr < STACK_BASE ||
        addr >= STACK_BASE + (uint64_t)SLOTS_MAX * KMAP_SLOT_SIZE)
        return false;
    /* A push at the very start of the mapped part touches the page below. */
    return !kmap_is_mapped(addr) || !kmap_is_mapped(addr - sizeof(uint64_t));
}

bool kmap_is_mapped(uint64_t addr)
{
    paddr_t table = root;

    if (addr < DIRECT_BASE)
        return false;
    for (unsigned at = PTABLE_LEVELS; at > 0; at--) {
        uint64_t entry = entries_of(table)[addr / span_of(at) % PTABLE_ENTRIES];

        if (!(entry & PTE_PRESENT))
            return false;
        if (entry & PTE_LARGE)
            return true;
        table = entry & PTE_PAGE;
    }
    return true;
}
