/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/shoot.c - the contract is in shoot.h.
 */
#include "hal/x86_64/shoot.h"

#include "core/base/defs.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"

void shoot_here(struct hal_range range)
{
    if (range.count > SHOOT_PAGES_MAX) {
        write_cr3(read_cr3());
        return;
    }
    for (size_t i = 0; i < range.count; i++)
        flush_page(range.start + i * PAGE_SIZE);
}

static void shoot_all_here(void)
{
    uint64_t cr4 = read_cr4();

    /* Global translations go when CR4.PGE changes: SDM volume 3, 4.10.4.1. */
    if (cr4 & CR4_PGE) {
        write_cr4(cr4 & ~CR4_PGE);
        write_cr4(cr4);
    } else {
        write_cr3(read_cr3());
    }
}

/* Puts a request (mmu NULL: forget all) into the queue of a CPU, and wakes it
 * unless others did. Returns what its `done` must reach. Interrupts are off. */
static uint64_t post(struct cpu_block *to, struct shoot_request request)
{
    struct shoot_queue *q = &to->shoot;
    unsigned saved = lock_take(&q->lock);
    bool was_empty = q->wanted == __atomic_load_n(&q->done, __ATOMIC_RELAXED);
    uint64_t ticket = ++q->wanted;

    if (request.mmu == NULL)
        q->all_kernel = true;
    else if (q->count < SHOOT_REQUESTS_MAX)
        q->requests[q->count++] = request;
    else
        q->all_user = true;
    lock_drop(&q->lock, saved);
    if (was_empty)
        apic_send(to->apic_id, VECTOR_SHOOT);
    return ticket;
}

void shoot_interrupt(void)
{
    struct cpu_block *cpu = cpu_block();
    struct shoot_queue *q = &cpu->shoot;
    unsigned saved = lock_take(&q->lock);

    if (q->all_kernel)
        shoot_all_here();
    else if (q->all_user)
        write_cr3(read_cr3());
    else
        for (unsigned i = 0; i < q->count; i++)
            if (q->requests[i].mmu == cpu->mmu)
                shoot_here(q->requests[i].range);
    q->count = 0;
    q->all_user = false;
    q->all_kernel = false;
    __atomic_store_n(&q->done, q->wanted, __ATOMIC_RELEASE);
    lock_drop(&q->lock, saved);
}

static void do_here(struct shoot_request request)
{
    if (request.mmu == NULL)
        shoot_all_here();
    else if (request.mmu == cpu_block()->mmu)
        shoot_here(request.range);
}

/* Does it here and posts it to the others of a mask, and waits for those. */
static void shoot(uint64_t cpus, struct shoot_request request)
{
    uint64_t tickets[HAL_CPUS_MAX];
    unsigned saved;
    uint64_t self;

    ASSERT(!hal_irq_are_off());
    saved = hal_irq_save();
    self = UINT64_C(1) << hal_cpu_self();
    if (cpus & self)
        do_here(request);
    cpus &= ~self;
    for (uint64_t left = cpus; left != 0; left &= left - 1) {
        unsigned cpu = (unsigned)__builtin_ctzll(left);

        tickets[cpu] = post(cpu_block_of(cpu), request);
    }
    hal_irq_restore(saved);
    for (; cpus != 0; cpus &= cpus - 1) {
        unsigned cpu = (unsigned)__builtin_ctzll(cpus);
        const struct shoot_queue *q = &cpu_block_of(cpu)->shoot;

        while (__atomic_load_n(&q->done, __ATOMIC_ACQUIRE) < tickets[cpu])
            hal_cpu_relax();
    }
}

void shoot_user(uint64_t cpus, const struct hal_mmu *mmu,
                struct hal_range range)
{
    shoot(cpus, (struct shoot_request){.mmu = mmu, .range = range});
}

void shoot_kernel(void)
{
    shoot(cpu_running(), (struct shoot_request){.mmu = NULL});
}
