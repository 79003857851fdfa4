/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/process.c - lives of processes and tasks, and finding them;
 * contract in process.h.
 */
#include "core/proc/process.h"

#include "core/abi/errno.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/fs/epoll.h"
#include "core/fs/eventfd.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/fs/open.h"
#include "core/fs/pipe.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/ipc/futex.h"
#include "core/mem/cache.h"
#include "core/proc/files.h"
#include "core/proc/oom.h"
#include "core/proc/process_impl.h"
#include "core/proc/signalfd.h"
#include "core/proc/terminal.h"
#include "core/proc/timerfd.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

static const struct lock_class tree_class = {"processes", LOCK_RANK_PROCESS};

static struct mem_cache process_cache, task_cache;

static struct {
    struct spinlock lock;
    struct list all GUARDED_BY(lock);
    struct process_counts counts GUARDED_BY(lock);
    void (*user_loop)(struct thread *self); /* set with init, then const */
} tree;

void process_init_all(void)
{
    cache_init(&process_cache, "process", sizeof(struct process), 16);
    cache_init(&task_cache, "task", sizeof(struct task), 16);
    spin_init(&tree.lock, &tree_class);
    list_init(&tree.all);
    user_init_all();
    pid_init_all();
    nsset_init_all();
    file_init_all();
    fd_init_all();
    pipe_init_all();
    epoll_init_all();
    eventfd_init_all();
    timerfd_init_all();
    signalfd_init_all();
    signal_init_all();
    terminal_init_all();
    futex_init_all();
    oom_init_all();
}

unsigned process_tree_lock(void) NO_TSA
{
    return spin_lock_irq(&tree.lock);
}

void process_tree_unlock(unsigned saved) NO_TSA
{
    spin_unlock_irq(&tree.lock, saved);
}

bool process_tree_is_locked(void)
{
    return spin_is_held(&tree.lock);
}

struct list *process_list(void)
{
    ASSERT(process_tree_is_locked());
    return &tree.all;
}

void process_get_counts(struct process_counts *out) NO_TSA
{
    unsigned saved = process_tree_lock();

    *out = tree.counts;
    process_tree_unlock(saved);
}

void process_uncount(void)
{
    ASSERT(process_tree_is_locked() && tree.counts.threads > 0);
    tree.counts.threads--;
}

struct process *process_alloc(void)
{
    struct process *process =
        mem_alloc(&process_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (process == NULL)
        return NULL;
    refcount_init(&process->refs, 1);
    list_init(&process->all);
    list_init(&process->by_pid);
    list_init(&process->by_group);
    list_init(&process->by_session);
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->threads);
    waitq_init(&process->waiters);
    process->started_ns = hal_clock_now();
    process->dumpable = 1;
    limit_watch_init(process);
    return process;
}

struct task *task_alloc(void)
{
    struct task *task = mem_alloc(&task_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (task == NULL)
        return NULL;
    refcount_init(&task->refs, 1);
    list_init(&task->by_pid);
    list_init(&task->of_process);
    waitq_init(&task->vfork_waiters);
    task_signals_init(&task->signals);
    return task;
}

struct aspace *process_get_aspace(struct process *process)
{
    unsigned saved = process_tree_lock();
    struct aspace *as = process->as;

