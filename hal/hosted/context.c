/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/context.c - kernel stacks, and what the tools must know of them.
 *
 * ASan keeps a fake stack per stack and must hear of every switch; a stack
 * that is left for good leaves poisoned frames behind, which are cleared when
 * it is freed. For TSan a context is a fiber; switching is told it without
 * "synchronises", so that two threads of the kernel that share one CPU race
 * where two CPUs would.
 */
#include "hal/context.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/fault.h"
#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define ASAN 0
#endif
/* This file is not instrumented, so the compiler does not tell. */
#if defined(HOSTED_TSAN)
#define TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define TSAN 0
#endif

/* Lies at the top of its own stack; that of a host thread in natives[]. */
struct hal_context {
    void *sp; /* while it does not run */
    void *stack;
    size_t size;
    void (*entry)(void *arg);
    void *arg;
    void *fake_stack; /* ASan's, while it does not run */
    void *fiber;      /* TSan's */
    unsigned valgrind_id;
    struct hal_context *next; /* while it is kept */
};

/* What hosted_switch() takes off a stack, lowest address first. */
struct frame {
    uint32_t mxcsr;
    uint32_t x87_control;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    void (*rip)(void);
};

enum {
    MXCSR_INITIAL = 0x1f80, /* psABI 3.2.1: all exceptions masked */
    X87_CONTROL_INITIAL = 0x37f,
    KEPT_MAX = 16 /* stacks of a CPU, free */
};

static struct hal_context natives[HOSTED_CPUS_MAX];

void hosted_switch(void **save_sp, void *load_sp);
void hosted_switch_first(void);
HAL_NORETURN void hosted_context_start(struct hal_context *context);

/* The switch proper. dying: from never runs again. */
HOSTED_RAW static void exchange(struct hal_context *from,
                                struct hal_context *to, bool dying)
{
#if ASAN
    __sanitizer_start_switch_fiber(dying ? NULL : &from->fake_stack, to->stack,
                                   to->size);
#endif
#if TSAN
    __tsan_switch_to_fiber(to->fiber, __tsan_switch_to_fiber_no_sync);
#endif
    (void)dying;
    hosted_switch(&from->sp, to->sp);
#if ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* The first thing on a fresh stack. */
HOSTED_RAW void hosted_context_start(struct hal_context *context)
{
#if ASAN
    const void *stack;
    size_t size;
    struct hosted_cpu *cpu = hosted_cpu_self();

    __sanitizer_finish_switch_fiber(NULL, &stack, &size);
    if (context == cpu->boot) {
        cpu->native->stack = (void *)(uintptr_t)stack;
        cpu->native->size = size;
    }
#endif
    context->entry(context->arg);
    __builtin_trap();
}

/* May a stack be used again? What looks at memory would take the next thread's
 * accesses for those of the last. */
static bool may_keep(void)
{
    return !ASAN && !TSAN && !host_is_watched();
}

/* A context whose stack is still mapped, from this CPU's; NULL: none. */
static struct hal_context *take_kept(void)
{
    unsigned saved = hal_irq_save();
    struct hosted_cpu *cpu = hosted_cpu_self();
    struct hal_context *context = cpu->kept;

    if (context != NULL) {
        cpu->kept = context->next;
        cpu->kept_count--;
    }
    hal_irq_restore(saved);
    return context;
}

static bool keep(struct hal_context *context)
{
    unsigned saved = hal_irq_save();
    struct hosted_cpu *cpu = hosted_cpu_self();
    bool has_room = may_keep() && cpu->kept_count < KEPT_MAX;

    if (has_room) {
        context->next = cpu->kept;
        cpu->kept = context;
        cpu->kept_count++;
    }
    hal_irq_restore(saved);
    return has_room;
}

/* A context at the top of its stack, of which only that is known. */
static struct hal_context *alloc_context(void)
{
    struct hal_context *context = take_kept();
    size_t size = host_facts()->stack_size;
    unsigned valgrind_id;
    char *stack;

