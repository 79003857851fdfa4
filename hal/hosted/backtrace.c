/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/backtrace.c - who called, by frame pointers, and its name.
 */
#include "hal/common/symbols.h"
#include "hal/cpu.h"
#include "hal/hosted/machine.h"

/* The linker's: where the program begins, and where its code ends. */
extern const char __executable_start[];
extern const char etext[];

/* What %rbp points at in a function built with frame pointers. */
struct frame {
    const struct frame *up;
    uint64_t pc;
};

/* Does a whole frame lie at f, in the stack [start, end)? */
static bool frame_is_inside(const struct frame *f, uint64_t start, uint64_t end)
{
    uint64_t at = (uint64_t)(uintptr_t)f;

    return at % sizeof(uint64_t) == 0 && at >= start && at < end &&
           end - at >= sizeof(*f);
}

HOSTED_RAW size_t hal_backtrace(uint64_t *pc, size_t max)
{
    const struct frame *f = (const struct frame *)__builtin_frame_address(0);
    uint64_t start, end;
    size_t count = 0;

    if (!hosted_context_stack(&start, &end))
        return 0;
    while (count < max && frame_is_inside(f, start, end) && f->pc != 0) {
        pc[count++] = f->pc;
        /* Callers lie above; anything else would not end. */
        start = (uint64_t)(uintptr_t)(f + 1);
        f = f->up;
    }
    return count;
}

bool hal_symbol(uint64_t pc, const char **name, uint64_t *offset)
{
    uint64_t start = (uint64_t)(uintptr_t)__executable_start;

    if (pc < start || pc >= (uint64_t)(uintptr_t)etext)
        return false;
    return symbols_find(pc - start, name, offset);
}
