/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/warp.h - how far another CPU's time-stamp counter is off.
 *
 * One CPU reads its own, has the other read its own, and reads again: what the
 * other must add lies between (before - there) and (after - there). Rounds
 * narrow that down; when 0 fits all of them, nobody can tell the two apart.
 */
#ifndef HAL_X86_64_WARP_H
#define HAL_X86_64_WARP_H

#include "hal/types.h"

/* What the other must add to its counter: at least low, at most high. */
struct warp {
    int64_t low, high;
};

HAL_DECLS_BEGIN

void warp_init(struct warp *w);

/* Adds a round. */
void warp_note(struct warp *w, uint64_t before, uint64_t there, uint64_t after);

/* How much is still open between low and high. */
uint64_t warp_width(const struct warp *w);

/* 0 when that fits all rounds, else the middle of what does. */
int64_t warp_offset(const struct warp *w);

HAL_DECLS_END

#endif /* HAL_X86_64_WARP_H */
