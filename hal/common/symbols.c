/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/symbols.c - finds a function by binary search in the table.
 */
#include "hal/common/symbols.h"

bool symbols_find(uint64_t offset, const char **name, uint64_t *distance)
{
    size_t low = 0;
    size_t high = symbols_count;

    /* All before low begin at or before offset, all from high on after it. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (symbols_offsets[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    *name = symbols_text + symbols_names[low - 1];
    *distance = offset - symbols_offsets[low - 1];
    return true;
}
