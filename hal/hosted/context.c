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
    X87_CONTROL_INITIAL = 0x37f
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

static int create(void (*entry)(void *arg), void *arg, struct hal_context **out)
{
    size_t size = host_facts()->stack_size;
    struct hal_context *context;
    struct frame *frame;
    unsigned valgrind_id;
    char *stack = (char *)host_stack_alloc(size, &valgrind_id);

    if (stack == NULL)
        return -ENOMEM;
    context = (struct hal_context *)(void *)(stack + size) - 1;
    *context = (struct hal_context){.stack = stack,
                                    .size = size,
                                    .entry = entry,
                                    .arg = arg,
                                    .valgrind_id = valgrind_id};
    /* hosted_switch_first() begins with rsp a multiple of 16. */
    frame = (struct frame *)(void *)(stack + size -
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

void hal_context_destroy(struct hal_context *context)
{
    ASSERT(context->stack != NULL);
#if ASAN
    __asan_unpoison_memory_region(context->stack, context->size);
#endif
#if TSAN
    __tsan_destroy_fiber(context->fiber);
#endif
    host_stack_free(context->stack, context->size, context->valgrind_id);
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
    hal_context_destroy(cpu->boot);
    cpu->boot = NULL;
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
