/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/platform.c - boot facts, streams and the end of the machine.
 */
#include "hal/platform.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/check.h"
#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"

static struct hal_boot boot;

static void (*console_ready)(void *arg);
static void *console_arg;

const struct hal_boot *hal_boot_facts(void)
{
    return &boot;
}

void hosted_boot_facts(void)
{
    const struct host_facts *facts = host_facts();

    boot.command_line = facts->command_line;
    boot.initrd.start = facts->initrd.start;
    boot.initrd.size = facts->initrd.size;
    for (size_t i = 0; i < facts->ram_count; i++) {
        boot.ram[i].start = facts->ram[i].start;
        boot.ram[i].size = facts->ram[i].size;
    }
    boot.ram_count = facts->ram_count;
    boot.hwcap = facts->hwcap;
    boot.hwcap2 = facts->hwcap2;
    boot.machine = "hosted";
}

void hal_log_write(const char *text, size_t size)
{
    host_log_write(text, size);
}

/* FNV-1a, over the bytes of a stream for the trace. */
static uint64_t checksum(const void *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void trace_data(enum hal_stream stream, const void *data, int size)
{
    if (host_facts()->traced && size > 0)
        hal_check_event(HAL_EVENT_DATA, stream, (uint64_t)size,
                        checksum(data, (size_t)size));
}

int hal_console_write(enum hal_stream stream, const void *data, size_t size)
{
    int taken;

    ASSERT(stream == HAL_STREAM_OUT || stream == HAL_STREAM_ERR);
    hosted_seed_charge();
    if (size == 0)
        return 0;
    taken = host_console_write((int)stream, data, size);
    trace_data(stream, data, taken);
    return taken < 0 ? -EPIPE : taken;
}

int hal_console_read(void *data, size_t size)
{
    int got;

    hosted_seed_charge();
    if (size == 0)
        return 0;
    got = host_console_read(data, size);
    trace_data(HAL_STREAM_IN, data, got);
    return got < 0 ? HAL_CONSOLE_END : got;
}

bool hal_console_is_terminal(void)
{
    return host_facts()->terminal;
}

bool hal_console_size(struct hal_screen *out)
{
    return host_console_size(&out->rows, &out->columns, &out->width,
                             &out->height);
}

void hal_console_attach(void (*ready)(void *arg), void *arg)
{
    unsigned saved = hal_irq_save();

    console_arg = arg;
    __atomic_store_n(&console_ready, ready, __ATOMIC_RELEASE);
    /* Input may have come before. */
    hosted_raise_console();
    hal_irq_restore(saved);
}

void hosted_console_interrupt(void)
{
    void (*ready)(void *arg) =
        __atomic_load_n(&console_ready, __ATOMIC_ACQUIRE);

    if (ready != NULL)
        ready(console_arg);
}

bool hal_entropy(void *data, size_t size)
{
    return host_entropy(data, size);
}

void hal_power_off(int status)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    host_stop(status);
    /* The other CPUs at once, not when the loop gets round to it. */
    hosted_raise_stop();
    /* A panic on a thread that is no CPU: nobody runs to wait for. */
    if (cpu == NULL || cpu->current == cpu->native)
        host_abandon(status);
    hal_irq_disable();
    hosted_context_quit(cpu);
}

void hal_reboot(void)
{
    hal_power_off(0);
}

void hal_halt(void)
{
    host_halted();
    hal_power_off(0);
}
