/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/ptable.c - the contract is in ptable.h.
 *
 * Levels are numbered from 1, the table that holds 4 KiB pages, to
 * PTABLE_LEVELS, the root. Every edit walks down the range, table by table,
 * and settles the count of a table in the entry that points to it on its way
 * back. Tables are linked into lists through their first entry: a page's
 * address, so that entry is not present whoever still walks the table.
 */
#include "hal/common/ptable.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/common/ptable_impl.h"
#include "hal/upcall.h"

/* The address past the root's user half. */
#define HALF_TOP (UINT64_C(1) << (PAGE_SHIFT + PTABLE_LEVELS * PTABLE_BITS - 1))

static void check_range(struct hal_range range)
{
    ASSERT(range.start % PAGE_SIZE == 0);
    ASSERT(range.start <= HAL_USER_TOP);
    ASSERT(range.count <= (HAL_USER_TOP - range.start) / PAGE_SIZE);
}

/* Nothing is mapped above HAL_USER_TOP, so a range that ends there covers the
 * tables that reach over it as a whole. */
static uaddr_t covered_end(struct hal_range range)
{
    uaddr_t end = pt_end_of(range);

    return end == HAL_USER_TOP ? HALF_TOP : end;
}

static void push_table(struct hal_tables *list, paddr_t table)
{
    pt_store(&pt_entries_of(table)[0], list->first);
    list->first = table;
    list->count++;
}

static paddr_t pop_table(struct hal_tables *list)
{
    paddr_t table = list->first;

    ASSERT(list->count > 0);
    list->first = pt_load(&pt_entries_of(table)[0]);
    list->count--;
    return table;
}

int ptable_create(struct ptable *out, bool large)
{
    paddr_t root = core_frames_alloc(0);

    if (root == PADDR_NONE)
        return -ENOMEM;
    mem_set(pt_entries_of(root), 0, PAGE_SIZE);
    out->root = root;
    out->large = large;
    return 0;
}

void ptable_destroy(struct ptable *pt)
{
    struct hal_gather gather = {.mmu = NULL};
    struct hal_range all = {.start = 0, .count = HAL_USER_TOP / PAGE_SIZE};

    ptable_unmap(pt, all, &gather);
    ptable_free_tables(&gather.tables);
    core_frames_free(pt->root, 0);
    pt->root = PADDR_NONE;
}

int ptable_reserve(struct hal_tables *out, struct hal_range range)
{
    struct hal_tables tables = {.first = PADDR_NONE, .count = 0};
    uint64_t need = 0;

    check_range(range);
    if (range.count > 0)
        for (unsigned level = 2; level <= PTABLE_LEVELS; level++)
            need += (pt_end_of(range) - 1) / pt_span_of(level) -
                    range.start / pt_span_of(level) + 1;
    while (tables.count < need) {
        paddr_t table = core_frames_alloc(0);

        if (table == PADDR_NONE)
            goto free_tables;
        push_table(&tables, table);
    }
    *out = tables;
    return 0;

free_tables:
    ptable_free_tables(&tables);
    return -ENOMEM;
}

void ptable_free_tables(struct hal_tables *tables)
{
    while (tables->count > 0)
        core_frames_free(pop_table(tables), 0);
    tables->first = PADDR_NONE;
}

/* The first present entry from index i on, before end. Steps over groups of
 * entries that are all zero. */
static unsigned next_present(const uint64_t *entries, unsigned i, unsigned end)
{
    enum { GROUP = 8 };

    for (; i < end; i++) {
        const uint64_t *e = &entries[i];

        while (i % GROUP == 0 && i + GROUP <= end &&
               (pt_load(&e[0]) | pt_load(&e[1]) | pt_load(&e[2]) |
                pt_load(&e[3]) | pt_load(&e[4]) | pt_load(&e[5]) |
                pt_load(&e[6]) | pt_load(&e[7])) == 0) {
            i += GROUP;
            e += GROUP;
        }
        if (i >= end || (pt_load(e) & PTE_PRESENT))
            break;
    }
    return i;
}

/* --- map ------------------------------------------------------------------ */

