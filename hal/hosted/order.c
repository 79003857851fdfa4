/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/order.c - contract in order.h.
 */
#include "hal/hosted/order.h"

#include "core/base/defs.h"

/* mmap(2) */
enum { HOST_PROT_READ = 1, HOST_PROT_WRITE = 2, HOST_PROT_EXEC = 4 };

_Static_assert((int)HOSTED_ORDER_MAX <= (int)STUB_COMMANDS_MAX, "control.h");

static void add_command(struct hosted_order *order, struct stub_command command)
{
    ASSERT(order->count < COUNT_OF(order->commands));
    order->commands[order->count++] = command;
}

void hosted_order_unmap(struct hosted_order *order, struct hal_range range)
{
    add_command(order, (struct stub_command){
                           .op = STUB_OP_UNMAP,
                           .address = range.start,
                           .len = range.count * PAGE_SIZE,
                       });
}

void hosted_order_map(struct hosted_order *order, uaddr_t addr,
                      const struct ptable_page *page)
{
    struct stub_command command = {
        .op = STUB_OP_MAP,
        .prot = HOST_PROT_READ,
        .address = addr,
        .len = PAGE_SIZE,
        .offset = page->page,
    };

    if (page->rights & HAL_WRITE)
        command.prot |= HOST_PROT_WRITE;
    if (page->rights & HAL_EXEC)
        command.prot |= HOST_PROT_EXEC;
    if (order->count > 0) {
        struct stub_command *last = &order->commands[order->count - 1];

        if (last->op == STUB_OP_MAP && last->prot == command.prot &&
            last->address + last->len == addr &&
            last->offset + last->len == page->page) {
            last->len += PAGE_SIZE;
            return;
        }
    }
    add_command(order, command);
}

static bool replaces(const struct stub_command *map,
                     const struct stub_command *unmap)
{
    return map->address <= unmap->address &&
           map->address + map->len >= unmap->address + unmap->len;
}

void hosted_order_trim(struct hosted_order *order, unsigned count)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < order->count; i++) {
        bool is_needed = true;

        for (unsigned j = count; i < count && j < order->count; j++)
            is_needed &= !replaces(&order->commands[j], &order->commands[i]);
        if (is_needed)
            order->commands[kept++] = order->commands[i];
    }
    order->count = kept;
}
