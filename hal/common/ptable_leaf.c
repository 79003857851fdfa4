/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/ptable_leaf.c - edits within one table of small pages; the
 * contract is in ptable_impl.h.
 */
#include "hal/common/ptable_impl.h"

/* Bits of a virtual address that the entry of a directory covers. */
enum { DIRECTORY_LEVEL = 2 };

/* Does a range lie under one entry of a directory, and not fill it? */
static bool is_in_leaf(struct hal_range range)
{
    return range.count > 0 &&
           pt_index_of(range.start, 1) + range.count <= PTABLE_ENTRIES &&
           range.count < PTABLE_ENTRIES;
}

/*
 * The directory entry that points to the table of small pages for addr, NULL
 * when there is none. *entry is what it holds; W is taken out of it where a
 * directory above lacks W.
 */
static uint64_t *find_directory(const struct ptable *pt, uaddr_t addr,
                                uint64_t *entry)
{
    paddr_t table = pt->root;
    uint64_t granted = PTE_WRITE;
    uint64_t *slot = NULL;
    uint64_t found = 0;

    for (unsigned level = PTABLE_LEVELS; level >= DIRECTORY_LEVEL; level--) {
        slot = &pt_entries_of(table)[pt_index_of(addr, level)];
        found = pt_load(slot);
        if (!(found & PTE_PRESENT) || pt_is_page(found, level))
            return NULL;
        granted &= found;
        table = found & PTE_PAGE;
    }
    *entry = (found & ~PTE_WRITE) | granted;
    return slot;
}

/* Adds rights to the present entry at *slot, which maps the same page. */
static bool change_entry(uint64_t *slot, uint64_t old, uint64_t entry)
{
    ASSERT((old & PTE_PAGE) == (entry & PTE_PAGE));
    ASSERT((pt_rights_of(old) & ~pt_rights_of(entry)) == 0);
    entry |= old & PTE_ACCESSED;
    if (entry == old)
        return false;
    pt_store(slot, entry);
    return true;
}

bool pt_leaf_map(struct ptable *pt, struct hal_range range,
                 struct ptable_page what, bool *changed)
{
    uint64_t entry = what.page | pt_bits_of(what.rights, what.type);
    uint64_t directory, *slot, *at;
    unsigned added = 0;

    if (!is_in_leaf(range))
        return false;
    slot = find_directory(pt, range.start, &directory);
    if (slot == NULL || !(directory & PTE_WRITE))
        return false;
    at = &pt_entries_of(directory & PTE_PAGE)[pt_index_of(range.start, 1)];
    for (size_t left = range.count; left > 0;
         left--, at++, entry += PAGE_SIZE) {
        uint64_t old = pt_load(at);

        if (old & PTE_PRESENT) {
            *changed |= change_entry(at, old, entry);
            continue;
        }
        pt_store(at, entry);
        added++;
    }
    if (added > 0)
        pt_store(slot,
                 pt_with_count(directory, pt_count_of(directory) + added));
    return true;
}

/* What protect leaves of an entry; 0: nothing. */
static uint64_t cut(uint64_t entry, unsigned rights)
{
    return rights == 0 ? 0 : pt_without_rights(entry, rights);
}

bool pt_leaf_protect(struct ptable *pt, struct hal_range range, unsigned rights,
                     struct hal_gather *gather)
{
    uint64_t directory, *slot, *at;
    size_t first = range.count, end = 0; /* of what has changed */
    unsigned removed = 0;

    if (!is_in_leaf(range))
        return false;
    slot = find_directory(pt, range.start, &directory);
    if (slot == NULL || (rights == 0 && pt_count_of(directory) <= range.count))
        return false;
    at = &pt_entries_of(directory & PTE_PAGE)[pt_index_of(range.start, 1)];
    for (size_t i = 0; i < range.count; i++) {
        uint64_t old = pt_load(&at[i]);

        if (!(old & PTE_PRESENT) || cut(old, rights) == old)
            continue;
        pt_store(&at[i], cut(old, rights));
        removed += rights == 0;
        first = min_size(first, i);
        end = i + 1;
    }
    if (first < end)
        pt_note_span(gather, range.start + first * PAGE_SIZE,
                     range.start + end * PAGE_SIZE);
    if (removed > 0) /* W of the entry itself, not what is granted */
        pt_store(slot, pt_with_count(pt_load(slot),
                                     pt_count_of(directory) - removed));
    return true;
}