struct map_edit {
    const struct ptable *pt;
    struct hal_tables *from;
    uint64_t bits; /* of each entry, without the page */
    paddr_t page;  /* that the next address gets */
    bool writable; /* do the directories above have W? */
    bool changed;  /* did a present entry change? */
};

static unsigned map_level(struct map_edit *edit, paddr_t table, unsigned level,
                          uaddr_t start, uaddr_t end);

static bool can_be_large(const struct map_edit *edit, unsigned level,
                         uint64_t size)
{
    return level == 2 && edit->pt->large && size == pt_span_of(2) &&
           edit->page % pt_span_of(2) == 0;
}

/* Makes *slot the next page; tells how many entries that added. */
static unsigned map_page(struct map_edit *edit, uint64_t *slot, uint64_t flags,
                         uint64_t size)
{
    uint64_t entry = edit->page | edit->bits | flags;
    uint64_t old = pt_load(slot);
    uint64_t now = old;

    edit->page += size;
    if (!(old & PTE_PRESENT)) {
        pt_store(slot, entry);
        return 1;
    }
    if (!edit->writable)
        now &= ~PTE_WRITE;
    ASSERT((old & PTE_PAGE) == (entry & PTE_PAGE));
    ASSERT((pt_rights_of(now) & ~pt_rights_of(entry)) == 0);
    entry |= old & PTE_ACCESSED;
    if (entry != old) {
        pt_store(slot, entry);
        edit->changed = true;
    }
    return 0;
}

/* A table of small pages that maps what the large page old does. */
static uint64_t split_page(struct map_edit *edit, uint64_t old)
{
    paddr_t table = pop_table(edit->from);
    uint64_t *entries = pt_entries_of(table);
    uint64_t entry = old & ~(PTE_LARGE | COUNT_MASK);

    for (unsigned i = 0; i < PTABLE_ENTRIES; i++, entry += PAGE_SIZE)
        pt_store(&entries[i], entry);
    return pt_with_count(table | DIRECTORY, PTABLE_ENTRIES);
}

/* Moves a missing W from a directory entry into the table below it. */
static uint64_t push_down(uint64_t directory)
{
    uint64_t *entries = pt_entries_of(directory & PTE_PAGE);
    unsigned i = 0;

    for (unsigned left = pt_count_of(directory); left > 0; left--, i++) {
        i = next_present(entries, i, PTABLE_ENTRIES);
        ASSERT(i < PTABLE_ENTRIES);
        if (pt_load(&entries[i]) & PTE_WRITE)
            pt_store(&entries[i], pt_load(&entries[i]) & ~PTE_WRITE);
    }
    return directory | PTE_WRITE;
}

/* The directory entry to go on with below a slot that holds old. */
static uint64_t open_directory(struct map_edit *edit, uint64_t old,
                               unsigned level)
{
    if (!(old & PTE_PRESENT)) {
        paddr_t table = pop_table(edit->from);

        mem_set(pt_entries_of(table), 0, PAGE_SIZE);
        return table | DIRECTORY;
    }
    if (pt_is_page(old, level)) {
        edit->changed = true;
        return split_page(edit, old);
    }
    if ((edit->bits & PTE_WRITE) && !(old & PTE_WRITE)) {
        edit->changed = true;
        return push_down(old);
    }
    return old;
}

/* Maps [start, end), which lies under the one entry *slot. */
static unsigned map_entry(struct map_edit *edit, uint64_t *slot, unsigned level,
                          uaddr_t start, uaddr_t end)
{
    uint64_t old = pt_load(slot);
    uint64_t directory;
    bool writable = edit->writable;
    unsigned added;

    if (level == 1)
        return map_page(edit, slot, 0, PAGE_SIZE);
    if (can_be_large(edit, level, end - start) &&
        (!(old & PTE_PRESENT) || pt_is_page(old, level)))
        return map_page(edit, slot, PTE_LARGE, pt_span_of(level));

    directory = open_directory(edit, old, level);
    edit->writable = writable && (directory & PTE_WRITE);
    added = map_level(edit, directory & PTE_PAGE, level - 1, start, end);
    edit->writable = writable;
    directory = pt_with_count(directory, pt_count_of(directory) + added);
    if (directory != old)
        pt_store(slot, directory);
    return (old & PTE_PRESENT) ? 0 : 1;
}

