/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/uart.c - the contract is in uart.h.
 */
#include "hal/x86_64/uart.h"

#include "core/base/defs.h"
#include "hal/irq.h"
#include "hal/x86_64/instr.h"

enum {
    REG_DATA = 0,
    REG_ENABLE = 1,
    REG_IDENTIFY = 2, /* read */
    REG_FIFO = 2,     /* write */
    REG_LINE = 3,
    REG_MODEM = 4,
    REG_STATUS = 5,
    REG_SCRATCH = 7
};

enum { ENABLE_INPUT = 1, ENABLE_ROOM = 2 };
enum { STATUS_INPUT = 0x01, STATUS_ROOM = 0x20, STATUS_EMPTY = 0x40 };
enum { FIFO_ON_CLEAR_14 = 0xc7, FIFO_TRIGGER = 14 }; /* on, cleared, at 14 */
enum { LINE_8N1 = 3, LINE_DIVISOR = 0x80 };
enum { MODEM_ON = 0x0b }; /* DTR, RTS, and OUT2 that lets interrupts out */
enum { IDENTIFY_CAUSE = 0x0f, IDENTIFY_NONE = 1, IDENTIFY_INPUT = 4 };

enum { BUSY_POLLS_MAX = 1000000, CAUSES_MAX = 64 };

static uint8_t get(const struct uart *u, unsigned reg)
{
    return in8((uint16_t)(u->port + reg));
}

static void put(const struct uart *u, unsigned reg, unsigned value)
{
    out8((uint16_t)(u->port + reg), (uint8_t)value);
}

static bool answers(const struct uart *u)
{
    put(u, REG_SCRATCH, 0x5a);
    if (get(u, REG_SCRATCH) != 0x5a)
        return false;
    put(u, REG_SCRATCH, 0xa5);
    return get(u, REG_SCRATCH) == 0xa5;
}

void uart_init(struct uart *u, uint16_t port)
{
    *u = (struct uart){.port = port};
    u->present = answers(u);
    if (!u->present)
        return;
    put(u, REG_ENABLE, 0);
    put(u, REG_LINE, LINE_DIVISOR);
    put(u, REG_DATA, 1);
    put(u, REG_ENABLE, 0);
    put(u, REG_LINE, LINE_8N1);
    put(u, REG_FIFO, FIFO_ON_CLEAR_14);
    put(u, REG_MODEM, MODEM_ON);
}

/* Under lock. */
static void enable(struct uart *u, uint8_t set, uint8_t clear)
{
    uint8_t now = (uint8_t)((u->enabled | set) & ~clear);

    if (now == u->enabled)
        return;
    u->enabled = now;
    put(u, REG_ENABLE, now);
}

/* Moves what the port holds to the ring, as far as there is room: known bytes
 * are there for sure. Under lock. */
static void take_input(struct uart *u, unsigned known)
{
    while (u->head - u->tail < UART_RING_SIZE) {
        if (known > 0)
            known--;
        else if (!(get(u, REG_STATUS) & STATUS_INPUT))
            break;
        u->ring[u->head++ % UART_RING_SIZE] = get(u, REG_DATA);
    }
    if (u->head - u->tail == UART_RING_SIZE)
        enable(u, 0, ENABLE_INPUT);
}

static void on_interrupt(void *arg)
{
    struct uart *u = arg;
    unsigned saved = lock_take(&u->lock);
    void (*ready)(void *) = u->ready;
    void *ready_arg = u->arg;

    /* The line is edge-triggered: it must have been low before we leave, or
     * the next cause makes no edge. */
    for (unsigned i = 0; i < CAUSES_MAX; i++) {
        unsigned cause = get(u, REG_IDENTIFY) & IDENTIFY_CAUSE;

        if (cause & IDENTIFY_NONE)
            break;
        take_input(u, cause == IDENTIFY_INPUT ? FIFO_TRIGGER : 0);
        if (get(u, REG_STATUS) & STATUS_ROOM)
            enable(u, 0, ENABLE_ROOM);
    }
    lock_drop(&u->lock, saved);
    if (ready != NULL)
        ready(ready_arg);
}

int uart_start(struct uart *u, unsigned line)
{
    unsigned saved;
    int error;

    if (!u->present)
        return 0;
    error = hal_irq_attach(line, on_interrupt, u);
    if (error != 0)
        return error;
    hal_irq_unmask(line);
    saved = lock_take(&u->lock);
    enable(u, ENABLE_INPUT, 0);
    lock_drop(&u->lock, saved);
    return 0;
}

void uart_set_ready(struct uart *u, void (*ready)(void *arg), void *arg)
{
    unsigned saved = lock_take(&u->lock);

    u->ready = ready;
    u->arg = arg;
    lock_drop(&u->lock, saved);
}

size_t uart_write(struct uart *u, const char *data, size_t size)
{
    size_t done = 0;
    unsigned saved;

    if (!u->present)
        return size;
    saved = lock_take(&u->lock);
    while (done < size && (get(u, REG_STATUS) & STATUS_ROOM)) {
        size_t now = min_size(size - done, UART_FIFO_SIZE);

        out8_string(u->port, data + done, now);
        done += now;
    }
    if (done < size)
        enable(u, ENABLE_ROOM, 0);
    lock_drop(&u->lock, saved);
    return done;
}

static bool wait_for(struct uart *u, uint8_t status)
{
    for (unsigned i = 0; i < BUSY_POLLS_MAX; i++) {
        if (get(u, REG_STATUS) & status)
            return true;
        pause_cpu();
    }
    return false;
}

void uart_write_wait(struct uart *u, const char *data, size_t size)
{
    size_t now;

    if (!u->present)
        return;
    for (; size > 0; data += now, size -= now) {
        if (!wait_for(u, STATUS_ROOM))
            return;
        now = min_size(size, UART_FIFO_SIZE);
        out8_string(u->port, data, now);
    }
}

size_t uart_read(struct uart *u, uint8_t *data, size_t size)
{
    size_t done = 0;
    unsigned saved;

    if (!u->present)
        return 0;
    saved = lock_take(&u->lock);
    while (done < size && u->tail != u->head)
        data[done++] = u->ring[u->tail++ % UART_RING_SIZE];
    /* Only a full ring turned it off; turning it on raises what waits. */
    enable(u, ENABLE_INPUT, 0);
    lock_drop(&u->lock, saved);
    return done;
}

void uart_drain(struct uart *u)
{
    if (u->present)
        (void)wait_for(u, STATUS_EMPTY);
}
