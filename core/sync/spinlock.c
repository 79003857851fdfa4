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

/* Owned by its CPU, like struct cpu: relaxed atomics. */
static struct held_stack {
    unsigned count;
    struct held_lock lock[HELD_MAX];
} held_stacks[HAL_CPUS_MAX];

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

/* Before a CPU has its struct, hal_cpu_self() must do. */
static inline unsigned number_of(const struct cpu *cpu)
{
    return cpu != NULL ? cpu->number : hal_cpu_self();
}

static inline bool is_held_here(const struct spinlock *lock,
                                const struct cpu *cpu)
{
    return LOAD(lock->cpu) == number_of(cpu);
}

static void check_usage(struct spinlock *lock, const struct cpu *cpu)
{
    unsigned now = 0, all;

    if (LOAD(cpu->in_interrupt))
        now = USED_BY_INTERRUPT;
    else if (!hal_irq_are_off())
        now = USED_WITH_INTERRUPTS_ON;
    all = __atomic_or_fetch(&lock->usage, now, __ATOMIC_RELAXED);
    if (all == (USED_BY_INTERRUPT | USED_WITH_INTERRUPTS_ON))
        panic("lock %s: taken in interrupts, and with interrupts on",
              lock->class_of->name);
}

/* Two buckets of futexes are held at once, in the order of the table. */
static bool are_pair(const struct spinlock *first, const struct spinlock *then)
{
    return first->class_of == then->class_of &&
           then->class_of->rank == LOCK_RANK_FUTEX && first < then;
}

static void check_ranks(const struct spinlock *lock, const struct cpu *cpu)
{
    const struct held_stack *stack = &held_stacks[cpu->number];
    bool by_interrupt = LOAD(cpu->in_interrupt);
    unsigned count = LOAD(stack->count);

    ASSERT(count < HELD_MAX);
    for (unsigned i = 0; i < count; i++) {
        const struct held_lock *held = &stack->lock[i];
        const struct spinlock *other = LOAD(held->lock);
        const struct lock_class *class_of = other->class_of;

        if (LOAD(held->by_interrupt) == by_interrupt &&
            class_of->rank >= lock->class_of->rank && !are_pair(other, lock))
            panic("lock %s (rank %d) under %s (rank %d)", lock->class_of->name,
                  lock->class_of->rank, class_of->name, class_of->rank);
    }
}

static void note_held(const struct spinlock *lock, const struct cpu *cpu)
{
    struct held_stack *stack = &held_stacks[cpu->number];
    unsigned count = LOAD(stack->count);
    struct held_lock *held = &stack->lock[count];

    ASSERT(count < HELD_MAX);
    STORE(held->lock, lock);
    STORE(held->by_interrupt, LOAD(cpu->in_interrupt));
    STORE(stack->count, count + 1);
}

static void forget_held(const struct spinlock *lock, const struct cpu *cpu)
{
    struct held_stack *stack = &held_stacks[cpu->number];
    unsigned last = LOAD(stack->count), i = last;

    do {
        ASSERT(i > 0);
        i--;
    } while (LOAD(stack->lock[i].lock) != lock);
    for (last--; i < last; i++) {
        STORE(stack->lock[i].lock, LOAD(stack->lock[i + 1].lock));
        STORE(stack->lock[i].by_interrupt,
              LOAD(stack->lock[i + 1].by_interrupt));
    }
    STORE(stack->count, last);
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

NORETURN static SELDOM void fail_taken_twice(const struct spinlock *lock)
{
    panic("lock %s: taken twice, first at %p", lock->class_of->name,
          LOAD(lock->site));
}

static inline void take_lock(struct spinlock *lock, const void *site)
{
    struct cpu *cpu = hal_cpu_local();
    unsigned self = number_of(cpu);

    ASSERT(lock->class_of != NULL);
    cpu_pin_on(cpu);
    if (LOAD(lock->cpu) == self)
        fail_taken_twice(lock);
    if (CHECKED) {
        hal_check_point();
        if (cpu != NULL) {
            check_usage(lock, cpu);
            check_ranks(lock, cpu);
        }
    }
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
        while (LOAD(lock->held) != 0)
            hal_cpu_relax();
    }
    STORE(lock->cpu, self);
    STORE(lock->site, site);
    if (CHECKED && cpu != NULL)
        note_held(lock, cpu);
}

/* What precedes the store, or exchange, that frees the lock. */
static inline void leave_lock(struct spinlock *lock, const struct cpu *cpu)
{
    ASSERT(is_held_here(lock, cpu));
    if (CHECKED && cpu != NULL)
        forget_held(lock, cpu);
    STORE(lock->cpu, SPIN_NOBODY);
}

static inline void give_lock(struct spinlock *lock, const struct cpu *cpu)
{
    leave_lock(lock, cpu);
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

void spin_lock(struct spinlock *lock) NO_TSA
{
    take_lock(lock, __builtin_return_address(0));
}

void spin_unlock(struct spinlock *lock) NO_TSA
{
    struct cpu *cpu = hal_cpu_local();

    give_lock(lock, cpu);
    if (CHECKED)
        hal_check_point();
    cpu_unpin_from(cpu);
}

unsigned spin_lock_irq(struct spinlock *lock) NO_TSA
{
    unsigned saved = hal_irq_save();

    take_lock(lock, __builtin_return_address(0));
    return saved;
}

void spin_unlock_irq(struct spinlock *lock, unsigned saved) NO_TSA
{
    struct cpu *cpu = hal_cpu_local();

    ASSERT(hal_irq_are_off());
    give_lock(lock, cpu);
    hal_irq_restore(saved);
    if (CHECKED)
        hal_check_point();
    cpu_unpin_from(cpu);
}

void spin_hand_over(struct spinlock *lock)
{
    ASSERT(is_held_here(lock, (const struct cpu *)hal_cpu_local()));
    __atomic_store_n(&lock->held, 1, __ATOMIC_RELEASE);
}

/* The exchange goes on with the release sequence that spin_hand_over() began
 * (C17 5.1.2.4), which a store would end. */
void spin_unlock_handed(struct spinlock *lock) NO_TSA
{
    struct cpu *cpu = hal_cpu_local();

    leave_lock(lock, cpu);
    (void)__atomic_exchange_n(&lock->held, 0, __ATOMIC_RELEASE);
    if (CHECKED)
        hal_check_point();
    cpu_unpin_from(cpu);
}

bool spin_is_held(const struct spinlock *lock)
{
    return is_held_here(lock, (const struct cpu *)hal_cpu_local());
}
