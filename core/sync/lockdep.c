/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/lockdep.c - contract in lockdep.h.
 */
#include "core/sync/lockdep.h"

#include "core/base/panic.h"
#include "core/sync/percpu.h"

void lockdep_check_class(const struct lock_class *class_of)
{
    ASSERT(class_of != NULL && class_of->rank < LOCK_RANK_PROCESS);
}

/* Of these classes several are held at once, in the order that spinlock.h has
 * beside their ranks. */
static bool are_nested(const struct lock_class *outer,
                       const struct lock_class *inner)
{
    return outer == inner &&
           (inner->rank == LOCK_RANK_EPOLL || inner->rank == LOCK_RANK_PIPE);
}

void lockdep_check_take(const struct lockdep_held *held,
                        const struct lock_class *class_of, bool is_nested)
{
    if (cpu_is_atomic())
        panic("lock %s: may sleep, in an atomic context", class_of->name);
    for (unsigned i = 0; i < held->count; i++) {
        const struct lockdep_entry *entry = &held->at[i];

        if (is_nested && entry->class_of == class_of)
            continue;
        if (entry->class_of->rank >= class_of->rank &&
            !are_nested(entry->class_of, class_of))
            panic("lock %s (rank %d) under %s (rank %d), taken at %p",
                  class_of->name, class_of->rank, entry->class_of->name,
                  entry->class_of->rank, entry->site);
    }
}

void lockdep_note_take(struct lockdep_held *held, const void *lock,
                       const struct lock_class *class_of, const void *site)
{
    ASSERT(held->count < LOCKDEP_HELD_MAX);
    held->at[held->count++] = (struct lockdep_entry){lock, class_of, site};
}

void lockdep_note_give(struct lockdep_held *held, const void *lock)
{
    unsigned i = held->count;

    do {
        ASSERT(i > 0);
        i--;
    } while (held->at[i].lock != lock);
    for (held->count--; i < held->count; i++)
        held->at[i] = held->at[i + 1];
}

bool lockdep_holds(const struct lockdep_held *held, const void *lock)
{
    for (unsigned i = 0; i < held->count; i++)
        if (held->at[i].lock == lock)
            return true;
    return false;
}

void lockdep_check_none(const struct lockdep_held *held, const char *where)
{
    if (held->count > 0)
        panic("lock %s: held %s, taken at %p", held->at[0].class_of->name,
              where, held->at[0].site);
}
