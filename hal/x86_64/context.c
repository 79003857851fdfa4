/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/context.c - hal/context.h.
 *
 * A context lies at the top of its own stack. What it saves is what a call
 * preserves (psABI 3.2.1); the kernel has no FPU state.
 */
#include "hal/context.h"

#include "core/base/defs.h"
#include "hal/irq.h"
#include "hal/x86_64/context.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/user.h"

struct hal_context {
    uint64_t sp; /* while it does not run */
    uint64_t reserved;
};

_Static_assert(sizeof(struct hal_context) % 16 == 0, "stack alignment");

/* What context_switch() pops, and then returns to. */
struct first_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t start;
    uint64_t end_of_frames; /* a return address of 0 */
};

static struct hal_context *context_at(uint64_t stack_top)
{
    return (struct hal_context *)(stack_top - sizeof(struct hal_context));
}

int hal_context_create(void (*entry)(void *arg), void *arg,
                       struct hal_context **out)
{
    struct hal_context *context;
    struct first_frame *frame;
    uint64_t top;
    int error = kmap_stack_create(KMAP_STACK_PAGES, &top);

    if (error != 0)
        return error;
    context = context_at(top);
    frame = (struct first_frame *)context - 1;
    *frame = (struct first_frame){
        .rbx = (uint64_t)entry,
        .r12 = (uint64_t)arg,
        .start = (uint64_t)context_start,
    };
    context->sp = (uint64_t)frame;
    *out = context;
    return 0;
}

void hal_context_destroy(struct hal_context *context)
{
    kmap_stack_destroy((uint64_t)(context + 1), KMAP_STACK_PAGES);
}

uint64_t hal_context_frames(void)
{
    return kmap_table_count();
}

struct hal_context *hal_context_boot(void)
{
    return cpu_block()->boot_context;
}

void context_boot_setup(struct cpu_block *block, uint64_t stack_top)
{
    block->boot_context = context_at(stack_top);
}

void hal_context_switch(struct hal_context *from, struct hal_context *to)
{
    ASSERT(hal_irq_are_off());
    user_save_live();
    context_switch(&from->sp, to->sp);
}

void hal_context_leave(struct hal_context *from, struct hal_context *to)
{
    hal_context_switch(from, to);
    __builtin_unreachable();
}
