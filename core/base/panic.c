/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/panic.c - contract in panic.h.
 *
 * Takes no lock and allocates nothing. The first CPU to get here speaks; the
 * others stop.
 */
#include "core/base/panic.h"

#include "core/base/format.h"
#include "core/base/log.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/platform.h"

/* 1 + the CPU that panics; 0: none does. Atomic. */
static unsigned panicking;

static void print_backtrace(void)
{
    uint64_t pc[HAL_BACKTRACE_MAX];
    size_t count = hal_backtrace(pc, COUNT_OF(pc));

    for (size_t i = 0; i < count; i++) {
        const char *name;
        uint64_t offset;

        if (hal_symbol(pc[i], &name, &offset))
            log_print(LOG_EMERG, "  %#lx %s+%#lx", pc[i], name, offset);
        else
            log_print(LOG_EMERG, "  %#lx", pc[i]);
    }
}

/* Makes this CPU the one that panics, or does not return. */
static void claim_panic(const char *text)
{
    unsigned self = hal_cpu_self() + 1, owner = 0;

    if (__atomic_compare_exchange_n(&panicking, &owner, self, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return;
    if (owner != self)
        hal_cpu_halt();
    log_print(LOG_EMERG, "panic in panic: %s", text);
    hal_power_off(EXIT_PANIC);
}

void panic(const char *fmt, ...)
{
    char text[LOG_LINE_MAX];
    va_list list;

    hal_irq_disable();
    va_start(list, fmt);
    (void)format_list(text, sizeof(text), fmt, list);
    va_end(list);
    claim_panic(text);
    log_print(LOG_EMERG, "panic: %s (CPU %u)", text, hal_cpu_self());
    print_backtrace();
    hal_power_off(EXIT_PANIC);
}

void assert_failed(const char *expr, const char *file, int line)
{
    panic("%s:%d: assertion failed: %s", file, line, expr);
}
