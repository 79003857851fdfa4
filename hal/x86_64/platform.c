/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/platform.c - the rest of hal/platform.h: entropy, and the end.
 */
#include "hal/platform.h"

#include "core/base/defs.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "hal/cpu.h"
#include "hal/x86_64/console.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/power.h"
#include "hal/x86_64/smp.h"

enum { DEBUG_EXIT_PORT = 0xf4 }; /* QEMU's isa-debug-exit */
enum { RANDOM_TRIES = 10 };      /* SDM volume 1, 7.3.17.1 */

/* One word by RDSEED or RDRAND; false when the source ran dry. */
static bool random_word(uint64_t *out)
{
    bool ok = false;

    for (unsigned i = 0; i < RANDOM_TRIES && !ok; i++) {
        if (cpu_features.rdseed)
            __asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
        if (!ok && cpu_features.rdrand)
            __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
    }
    return ok;
}

bool hal_entropy(void *data, size_t size)
{
    char *at = data;

    while (size > 0) {
        uint64_t word;
        size_t now = min_size(size, sizeof(word));

        if (!random_word(&word))
            return false;
        mem_copy(at, &word, now);
        at += now;
        size -= now;
    }
    return true;
}

/* From here on nobody interferes. */
static void stop_all_but_this(void)
{
    interrupts_off();
    console_close_log();
    smp_stop_others();
}

/* The last words and all output before them. */
static void say_status(int status)
{
    char line[64];
    size_t size =
        format(line, sizeof(line), "cyphera: exit status %d\n", status);

    stop_all_but_this();
    hal_log_write(line, size);
    console_drain();
}

void hal_power_off(int status)
{
    say_status(status);
    /* It carries 7 bits and ends QEMU; the line above says all of it. */
    out32(DEBUG_EXIT_PORT, (uint32_t)status);
    power_off();
    power_reset();
    hal_cpu_halt();
}

void hal_reboot(void)
{
    say_status(0);
    power_reset();
    power_off();
    hal_cpu_halt();
}

void hal_halt(void)
{
    stop_all_but_this();
    console_drain();
    hal_cpu_halt();
}
