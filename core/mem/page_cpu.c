/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/page_cpu.c - lists of small free runs per CPU, before the buddy.
 *
 * A list is used by whoever sets its busy word, and nobody waits for it: who
 * finds it busy (an interrupt on top of its user, a drain, a thread that has
 * moved) goes to the buddy instead. So neither a pin nor interrupts off are
 * needed, nor a lock that CPUs share.
 */
#include "core/mem/page_impl.h"
#include "hal/cpu.h"

enum { RUNS_MAX = 32, LARGE_RUNS_MAX = 8, BATCH_MAX = RUNS_MAX / 2 };

struct cpu_list {
    unsigned busy;                   /* atomic */
    unsigned count[PAGE_CPU_ORDERS]; /* busy; atomic, for who only counts */
    struct page *single[RUNS_MAX];   /* busy */
    struct page *run[PAGE_CPU_ORDERS - 1][LARGE_RUNS_MAX]; /* busy */
} __attribute__((aligned(64)));

static struct cpu_list lists[HAL_CPUS_MAX];

static unsigned capacity_of(unsigned order)
{
    return order == 0 ? RUNS_MAX : LARGE_RUNS_MAX;
}

static struct page **slots_of(struct cpu_list *list, unsigned order)
{
    return order == 0 ? list->single : list->run[order - 1];
}

static unsigned count_of(const struct cpu_list *list, unsigned order)
{
    return __atomic_load_n(&list->count[order], __ATOMIC_RELAXED);
}

static void set_count(struct cpu_list *list, unsigned order, unsigned count)
{
    __atomic_store_n(&list->count[order], count, __ATOMIC_RELAXED);
}

static bool try_use(struct cpu_list *list)
{
    return __atomic_exchange_n(&list->busy, 1, __ATOMIC_ACQUIRE) == 0;
}

static void end_use(struct cpu_list *list)
{
    __atomic_store_n(&list->busy, 0, __ATOMIC_RELEASE);
}

/* Puts what there is room for on this CPU's list, the rest in the buddy. */
static void stock(struct page *const *pages, unsigned count, unsigned order)
{
    struct cpu_list *list = &lists[hal_cpu_self()];

    if (try_use(list)) {
        unsigned n = count_of(list, order);

        while (count > 0 && n < capacity_of(order))
            slots_of(list, order)[n++] = pages[--count];
        set_count(list, order, n);
        end_use(list);
    }
    if (count > 0)
        page_give_blocks(pages, count);
}

/* The list is empty, or in use. */
static struct page *take_batch(struct page_wish wish)
{
    struct page *batch[BATCH_MAX];
    unsigned count;

    count = page_take_blocks(wish, batch, capacity_of(wish.order) / 2);
    if (count == 0)
        return NULL;
    if (count > 1)
        stock(batch + 1, count - 1, wish.order);
    return batch[0];
}

static struct page *take_one(struct page_wish wish)
{
    struct page *page;

    return page_take_blocks(wish, &page, 1) == 1 ? page : NULL;
}

/* Of any order. */
static SELDOM struct page *take_any(struct page_wish wish)
{
    struct cpu_list *list = &lists[hal_cpu_self()];
    unsigned order = wish.order, count;
    struct page *page = NULL;

    if (order >= PAGE_CPU_ORDERS || !try_use(list))
        return take_one(wish);
    count = count_of(list, order);
    if (count > 0) {
        page = slots_of(list, order)[count - 1];
        set_count(list, order, count - 1);
    }
    end_use(list);
    return page != NULL ? page : take_batch(wish);
}

struct page *page_cpu_take(struct page_wish wish)
{
    struct cpu_list *list = &lists[hal_cpu_self()];
    struct page *page;
    unsigned count;

    if (wish.order != 0 || count_of(list, 0) == 0 || !try_use(list))
        return take_any(wish);
    count = count_of(list, 0);
    if (count == 0) { /* drained in between */
        end_use(list);
        return take_any(wish);
    }
    page = list->single[count - 1];
    set_count(list, 0, count - 1);
    end_use(list);
    return page;
}

/* The list is full: its older half goes. Returns how many. Busy. */
static unsigned take_half(struct cpu_list *list, unsigned order,
                          struct page **out)
{
    struct page **slots = slots_of(list, order);
    unsigned half = capacity_of(order) / 2;

    for (unsigned i = 0; i < half; i++) {
        out[i] = slots[i];
        slots[i] = slots[half + i];
    }
    set_count(list, order, half);
    return half;
}

/* Of any order, to a list that may be full. */
static SELDOM void give_any(struct page *page)
{
    struct cpu_list *list = &lists[hal_cpu_self()];
    struct page *surplus[BATCH_MAX];
    unsigned order = page->order, count, surplus_count = 0;

    if (order >= PAGE_CPU_ORDERS || !try_use(list)) {
        page_give_blocks(&page, 1);
        return;
    }
    if (count_of(list, order) == capacity_of(order))
        surplus_count = take_half(list, order, surplus);
    count = count_of(list, order);
    slots_of(list, order)[count] = page;
    set_count(list, order, count + 1);
    end_use(list);
    if (surplus_count > 0)
        page_give_blocks(surplus, surplus_count);
}

void page_cpu_give(struct page *page)
{
    struct cpu_list *list = &lists[hal_cpu_self()];
    unsigned count;

    if (page->order != 0 || count_of(list, 0) == RUNS_MAX || !try_use(list)) {
        give_any(page);
        return;
    }
    count = count_of(list, 0);
    if (count == RUNS_MAX) { /* filled in between */
        end_use(list);
        give_any(page);
        return;
    }
    list->single[count] = page;
    set_count(list, 0, count + 1);
    end_use(list);
}

static void drain_list(struct cpu_list *list, unsigned order)
{
    struct page *all[RUNS_MAX];
    unsigned count;

    if (count_of(list, order) == 0 || !try_use(list))
        return;
    count = count_of(list, order);
    for (unsigned i = 0; i < count; i++)
        all[i] = slots_of(list, order)[i];
    set_count(list, order, 0);
    end_use(list);
    page_give_blocks(all, count);
}

void page_drain_all(void)
{
    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
        for (unsigned order = 0; order < PAGE_CPU_ORDERS; order++)
            drain_list(&lists[cpu], order);
}

uint64_t page_cpu_count(void)
{
    uint64_t sum = 0;

    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
        for (unsigned order = 0; order < PAGE_CPU_ORDERS; order++)
            sum += (uint64_t)count_of(&lists[cpu], order) << order;
    return sum;
}
