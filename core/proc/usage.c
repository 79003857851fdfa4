/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/usage.c - contract in usage.h.
 */
#include "core/proc/usage.h"

#include "core/abi/resource.h"
#include "core/base/string.h"
#include "core/fs/ramfs/ramfs.h"
#include "core/mem/cache.h"
#include "core/proc/process_impl.h"
#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "core/vm/aspace.h"
#include "core/vm/look.h"

#define NS_PER_SECOND UINT64_C(1000000000)

enum { NS_PER_TICK = 10000000, NS_PER_US = 1000 };

void usage_of_machine(struct machine_usage *out)
{
    uint64_t anonymous = anon_shared_count();
    struct ramfs_counts files;

    ramfs_count_pages(&files);
    *out = (struct machine_usage){.cached = files.pages + anonymous,
                                  .shared = files.shared + anonymous,
                                  .slab = cache_frame_count()};
}

void usage_add_task(struct usage *to, struct task *task)
{
    uint64_t voluntary, involuntary;
    struct thread_times times;

    thread_switches(task->thread, &voluntary, &involuntary);
    to->voluntary += voluntary;
    to->involuntary += involuntary;
    thread_get_times(task->thread, &times);
    to->user_ns += times.user_ns;
    to->system_ns += times.run_ns - times.user_ns;
    to->minor_faults += __atomic_load_n(&task->minor_faults, __ATOMIC_RELAXED);
    to->major_faults += __atomic_load_n(&task->major_faults, __ATOMIC_RELAXED);
}

void usage_add(struct usage *to, const struct usage *from)
{
    to->user_ns += from->user_ns;
    to->system_ns += from->system_ns;
    to->max_pages = max_u64(to->max_pages, from->max_pages);
    to->minor_faults += from->minor_faults;
    to->major_faults += from->major_faults;
    to->voluntary += from->voluntary;
    to->involuntary += from->involuntary;
}

void usage_note_memory(struct process *process)
{
    struct aspace_usage memory;
    unsigned saved;

    if (process->as == NULL)
        return;
    aspace_get_usage(process->as, &memory);
    saved = process_tree_lock();
    process->usage.max_pages =
        max_u64(process->usage.max_pages, memory.resident_pages);
    process_tree_unlock(saved);
}

void usage_of_process(struct process *process, struct usage *out)
{
    unsigned saved = process_tree_lock();

    *out = process->usage;
    list_for_each(node, &process->threads)
        usage_add_task(out, list_entry(node, struct task, of_process));
    process_tree_unlock(saved);
}

void usage_of_thread(struct task *task, struct usage *out)
{
    unsigned saved = process_tree_lock();

    *out = (struct usage){.max_pages = task->process->usage.max_pages};
    usage_add_task(out, task);
    process_tree_unlock(saved);
}

void usage_of_children(struct process *process, struct usage *out)
{
    unsigned saved = process_tree_lock();

    *out = process->child_usage;
    process_tree_unlock(saved);
}

static struct lx_timeval to_timeval(uint64_t ns)
{
    return (struct lx_timeval){
        (lx_time_t)(ns / NS_PER_SECOND),
        (int64_t)(ns % NS_PER_SECOND / NS_PER_US),
    };
}

void usage_to_rusage(const struct usage *from, struct lx_rusage *out)
{
    mem_set(out, 0, sizeof(*out));
    out->ru_utime = to_timeval(from->user_ns);
    out->ru_stime = to_timeval(from->system_ns);
    out->ru_maxrss = (int64_t)(from->max_pages * PAGE_SIZE / 1024);
    out->ru_minflt = (int64_t)from->minor_faults;
    out->ru_majflt = (int64_t)from->major_faults;
    out->ru_nvcsw = (int64_t)from->voluntary;
    out->ru_nivcsw = (int64_t)from->involuntary;
}

uint64_t usage_ticks(uint64_t ns)
{
    return ns / NS_PER_TICK;
}
