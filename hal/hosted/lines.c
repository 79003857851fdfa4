/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/lines.c - interrupt lines of the simulated devices.
 *
 * Lines below WIRED belong to devices on the board, the others are handed out
 * as message interrupts. A line is raised (by a device, on any host thread),
 * enabled (attached and not masked), and delivered on its CPU when both.
 */
#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/check.h"
#include "hal/cpu.h"
#include "hal/hosted/machine.h"
#include "hal/irq.h"

enum { WIRED = 32, LINES = 64 };

/* Where a local APIC takes messages (SDM volume 3, 11.11.1): the CPU's number
 * stands in bits 19..12. */
#define MESSAGE_BASE UINT64_C(0xfee00000)

struct line {
    void (*handler)(void *arg); /* set while the line is not enabled */
    void *arg;
    unsigned cpu;     /* where it is delivered; as handler */
    unsigned running; /* CPUs inside the handler */
    uint64_t count;   /* of deliveries; atomic */
};

static struct line lines[LINES];
static uint64_t attached; /* one bit per line in each */
static uint64_t enabled;
static uint64_t raised;

static uint64_t line_bit(unsigned line)
{
    return UINT64_C(1) << line;
}

static bool line_is(const uint64_t *map, unsigned line)
{
    return (__atomic_load_n(map, __ATOMIC_SEQ_CST) & line_bit(line)) != 0;
}

/* Gives line its handler; false when it has one. */
static bool attach(unsigned line, unsigned cpu, void (*handler)(void *arg),
                   void *arg)
{
    uint64_t bit = line_bit(line);

    if ((__atomic_fetch_or(&attached, bit, __ATOMIC_SEQ_CST) & bit) != 0)
        return false;
    lines[line].handler = handler;
    lines[line].arg = arg;
    lines[line].cpu = cpu;
    __atomic_store_n(&lines[line].count, 0, __ATOMIC_RELAXED);
    return true;
}

int hal_irq_attach(unsigned line, void (*handler)(void *arg), void *arg)
{
    if (line >= WIRED)
        return -EINVAL;
    return attach(line, 0, handler, arg) ? 0 : -EBUSY;
}

void hal_irq_detach(unsigned line)
{
    ASSERT(line < LINES && line_is(&attached, line));
    hal_irq_mask(line);
    while (__atomic_load_n(&lines[line].running, __ATOMIC_SEQ_CST) != 0)
        hal_cpu_relax();
    __atomic_fetch_and(&raised, ~line_bit(line), __ATOMIC_SEQ_CST);
    __atomic_fetch_and(&attached, ~line_bit(line), __ATOMIC_SEQ_CST);
}

void hal_irq_mask(unsigned line)
{
    ASSERT(line < LINES);
    __atomic_fetch_and(&enabled, ~line_bit(line), __ATOMIC_SEQ_CST);
}

void hal_irq_unmask(unsigned line)
{
    ASSERT(line < LINES && line_is(&attached, line));
    __atomic_fetch_or(&enabled, line_bit(line), __ATOMIC_SEQ_CST);
    if (line_is(&raised, line))
        hosted_cpu_raise(hosted_cpu_at(lines[line].cpu), HOSTED_IRQ_LINE);
}

int hal_irq_message(unsigned cpu, void (*handler)(void *arg), void *arg,
                    struct hal_message *out)
{
    if (cpu >= hal_cpu_count())
        return -EINVAL;
    for (unsigned line = WIRED; line < LINES; line++) {
        if (!attach(line, cpu, handler, arg))
            continue;
        out->address = MESSAGE_BASE | (uint64_t)cpu << 12;
        out->data = line;
        hal_irq_unmask(line);
        return (int)line;
    }
    return -ENOSPC;
}

void hosted_irq_line(unsigned line)
{
    if (line >= LINES)
        return;
    __atomic_fetch_or(&raised, line_bit(line), __ATOMIC_SEQ_CST);
    if (line_is(&enabled, line))
        hosted_cpu_raise(hosted_cpu_at(lines[line].cpu), HOSTED_IRQ_LINE);
}

/* Runs the handler of a line that was seen raised and enabled. */
static void deliver(unsigned line)
{
    struct line *l = &lines[line];
    uint64_t bit = line_bit(line);

    /* detach masks, then waits for running: either it sees this count, or
     * this sees the mask. */
    __atomic_fetch_add(&l->running, 1, __ATOMIC_SEQ_CST);
    if (line_is(&enabled, line) &&
        (__atomic_fetch_and(&raised, ~bit, __ATOMIC_SEQ_CST) & bit) != 0) {
        hal_check_event(HAL_EVENT_INTERRUPT, HOSTED_IRQ_LINE, line, 0);
        (void)__atomic_fetch_add(&l->count, 1, __ATOMIC_RELAXED);
        l->handler(l->arg);
    }
    __atomic_fetch_sub(&l->running, 1, __ATOMIC_SEQ_CST);
}

bool hosted_lines_dispatch(struct hosted_cpu *cpu)
{
    uint64_t ready = __atomic_load_n(&raised, __ATOMIC_SEQ_CST) &
                     __atomic_load_n(&enabled, __ATOMIC_SEQ_CST);

    for (; ready != 0; ready &= ready - 1) {
        unsigned line = (unsigned)__builtin_ctzll(ready);

        if (lines[line].cpu == cpu->number) {
            deliver(line);
            return true;
        }
    }
    return false;
}

bool hal_irq_count(unsigned line, struct hal_irq_use *out)
{
    if (line >= LINES || !line_is(&attached, line))
        return false;
    out->cpu = lines[line].cpu;
    out->count = __atomic_load_n(&lines[line].count, __ATOMIC_RELAXED);
    return true;
}
