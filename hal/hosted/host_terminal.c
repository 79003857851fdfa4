/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_terminal.c - the terminal that init's console is.
 *
 * Raw but for OPOST: the guest's own terminal does the editing and the signals
 * (termios(3)); the kernel's log and the guest's bare newlines still start at
 * the left edge.
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
static bool is_raw;
static bool escaped; /* Ctrl-A was the last byte; the loop's thread only */
static struct winsize window;

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
    raw.c_oflag |= OPOST;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0)
        return host_error("terminal", errno);
    is_raw = true;
    host_terminal_resized();
    return 0;
}

void host_terminal_restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    is_raw = false;
}

void host_terminal_resized(void)
{
    if (is_raw)
        (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
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
