/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/lines.c - hal/irq.h: lines and messages.
 *
 * One slot per vector. Lines are edge-triggered, active high: the ISA devices
 * and virtio-mmio are. An I/O APIC forgets an edge that comes while its line
 * is masked (82093AA data sheet, 3.2.4), so a line that is attached stays open
 * there, and masking it is a flag here: what comes meanwhile is remembered, and
 * unmasking raises the vector again.
 */
#include "hal/x86_64/lines.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/irq.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/layout.h"
#include "hal/x86_64/lock.h"

/* Where every PC has its first; the MADT may say otherwise. */
#define IO_APIC_BASE    UINT64_C(0xfec00000)

#define MESSAGE_ADDRESS UINT64_C(0xfee00000)

enum {
    IO_APIC_SELECT = 0x00,
    IO_APIC_WINDOW = 0x10,
    IO_APIC_VERSION = 0x01,
    IO_APIC_TABLE = 0x10 /* two registers per line */
};

enum { REDIRECT_MASKED = 0x10000 };

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
    bool pending;     /* came while masked */
    unsigned running; /* CPUs inside the handler; atomic */
};

static volatile char *io_apic;
static unsigned line_count;
static struct lock lock;
static struct slot slots[SLOTS]; /* under lock; lines, then messages */

static void io_apic_put(unsigned reg, uint32_t value)
{
    mmio_write32(io_apic + IO_APIC_SELECT, reg);
    mmio_write32(io_apic + IO_APIC_WINDOW, value);
}

static uint32_t io_apic_get(unsigned reg)
{
    mmio_write32(io_apic + IO_APIC_SELECT, reg);
    return mmio_read32(io_apic + IO_APIC_WINDOW);
}

/* Under lock. */
static void redirect(unsigned line, uint32_t low)
{
    io_apic_put(IO_APIC_TABLE + 2 * line + 1, apic_id() << 24);
    io_apic_put(IO_APIC_TABLE + 2 * line, low);
}

/* Both 8259s: initialised to vectors that mean nothing, all masked. */
static void silence_pic(void)
{
    static const uint8_t words[][2] = {
        {0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 0x04},
        {0xa1, 0x02}, {0x21, 0x01}, {0xa1, 0x01}, {0x21, 0xff}, {0xa1, 0xff},
    };

    for (unsigned i = 0; i < COUNT_OF(words); i++)
        out8(words[i][0], words[i][1]);
}

int lines_setup(void)
{
    silence_pic();
    io_apic = kmap_device(IO_APIC_BASE);
    if (io_apic == NULL)
        return -ENOMEM;
    line_count = (io_apic_get(IO_APIC_VERSION) >> 16 & 0xff) + 1;
    if (line_count > LINES_MAX)
        line_count = LINES_MAX;
    for (unsigned line = 0; line < line_count; line++)
        redirect(line, REDIRECT_MASKED);
    return 0;
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
    if (line < line_count)
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

    apic_end();
    if (vector < VECTOR_LINES || vector == VECTOR_INT80 ||
        (vector > VECTOR_INT80 && vector < VECTOR_MESSAGES) ||
        vector >= VECTOR_TIMER)
        return; /* the 8259s' spurious ones */
    slot = &slots[slot_of_vector(vector)];
    saved = lock_take(&lock);
    if (slot->masked) {
        slot->pending = true;
    } else if (slot->handler != NULL) {
        handler = slot->handler;
        arg = slot->arg;
        __atomic_fetch_add(&slot->running, 1u, __ATOMIC_ACQUIRE);
    }
    lock_drop(&lock, saved);
    if (handler == NULL)
        return;
    handler(arg);
    __atomic_fetch_sub(&slot->running, 1u, __ATOMIC_RELEASE);
}

int hal_irq_attach(unsigned line, void (*handler)(void *arg), void *arg)
{
    unsigned saved;
    int error = -EBUSY;

    if (line >= line_count)
        return -EINVAL;
    saved = lock_take(&lock);
    if (slots[line].handler == NULL) {
        slots[line].handler = handler;
        slots[line].arg = arg;
        slots[line].masked = true;
        slots[line].pending = false;
        redirect(line, VECTOR_LINES + line);
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
    if (line < line_count)
        redirect(line, REDIRECT_MASKED);
    slot->handler = NULL;
    lock_drop(&lock, saved);
    while (__atomic_load_n(&slot->running, __ATOMIC_ACQUIRE) != 0)
        pause_cpu();
}

void hal_irq_mask(unsigned line)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;

    ASSERT(slot != NULL);
    saved = lock_take(&lock);
    slot->masked = true;
    lock_drop(&lock, saved);
}

void hal_irq_unmask(unsigned line)
{
    struct slot *slot = slot_of_line(line);
    unsigned saved;

    ASSERT(slot != NULL);
    saved = lock_take(&lock);
    slot->masked = false;
    if (slot->pending) {
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

    if (cpu != 0)
        return -EINVAL;
    saved = lock_take(&lock);
    for (unsigned i = LINES_MAX; i < SLOTS; i++) {
        if (slots[i].handler != NULL)
            continue;
        slots[i] = (struct slot){.handler = handler, .arg = arg};
        out->address = MESSAGE_ADDRESS | (uint64_t)apic_id() << 12;
        out->data = vector_of_slot(i);
        line = (int)(i - LINES_MAX) + LINE_OF_MESSAGE;
        break;
    }
    lock_drop(&lock, saved);
    return line;
}
