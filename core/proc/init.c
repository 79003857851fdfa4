/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/init.c - the first process; contract in process.h.
 */
#include "core/abi/errno.h"
#include "core/fs/console.h"
#include "core/fs/context.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/proc/exec.h"
#include "core/proc/process_impl.h"
#include "core/sched/thread.h"
#include "hal/user.h"

static int open_console(struct fd_table *files)
{
    static const struct fd_place place = {0, 3, false};

    for (int stream = HAL_STREAM_IN; stream <= HAL_STREAM_ERR; stream++) {
        struct file *file = console_file((enum hal_stream)stream);
        int fd = fd_install(files, file, &place);

        if (fd < 0) {
            file_put(file);
            return fd;
        }
        ASSERT(fd == stream);
    }
    return 0;
}

/* What init is but for its numbers and its place in the tree. */
static int fill_process(struct process *process)
{
    limits_init(&process->limits);
    return signals_init(&process->signals);
}

static int fill_task(struct task *task, struct fs_context *context)
{
    int error = cred_create_root(&task->cred);

    task->ns = nsset_root();
    context_get(context);
    task->fs = context;
    task->timer_slack_ns = task->default_slack_ns = TASK_SLACK_NS;
    if (error == 0)
        error = fd_table_create(&task->files);
    if (error == 0)
        error = open_console(task->files);
    if (error == 0)
        error = pid_alloc(task->ns->pid, 0, &task->pid);
    return error;
}

static void link_init(struct task *task) NO_TSA
{
    struct process *process = task->process;
    unsigned saved = process_tree_lock();

    process->pid = process->group = process->session = task->pid;
    pid_get(task->pid);
    pid_get(task->pid);
    pid_get(task->pid);
    process_link(process, NULL, NULL);
    spin_lock(&process->signals.lock);
    task_link(task);
    user_add_process(task->cred->user);
    spin_unlock(&process->signals.lock);
    process_tree_unlock(saved);
}

static int make_init(struct fs_context *context, struct thread *self,
                     struct task **out)
{
    struct task *task = task_alloc();
    int error;

    if (task == NULL)
        return -ENOMEM;
    thread_get(self);
    task->thread = self;
    task->process = process_alloc();
    error = task->process == NULL ? -ENOMEM : fill_process(task->process);
    if (error == 0)
        error = fill_task(task, context);
    if (error != 0) {
        task_put(task);
        return error;
    }
    link_init(task);
    *out = task;
    return 0;
}

int process_start_init(struct fs_context *context, const struct exec_args *args,
                       void (*user_loop)(struct thread *self))
{
    struct thread *self = thread_current();
    struct hal_user *user;
    struct task *task = NULL;
    int error;

    task_set_user_loop(user_loop);
    error = make_init(context, self, &task);
    if (error != 0)
        return error;
    error = hal_user_create(&user);
    if (error != 0)
        return error;
    self->task = task;
    thread_set_user(user);
    return exec_kernel(task, args);
}
