/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/rtc.c - the wall clock at boot: MC146818 and its CMOS memory.
 *
 * The hour is UTC, as Linux takes it by default on virtual machines.
 */
#include "core/base/defs.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/instr.h"

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71 };

enum {
    RTC_SECOND = 0,
    RTC_MINUTE = 2,
    RTC_HOUR = 4,
    RTC_DAY = 7,
    RTC_MONTH = 8,
    RTC_YEAR = 9,
    RTC_STATUS_A = 10,
    RTC_STATUS_B = 11,
    RTC_CENTURY = 50
};

enum { A_UPDATING = 0x80, B_24_HOURS = 2, B_BINARY = 4, HOUR_PM = 0x80 };

enum { READS_MAX = 100000, NO_CLOCK = 0xff };

struct rtc_time {
    unsigned second, minute, hour, day, month, year, century;
};

static unsigned read_cmos(unsigned reg)
{
    out8(CMOS_INDEX, (uint8_t)reg);
    return in8(CMOS_DATA);
}

static struct rtc_time read_raw(void)
{
    struct rtc_time t;

    for (unsigned i = 0; i < READS_MAX; i++)
        if (!(read_cmos(RTC_STATUS_A) & A_UPDATING))
            break;
    t.second = read_cmos(RTC_SECOND);
    t.minute = read_cmos(RTC_MINUTE);
    t.hour = read_cmos(RTC_HOUR);
    t.day = read_cmos(RTC_DAY);
    t.month = read_cmos(RTC_MONTH);
    t.year = read_cmos(RTC_YEAR);
    t.century = read_cmos(RTC_CENTURY);
    return t;
}

static unsigned from_bcd(unsigned value)
{
    return (value >> 4) * 10 + (value & 15);
}

static void decode(struct rtc_time *t)
{
    unsigned status = read_cmos(RTC_STATUS_B);
    bool pm = !(status & B_24_HOURS) && (t->hour & HOUR_PM);

    if (!(status & B_24_HOURS))
        t->hour &= ~(unsigned)HOUR_PM;
    if (!(status & B_BINARY)) {
        t->second = from_bcd(t->second);
        t->minute = from_bcd(t->minute);
        t->hour = from_bcd(t->hour);
        t->day = from_bcd(t->day);
        t->month = from_bcd(t->month);
        t->year = from_bcd(t->year);
        t->century = from_bcd(t->century);
    }
    if (!(status & B_24_HOURS))
        t->hour = t->hour % 12 + (pm ? 12 : 0);
    t->year += t->century >= 19 && t->century <= 21 ? t->century * 100 : 2000;
}

static bool is_date(const struct rtc_time *t)
{
    return t->second < 61 && t->minute < 60 && t->hour < 24 && t->day >= 1 &&
           t->day <= 31 && t->month >= 1 && t->month <= 12 && t->year >= 1970;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static uint64_t days_until(unsigned year, unsigned month, unsigned day)
{
    static const unsigned before[] = {0,   31,  59,  90,  120, 151,
                                      181, 212, 243, 273, 304, 334};
    unsigned whole = year - 1; /* years that are over */
    uint64_t days = (uint64_t)(year - 1970) * 365 + before[month - 1] + day - 1;

    days += whole / 4 - whole / 100 + whole / 400;
    days -= 1969 / 4 - 1969 / 100 + 1969 / 400;
    if (month > 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
        days++;
    return days;
}

uint64_t rtc_read(void)
{
    struct rtc_time t, again;

    if (read_cmos(RTC_STATUS_B) == NO_CLOCK)
        return 0;
    /* An update between two registers shows as a difference; twice in a row
     * it cannot come. */
    t = read_raw();
    again = read_raw();
    if (t.second != again.second)
        t = read_raw();
    decode(&t);
    if (!is_date(&t))
        return 0;
    return ((days_until(t.year, t.month, t.day) * 24 + t.hour) * 60 +
            t.minute) *
               60 +
           t.second;
}
