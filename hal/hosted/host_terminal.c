/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_terminal.c - the terminal that init's console is.
 *
 * Raw: the guest's own terminal does all that termios(3) knows. Lines of the
 * kernel's log are given their carriage returns by host_log_write().
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"

enum {
    CTRL_A = 1,
    STATE_MAX = 64 /* more than ioctl(TCGETS) writes, 36 bytes */
};

static struct termios saved;
static bool is_raw;     /* atomic */
static bool escaped;    /* Ctrl-A was the last byte; the loop's thread only */
static uint64_t window; /* rows, columns, x, y; 16 bits each; atomic */

bool host_terminal_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int host_terminal_raw(void)
{
    struct termios raw;
    unsigned char state[STATE_MAX] = {0};

    if (tcgetattr(STDIN_FILENO, &saved) != 0 ||
        ioctl(STDIN_FILENO, TCGETS, state) != 0)
        return host_error("terminal", errno);
    host_guardian_terminal(state, sizeof(state));
    raw = saved;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0)
        return host_error("terminal", errno);
    __atomic_store_n(&is_raw, true, __ATOMIC_RELEASE);
    host_terminal_resized();
    return 0;
}

void host_terminal_restore(void)
{
    if (__atomic_exchange_n(&is_raw, false, __ATOMIC_ACQ_REL))
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

void host_terminal_resized(void)
{
    struct winsize now;

    if (!host_terminal_is_raw() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0)
        return;
    __atomic_store_n(&window,
                     now.ws_row | (uint64_t)now.ws_col << 16 |
                         (uint64_t)now.ws_xpixel << 32 |
                         (uint64_t)now.ws_ypixel << 48,
                     __ATOMIC_RELEASE);
}

bool host_terminal_is_raw(void)
{
    return __atomic_load_n(&is_raw, __ATOMIC_ACQUIRE);
}

bool host_console_size(uint16_t *rows, uint16_t *columns, uint16_t *width,
                       uint16_t *height)
{
    uint64_t now = __atomic_load_n(&window, __ATOMIC_ACQUIRE);

    *rows = (uint16_t)now;
    *columns = (uint16_t)(now >> 16);
    *width = (uint16_t)(now >> 32);
    *height = (uint16_t)(now >> 48);
    return now != 0;
}

size_t host_terminal_filter(unsigned char *bytes, size_t size, bool *quit)
{
    size_t kept = 0;

    for (size_t i = 0; i < size && !*quit; i++) {
        unsigned char byte = bytes[i];

        if (!escaped && byte == CTRL_A) {
            escaped = true;
            continue;
        }
        if (escaped && byte == 'x')
            *quit = true;
        else if (!escaped || byte == CTRL_A)
            bytes[kept++] = byte;
        escaped = false;
    }
    return kept;
}