static unsigned map_level(struct map_edit *edit, paddr_t table, unsigned level,
                          uaddr_t start, uaddr_t end)
{
    uint64_t *entries = pt_entries_of(table);
    unsigned added = 0;

    for (uaddr_t next; start < end; start = next) {
        uint64_t *slot = &entries[pt_index_of(start, level)];

        next = min_u64(round_down(start, pt_span_of(level)) + pt_span_of(level),
                       end);
        added += map_entry(edit, slot, level, start, next);
    }
    return added;
}

bool ptable_map(struct ptable *pt, struct hal_range range,
                struct ptable_page what, struct hal_tables *from)
{
    bool changed = false;
    struct map_edit edit = {
        .pt = pt,
        .from = from,
        .bits = pt_bits_of(what.rights, what.type),
        .page = what.page,
        .writable = true,
    };

    check_range(range);
    ASSERT(what.rights != 0 && what.page % PAGE_SIZE == 0);
    if (pt_leaf_map(pt, range, what, &changed))
        return changed;
    (void)map_level(&edit, pt->root, PTABLE_LEVELS, range.start,
                    pt_end_of(range));
    return edit.changed;
}

/* --- unmap and protect ---------------------------------------------------- */

struct cut_edit {
    struct hal_gather *gather;
    unsigned rights; /* that may stay; 0: unmap */
};

static unsigned cut_level(struct cut_edit *edit, uint64_t directory,
                          unsigned level, uaddr_t start, uaddr_t end);

/* Cuts a present page entry; tells how many entries that removed. */
static unsigned cut_page(struct cut_edit *edit, uint64_t *slot, unsigned level,
                         uaddr_t start, uaddr_t end)
{
    uint64_t old = pt_load(slot);
    uint64_t entry = pt_without_rights(old, edit->rights);
    uaddr_t base = round_down(start, pt_span_of(level));

    if (edit->rights == 0 || end - start < pt_span_of(level))
        entry = 0;
    if (entry == old)
        return 0;
    pt_store(slot, entry);
    pt_note_span(edit->gather, base, base + pt_span_of(level));
    return entry == 0 ? 1 : 0;
}

/* Cuts what is present of [start, end), which lies under *slot. */
static unsigned cut_entry(struct cut_edit *edit, uint64_t *slot, unsigned level,
                          uaddr_t start, uaddr_t end)
{
    bool whole = end - start == pt_span_of(level);
    uint64_t old = pt_load(slot);
    unsigned removed, left;

    if (pt_is_page(old, level))
        return cut_page(edit, slot, level, start, end);
    if (whole && (edit->rights & HAL_EXEC)) {
        /* Only W can go, and it goes for all below at once. */
        if ((old & PTE_WRITE) && !(edit->rights & HAL_WRITE)) {
            pt_store(slot, old & ~PTE_WRITE);
            pt_note_span(edit->gather, start, end);
        }
        return 0;
    }

    left = pt_count_of(old);
    if (whole && edit->rights == 0 && level == 2) {
        pt_note_span(edit->gather, start, end);
        left = 0;
    } else {
        removed = cut_level(edit, old, level - 1, start, end);
        ASSERT(removed <= left);
        if (removed == 0)
            return 0;
        left -= removed;
    }
    pt_store(slot, left > 0 ? pt_with_count(old, left) : 0);
    if (left > 0)
        return 0;
    push_table(&edit->gather->tables, old & PTE_PAGE);
    return 1;
}

/* Cuts [start, end) out of the table that directory points to. */
static unsigned cut_level(struct cut_edit *edit, uint64_t directory,
                          unsigned level, uaddr_t start, uaddr_t end)
{
    uint64_t *entries = pt_entries_of(directory & PTE_PAGE);
    uint64_t span = pt_span_of(level);
    unsigned left = pt_count_of(directory);
    unsigned last = pt_index_of(end - 1, level) + 1;
    unsigned i = pt_index_of(start, level);
    uaddr_t base = round_down(start, span) - i * span;
    unsigned removed = 0;

    for (; left > 0; left--, i++) {
        i = next_present(entries, i, last);
        if (i == last)
            break;
        removed +=
            cut_entry(edit, &entries[i], level, max_u64(start, base + i * span),
                      min_u64(end, base + i * span + span));
    }
    return removed;
}

