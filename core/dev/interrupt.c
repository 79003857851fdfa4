/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/interrupt.c - contract in interrupt.h.
 */
#include "core/dev/interrupt.h"

#include "core/abi/errno.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/platform.h"

static const struct lock_class interrupts_class = {"interrupts",
                                                   LOCK_RANK_DRIVER};

static struct {
    struct spinlock lock;
    struct list list GUARDED_BY(lock);
} interrupts = {
    .lock = {.class_of = &interrupts_class, .cpu = SPIN_NOBODY},
    .list = {&interrupts.list, &interrupts.list},
};

static void handle(void *arg)
{
    const struct interrupt *interrupt = arg;

    cpu_enter_interrupt();
    interrupt->handler(interrupt->arg);
    cpu_leave_interrupt();
}

static void publish(struct interrupt *interrupt)
{
    unsigned saved = spin_lock_irq(&interrupts.lock);

    list_push_back(&interrupts.list, &interrupt->link);
    spin_unlock_irq(&interrupts.lock, saved);
}

int interrupt_attach(struct interrupt *interrupt, unsigned line,
                     const char *name, void (*handler)(void *arg), void *arg)
{
    int error;

    *interrupt = (struct interrupt){
        .name = name, .handler = handler, .arg = arg, .line = line};
    list_init(&interrupt->link);
    error = hal_irq_attach(line, handle, interrupt);
    if (error != 0) {
        interrupt->handler = NULL;
        return error;
    }
    publish(interrupt);
    hal_irq_unmask(line);
    return 0;
}

int interrupt_attach_message(struct interrupt *interrupt, const char *name,
                             void (*handler)(void *arg), void *arg,
                             struct hal_message *message)
{
    int line;

    *interrupt =
        (struct interrupt){.name = name, .handler = handler, .arg = arg};
    list_init(&interrupt->link);
    line = hal_irq_message(0, handle, interrupt, message);
    if (line < 0) {
        interrupt->handler = NULL;
        return line;
    }
    interrupt->line = (unsigned)line;
    publish(interrupt);
    return 0;
}

void interrupt_detach(struct interrupt *interrupt)
{
    unsigned saved;

    hal_irq_detach(interrupt->line);
    saved = spin_lock_irq(&interrupts.lock);
    list_remove(&interrupt->link);
    spin_unlock_irq(&interrupts.lock, saved);
}

static const char *name_of(unsigned line)
{
    const char *name = hal_boot_facts()->machine;
    unsigned saved = spin_lock_irq(&interrupts.lock);

    list_for_each(node, &interrupts.list)
    {
        const struct interrupt *one = list_entry(node, struct interrupt, link);

        if (one->line == line)
            name = one->name;
    }
    spin_unlock_irq(&interrupts.lock, saved);
    return name;
}

bool interrupt_next(unsigned *line, struct interrupt_info *out)
{
    struct hal_irq_use count;

    while (*line < HAL_IRQ_LINES_MAX) {
        unsigned at = (*line)++;

        if (!hal_irq_count(at, &count))
            continue;
        *out = (struct interrupt_info){at, count.cpu, count.count, name_of(at)};
        return true;
    }
    return false;
}
