/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/clock.c - time, real or virtual, and each CPU's deadline.
 */
#include "hal/clock.h"

#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/check.h"
#include "hal/hosted/host.h"
#include "hal/hosted/machine.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"
#include "hal/upcall.h"

extern const unsigned char blob_vdso[], blob_vdso_end[];

uint64_t hal_clock_now(void)
{
    hosted_seed_charge();
    return host_clock_now();
}

uint64_t hal_clock_wall(void)
{
    hosted_seed_charge();
    return host_clock_wall();
}

void hal_clock_set_wall(uint64_t ns)
{
    hosted_seed_charge();
    host_clock_set_wall(ns);
}

const void *hal_clock_vdso(void *page, size_t *size)
{
    mem_set(page, 0, PAGE_SIZE);
    host_clock_share(page);
    *size = (size_t)(blob_vdso_end - blob_vdso);
    return blob_vdso;
}

void hal_clock_arm(uint64_t deadline_ns)
{
    struct hosted_cpu *cpu = hosted_cpu_self();

    ASSERT(hal_irq_are_off());
    cpu->deadline_ns = deadline_ns;
    if (deadline_ns != HAL_CLOCK_NEVER && deadline_ns <= host_clock_now()) {
        host_clock_arm(cpu->number, HOST_NEVER);
        hosted_cpu_raise(cpu, HOSTED_IRQ_TIMER);
    } else {
        host_clock_arm(cpu->number, deadline_ns);
    }
}

void hosted_clock_interrupt(struct hosted_cpu *cpu)
{
    uint64_t deadline_ns = cpu->deadline_ns;

    /* One raised for a deadline that has been replaced since: the host comes
     * again for the one that holds. */
    if (deadline_ns == HAL_CLOCK_NEVER || deadline_ns > host_clock_now())
        return;
    cpu->deadline_ns = HAL_CLOCK_NEVER;
    hal_check_event(HAL_EVENT_INTERRUPT, HOSTED_IRQ_TIMER, deadline_ns, 0);
    core_timer();
}
