/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/tty_ioctl.c - ioctl(2) on terminals (ioctl_tty(2)); contract in
 * tty_file.h.
 */
#include "core/abi/errno.h"
#include "core/abi/ioctl.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/dev/pty.h"
#include "core/fs/tty_file.h"
#include "core/vm/uaccess.h"

static int copy_out_int(const struct tty_call *call, int32_t value)
{
    return copy_out_struct(call->as, call->arg, &value);
}

/* A count as the kernel's int. */
static int copy_out_count(const struct tty_call *call, size_t count)
{
    return copy_out_int(call, (int32_t)count);
}

static int check_change(const struct tty_call *call)
{
    return tty_get_jobs()->check(call->tty, LX_SIGTTOU);
}

/* --- settings ------------------------------------------------------------- */

static const uint32_t speeds[] = {0,    50,   75,    110,  134,  150,
                                  200,  300,  600,   1200, 1800, 2400,
                                  4800, 9600, 19200, 38400};
static const uint32_t more_speeds[] = {
    57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
    1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

enum { INPUT_SPEED_SHIFT = 16 }; /* CIBAUD of termios(3) */

/* The speed of CBAUD's bits; BOTHER means other. */
static uint32_t speed_of(uint32_t bits, uint32_t other)
{
    uint32_t low = bits & LX_CBAUD & ~LX_CBAUDEX;

    if ((bits & LX_CBAUDEX) == 0)
        return speeds[low];
    return low == 0 ? other : more_speeds[low - 1];
}

static void set_speeds(struct lx_termios2 *t)
{
    uint32_t input = t->c_cflag >> INPUT_SPEED_SHIFT & LX_CBAUD;

    t->c_ospeed = speed_of(t->c_cflag, t->c_ospeed);
    t->c_ispeed = input == 0 ? t->c_ospeed : speed_of(input, t->c_ispeed);
}

static bool is_second_form(unsigned request)
{
    return request == LX_TCGETS2 || request == LX_TCSETS2 ||
           request == LX_TCSETSW2 || request == LX_TCSETSF2;
}

static int get_settings(const struct tty_call *call)
{
    struct lx_termios2 termios;
    size_t size = is_second_form(call->request) ? sizeof(termios)
                                                : sizeof(struct lx_termios);

    tty_get_termios(call->tty, &termios);
    return copy_out(call->as, call->arg, &termios, size);
}

static bool is_drained(void *arg)
{
    return !tty_has_output(arg);
}

static int drain(const struct tty_call *call)
{
    return waitq_wait_interruptible(&call->tty->waitq, is_drained, call->tty,
                                    WAIT_FOREVER);
}

/* The shorter form is the beginning of the longer. */
static int take_settings(const struct tty_call *call, struct lx_termios2 *out)
{
    size_t size = is_second_form(call->request) ? sizeof(*out)
                                                : sizeof(struct lx_termios);
    int error;

    tty_get_termios(call->tty, out);
    error = copy_in(call->as, out, call->arg, size);
    if (error == 0)
        set_speeds(out);
    return error;
}

static int set_settings(const struct tty_call *call)
{
    bool flushes = call->request == LX_TCSETSF || call->request == LX_TCSETSF2;
    bool drains =
        flushes || call->request == LX_TCSETSW || call->request == LX_TCSETSW2;
    struct lx_termios2 termios;
    int error = check_change(call);

    if (error == 0)
        error = take_settings(call, &termios);
    if (error == 0 && flushes)
        error = tty_flush(call->tty, LX_TCIFLUSH);
    if (error == 0 && drains)
        error = drain(call);
    if (error == 0)
        tty_set_termios(call->tty, &termios);
    return error;
}

/* --- the other requests --------------------------------------------------- */

static int get_window(const struct tty_call *call)
{
    struct lx_winsize window;

    tty_get_window(call->tty, &window);
    return copy_out_struct(call->as, call->arg, &window);
}

static int set_window(const struct tty_call *call)
{
    struct lx_winsize window;
    int error = copy_in_struct(call->as, &window, call->arg);

    if (error == 0)
        tty_set_window(call->tty, &window);
    return error;
}

/* What is in the queue towards the one who asks. */
static int count_input(const struct tty_call *call)
{
    if (!call->is_master)
        return copy_out_count(call, tty_count_in(call->tty));
    return copy_out_count(call, tty_count_out_ready(call->tty));
}

/* A pseudo-terminal has no line for bytes to wait for. */
static int count_output(const struct tty_call *call)
{
    return copy_out_count(
        call, tty_has_output(call->tty) ? tty_count_out(call->tty) : 0);
}

static int flush(const struct tty_call *call)
{
    int error = check_change(call);

    return error != 0 ? error : tty_flush(call->tty, (unsigned)call->arg);
}

static int change_flow(const struct tty_call *call)
{
    int error = check_change(call);

    return error != 0 ? error : tty_flow(call->tty, (unsigned)call->arg);
}

/* There is no line that could be broken: TCSBRK with 1 is tcdrain(3), else it
 * and TCSBRKP end at once. */
static int send_break(const struct tty_call *call)
{
    int error = check_change(call);

    return error != 0 ? error : drain(call);
}

static int simulate_input(const struct tty_call *call)
{
    struct tty *own = tty_get_jobs()->current();
    bool is_own = own == call->tty;
    uint8_t byte;
    int error;

    if (own != NULL)
        tty_put(own);
    if (!is_own && !tty_get_jobs()->is_capable(TTY_MAY_ADMIN))
        return -EPERM;
    error = copy_in_struct(call->as, &byte, call->arg);
    if (error == 0)
        (void)tty_receive(call->tty, &byte, 1); /* typed into a full queue */
    return error;
}

static int set_discipline(const struct tty_call *call)
{
    int32_t number;
    int error = copy_in_struct(call->as, &number, call->arg);

    if (error == 0 && number != 0)
        error = -EINVAL;
    return error;
}

static int hang_up(const struct tty_call *call)
{
    if (!tty_get_jobs()->is_capable(TTY_MAY_ADMIN))
        return -EPERM;
    tty_hang_up(call->tty);
    return 0;
}

static int get_device(const struct tty_call *call)
{
    return copy_out_int(
        call, (int32_t)chardev_number(call->tty->major, call->tty->minor));
}

static int get_discipline(const struct tty_call *call)
{
    return copy_out_int(call, 0);
}

static int set_exclusive(const struct tty_call *call)
{
    tty_set_exclusive(call->tty, call->request == LX_TIOCEXCL);
    return 0;
}

static int get_exclusive(const struct tty_call *call)
{
    return copy_out_int(call, tty_is_exclusive(call->tty));
}

static int acquire(const struct tty_call *call)
{
    return tty_get_jobs()->acquire(call->tty, call->arg == 1, call->may_read);
}

static int give_up(const struct tty_call *call)
{
    return call->is_master ? -ENOTTY : tty_get_jobs()->give_up(call->tty);
}

static int get_group(const struct tty_call *call)
{
    int number;
    int error = tty_get_jobs()->get_group(call->tty, call->is_master, &number);

    return error != 0 ? error : copy_out_int(call, number);
}

static int get_session(const struct tty_call *call)
{
    int number;
    int error =
        tty_get_jobs()->get_session(call->tty, call->is_master, &number);

    return error != 0 ? error : copy_out_int(call, number);
}

static int set_group(const struct tty_call *call)
{
    int error = check_change(call);
    int32_t number;

    if (error != 0)
        return error == -EIO ? -ENOTTY : error;
    error = tty_get_jobs()->check_owner(call->tty);
    if (error == 0)
        error = copy_in_struct(call->as, &number, call->arg);
    return error != 0 ? error : tty_get_jobs()->set_group(call->tty, number);
}

/* TIOCGPTPEER of what is no master. */
static int refuse_peer(const struct tty_call *call)
{
    (void)call;
    return -EIO;
}

static const struct {
    unsigned request;
    int (*serve)(const struct tty_call *call);
} requests[] = {
    {LX_TCGETS, get_settings},
    {LX_TCGETS2, get_settings},
    {LX_TCSETS, set_settings},
    {LX_TCSETSW, set_settings},
    {LX_TCSETSF, set_settings},
    {LX_TCSETS2, set_settings},
    {LX_TCSETSW2, set_settings},
    {LX_TCSETSF2, set_settings},
    {LX_TIOCGWINSZ, get_window},
    {LX_TIOCSWINSZ, set_window},
    {LX_FIONREAD, count_input},
    {LX_TIOCOUTQ, count_output},
    {LX_TCFLSH, flush},
    {LX_TCXONC, change_flow},
    {LX_TCSBRK, send_break},
    {LX_TCSBRKP, send_break},
    {LX_TIOCSTI, simulate_input},
    {LX_TIOCGETD, get_discipline},
    {LX_TIOCSETD, set_discipline},
    {LX_TIOCVHANGUP, hang_up},
    {LX_TIOCGDEV, get_device},
    {LX_TIOCEXCL, set_exclusive},
    {LX_TIOCNXCL, set_exclusive},
    {LX_TIOCGEXCL, get_exclusive},
    {LX_TIOCSCTTY, acquire},
    {LX_TIOCNOTTY, give_up},
    {LX_TIOCGPGRP, get_group},
    {LX_TIOCSPGRP, set_group},
    {LX_TIOCGSID, get_session},
    {LX_TIOCGPTPEER, refuse_peer},
};

int tty_control(const struct tty_call *call)
{
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        if (requests[i].request == call->request)
            return requests[i].serve(call);
    return -ENOTTY;
}
