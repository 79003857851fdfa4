/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/log.h - the kernel's log.
 *
 * Levels are those of syslog(2). A line is "[sec.usec] text", cut at
 * LOG_LINE_MAX; lines at or above the console level go to hal_log_write() at
 * once. Any context.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include "core/base/defs.h"

enum log_level {
    LOG_EMERG,
    LOG_ALERT,
    LOG_CRIT,
    LOG_ERR,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG
};

enum { LOG_LINE_MAX = 256, LOG_CONSOLE_DEFAULT = 7, LOG_CONSOLE_QUIET = 4 };

C_DECLS_BEGIN

/* Logs one line; a newline is added. */
void log_print(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...)   log_print(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_print(LOG_DEBUG, __VA_ARGS__)

/* Lines of a level below this go to the console (syslog(2), console_loglevel).
 */
void log_set_console_level(int level);

C_DECLS_END

#endif /* CORE_BASE_LOG_H */
