/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/console.c - the streams and the log of hal/platform.h.
 *
 * A serial line has no end of file, so a file or pipe on the other side sends
 * its bytes framed (cyphera.stdin=framed): DLE EOT is the end, DLE DLE one
 * DLE, everything else itself. Output is never framed.
 */
#include "hal/x86_64/console.h"

#include "core/base/defs.h"
#include "hal/cpu.h"
#include "hal/platform.h"
#include "hal/x86_64/cmdline.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/lines.h"
#include "hal/x86_64/lock.h"
#include "hal/x86_64/uart.h"

enum { COM1 = 0x3f8, COM1_ISA = 4, COM2 = 0x2f8, COM2_ISA = 3 };
enum { DEBUG_PORT = 0xe9 }; /* reads as its own number where it is */
enum { DLE = 0x10, EOT = 0x04 };

enum { LOG_POLLS_MAX = 10000000 };

static const char ready_line[] = "cyphera: console ready\n";

static struct uart com1, com2;
static bool has_debug_port;

static unsigned log_owner; /* atomic: 1 + the CPU that writes a line */

/* Input framing. */
static struct lock framing_lock;
static struct {
    bool on;
    bool escaped; /* the last byte was a DLE */
    bool ended;
} framing; /* framing_lock */

void console_setup(void)
{
    has_debug_port = in8(DEBUG_PORT) == DEBUG_PORT;
    uart_init(&com1, COM1);
    uart_init(&com2, COM2);
}

int console_start(const char *command_line)
{
    int error;

    framing.on = cmdline_has(command_line, "cyphera.stdin=", "framed");
    error = uart_start(&com1, lines_of_isa(COM1_ISA));
    if (error == 0)
        error = uart_start(&com2, lines_of_isa(COM2_ISA));
    /* The FIFO lost what came before it was on: framed input waits for this. */
    if (error == 0 && framing.on && has_debug_port)
        hal_log_write(ready_line, sizeof(ready_line) - 1);
    return error;
}

void console_drain(void)
{
    uart_drain(&com1);
    uart_drain(&com2);
}

/*
 * Makes this CPU the one that writes to the log; false, and no more is to be
 * done, where it is already (a fault or NMI inside) or where the one that is
 * does not end: it was stopped.
 */
static bool claim_log(void)
{
    unsigned self = hal_cpu_self() + 1;

    for (unsigned i = 0; i < LOG_POLLS_MAX; i++) {
        unsigned owner = 0;

        if (__atomic_compare_exchange_n(&log_owner, &owner, self, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
        if (owner == self)
            return false;
        pause_cpu();
    }
    return false;
}

void hal_log_write(const char *text, size_t size)
{
    unsigned saved = hal_irq_save();
    bool is_ours = claim_log();

    if (has_debug_port)
        out8_string(DEBUG_PORT, text, size);
    else
        uart_write_wait(&com1, text, size);
    if (is_ours)
        __atomic_store_n(&log_owner, 0, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
}

void console_close_log(void)
{
    (void)claim_log();
}

int hal_console_write(enum hal_stream stream, const void *data, size_t size)
{
    bool second = stream == HAL_STREAM_ERR && com2.present;

    size = min_size(size, INT32_MAX);
    return (int)uart_write(second ? &com2 : &com1, data, size);
}

/* Takes the framing off size bytes in place; returns how many are left. */
static size_t unframe(uint8_t *data, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < size && !framing.ended; i++) {
        uint8_t byte = data[i];

        if (!framing.escaped && byte == DLE) {
            framing.escaped = true;
            continue;
        }
        if (framing.escaped && byte == EOT)
            framing.ended = true;
        else
            data[kept++] = byte;
        framing.escaped = false;
    }
    return kept;
}

/* Under framing_lock. */
static int read_framed(void *data, size_t size)
{
    size_t got;

    /* Bytes may be all framing: look again while there are more. */
    while (!framing.ended) {
        got = uart_read(&com1, data, size);
        if (got == 0)
            return 0;
        got = unframe(data, got);
        if (got > 0)
            return (int)got;
    }
    return HAL_CONSOLE_END;
}

int hal_console_read(void *data, size_t size)
{
    unsigned saved;
    int got;

    size = min_size(size, INT32_MAX);
    if (!framing.on)
        return (int)uart_read(&com1, data, size);
    saved = lock_take(&framing_lock);
    got = read_framed(data, size);
    lock_drop(&framing_lock, saved);
    return got;
}

bool hal_console_is_terminal(void)
{
    return !framing.on;
}

/* A serial line carries no size. */
bool hal_console_size(struct hal_screen *out)
{
    (void)out;
    return false;
}

void hal_console_attach(void (*ready)(void *arg), void *arg)
{
    uart_set_ready(&com1, ready, arg);
    uart_set_ready(&com2, ready, arg);
}
