/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/check.c - hal/check.h: no tool watches the bare machine.
 */
#include "hal/check.h"

void hal_check_poison(const void *start, size_t size)
{
    (void)start;
    (void)size;
}

void hal_check_unpoison(const void *start, size_t size)
{
    (void)start;
    (void)size;
}

bool hal_check_is_watching(void)
{
    return false;
}

void hal_check_point(void) {}

void hal_check_event(enum hal_event event, uint64_t a, uint64_t b, uint64_t c)
{
    (void)event;
    (void)a;
    (void)b;
    (void)c;
}

uint64_t hal_check_choose(enum hal_choice choice, uint64_t bound)
{
    (void)choice;
    (void)bound;
    return 0;
}

void hal_check_coverage(uint64_t pc)
{
    (void)pc;
}

void hal_check_note(const char *note)
{
    (void)note;
}
