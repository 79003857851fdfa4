/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs.c - the root directory, and who is who; contract in
 * procfs.h.
 */
#include "core/proc/procfs.h"

#include "core/abi/errno.h"
#include "core/abi/mount.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/process_impl.h"
#include "core/sched/thread.h"

static struct list registered; /* at boot only */

/* --- subjects ------------------------------------------------------------- */

static void hold_pid(void *subject)
{
    pid_get(subject);
}

static void drop_pid(void *subject)
{
    pid_put(subject);
}

/* The first entry of one of a pid's lists. Tree lock. */
static struct list *member_of(struct pid *pid, enum pid_use use)
{
    return list_is_empty(&pid->members[use]) ? NULL : pid->members[use].next;
}

static struct process *find_process(struct pid *pid)
{
    struct process *process = NULL;
    unsigned saved = process_tree_lock();
    struct list *member = member_of(pid, PID_PROCESS);

    if (member != NULL) {
        process = list_entry(member, struct process, by_pid);
    } else {
        member = member_of(pid, PID_TASK);
        if (member != NULL)
            process = list_entry(member, struct task, by_pid)->process;
    }
    if (process != NULL)
        process_get(process);
    process_tree_unlock(saved);
    return process;
}

struct process *procfs_process(struct pseudo_inode *inode)
{
    return find_process(inode->subject);
}

struct task *procfs_task(struct pseudo_inode *inode)
{
    struct pid *pid = inode->subject;
    struct task *task = NULL;
    unsigned saved = process_tree_lock();
    struct list *member = member_of(pid, PID_TASK), *threads;

    if (member != NULL) {
        task = list_entry(member, struct task, by_pid);
    } else if ((member = member_of(pid, PID_PROCESS)) != NULL) {
        threads = &list_entry(member, struct process, by_pid)->threads;
        if (!list_is_empty(threads))
            task = list_entry(threads->next, struct task, of_process);
    }
    if (task != NULL)
        task_get(task);
    process_tree_unlock(saved);
    return task;
}

char *procfs_name(struct pid *pid, struct process **out)
{
    struct list *member = member_of(pid, PID_TASK);
    struct task *task;

    ASSERT(process_tree_is_locked());
    if (member != NULL) {
        task = list_entry(member, struct task, by_pid);
        *out = task->process;
        return task->name;
    }
    member = member_of(pid, PID_PROCESS);
    if (member == NULL)
        return NULL;
    *out = list_entry(member, struct process, by_pid);
    return (*out)->name;
}

/* A program that must not be looked into, and a zombie, are root's. */
static void owner_of_pid(void *subject, lx_uid_t *uid, lx_gid_t *gid)
{
    struct process *process = find_process(subject);
    unsigned saved;

    *uid = 0;
    *gid = 0;
    if (process == NULL)
        return;
    saved = process_tree_lock();
    if (!list_is_empty(&process->threads) &&
        __atomic_load_n(&process->dumpable, __ATOMIC_RELAXED) == 1) {
        const struct task *task =
            list_entry(process->threads.next, struct task, of_process);

        *uid = task->cred->euid;
        *gid = task->cred->egid;
    }
    process_tree_unlock(saved);
    process_put(process);
}

const struct pseudo_subject_ops procfs_pid_subject = {
    .hold = hold_pid,
    .drop = drop_pid,
    .owner = owner_of_pid,
};

static bool has_ids(const struct cred *self, const struct cred *other)
{
    return self->fsuid == other->uid && self->fsuid == other->euid &&
           self->fsuid == other->suid && self->fsgid == other->gid &&
           self->fsgid == other->egid && self->fsgid == other->sgid;
}

int procfs_may_look(struct process *process)
{
    const struct task *self = task_current();
    bool may =
        self->process == process || cred_is_capable(self->cred, CAP_SYS_PTRACE);
    unsigned saved;

    if (may)
        return 0;
    saved = process_tree_lock();
    if (!list_is_empty(&process->threads))
        may = has_ids(self->cred,
                      list_entry(process->threads.next, struct task, of_process)
                          ->cred) &&
              __atomic_load_n(&process->dumpable, __ATOMIC_RELAXED) == 1;
    process_tree_unlock(saved);
    return may ? 0 : -EACCES;
}

/* --- processes as directories --------------------------------------------- */

static const struct pseudo_entry pid_entry = {.mode = LX_S_IFDIR | 0555,
                                              .dir = &procfs_pid_dir};

static int look_up_pid(struct pseudo_inode *dir, const struct name *name,
                       struct inode **out)
{
    struct process *process;
    uint64_t number;
    int error;

    if (!pseudo_number(name, PID_MAX, &number))
        return -ENOENT;
    process = process_find(task_current()->ns->pid, (int)number);
    if (process == NULL)
        return -ENOENT;
    error =
        pseudo_make(dir, &pid_entry, &procfs_pid_subject, process->pid, out);
    process_put(process);
    return error;
}

/* The lowest number of a process at or above *position. */
static bool next_pid(struct pseudo_inode *dir, uint64_t *position, char *text,
                     uint32_t *type)
{
    const struct pid_ns *ns = task_current()->ns->pid;
    uint64_t best = UINT64_MAX;
    unsigned saved = process_tree_lock();

    (void)dir;
    list_for_each(link, process_list())
    {
        uint64_t number =
            (uint64_t)pid_nr(list_entry(link, struct process, all)->pid, ns);

        if (number >= *position && number > 0 && number < best)
            best = number;
    }
    process_tree_unlock(saved);
    if (best == UINT64_MAX)
        return false;
    *position = best;
    *type = LX_S_IFDIR;
    format(text, PSEUDO_NAME_MAX, "%llu", (unsigned long long)best);
    return true;
}

static const struct pseudo_names pid_names = {look_up_pid, next_pid};

static struct pseudo_dir root_dir = {.names = &pid_names,
                                     .registered = &registered};

static const struct pseudo_entry root_entry = {
    .name = "/", .mode = LX_S_IFDIR | 0555, .dir = &root_dir};

static int mount_proc(const struct fs_type *type,
                      const struct super_source *source, struct super **out)
{
    (void)source;
    return pseudo_create(type, LX_PROC_MAGIC, &root_entry, out);
}

static struct fs_type proc_type = {.name = "proc", .mount = mount_proc};

void procfs_init_all(void)
{
    list_init(&registered);
    root_dir.entries = procfs_system_entries;
    root_dir.count = procfs_system_count;
    fs_register(&proc_type);
}

void procfs_register(struct pseudo_registration *registration)
{
    pseudo_register(&registered, registration);
}

void procfs_add_path(struct text *text, const struct path *path)
{
    char *buffer = path_buffer();
    struct path root;
    const char *from;
    ssize_t size;

    if (buffer == NULL) {
        text->has_failed = true;
        return;
    }
    context_root(task_current()->fs, &root);
    size = path_text(path, &root, buffer, LX_PATH_MAX, &from);
    path_put(&root);
    if (size > 0)
        text_add_bytes(text, from, (size_t)size);
    path_buffer_free(buffer);
}
