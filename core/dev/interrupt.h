/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/interrupt.h - the interrupts of drivers.
 *
 * hal/irq.h with what every handler needs: it runs between
 * cpu_enter_interrupt() and cpu_leave_interrupt(), and its line has a name.
 *
 * Lifetime: the struct belongs to the driver, and lives until
 * interrupt_detach() has returned. handler is NULL where attaching failed.
 * Locking: a spinlock inside.
 */
#ifndef CORE_DEV_INTERRUPT_H
#define CORE_DEV_INTERRUPT_H

#include "core/base/list.h"
#include "hal/irq.h"

struct interrupt {
    const char *name; /* static storage; for /proc/interrupts */
    void (*handler)(void *arg);
    void *arg;
    unsigned line; /* hal/irq.h */
    struct list link;
};

/* One row of /proc/interrupts. */
struct interrupt_info {
    unsigned line, cpu;
    uint64_t count;
    const char *name;
};

C_DECLS_BEGIN

/* Calls handler(arg) in interrupt context, CPU 0, when line is raised. The line
 * is unmasked. 0, -EINVAL, -EBUSY. */
MUST_USE int interrupt_attach(struct interrupt *interrupt, unsigned line,
                              const char *name, void (*handler)(void *arg),
                              void *arg);

/* The same for a message (hal_irq_message()). 0, -ENOSPC. */
MUST_USE int interrupt_attach_message(struct interrupt *interrupt,
                                      const char *name,
                                      void (*handler)(void *arg), void *arg,
                                      struct hal_message *message);

/* No more calls; returns when none is running. Not from the handler. */
void interrupt_detach(struct interrupt *interrupt);

/* The first line from *line on that has a handler; *line moves past it. Lines
 * of the HAL's own have the name of the machine. False when there is none. */
bool interrupt_next(unsigned *line, struct interrupt_info *out);

C_DECLS_END

#endif /* CORE_DEV_INTERRUPT_H */
