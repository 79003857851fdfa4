/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/log.c - contract in log.h.
 *
 * A line is made on the caller's stack and written by one call of the HAL,
 * which keeps lines whole: no lock, so it works before there are CPUs, in
 * interrupts, and in a panic whoever holds what.
 */
#include "core/base/log.h"

#include "core/base/format.h"
#include "hal/clock.h"
#include "hal/platform.h"

enum { CONSOLE_LEVEL_MIN = 1, CONSOLE_LEVEL_MAX = 8 }; /* syslog(2) */

static int console_level = LOG_CONSOLE_DEFAULT; /* atomic */

void log_set_console_level(int level)
{
    if (level < CONSOLE_LEVEL_MIN)
        level = CONSOLE_LEVEL_MIN;
    if (level > CONSOLE_LEVEL_MAX)
        level = CONSOLE_LEVEL_MAX;
    __atomic_store_n(&console_level, level, __ATOMIC_RELAXED);
}

void log_print(enum log_level level, const char *fmt, ...)
{
    uint64_t now_us = hal_clock_now() / 1000;
    char line[LOG_LINE_MAX];
    size_t length;
    va_list list;

    if ((int)level >= __atomic_load_n(&console_level, __ATOMIC_RELAXED))
        return;
    length = format(line, sizeof(line), "[%5lu.%06lu] ", now_us / 1000000,
                    now_us % 1000000);
    ASSERT(length < sizeof(line));
    va_start(list, fmt);
    length += format_list(line + length, sizeof(line) - length, fmt, list);
    va_end(list);
    length = min_size(length, sizeof(line) - 1);
    line[length] = '\n';
    hal_log_write(line, length + 1);
}
