/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/pidfd.c - contract in pidfd.h.
 */
#include "core/proc/pidfd.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/fs/anon.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/pid.h"
#include "core/proc/files.h"
#include "core/proc/process.h"

/* The process that bears pid now, or NULL. Tree lock. */
static struct process *bearer_of(const struct pid *pid)
{
    const struct list *bearers = &pid->members[PID_PROCESS];

    return list_is_empty(bearers)
               ? NULL
               : list_entry(bearers->next, struct process, by_pid);
}

static unsigned poll_pidfd(struct file *file)
{
    unsigned saved = process_tree_lock();
    const struct process *process = bearer_of(file->data);
    bool has_ended = process == NULL || process->state != PROCESS_ALIVE;

    process_tree_unlock(saved);
    return has_ended ? LX_POLLIN | LX_POLLRDNORM : 0;
}

static struct waitq *pidfd_waitq(struct file *file)
{
    struct pid *pid = file->data;

    return &pid->waitq;
}

static void release_pidfd(struct file *file)
{
    pid_put(file->data);
}

static const struct file_ops pidfd_ops = {
    .poll = poll_pidfd,
    .waitq = pidfd_waitq,
    .stat = anon_stat,
    .release = release_pidfd,
    .is_stream = true,
};

int pidfd_create(struct pid *pid, unsigned flags, struct file **out)
{
    int error = file_create(&pidfd_ops, flags | LX_O_RDWR, pid, out);

    if (error == 0)
        pid_get(pid);
    return error;
}

int pidfd_open_number(struct task *self, int number, unsigned flags,
                      struct file **out)
{
    struct pid *pid = pid_find(self->ns->pid, number);
    bool is_process, is_thread;
    unsigned saved;
    int error;

    if (pid == NULL)
        return -ESRCH;
    saved = process_tree_lock();
    is_process = bearer_of(pid) != NULL;
    is_thread = !list_is_empty(&pid->members[PID_TASK]);
    process_tree_unlock(saved);
    if (is_process)
        error = pidfd_create(pid, flags, out);
    else
        error = is_thread ? -EINVAL : -ESRCH;
    pid_put(pid);
    return error;
}

struct pid *pidfd_pid(const struct file *file)
{
    return file->ops == &pidfd_ops ? (struct pid *)file->data : NULL;
}

struct process *pidfd_process(const struct file *file)
{
    unsigned saved = process_tree_lock();
    struct process *process = bearer_of(pidfd_pid(file));

    if (process != NULL)
        process_get(process);
    process_tree_unlock(saved);
    return process;
}

/* The first thread of a process, with a reference, or NULL. */
static struct task *first_task(struct process *process)
{
    unsigned saved = process_tree_lock();
    struct task *task = NULL;

    if (!list_is_empty(&process->threads)) {
        task = list_entry(process->threads.next, struct task, of_process);
        task_get(task);
    }
    process_tree_unlock(saved);
    return task;
}

static int get_file_of(struct task *self, struct task *target, int fd,
                       struct file **out)
{
    struct fd_table *files;

    if (!task_may_look_into(self, target))
        return -EPERM;
    files = task_files(target);
    if (files == NULL)
        return -ESRCH;
    *out = fd_get(files, fd);
    fd_table_put(files);
    return *out != NULL ? 0 : -EBADF;
}

int pidfd_get_file(struct task *self, const struct file *pidfd, int fd,
                   struct file **out)
{
    struct process *process = pidfd_process(pidfd);
    struct task *target;
    int error = -ESRCH;

    if (process == NULL)
        return -ESRCH;
    target = first_task(process);
    if (target != NULL) {
        error = get_file_of(self, target, fd, out);
        task_put(target);
    }
    process_put(process);
    return error;
}
