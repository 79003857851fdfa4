/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/console.c - contract in console.h.
 */
#include "core/dev/console.h"

#include "core/base/panic.h"
#include "core/sched/worker.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"

enum {
    INPUT_AT_ONCE = 256,  /* bytes */
    OUTPUT_AT_ONCE = 4096 /* the same */
};

static const struct lock_class input_class = {"console input",
                                              LOCK_RANK_TTY_INPUT};
static const struct lock_class output_class = {"console output",
                                               LOCK_RANK_TTY_OUTPUT};

static struct {
    struct tty tty;
    const struct console_port *port; /* const once started */
    struct work work;
    struct mutex input_lock;
    struct mutex output_lock;
    /* Input that the terminal has no room for: bytes[at..at + held). */
    size_t held GUARDED_BY(input_lock), at GUARDED_BY(input_lock);
    bool ended GUARDED_BY(input_lock);
    bool is_throttled GUARDED_BY(input_lock); /* IXOFF: VSTOP was sent */
    uint8_t bytes[INPUT_AT_ONCE] GUARDED_BY(input_lock);
    uint8_t out[OUTPUT_AT_ONCE] GUARDED_BY(output_lock);
} console;

static void queue_work(void)
{
    cpu_pin();
    (void)worker_queue(cpu_this()->number, &console.work);
    cpu_unpin();
}

/* The port's call. */
static void note_ready(void *arg)
{
    (void)arg;
    (void)worker_queue(cpu_this()->number, &console.work);
}

/* --- output --------------------------------------------------------------- */

/* Hands the port a batch; false: it is busy, or there is no output. */
static bool put_batch(void) REQUIRES(console.output_lock)
{
    uint32_t start;
    size_t size =
        tty_peek_out(&console.tty, console.out, sizeof(console.out), &start);
    int taken;

    if (size == 0)
        return false;
    taken = console.port->write(console.out, size);
    if (taken < 0)
        taken = (int)size;
    ASSERT((size_t)taken <= size);
    tty_take_out(&console.tty, start, (size_t)taken);
    return taken > 0;
}

static void put_output(struct tty *tty)
{
    (void)tty;
    mutex_lock(&console.output_lock);
    while (put_batch())
        ;
    mutex_unlock(&console.output_lock);
}

/* --- input ---------------------------------------------------------------- */

/* Makes sure that there are bytes: false, there are none. */
static bool get_batch(void) REQUIRES(console.input_lock)
{
    int got;

    if (console.held > 0)
        return true;
    if (console.ended)
        return false;
    got = console.port->read(console.bytes, sizeof(console.bytes));
    if (got == CONSOLE_PORT_END) {
        console.ended = true;
        tty_hang_up(&console.tty);
        return false;
    }
    console.at = 0;
    console.held = (size_t)got;
    return got > 0;
}

/* IXOFF (termios(3)): the other side is to pause, or to go on. */
static void throttle(bool pauses) REQUIRES(console.input_lock)
{
    struct lx_termios2 termios;

    if (pauses == console.is_throttled)
        return;
    tty_get_termios(&console.tty, &termios);
    if (pauses && (termios.c_iflag & LX_IXOFF) == 0)
        return;
    console.is_throttled = pauses;
    (void)!tty_flow(&console.tty, pauses ? LX_TCIOFF : LX_TCION);
}

static void take_input(void)
{
    size_t taken = 1;

    mutex_lock(&console.input_lock);
    while (taken > 0 && get_batch()) {
        taken =
            tty_receive(&console.tty, console.bytes + console.at, console.held);
        console.at += taken;
        console.held -= taken;
    }
    throttle(console.held > 0);
    mutex_unlock(&console.input_lock);
}

static void note_room(struct tty *tty)
{
    (void)tty;
    queue_work();
}

static void work(struct work *item)
{
    struct lx_winsize window = {0};

    (void)item;
    if (console.port->window(&window))
        tty_set_window(&console.tty, &window);
    take_input();
    put_output(&console.tty);
}

/* --- the terminal --------------------------------------------------------- */

/* The machine has its console to the end. */
static void refuse_free(struct tty *tty)
{
    (void)tty;
    panic("the console was freed");
}

static const struct tty_ops console_ops = {
    .output = put_output,
    .input_room = note_room,
    .free = refuse_free,
    .has_line = true,
};

void console_tty_start(const struct console_port *port)
{
    struct lx_winsize window = {0};

    ASSERT(console.port == NULL);
    tty_init(&console.tty, &console_ops, port->major, port->minor);
    mutex_init(&console.input_lock, &input_class);
    mutex_init(&console.output_lock, &output_class);
    work_init(&console.work, work);
    console.port = port;
    if (port->window(&window))
        tty_set_window(&console.tty, &window);
    port->attach(note_ready, NULL);
}

struct tty *console_tty(void)
{
    return console.port != NULL ? &console.tty : NULL;
}

static bool is_drained(void *arg)
{
    (void)arg;
    return !tty_has_output(&console.tty);
}

void console_tty_drain(uint64_t timeout_ns)
{
    if (console.port == NULL)
        return;
    (void)!waitq_wait(&console.tty.waitq, is_drained, NULL,
                      hal_clock_now() + timeout_ns);
}
