/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/log.c - contract in log.h.
 *
 * A line is made on the caller's stack and written by one call of the HAL,
 * which keeps lines whole: that takes no lock, so it works before there are
 * CPUs, in interrupts, and in a panic whoever holds what. The records have a
 * lock word of their own, for this lies below the spinlocks; who cannot get
 * it, because its holder was stopped, keeps nothing.
 */
#include "core/base/log.h"

#include "core/base/format.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/platform.h"

enum { CONSOLE_LEVEL_MIN = 1, CONSOLE_LEVEL_MAX = 8 }; /* syslog(2) */
enum { LEVEL_MASK = 7, TRIES_MAX = 1000000 };

static int console_level = LOG_CONSOLE_DEFAULT; /* atomic */

static struct {
    unsigned taken;     /* atomic: 1 + the CPU that holds the rest; 0: none */
    void (*hook)(void); /* atomic */
    uint64_t next;      /* the number of the next one */
    struct log_record of[LOG_RECORDS]; /* by number */
} records;

/* False: it cannot be had. Interrupts are off from here to the give. */
static bool take_records(unsigned *saved)
{
    unsigned self = hal_cpu_self() + 1;

    *saved = hal_irq_save();
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        unsigned owner = 0;

        if (__atomic_compare_exchange_n(&records.taken, &owner, self, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
        if (owner == self)
            break; /* a fault while it was held */
        hal_cpu_relax();
    }
    hal_irq_restore(*saved);
    return false;
}

static void give_records(unsigned saved)
{
    __atomic_store_n(&records.taken, 0, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
}

static void keep(unsigned priority, uint64_t time_us, const char *text,
                 size_t size)
{
    void (*hook)(void) = __atomic_load_n(&records.hook, __ATOMIC_ACQUIRE);
    struct log_record *record;
    unsigned saved;

    if (!take_records(&saved))
        return;
    record = &records.of[records.next % LOG_RECORDS];
    record->sequence = records.next++;
    record->time_us = time_us;
    record->priority = priority;
    record->size = (unsigned)min_size(size, sizeof(record->text));
    mem_copy(record->text, text, record->size);
    give_records(saved);
    if (hook != NULL)
        hook();
}

void log_set_console_level(int level)
{
    if (level < CONSOLE_LEVEL_MIN)
        level = CONSOLE_LEVEL_MIN;
    if (level > CONSOLE_LEVEL_MAX)
        level = CONSOLE_LEVEL_MAX;
    __atomic_store_n(&console_level, level, __ATOMIC_RELAXED);
}

int log_console_level(void)
{
    return __atomic_load_n(&console_level, __ATOMIC_RELAXED);
}

/* Keeps and shows line, whose text begins at head; a newline is added in
 * place. */
static void finish_line(unsigned priority, uint64_t time_us, char *line,
                        size_t head, size_t length)
{
    keep(priority, time_us, line + head, length - head);
    if ((int)(priority & LEVEL_MASK) >= log_console_level())
        return;
    line[length] = '\n';
    hal_log_write(line, length + 1);
}

static size_t write_time(char *line, size_t size, uint64_t now_us)
{
    size_t length =
        format(line, size, "[%5lu.%06lu] ", now_us / 1000000, now_us % 1000000);

    ASSERT(length < size);
    return length;
}

void log_print(enum log_level level, const char *fmt, ...)
{
    uint64_t now_us = hal_clock_now() / 1000;
    char line[LOG_LINE_MAX];
    size_t head = write_time(line, sizeof(line), now_us), length;
    va_list list;

    va_start(list, fmt);
    length = head + format_list(line + head, sizeof(line) - head, fmt, list);
    va_end(list);
    finish_line(level, now_us, line, head, min_size(length, sizeof(line) - 1));
}

void log_put(unsigned priority, const char *text, size_t size)
{
    uint64_t now_us = hal_clock_now() / 1000;
    char line[LOG_LINE_MAX];
    size_t head = write_time(line, sizeof(line), now_us);

    size = min_size(size, sizeof(line) - 1 - head);
    mem_copy(line + head, text, size);
    finish_line(priority, now_us, line, head, head + size);
}

bool log_read(uint64_t *sequence, struct log_record *out)
{
    uint64_t first;
    unsigned saved;
    bool found;

    if (!take_records(&saved))
        return false;
    first = records.next > LOG_RECORDS ? records.next - LOG_RECORDS : 0;
    *sequence = max_u64(*sequence, first);
    found = *sequence < records.next;
    if (found)
        *out = records.of[*sequence % LOG_RECORDS];
    give_records(saved);
    return found;
}

uint64_t log_next(void)
{
    uint64_t next = 0;
    unsigned saved;

    if (!take_records(&saved))
        return next;
    next = records.next;
    give_records(saved);
    return next;
}

void log_set_hook(void (*hook)(void))
{
    __atomic_store_n(&records.hook, hook, __ATOMIC_RELEASE);
}
