/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/log.h - the kernel's log.
 *
 * Levels are those of syslog(2). A line is "[sec.usec] text", cut at
 * LOG_LINE_MAX; lines above the console level go to hal_log_write() at once.
 * The last LOG_RECORDS lines of any level are kept, numbered from 0 on, for
 * those who read them later. Any context.
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
enum { LOG_RECORDS = 256 };

/* A line that was kept. */
struct log_record {
    uint64_t sequence;
    uint64_t time_us;  /* since boot */
    unsigned priority; /* 8 * facility + level (syslog(3)) */
    unsigned size;     /* bytes of text */
    char text[LOG_LINE_MAX];
};

C_DECLS_BEGIN

/* Logs one line; a newline is added. */
void log_print(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...)   log_print(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_print(LOG_DEBUG, __VA_ARGS__)

/* The same for text of somebody's (/dev/kmsg), of size bytes, cut. */
void log_put(unsigned priority, const char *text, size_t size);

/* Lines of a level below this go to the console (syslog(2), console_loglevel).
 */
void log_set_console_level(int level);
int log_console_level(void);

/* The line *sequence, or the first that is left after it: false, there is none
 * yet. *sequence becomes the number of *out. Any context. */
MUST_USE bool log_read(uint64_t *sequence, struct log_record *out);

/* The number the next line will have. */
uint64_t log_next(void);

/* Calls hook after each line that was kept, in the context it came in. Once. */
void log_set_hook(void (*hook)(void));

C_DECLS_END

#endif /* CORE_BASE_LOG_H */
