/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/backtrace.c - who called: hal/cpu.h.
 *
 * The kernel keeps frame pointers. A frame is read only where the kernel's
 * tables map it, and the chain must rise while it stays on one stack; it may
 * move once from an interrupt stack to the one that was interrupted, and the
 * number of frames ends it in any case.
 */
#include "core/base/defs.h"
#include "hal/common/symbols.h"
#include "hal/cpu.h"
#include "hal/x86_64/kmap.h"

extern const char symbols_text_start[], image_text_end[];

struct frame {
    const struct frame *caller;
    uint64_t pc;
};

static bool is_readable(const struct frame *f)
{
    uint64_t at = (uint64_t)f;

    return at % sizeof(uint64_t) == 0 && kmap_is_mapped(at) &&
           kmap_is_mapped(at + sizeof(*f) - 1);
}

static bool is_same_stack(const struct frame *a, const struct frame *b)
{
    return (uint64_t)a / KMAP_SLOT_SIZE == (uint64_t)b / KMAP_SLOT_SIZE;
}

__attribute__((noinline)) size_t hal_backtrace(uint64_t *pc, size_t max)
{
    const struct frame *f = __builtin_frame_address(0);
    size_t count = 0;

    while (count < max && is_readable(f) && f->pc != 0) {
        const struct frame *caller = f->caller;

        pc[count++] = f->pc;
        if (caller <= f && is_same_stack(caller, f))
            break;
        f = caller;
    }
    return count;
}

bool hal_symbol(uint64_t pc, const char **name, uint64_t *offset)
{
    uint64_t start = (uint64_t)symbols_text_start;

    if (pc < start || pc >= (uint64_t)image_text_end)
        return false;
    return symbols_find(pc - start, name, offset);
}
