/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/console.h - the console as a terminal (console(4)).
 *
 * A port carries its bytes: the HAL's streams, or a driver's. Its interrupt
 * does no more than queue work; input is read, edited and echoed by the worker
 * of the CPU that took it. Output goes from the terminal's queue to the port
 * in the thread that wrote it, as far as the port takes it, and from there on
 * by the worker: no byte is lost but by tcflush(3).
 *
 * Locking: two mutexes, of ranks LOCK_RANK_TTY_INPUT and LOCK_RANK_TTY_OUTPUT,
 * keep the order of bytes.
 */
#ifndef CORE_DEV_CONSOLE_H
#define CORE_DEV_CONSOLE_H

#include "core/dev/tty.h"

enum { CONSOLE_PORT_END = -1 }; /* of console_port.read */

/* None of it waits. */
struct console_port {
    /* Up to size bytes of input: how many, 0, or CONSOLE_PORT_END: there will
     * be no more, and the terminal hangs up. */
    int (*read)(void *to, size_t size);
    /* How many of size bytes were taken, 0 when it is busy; -errno: it takes
     * none any more, and they are dropped. */
    int (*write)(const void *from, size_t size);
    /* The terminal's size; false: unknown. */
    bool (*window)(struct lx_winsize *out);
    /* Calls ready(), in interrupt context, whenever input, room for output, or
     * another size may have come. Once. */
    void (*attach)(void (*ready)(void *arg), void *arg);
    uint32_t major, minor; /* of the terminal: a serial line's, say */
};

C_DECLS_BEGIN

/* Starts the terminal behind port. Once, when the CPUs run. */
void console_tty_start(const struct console_port *port);

/* The terminal; NULL before console_tty_start(). Never freed. */
struct tty *console_tty(void);

/* Waits until the port has taken all output, but not longer than timeout_ns. */
void console_tty_drain(uint64_t timeout_ns);

C_DECLS_END

#endif /* CORE_DEV_CONSOLE_H */