    if (as != NULL)
        aspace_get(as);
    process_tree_unlock(saved);
    return as;
}

void process_get(struct process *process)
{
    refcount_get(&process->refs);
}

void process_put(struct process *process)
{
    if (!refcount_put(&process->refs))
        return;
    ASSERT(list_is_empty(&process->threads));
    ASSERT(!list_is_linked(&process->sibling));
    if (process->as != NULL)
        aspace_put(process->as); /* it never ran */
    if (process->program.dentry != NULL)
        open_end_exec(&process->program);
    if (process->signals.actions != NULL)
        signals_fini(&process->signals);
    ASSERT(process->terminal == NULL && process->hung_group == NULL);
    if (process->cred != NULL)
        cred_put(process->cred);
    if (process->pid != NULL)
        pid_put(process->pid);
    mem_free(&process_cache, process);
}

void task_get(struct task *task)
{
    refcount_get(&task->refs);
}

void task_put(struct task *task)
{
    if (!refcount_put(&task->refs))
        return;
    ASSERT(!list_is_linked(&task->of_process));
    if (task->files != NULL)
        fd_table_put(task->files);
    if (task->fs != NULL)
        context_put(task->fs);
    if (task->cred != NULL)
        cred_put(task->cred);
    if (task->ns != NULL)
        nsset_put(task->ns);
    if (task->pid != NULL)
        pid_put(task->pid);
    if (task->thread != NULL)
        thread_put(task->thread);
    if (task->process != NULL)
        process_put(task->process);
    mem_free(&task_cache, task);
}

struct process *process_find(struct pid_ns *ns, int number)
{
    struct pid *pid = pid_find(ns, number);
    struct process *process = NULL;
    unsigned saved;

    if (pid == NULL)
        return NULL;
    saved = process_tree_lock();
    if (!list_is_empty(&pid->members[PID_PROCESS])) {
        process =
            list_entry(pid->members[PID_PROCESS].next, struct process, by_pid);
        process_get(process);
    }
    process_tree_unlock(saved);
    pid_put(pid);
    return process;
}

struct task *task_find(struct pid_ns *ns, int number)
{
    struct pid *pid = pid_find(ns, number);
    struct task *task = NULL;
    unsigned saved;

    if (pid == NULL)
        return NULL;
    saved = process_tree_lock();
    if (!list_is_empty(&pid->members[PID_TASK])) {
        task = list_entry(pid->members[PID_TASK].next, struct task, by_pid);
        task_get(task);
    }
    process_tree_unlock(saved);
    pid_put(pid);
    return task;
}

/* The one namespace there is: a task's and its process's are the same. */
int task_number(const struct task *task)
{
    return pid_nr(task->pid, pid_ns_root());
}

int process_number(const struct process *process)
{
    return pid_nr(process->pid, pid_ns_root());
}

struct fd_table *task_swap_files(struct task *task, struct fd_table *files)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);
    struct fd_table *old = task->files;

    task->files = files;
    spin_unlock_irq(&signals->lock, saved);
    return old;
}

struct fd_table *task_files(struct task *task)
{
    struct process_signals *signals = &task->process->signals;
    unsigned saved = spin_lock_irq(&signals->lock);
    struct fd_table *files = task->files;

    if (files != NULL)
        fd_table_get(files);
    spin_unlock_irq(&signals->lock, saved);
    return files;
}

static bool acts_alike(const struct cred *a, const struct cred *b)
{
    return a->euid == b->euid && a->egid == b->egid && a->fsuid == b->fsuid &&
           a->fsgid == b->fsgid;
}

void task_set_cred(struct task *task, struct cred *cred)
{
    struct cred *old = task->cred;
    unsigned saved = process_tree_lock();

    if (!acts_alike(old, cred)) {
        __atomic_store_n(&task->process->dumpable, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&task->parent_death_signal, 0, __ATOMIC_RELAXED);
    }
    user_add_process(cred->user);
    task->cred = cred;
    process_tree_unlock(saved);
    user_drop_process(old->user);
    cred_put(old);
}

bool task_may_look_into(struct task *self, struct task *target)
{
    const struct cred *mine = self->cred;
    unsigned saved = process_tree_lock();
    const struct cred *its = target->cred;
    bool is_same = mine->uid == its->euid && mine->uid == its->suid &&
                   mine->uid == its->uid && mine->gid == its->egid &&
                   mine->gid == its->sgid && mine->gid == its->gid;
    bool is_dumpable =
        __atomic_load_n(&target->process->dumpable, __ATOMIC_RELAXED) == 1;
    bool has_caps = (its->permitted & ~mine->permitted) == 0;

    process_tree_unlock(saved);
    if (self->process == target->process ||
        cred_is_capable(mine, CAP_SYS_PTRACE))
        return true;
    return is_same && is_dumpable && has_caps;
}

