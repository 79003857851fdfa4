/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/irq.h - interrupts of this CPU, and the lines that devices raise.
 *
 * Interrupts arrive at least where they are enabled or restored, in
 * hal_cpu_relax(), hal_cpu_idle(), hal_user_run() and hal_context_switch(); no
 * more is promised in either world. Every kernel loop without a small bound
 * contains such a point.
 *
 * A handler runs with interrupts off, on the stack of whatever was
 * interrupted; it is short, may take irq-safe spinlocks and wake, and never
 * sleeps.
 */
#ifndef HAL_IRQ_H
#define HAL_IRQ_H

#include "hal/types.h"

/* What a device writes to raise a message interrupt (PCI MSI-X). */
struct hal_message {
    uint64_t address;
    uint32_t data;
};

/* How often, and where, a line that has a handler was delivered. */
struct hal_irq_use {
    unsigned cpu; /* that it is delivered to */
    uint64_t count;
};

enum { HAL_IRQ_LINES_MAX = 512 };

HAL_DECLS_BEGIN

/* Turns interrupts off; returns what hal_irq_restore() needs. */
HAL_MUST_USE unsigned hal_irq_save(void);

/* Back to what hal_irq_save() found. Takes what is pending if that is on. */
void hal_irq_restore(unsigned saved);

void hal_irq_disable(void);
void hal_irq_enable(void); /* takes what is pending */
bool hal_irq_are_off(void);

/*
 * Calls handler(arg) when line is raised; the line starts masked. Lines are
 * the machine's global numbers (an I/O APIC input; the number in bus.h).
 * Returns 0, -EINVAL for a line there is not, -EBUSY for one attached.
 */
HAL_MUST_USE int hal_irq_attach(unsigned line, void (*handler)(void *arg),
                                void *arg);

/* Detaches, masking first; returns when no CPU runs the handler. May wait; not
 * from the handler itself. */
void hal_irq_detach(unsigned line);

/* A masked line that is raised stays pending (edge) or raised (level), and
 * arrives when unmasked. */
void hal_irq_mask(unsigned line);
void hal_irq_unmask(unsigned line);

/*
 * Allocates an interrupt that a message raises on CPU cpu, attached and
 * unmasked. Returns a line number for detach, or -ENOSPC, -EINVAL.
 */
HAL_MUST_USE int hal_irq_message(unsigned cpu, void (*handler)(void *arg),
                                 void *arg, struct hal_message *out);

/* False where no handler is attached. Numbers end at HAL_IRQ_LINES_MAX. Any
 * context. */
bool hal_irq_count(unsigned line, struct hal_irq_use *out);

HAL_DECLS_END

#endif /* HAL_IRQ_H */
