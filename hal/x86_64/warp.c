/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/warp.c - the contract is in warp.h.
 */
#include "hal/x86_64/warp.h"

void warp_init(struct warp *w)
{
    w->low = INT64_MIN;
    w->high = INT64_MAX;
}

void warp_note(struct warp *w, uint64_t before, uint64_t there, uint64_t after)
{
    int64_t low = (int64_t)(before - there);
    int64_t high = (int64_t)(after - there);

    if (low > w->low)
        w->low = low;
    if (high < w->high)
        w->high = high;
}

uint64_t warp_width(const struct warp *w)
{
    return w->high > w->low ? (uint64_t)w->high - (uint64_t)w->low : 0;
}

int64_t warp_offset(const struct warp *w)
{
    if (w->low <= 0 && w->high >= 0)
        return 0;
    return w->low / 2 + w->high / 2;
}
