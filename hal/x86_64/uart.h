/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/uart.h - a 16550 serial port (NS16550A data sheet).
 *
 * Transmission is polled: a port whose FIFO is empty takes 16 bytes. Received
 * bytes go to a ring in the interrupt handler; when that is full they wait in
 * the FIFO, and the port's receive interrupt is off until there is room.
 */
#ifndef HAL_X86_64_UART_H
#define HAL_X86_64_UART_H

#include "hal/types.h"
#include "hal/x86_64/lock.h"

enum { UART_RING_SIZE = 1024, UART_FIFO_SIZE = 16 };

struct uart {
    uint16_t port;
    bool present;
    struct lock lock;
    uint8_t enabled;              /* interrupt enable register; lock */
    uint8_t ring[UART_RING_SIZE]; /* lock */
    unsigned head, tail;          /* never wrapped; tail <= head; lock */
    void (*ready)(void *arg);     /* lock */
    void *arg;                    /* lock */
};

HAL_DECLS_BEGIN

/* Finds and initialises the port: 115200 8N1, FIFO on, no interrupt. */
void uart_init(struct uart *uart, uint16_t port);

/* Attaches the port to its line; input is taken from here on. Returns 0 or what
 * hal_irq_attach() does. */
HAL_MUST_USE int uart_start(struct uart *uart, unsigned line);

/* Calls ready(arg), in interrupt context, when input or room has come. */
void uart_set_ready(struct uart *uart, void (*ready)(void *arg), void *arg);

/* Hands bytes to the port while it takes them; returns how many. With less
 * than size, ready will be called when there is room. */
size_t uart_write(struct uart *uart, const char *data, size_t size);

/* The same, waiting for room; gives up on a port that stays busy for long.
 * Takes no lock: any context, panic included. */
void uart_write_wait(struct uart *uart, const char *data, size_t size);

/* Takes up to size bytes of input. */
size_t uart_read(struct uart *uart, uint8_t *data, size_t size);

/* Returns when all is sent. */
void uart_drain(struct uart *uart);

HAL_DECLS_END

#endif /* HAL_X86_64_UART_H */
