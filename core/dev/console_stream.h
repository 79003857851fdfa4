/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/console_stream.h - what carries the console's bytes: the HAL's
 * streams, or a driver's device that the command line names (console=hvc0).
 *
 * The functions are hal_console_*() with the device in the place of the HAL.
 * Input that is no terminal's is framed on a device, since a device has no end
 * of file: DLE EOT is the end, DLE DLE one DLE, everything else itself. Where
 * the device fails, the HAL's streams go on.
 *
 * Locking: one caller at a time reads, one writes a stream; none of it waits.
 */
#ifndef CORE_DEV_CONSOLE_STREAM_H
#define CORE_DEV_CONSOLE_STREAM_H

#include "core/abi/termios.h"
#include "core/base/list.h"
#include "hal/platform.h"

/* A driver's device. Lives as long as the machine. */
struct console_backend {
    const char *name; /* as console= has it */
    /* How many of size bytes were taken; 0: it is busy, and ready() of attach
     * comes; -EIO: it is broken. */
    int (*write)(struct console_backend *backend, const void *data,
                 size_t size);
    /* How many bytes came; 0: none yet; -EIO: it is broken. */
    int (*read)(struct console_backend *backend, void *data, size_t size);
    /* The terminal's size; false: unknown. */
    bool (*window)(struct console_backend *backend, struct lx_winsize *out);
    /* Has all that was written been taken by the device? */
    bool (*is_drained)(struct console_backend *backend);
    /* Begins to take input, and calls ready(arg), in interrupt context (after
     * cpu_enter_interrupt()) and without a lock, whenever input, room for
     * output or another size may have come. */
    void (*attach)(struct console_backend *backend, void (*ready)(void *arg),
                   void *arg);
    struct list link;
};

C_DECLS_BEGIN

/* Adds a device that console_stream_select() may name. Boot only. */
void console_backend_register(struct console_backend *backend);

/*
 * Lets the device of that name carry IN and OUT, and the one whose name follows
 * (hvc1 for hvc0), where there is one, ERR. Returns false, and changes nothing,
 * when there is no such device. Boot only, before the console starts.
 */
bool console_stream_select(const char *name);

/* See hal/platform.h. */
MUST_USE int console_stream_write(enum hal_stream stream, const void *data,
                                  size_t size);
MUST_USE int console_stream_read(void *data, size_t size);

/* As hal_console_attach(), but ready() is called where cpu_enter_interrupt()
 * has been. Once. */
void console_stream_attach(void (*ready)(void *arg), void *arg);

/* The size of the terminal now; false where it is not known. */
bool console_stream_window(struct lx_winsize *out);

/* Waits until devices have taken all output, at most timeout_ns. May sleep. */
void console_stream_drain(uint64_t timeout_ns);

C_DECLS_END

#endif /* CORE_DEV_CONSOLE_STREAM_H */
