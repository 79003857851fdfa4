/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/oom.c - contract in oom.h.
 */
#include "core/proc/oom.h"

#include "core/abi/errno.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "core/proc/process_impl.h"
#include "core/sched/thread.h"
#include "core/sched/waitq.h"
#include "core/vm/aspace.h"
#include "hal/clock.h"

static struct {
    unsigned victims;     /* that still have memory; tree lock */
    uint64_t freed;       /* victims that have none any more; atomic */
    uint64_t deadline_ns; /* of waiting for victims; tree lock */
    bool is_searching;    /* somebody looks for a victim; tree lock */
    struct waitq waiters;
} oom;

/* The largest process that was found, with a reference to both, and how many
 * pages it has. */
struct find {
    struct process *process;
    struct aspace *as;
    uint64_t pages;
};

/* The next process after the one with *number, with a reference; NULL: there is
 * none. */
static struct process *next_process(int *number)
{
    struct pid *pid;

    while ((pid = pid_next(pid_ns_root(), *number)) != NULL) {
        struct process *process;

        *number = pid_nr(pid, pid_ns_root());
        process = process_find(pid_ns_root(), *number);
        pid_put(pid);
        if (process != NULL)
            return process;
    }
    return NULL;
}

/* The address space of a process that may have to go, with a reference; NULL:
 * it has none, it is init's, or it is a victim already. */
static struct aspace *open_aspace(const struct process *process)
{
    unsigned saved = process_tree_lock();
    const struct process *init =
        list_entry(process_list()->next, struct process, all);
    struct aspace *as = process->as;

    if (as == init->as || process->is_victim)
        as = NULL;
    if (as != NULL)
        aspace_get(as);
    process_tree_unlock(saved);
    return as;
}

static void drop_find(struct find *find)
{
    if (find->process == NULL)
        return;
    aspace_put(find->as);
    process_put(find->process);
}

/* The process with the most resident pages that is no victim yet; its process
 * is NULL when there is none. */
static struct find find_largest(void)
{
    struct find best = {0};
    struct process *process;
    int number = 0;

    while ((process = next_process(&number)) != NULL) {
        struct find one = {.process = process, .as = open_aspace(process)};

        if (one.as == NULL) {
            process_put(process);
            continue;
        }
        one.pages = aspace_count_pages(one.as);
        if (best.process == NULL || one.pages > best.pages) {
            drop_find(&best);
            best = one;
        } else {
            drop_find(&one);
        }
    }
    return best;
}

/* Kills whoever has the memory of find. */
static void kill_find(const struct find *find)
{
    unsigned saved = process_tree_lock();

    list_for_each(node, process_list())
    {
        struct process *process = list_entry(node, struct process, all);

        if (process->as != find->as)
            continue;
        process->is_victim = true;
        oom.victims++;
        process_kill(process);
    }
    oom.deadline_ns = hal_clock_now() + OOM_PATIENCE_NS;
    process_tree_unlock(saved);
}

static void tell_of(const struct find *find)
{
    char name[PROCESS_NAME_MAX] = "";
    unsigned saved = process_tree_lock();
    const struct process *process = find->process;

    if (!list_is_empty(&process->threads))
        mem_copy(
            name,
            list_entry(process->threads.next, struct task, of_process)->name,
            sizeof(name));
    process_tree_unlock(saved);
    log_error("out of memory: process %d (%s) with %llu KiB is killed",
              process_number(process), name,
              (unsigned long long)(find->pages * PAGE_SIZE / 1024));
}

/* Makes a process a victim: 0, or -ENOMEM when there is none left. */
static int kill_largest(void)
{
    struct find find = find_largest();

    if (find.process == NULL)
        return -ENOMEM;
    tell_of(&find);
    kill_find(&find);
    drop_find(&find);
    return 0;
}

/* Has the caller to look for a victim? It does not when one is on its way, or
 * has gone since oom.freed was seen, or another looks. */
static bool begin_search(uint64_t seen)
{
    unsigned saved = process_tree_lock();
    bool begins = !oom.is_searching && oom.freed == seen &&
                  (oom.victims == 0 || hal_clock_now() >= oom.deadline_ns);

    if (begins)
        oom.is_searching = true;
    process_tree_unlock(saved);
    return begins;
}

/* Returns whether there is a victim to wait for. */
static bool end_search(void)
{
    unsigned saved = process_tree_lock();
    bool has_victims = oom.victims > 0;

    oom.is_searching = false;
    process_tree_unlock(saved);
    return has_victims;
}

static bool is_relieved(void *arg)
{
    const uint64_t *seen = arg;

    return __atomic_load_n(&oom.freed, __ATOMIC_ACQUIRE) != *seen;
}

/* Is there more than a fault could want? Then another has freed memory, or the
 * allocation failed because a test said so. */
static bool has_room(void)
{
    return page_free_count() > page_reserve_count() + page_reserve_count() / 2;
}

static int relieve(unsigned attempt)
{
    uint64_t seen = __atomic_load_n(&oom.freed, __ATOMIC_ACQUIRE);
    int error = 0;

    if (thread_current()->task == NULL || attempt >= OOM_ATTEMPTS_MAX)
        return -ENOMEM;
    if (thread_is_ending())
        return -EINTR;
    if (attempt < OOM_RETRIES_MAX && has_room())
        return 0;
    if (begin_search(seen)) {
        error = kill_largest();
        if (end_search())
            error = 0;
    }
    if (error != 0)
        return error;
    error = waitq_wait_killable(&oom.waiters, is_relieved, &seen,
                                hal_clock_now() + OOM_NAP_NS);
    return error == -EINTR ? error : 0;
}

void oom_init_all(void)
{
    waitq_init(&oom.waiters);
    aspace_set_relief(relieve);
}

void oom_note_freed(struct process *process)
{
    unsigned saved = process_tree_lock();
    bool was_victim = process->is_victim;

    if (was_victim) {
        ASSERT(oom.victims > 0 && process->as == NULL);
        process->is_victim = false;
        oom.victims--;
        __atomic_fetch_add(&oom.freed, 1, __ATOMIC_RELEASE);
    }
    process_tree_unlock(saved);
    if (was_victim)
        waitq_wake_all(&oom.waiters);
}