void task_set_name(struct task *task, const char *name)
{
    unsigned saved = process_tree_lock();

    mem_set(task->name, 0, sizeof(task->name));
    (void)str_copy(task->name, name, sizeof(task->name));
    process_tree_unlock(saved);
}

void task_get_name(struct task *task, char out[PROCESS_NAME_MAX])
{
    unsigned saved = process_tree_lock();

    mem_copy(out, task->name, PROCESS_NAME_MAX);
    process_tree_unlock(saved);
}

const struct cred *process_cred(const struct process *process)
{
    if (process->cred != NULL)
        return process->cred;
    ASSERT(!list_is_empty(&process->threads));
    return list_entry(process->threads.next, struct task, of_process)->cred;
}

lx_uid_t process_uid(const struct process *process)
{
    return process_cred(process)->uid;
}

struct task *task_current(void)
{
    struct thread *self = thread_current();

    ASSERT(self->task != NULL);
    return self->task;
}

void pid_leave(struct list *member, struct pid *pid)
{
    ASSERT(process_tree_is_locked());
    list_remove(member);
    if (pid_is_unused(pid))
        pid_retire(pid);
}

void process_link(struct process *process, struct process *parent,
                  struct task *creator)
{
    ASSERT(process_tree_is_locked());
    process_get(process); /* the tree's */
    list_push_back(&tree.all, &process->all);
    list_push_back(&process->pid->members[PID_PROCESS], &process->by_pid);
    list_push_back(&process->group->members[PID_GROUP], &process->by_group);
    list_push_back(&process->session->members[PID_SESSION],
                   &process->by_session);
    if (parent == NULL)
        return;
    process->parent = parent;
    process->creator = creator;
    process->parent_number = process_number(parent);
    list_push_back(&parent->children, &process->sibling);
}

void task_link(struct task *task)
{
    struct process *process = task->process;

    ASSERT(process_tree_is_locked());
    tree.counts.threads++;
    tree.counts.forks++;
    list_push_back(&task->pid->members[PID_TASK], &task->by_pid);
    list_push_back(&process->threads, &task->of_process);
    __atomic_fetch_add(&process->running, 1, __ATOMIC_RELAXED);
}

/* A user thread's first steps; without a task it was made in vain. */
static void run_user_thread(void *arg)
{
    struct thread *self = thread_current();
    struct task *task = self->task;

    (void)arg;
    if (task == NULL)
        return;
    if (task->process->as != NULL)
        thread_set_mmu(aspace_mmu(task->process->as));
    if (task->set_tid != 0) {
        int32_t number = task_number(task);

        (void)!copy_out_struct(task->process->as, task->set_tid, &number);
    }
    tree.user_loop(self);
}

void task_set_user_loop(void (*user_loop)(struct thread *self))
{
    tree.user_loop = user_loop;
}

int task_create_thread(struct task *task)
{
    return thread_create("user", run_user_thread, NULL, &task->thread);
}

void task_start(struct task *task, struct hal_user *user)
{
    if (user != NULL) {
        task->thread->task = task;
        task->thread->user = user;
    }
    thread_start(task->thread);
}

const char *signal_name(unsigned number)
{
    switch (number) {
    case LX_SIGILL:
        return "SIGILL";
    case LX_SIGTRAP:
        return "SIGTRAP";
    case LX_SIGBUS:
        return "SIGBUS";
    case LX_SIGFPE:
        return "SIGFPE";
    case LX_SIGKILL:
        return "SIGKILL";
    case LX_SIGSEGV:
        return "SIGSEGV";
    case LX_SIGSYS:
        return "SIGSYS";
    default:
        return "signal";
    }
}