void ptable_protect(struct ptable *pt, struct hal_range range, unsigned rights,
                    struct hal_gather *gather)
{
    struct cut_edit edit = {.gather = gather, .rights = rights};
    uint64_t root = pt_with_count(pt->root, PTABLE_ENTRIES); /* not counted */

    check_range(range);
    if (range.count > 0 && !pt_leaf_protect(pt, range, rights, gather))
        (void)cut_level(&edit, root, PTABLE_LEVELS, range.start,
                        covered_end(range));
}

void ptable_unmap(struct ptable *pt, struct hal_range range,
                  struct hal_gather *gather)
{
    ptable_protect(pt, range, 0, gather);
}

/* --- look ----------------------------------------------------------------- */

/*
 * The slot of the page that addr lies in, and its level; NULL for a hole.
 * *entry is what it held, without the W that a directory above it lacks.
 */
static uint64_t *find_page(const struct ptable *pt, uaddr_t addr,
                           uint64_t *entry, unsigned *level)
{
    paddr_t table = pt->root;
    uint64_t lacking = 0;

    ASSERT(addr < HAL_USER_TOP);
    for (unsigned at = PTABLE_LEVELS; at > 0; at--) {
        uint64_t *slot = &pt_entries_of(table)[pt_index_of(addr, at)];
        uint64_t found = pt_load(slot);

        if (!(found & PTE_PRESENT))
            return NULL;
        if (pt_is_page(found, at)) {
            *entry = found & ~lacking;
            *level = at;
            return slot;
        }
        lacking |= ~found & PTE_WRITE;
        table = found & PTE_PAGE;
    }
    return NULL;
}

/* The 4 KiB page that addr has in the entry of a level. */
static paddr_t page_in(uint64_t entry, unsigned level, uaddr_t addr)
{
    return (entry & PTE_PAGE) |
           round_down(addr & (pt_span_of(level) - 1), PAGE_SIZE);
}

bool ptable_walk(const struct ptable *pt, uaddr_t addr, struct ptable_page *out)
{
    uint64_t entry;
    unsigned level;

    if (find_page(pt, addr, &entry, &level) == NULL)
        return false;
    out->page = page_in(entry, level, addr);
    out->rights = pt_rights_of(entry);
    out->type = pt_type_of(entry);
    return true;
}

bool ptable_query(struct ptable *pt, uaddr_t addr, struct hal_mapping *out)
{
    uint64_t entry;
    unsigned level;
    uint64_t *slot = find_page(pt, addr, &entry, &level);

    if (slot == NULL)
        return false;
    out->page = page_in(entry, level, addr);
    out->rights = pt_rights_of(entry);
    out->accessed = (entry & PTE_ACCESSED) != 0;
    if (out->accessed)
        (void)__atomic_fetch_and(slot, ~PTE_ACCESSED, __ATOMIC_RELAXED);
    return true;
}

/* Sets a bit of a present entry. An edit that comes between wins. */
static void set_hint(uint64_t *slot, uint64_t bit)
{
    uint64_t old = pt_load(slot);

    if (old & PTE_PRESENT)
        (void)__atomic_compare_exchange_n(slot, &old, old | bit, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void ptable_touch(struct ptable *pt, uaddr_t addr)
{
    uint64_t entry;
    unsigned level;
    uint64_t *slot = find_page(pt, addr, &entry, &level);

    if (slot != NULL && !(entry & PTE_ACCESSED))
        set_hint(slot, PTE_ACCESSED);
}

bool ptable_mark(struct ptable *pt, uaddr_t addr)
{
    uint64_t entry;
    unsigned level;
    uint64_t *slot = find_page(pt, addr, &entry, &level);

    if (slot == NULL || level != 1)
        return false;
    if (entry & PTE_MARK)
        return true;
    set_hint(slot, PTE_MARK);
    return false;
}
