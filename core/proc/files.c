/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/files.c - what others may look at of a process: descriptors, root
 * and working directory, memory, program; contract in process.h.
 *
 * Others look at it under signals.lock, so it changes under that lock.
 */
#include "core/proc/files.h"

#include "core/abi/errno.h"
#include "core/fs/fd_table.h"
#include "core/fs/open.h"
#include "core/proc/process_impl.h"
#include "core/vm/aspace.h"

struct fs_context *task_swap_context(struct task *task,
                                     struct fs_context *context)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);
    struct fs_context *old = task->fs;

    task->fs = context;
    spin_unlock_irq(&signals->lock, saved);
    return old;
}

void task_leave_context(struct task *task)
{
    struct fs_context *context = task_swap_context(task, NULL);

    if (context != NULL)
        context_put(context);
}

struct fs_context *task_context(struct task *task)
{
    struct process *process = task->process;
    struct fs_context *context;
    unsigned saved = spin_lock_irq(&process->signals.lock);

    context = task->fs;
    if (context != NULL)
        context_get(context);
    spin_unlock_irq(&process->signals.lock, saved);
    return context;
}

/* Of all threads of a process. Returns how many references are to be dropped.
 */
static unsigned replace_in(struct process *process, const struct path *from,
                           const struct path *to)
{
    unsigned count = 0, saved = spin_lock_irq(&process->signals.lock);

    list_for_each(node, &process->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);

        if (task->fs != NULL)
            count += context_replace(task->fs, from, to);
    }
    spin_unlock_irq(&process->signals.lock, saved);
    return count;
}

void process_follow_pivot(const struct path *from, const struct path *to)
{
    unsigned count = 0, saved = process_tree_lock();

    list_for_each(node, process_list()) count +=
        replace_in(list_entry(node, struct process, all), from, to);
    process_tree_unlock(saved);
    while (count-- > 0)
        path_put(from);
}

void process_set_program(struct process *process, const struct path *program)
{
    struct path old;
    unsigned saved = spin_lock_irq(&process->signals.lock);

    old = process->program;
    process->program = program != NULL ? *program : (struct path){0};
    spin_unlock_irq(&process->signals.lock, saved);
    if (old.dentry != NULL)
        open_end_exec(&old);
}

int process_program(struct process *process, struct path *out)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);

    *out = process->program;
    if (out->dentry != NULL)
        path_get(out);
    spin_unlock_irq(&process->signals.lock, saved);
    return out->dentry != NULL ? 0 : -ENOENT;
}

void process_set_places(struct process *process,
                        const struct exec_places *places)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);

    process->places = *places;
    spin_unlock_irq(&process->signals.lock, saved);
}

struct aspace *process_aspace(struct process *process,
                              struct exec_places *places) NO_TSA
{
    struct aspace *as;
    unsigned saved = process_tree_lock();

    as = process->as;
    if (as != NULL)
        aspace_get(as);
    spin_lock(&process->signals.lock);
    if (places != NULL)
        *places = process->places;
    spin_unlock(&process->signals.lock);
    process_tree_unlock(saved);
    return as;
}