    if (context != NULL)
        return context;
    stack = (char *)host_stack_alloc(size, &valgrind_id);
    if (stack == NULL)
        return NULL;
    context = (struct hal_context *)(void *)(stack + size) - 1;
    context->stack = stack;
    context->size = size;
    context->valgrind_id = valgrind_id;
    return context;
}

static void free_context(struct hal_context *context)
{
    host_stack_free(context->stack, context->size, context->valgrind_id);
}

static int create(void (*entry)(void *arg), void *arg, struct hal_context **out)
{
    struct hal_context *context = alloc_context();
    struct frame *frame;

    if (context == NULL)
        return -ENOMEM;
    *context = (struct hal_context){.stack = context->stack,
                                    .size = context->size,
                                    .entry = entry,
                                    .arg = arg,
                                    .valgrind_id = context->valgrind_id};
    /* hosted_switch_first() begins with rsp a multiple of 16. */
    frame = (struct frame *)(void *)((char *)context->stack + context->size -
                                     round_up(sizeof(*context), 64)) -
            1;
    *frame = (struct frame){.mxcsr = MXCSR_INITIAL,
                            .x87_control = X87_CONTROL_INITIAL,
                            .r12 = (uint64_t)(uintptr_t)context,
                            .rip = hosted_switch_first};
    context->sp = frame;
#if TSAN
    context->fiber = __tsan_create_fiber(0);
#endif
    *out = context;
    return 0;
}

int hal_context_create(void (*entry)(void *arg), void *arg,
                       struct hal_context **out)
{
    if (fault_point(FAULT_CONTEXT))
        return -ENOMEM;
    return create(entry, arg, out);
}

/* Nothing runs on the stack any more. */
static void tell_tools(struct hal_context *context)
{
    (void)context;
#if ASAN
    __asan_unpoison_memory_region(context->stack, context->size);
#endif
#if TSAN
    __tsan_destroy_fiber(context->fiber);
#endif
}

void hal_context_destroy(struct hal_context *context)
{
    ASSERT(context->stack != NULL);
    tell_tools(context);
    if (!keep(context))
        free_context(context);
}

uint64_t hal_context_frames(void)
{
    return 0; /* stacks are the host's memory */
}

struct hal_context *hal_context_boot(void)
{
    return hosted_cpu_self()->boot;
}

void hal_context_switch(struct hal_context *from, struct hal_context *to)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    ASSERT(hal_irq_are_off());
    ASSERT(cpu->current == from);
    hosted_seed_charge();
    if (from == to)
        return;
    hosted_engine_put_away(cpu);
    cpu->current = to;
    exchange(from, to, false);
}

void hal_context_leave(struct hal_context *from, struct hal_context *to)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    ASSERT(hal_irq_are_off());
    ASSERT(cpu->current == from && from != to);
    hosted_engine_put_away(cpu);
    cpu->current = to;
    exchange(from, to, true);
    __builtin_trap();
}

bool hosted_context_run(struct hosted_cpu *cpu, void (*entry)(void *arg),
                        void *arg)
{
    struct hal_context *native = &natives[cpu->number];

    *native = (struct hal_context){.entry = NULL};
#if TSAN
    native->fiber = __tsan_get_current_fiber();
#endif
    if (create(entry, arg, &cpu->boot) != 0)
        return false;
    cpu->native = native;
    cpu->current = cpu->boot;
    exchange(native, cpu->boot, false);
    tell_tools(cpu->boot);
    free_context(cpu->boot);
    cpu->boot = NULL;
    for (struct hal_context *kept = take_kept(); kept != NULL;
         kept = take_kept())
        free_context(kept);
    return true;
}

void hosted_context_quit(struct hosted_cpu *cpu)
{
    hal_context_leave(cpu->current, cpu->native);
}

bool hosted_context_stack(uint64_t *start, uint64_t *end)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    if (cpu == NULL || cpu->current == NULL || cpu->current == cpu->native)
        return false;
    *start = (uint64_t)(uintptr_t)cpu->current->stack;
    *end = *start + cpu->current->size;
    return true;
}
