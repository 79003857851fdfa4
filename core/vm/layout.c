/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/layout.c - the contract is in layout.h.
 */
#include "core/vm/layout.h"

#include "core/base/random.h"

enum { MMAP_BITS = 28, STACK_BITS = 22, BRK_BITS = 13 };

#define STACK_GAP   (UINT64_C(1) << 20) /* the guard of a stack */
#define STACK_LEAST (UINT64_C(128) << 20)
#define STACK_MOST  (HAL_USER_TOP / 6 * 5)

/* Two thirds of user space, in the manner of Linux. */
#define MOVABLE     UINT64_C(0x555555554000)

/* A whole number of pages below 2^bits. */
static uint64_t random_pages(unsigned bits)
{
    uint64_t value;

    random_bytes(&value, sizeof(value));
    return (value & ((UINT64_C(1) << bits) - 1)) * PAGE_SIZE;
}

void aspace_choose_layout(struct aspace_layout *out, uint64_t stack_limit,
                          bool randomize)
{
    /* What the random part of its top may take from the stack's room. */
    uint64_t slack = randomize
                         ? (UINT64_C(1) << STACK_BITS) * PAGE_SIZE + STACK_GAP
                         : STACK_GAP;
    uint64_t room = min_u64(stack_limit, STACK_MOST);
    uint8_t low = 0;

    room = min_u64(max_u64(room + slack, STACK_LEAST), STACK_MOST);
    out->stack_top = HAL_USER_TOP - PAGE_SIZE;
    out->mmap_base = HAL_USER_TOP - round_up(room, PAGE_SIZE);
    out->movable = MOVABLE;
    out->brk_offset = 0;
    if (!randomize)
        return;
    random_bytes(&low, sizeof(low));
    out->stack_top -= random_pages(STACK_BITS) + (uint64_t)low * 16;
    out->mmap_base -= random_pages(MMAP_BITS);
    out->movable += random_pages(MMAP_BITS);
    out->brk_offset = random_pages(BRK_BITS);
}
