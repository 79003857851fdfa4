/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/lines.c - hal/irq.h: lines and messages.
 *
 * One slot per vector; a vector means the same on every CPU. An I/O APIC
 * forgets an edge that comes while its line is masked (82093AA data sheet,
 * 3.2.4), so an edge-triggered line that is attached stays open there, and
 * masking it is a flag here: what comes meanwhile is remembered, and unmasking
 * raises the vector again. A level-triggered one is masked in the I/O APIC,
 * and its interrupt ends after the handler, which has made the device let go.
 */
#include "hal/x86_64/lines.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/ioapic.h"
#include "hal/x86_64/layout.h"
#include "hal/x86_64/lock.h"
#include "hal/x86_64/madt.h"

#define MESSAGE_ADDRESS UINT64_C(0xfee00000)

enum {
    LINES_MAX = VECTOR_INT80 - VECTOR_LINES,
    MESSAGES_MAX = VECTOR_TIMER - VECTOR_MESSAGES,
    SLOTS = LINES_MAX + MESSAGES_MAX,
    LINE_OF_MESSAGE = 256 /* what hal_irq_message() numbers from */
};

struct slot {
    void (*handler)(void *arg); /* NULL: free */
    void *arg;
    bool masked;
    bool level;
    bool pending;     /* came while masked */
    unsigned cpu;     /* where it is delivered */
    unsigned running; /* CPUs inside the handler; atomic */
    uint64_t count;   /* of deliveries; atomic */
};

static const struct madt *table; /* constant after boot */
static struct lock lock;         /* of the slots and the I/O APICs */
static struct slot slots[SLOTS]; /* lines, then messages */

/* To vectors that mean nothing, all masked. */
void lines_silence_pic(void)
{
    static const uint8_t words[][2] = {
        {0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 0x04},
        {0xa1, 0x02}, {0x21, 0x01}, {0xa1, 0x01}, {0x21, 0xff}, {0xa1, 0xff},
    };

    for (unsigned i = 0; i < COUNT_OF(words); i++)
        out8(words[i][0], words[i][1]);
}

int lines_setup(const struct madt *madt)
{
    table = madt;
    return ioapic_setup(madt);
}

unsigned lines_of_isa(unsigned number)
{
    ASSERT(number < MADT_ISA_LINES);
    return table->isa[number].line;
}

static bool is_line(unsigned line)
{
    return line < LINES_MAX && ioapic_has(line);
}

static unsigned slot_of_vector(unsigned vector)
{
    return vector < VECTOR_MESSAGES ? vector - VECTOR_LINES
                                    : vector - VECTOR_MESSAGES + LINES_MAX;
}

static unsigned vector_of_slot(unsigned index)
{
    return index < LINES_MAX ? index + VECTOR_LINES
                             : index - LINES_MAX + VECTOR_MESSAGES;
}

/* The slot of a line number of hal/irq.h; NULL for one there is not. */
static struct slot *slot_of_line(unsigned line)
{
    if (is_line(line))
        return &slots[line];
    if (line >= LINE_OF_MESSAGE && line - LINE_OF_MESSAGE < MESSAGES_MAX)
        return &slots[LINES_MAX + line - LINE_OF_MESSAGE];
    return NULL;
}

void lines_interrupt(unsigned vector)
{
    void (*handler)(void *arg) = NULL;
    void *arg = NULL;
    struct slot *slot;
    unsigned saved;
    bool level;

    if (vector < VECTOR_LINES || vector == VECTOR_INT80 ||
        (vector > VECTOR_INT80 && vector < VECTOR_MESSAGES) ||
        vector >= VECTOR_TIMER) {
        apic_end(); /* one of the 8259s' spurious ones */
        return;
    }
    slot = &slots[slot_of_vector(vector)];
    saved = lock_take(&lock);
    level = slot->level;
    if (!level)
        apic_end();
    if (slot->masked) {
        slot->pending = true;
    } else if (slot->handler != NULL) {
        handler = slot->handler;
        arg = slot->arg;
        __atomic_fetch_add(&slot->running, 1u, __ATOMIC_ACQUIRE);
        __atomic_fetch_add(&slot->count, 1u, __ATOMIC_RELAXED);
    }
    lock_drop(&lock, saved);
    if (handler != NULL) {
        handler(arg);
        __atomic_fetch_sub(&slot->running, 1u, __ATOMIC_RELEASE);
    }
    if (level)
        apic_end();
}

int hal_irq_attach(unsigned line, void (*handler)(void *arg), void *arg)
{
    unsigned saved;
    int error = -EBUSY;

    if (!is_line(line))
        return -EINVAL;
    saved = lock_take(&lock);
    if (slots[line].handler == NULL) {
        slots[line].handler = handler;
        slots[line].arg = arg;
        slots[line].masked = true;
        slots[line].pending = false;
        slots[line].count = 0;
        slots[line].level = ioapic_is_level(line);
        if (!slots[line].level)
            ioapic_open(line, VECTOR_LINES + line);
        error = 0;
    }
    lock_drop(&lock, saved);
    return error;
}

void hal_irq_detach(unsigned line)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;

    ASSERT(slot != NULL);
    saved = lock_take(&lock);
    if (line < LINE_OF_MESSAGE)
        ioapic_mask(line);
    slot->handler = NULL;
    lock_drop(&lock, saved);
    while (__atomic_load_n(&slot->running, __ATOMIC_ACQUIRE) != 0)
        hal_cpu_relax();
}

void hal_irq_mask(unsigned line)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;

    ASSERT(slot != NULL);
    saved = lock_take(&lock);
    slot->masked = true;
    if (slot->level)
        ioapic_mask(line);
    lock_drop(&lock, saved);
}

void hal_irq_unmask(unsigned line)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;

    ASSERT(slot != NULL);
    saved = lock_take(&lock);
    slot->masked = false;
    if (slot->level) {
        ioapic_open(line, VECTOR_LINES + line);
    } else if (slot->pending) {
        slot->pending = false;
        apic_kick_self(vector_of_slot((unsigned)(slot - slots)));
    }
    lock_drop(&lock, saved);
}

int hal_irq_message(unsigned cpu, void (*handler)(void *arg), void *arg,
                    struct hal_message *out)
{
    unsigned saved;
    int line = -ENOSPC;

    if (cpu >= HAL_CPUS_MAX || cpu_block_of(cpu) == NULL)
        return -EINVAL;
    saved = lock_take(&lock);
    for (unsigned i = LINES_MAX; i < SLOTS; i++) {
        if (slots[i].handler != NULL)
            continue;
        slots[i] = (struct slot){.handler = handler, .arg = arg, .cpu = cpu};
        out->address = MESSAGE_ADDRESS | (uint64_t)cpu_block_of(cpu)->apic_id
                                             << 12;
        out->data = vector_of_slot(i);
        line = (int)(i - LINES_MAX) + LINE_OF_MESSAGE;
        break;
    }
    lock_drop(&lock, saved);
    return line;
}

bool hal_irq_count(unsigned line, struct hal_irq_use *out)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;
    bool is_attached;

    if (slot == NULL)
        return false;
    saved = lock_take(&lock);
    is_attached = slot->handler != NULL;
    *out = (struct hal_irq_use){
        slot->cpu, __atomic_load_n(&slot->count, __ATOMIC_RELAXED)};
    lock_drop(&lock, saved);
    return is_attached;
}
