/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/order.h - what a stub is to do before it runs user code.
 *
 * An order is put together here, out of the stub's reach, and copied to its
 * control page as a whole: unmaps first, then maps. Its owner's alone; no lock.
 */
#ifndef HAL_HOSTED_ORDER_H
#define HAL_HOSTED_ORDER_H

#include "hal/common/ptable.h"
#include "hal/hosted/control.h"

enum { HOSTED_ORDER_MAX = 40 };

struct hosted_order {
    unsigned count;
    struct stub_command commands[HOSTED_ORDER_MAX];
};

HAL_DECLS_BEGIN

/* Adds munmap(2) of a range. The caller keeps the count below the maximum. */
void hosted_order_unmap(struct hosted_order *order, struct hal_range range);

/* Adds mmap(2) of a page at addr, to the last command where that fits. */
void hosted_order_map(struct hosted_order *order, uaddr_t addr,
                      const struct ptable_page *page);

/* The first count commands unmap: drops those that a later one replaces as a
 * whole, which the host does without (a page that was copied on write). */
void hosted_order_trim(struct hosted_order *order, unsigned count);

HAL_DECLS_END

#endif /* HAL_HOSTED_ORDER_H */
