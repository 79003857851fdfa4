/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/spinlock.c - contract in spinlock.h.
 *
 * `held` alone excludes: taken by an exchange with acquire, given by a store
 * with release, which is also how TSan knows a lock. The rest is for finding
 * mistakes. Checked builds keep a stack of the locks held per CPU; those of an
 * interrupt and of what it interrupted are compared among themselves only,
 * since a lock that both take is taken with interrupts off.
 */
#include "core/sync/spinlock.h"

#include "core/base/panic.h"
#include "core/sync/percpu.h"
#include "hal/check.h"
#include "hal/irq.h"

enum { HELD_MAX = 16 };

/* Bits of spinlock.usage. */
enum { USED_BY_INTERRUPT = 1, USED_WITH_INTERRUPTS_ON = 2 };

struct held_lock {
    const struct spinlock *lock;
    bool by_interrupt;
};

/* Owned by its CPU. */
static struct held_stack {
    unsigned count;
    struct held_lock lock[HELD_MAX];
} held_stacks[HAL_CPUS_MAX];

static bool is_held_here(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->cpu, __ATOMIC_RELAXED) == hal_cpu_self();
}

static void check_usage(struct spinlock *lock, const struct cpu *cpu)
{
    unsigned now = 0, all;

    if (cpu->in_interrupt)
        now = USED_BY_INTERRUPT;
    else if (!hal_irq_are_off())
        now = USED_WITH_INTERRUPTS_ON;
    all = __atomic_or_fetch(&lock->usage, now, __ATOMIC_RELAXED);
    if (all == (USED_BY_INTERRUPT | USED_WITH_INTERRUPTS_ON))
        panic("lock %s: taken in interrupts, and with interrupts on",
              lock->class_of->name);
}

static void check_ranks(const struct spinlock *lock, const struct cpu *cpu)
{
    const struct held_stack *stack = &held_stacks[cpu->number];

    ASSERT(stack->count < HELD_MAX);
    for (unsigned i = 0; i < stack->count; i++) {
        const struct held_lock *held = &stack->lock[i];

        if (held->by_interrupt == cpu->in_interrupt &&
            held->lock->class_of->rank >= lock->class_of->rank)
            panic("lock %s (rank %d) under %s (rank %d)", lock->class_of->name,
                  lock->class_of->rank, held->lock->class_of->name,
                  held->lock->class_of->rank);
    }
}

static void note_held(const struct spinlock *lock, const struct cpu *cpu)
{
    struct held_stack *stack = &held_stacks[cpu->number];
    struct held_lock *held = &stack->lock[stack->count];

    ASSERT(stack->count < HELD_MAX);
    held->lock = lock;
    held->by_interrupt = cpu->in_interrupt;
    stack->count++;
}

static void forget_held(const struct spinlock *lock, const struct cpu *cpu)
{
    struct held_stack *stack = &held_stacks[cpu->number];
    unsigned i = stack->count;

    do {
        ASSERT(i > 0);
        i--;
    } while (stack->lock[i].lock != lock);
    stack->count--;
    for (; i < stack->count; i++)
        stack->lock[i] = stack->lock[i + 1];
}

void spin_init(struct spinlock *lock, const struct lock_class *class_of)
{
    ASSERT(class_of != NULL && class_of->rank >= LOCK_RANK_PROCESS);
    lock->class_of = class_of;
    lock->held = 0;
    lock->cpu = SPIN_NOBODY;
    lock->site = NULL;
    lock->usage = 0;
}

static void take_lock(struct spinlock *lock, const void *site)
{
    const struct cpu *cpu;

    ASSERT(lock->class_of != NULL);
    cpu_pin();
    if (is_held_here(lock))
        panic("lock %s: taken twice, first at %p", lock->class_of->name,
              lock->site);
    cpu = hal_cpu_local();
    if (CHECKED) {
        hal_check_point();
        if (cpu != NULL) {
            check_usage(lock, cpu);
            check_ranks(lock, cpu);
        }
    }
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0)
            hal_cpu_relax();
    }
    __atomic_store_n(&lock->cpu, hal_cpu_self(), __ATOMIC_RELAXED);
    lock->site = site;
    if (CHECKED && cpu != NULL)
        note_held(lock, cpu);
}

static void give_lock(struct spinlock *lock)
{
    const struct cpu *cpu = hal_cpu_local();

    ASSERT(is_held_here(lock));
    if (CHECKED && cpu != NULL)
        forget_held(lock, cpu);
    __atomic_store_n(&lock->cpu, SPIN_NOBODY, __ATOMIC_RELAXED);
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

void spin_lock(struct spinlock *lock) NO_TSA
{
    take_lock(lock, __builtin_return_address(0));
}

void spin_unlock(struct spinlock *lock) NO_TSA
{
    give_lock(lock);
    if (CHECKED)
        hal_check_point();
    cpu_unpin();
}

unsigned spin_lock_irq(struct spinlock *lock) NO_TSA
{
    unsigned saved = hal_irq_save();

    take_lock(lock, __builtin_return_address(0));
    return saved;
}

void spin_unlock_irq(struct spinlock *lock, unsigned saved) NO_TSA
{
    ASSERT(hal_irq_are_off());
    give_lock(lock);
    hal_irq_restore(saved);
    if (CHECKED)
        hal_check_point();
    cpu_unpin();
}

bool spin_is_held(const struct spinlock *lock)
{
    return is_held_here(lock);
}

void spin_adopt(struct spinlock *lock)
{
    ASSERT(__atomic_load_n(&lock->held, __ATOMIC_ACQUIRE) != 0);
}
