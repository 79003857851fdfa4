/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/clone.c - contract in clone.h.
 *
 * Everything that can fail is done while nobody knows of the child; then it
 * enters the tree and starts in one step under the tree's lock, unless a signal
 * is pending: a signal to a group comes before that step, and keeps the child
 * from being made, or after it, and reaches the child.
 */
#include "core/proc/clone.h"

#include "core/abi/errno.h"
#include "core/abi/ptrace.h"
#include "core/abi/sched.h"
#include "core/base/string.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/fs/open.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/proc/files.h"
#include "core/proc/pidfd.h"
#include "core/proc/process_impl.h"
#include "core/proc/terminal.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

/* What only a kernel with such namespaces or cgroups has. */
#define FLAGS_ABSENT \
    (LX_CLONE_NEWNS | LX_CLONE_NEWCGROUP | LX_CLONE_NEWUTS | LX_CLONE_NEWIPC | \
     LX_CLONE_NEWUSER | LX_CLONE_NEWPID | LX_CLONE_NEWNET | \
     LX_CLONE_INTO_CGROUP)

static bool has(const struct clone_request *request, uint64_t flag)
{
    return (request->flags & flag) != 0;
}

static int check_flags(const struct task *self,
                       const struct clone_request *request)
{
    if (has(request, FLAGS_ABSENT))
        return -EINVAL;
    if (has(request, LX_CLONE_THREAD) && !has(request, LX_CLONE_SIGHAND))
        return -EINVAL;
    if (has(request, LX_CLONE_SIGHAND) && !has(request, LX_CLONE_VM))
        return -EINVAL;
    if (has(request, LX_CLONE_SIGHAND) && has(request, LX_CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if (has(request, LX_CLONE_PIDFD) &&
        has(request, LX_CLONE_THREAD | LX_CLONE_DETACHED))
        return -EINVAL;
    if (has(request, LX_CLONE_PARENT) && self->process->parent_number == 0)
        return -EINVAL; /* nobody could wait for a sibling of init */
    return 0;
}

/* Counts the child for its user: 0 or -EAGAIN (RLIMIT_NPROC of getrlimit(2), or
 * as many threads as the machine may have). */
static int count_child(struct task *self)
{
    const struct cred *cred = self->cred;
    uint64_t limit = limits_current(&self->process->limits, LX_RLIMIT_NPROC);
    bool fits = user_add_process(cred->user) <= limit || cred->uid == 0 ||
                cred_is_capable(cred, CAP_SYS_RESOURCE) ||
                cred_is_capable(cred, CAP_SYS_ADMIN);

    if (fits && user_count_all() <= user_limit_all())
        return 0;
    user_drop_process(cred->user);
    return -EAGAIN;
}

/* It runs the same program, which stays denied to writers. */
static void copy_program(struct process *child, struct process *process)
{
    struct path program;
    int error = process_program(process, &program);

    if (error != 0)
        return;
    error = inode_deny_write(path_inode(&program));
    ASSERT(error == 0);
    process_set_program(child, &program);
}

/* What a new process has of its own. */
static int fill_process(struct process *child, struct task *self,
                        const struct clone_request *request)
{
    struct process *process = self->process;
    int error = signals_clone(&child->signals, &process->signals,
                              has(request, LX_CLONE_SIGHAND));

    if (error != 0)
        return error;
    if (has(request, LX_CLONE_CLEAR_SIGHAND))
        signals_clear_handlers(&child->signals);
    limits_clone(&child->limits, &process->limits);
    copy_program(child, process);
    child->places = process->places;
    child->dumpable = __atomic_load_n(&process->dumpable, __ATOMIC_RELAXED);
    child->no_huge_pages =
        __atomic_load_n(&process->no_huge_pages, __ATOMIC_RELAXED);
    child->exit_signal = request->exit_signal;
    if (has(request, LX_CLONE_VM)) {
        aspace_get(process->as);
        child->as = process->as;
        child->borrows_as = true;
        return 0;
    }
    error = aspace_clone(process->as, NULL, &child->as);
    if (error == 0)
        limits_tell_memory(child);
    return error;
}

static int give_process(struct task *child, struct task *self,
                        const struct clone_request *request)
{
    if (has(request, LX_CLONE_THREAD)) {
        process_get(self->process);
        child->process = self->process;
        return 0;
    }
    child->process = process_alloc();
    if (child->process == NULL)
        return -ENOMEM;
    return fill_process(child->process, self, request);
}

static int give_files(struct task *child, struct task *self,
                      const struct clone_request *request)
{
    if (!has(request, LX_CLONE_FILES))
        return fd_table_copy(self->files, &child->files);
    fd_table_get(self->files);
    child->files = self->files;
    return 0;
}

static int give_context(struct task *child, struct task *self,
                        const struct clone_request *request)
{
    if (!has(request, LX_CLONE_FS))
        return context_copy(self->fs, &child->fs);
    context_get(self->fs);
    child->fs = self->fs;
    return 0;
}

/* What is the thread's own (clone(2), set_robust_list(2), rseq(2)). */
static void fill_task(struct task *child, struct task *self,
                      const struct clone_request *request)
{
    bool shares_memory = has(request, LX_CLONE_VM);

    cred_get(self->cred);
    child->cred = self->cred;
    nsset_get(self->ns);
    child->ns = self->ns;
    child->no_new_privs = self->no_new_privs;
    child->personality = self->personality;
    child->timer_slack_ns = self->timer_slack_ns;
    child->default_slack_ns = self->timer_slack_ns;
    task_get_name(self, child->name);
    if (has(request, LX_CLONE_CHILD_SETTID))
        child->set_tid = request->child_tid;
    if (has(request, LX_CLONE_CHILD_CLEARTID))
        child->clear_tid = request->child_tid;
    if (!shares_memory) {
        child->rseq = self->rseq;
        child->rseq_signature = self->rseq_signature;
    }
    child->is_vforked = has(request, LX_CLONE_VFORK);
}

/* sched(7): the child's class and CPUs. */
static void give_schedule(struct task *child, struct task *self)
{
    struct thread_params params;
    int error;

    thread_get_params(self->thread, &params);
    if (__atomic_load_n(&self->resets_on_fork, __ATOMIC_RELAXED)) {
        if (params.policy == THREAD_FIFO || params.policy == THREAD_RR)
            params = (struct thread_params){.policy = THREAD_NORMAL};
        else if (params.nice < 0)
            params.nice = 0;
    }
    error = thread_set_params(child->thread, &params);
    ASSERT(error == 0);
    error = thread_set_affinity(child->thread, thread_affinity(self->thread));
    ASSERT(error == 0);
    if (child->rseq != 0) {
        child->thread->switch_work = THREAD_WORK_RSEQ;
        child->thread->work = THREAD_WORK_RSEQ;
    }
}

static int set_stack(struct hal_user *user, uaddr_t stack)
{
    struct lx_user_regs regs;

    hal_user_get(user, &regs);
    regs.rsp = stack;
    return hal_user_set(user, &regs);
}

/* The registers the child begins with. */
static int give_registers(struct task *self,
                          const struct clone_request *request,
                          struct hal_user **out)
{
    struct hal_user *user;
    int error = hal_user_clone(self->thread->user, &user);

    if (error != 0)
        return error;
    hal_user_set_result(user, 0);
    if (request->stack != 0)
        error = set_stack(user, request->stack);
    if (error == 0 && has(request, LX_CLONE_SETTLS))
        error = hal_user_set_fs_base(user, request->tls);
    if (error != 0)
        hal_user_destroy(user);
    else
        *out = user;
    return error;
}

/* Whose child it is, its group and session. Tree lock. */
static void place(struct task *child, struct task *self,
                  const struct clone_request *request)
{
    struct process *process = child->process, *like = self->process;
    struct process *parent = like;
    struct task *creator = self;

    if (has(request, LX_CLONE_PARENT)) {
        parent = like->parent;
        creator = like->creator;
        process->exit_signal = like->exit_signal;
    }
    process->pid = child->pid;
    process->group = like->group;
    process->session = like->session;
    pid_get(process->pid);
    pid_get(process->group);
    pid_get(process->session);
    terminal_inherit(process, like);
    process_link(process, parent, creator);
}

/* May self make a child now? Tree lock and its signals.lock. */
static int check_now(struct task *self, const struct clone_request *request)
{
    struct process *process = self->process;
    const unsigned stops = THREAD_WORK_EXIT | THREAD_WORK_SIGNAL;

    if ((__atomic_load_n(&self->thread->work, __ATOMIC_ACQUIRE) & stops) != 0)
        return -EINTR;
    if (has(request, LX_CLONE_THREAD) &&
        (process->is_ending || process->exec_task != NULL))
        return -EINTR;
    return 0;
}

/* The step that cannot be undone: 0, or -EINTR. */
static int commit(struct task *child, struct task *self,
                  const struct clone_request *request,
                  struct hal_user *user) NO_TSA
{
    unsigned saved = process_tree_lock();
    int error;

    spin_lock(&self->process->signals.lock);
    error = check_now(self, request);
    if (error == 0) {
        if (!has(request, LX_CLONE_THREAD))
            place(child, self, request);
        task_link(child);
        task_start(child, user);
    }
    spin_unlock(&self->process->signals.lock);
    process_tree_unlock(saved);
    return error;
}

/* Makes all of child but its thread and number; *user is its registers. */
static int fill_child(struct task *child, struct task *self,
                      const struct clone_request *request,
                      struct hal_user **user)
{
    bool keeps_stack =
        !has(request, LX_CLONE_VM) || has(request, LX_CLONE_VFORK);
    int error = give_process(child, self, request);

    if (error != 0)
        return error;
    fill_task(child, self, request);
    task_signals_clone(child, self, keeps_stack);
    error = give_files(child, self, request);
    if (error == 0)
        error = give_context(child, self, request);
    return error != 0 ? error : give_registers(self, request, user);
}

static int start_child(struct task *child, struct task *self,
                       const struct clone_request *request,
                       struct hal_user *user)
{
    int32_t number = task_number(child);
    int error = task_create_thread(child);

    if (error != 0)
        return error;
    give_schedule(child, self);
    if (has(request, LX_CLONE_PARENT_SETTID))
        (void)!copy_out_struct(self->process->as, request->parent_tid, &number);
    task_get(child); /* it may end before this returns */
    error = commit(child, self, request, user);
    if (error != 0) {
        task_start(child, NULL);
        task_put(child);
    }
    return error;
}

static bool is_released(void *arg)
{
    const struct task *child = arg;

    return !__atomic_load_n(&child->is_vforked, __ATOMIC_ACQUIRE);
}

/* It was on no list, so no signal can be pending. */
static void drop_unborn(struct task *child)
{
    if (child->pid != NULL)
        pid_retire(child->pid);
    task_put(child);
}

/* A descriptor for the child, told to the caller: 0 or -errno. */
static int give_pidfd(struct task *child, struct task *self,
                      const struct clone_request *request, int32_t *fd)
{
    struct fd_place place = {
        .limit = limits_current(&self->process->limits, LX_RLIMIT_NOFILE),
        .close_on_exec = true,
    };
    struct file *file;
    int error = pidfd_create(child->pid, 0, &file);

    if (error != 0)
        return error;
    *fd = fd_install(self->files, file, &place);
    if (*fd < 0) {
        file_put(file);
        return *fd;
    }
    error = copy_out_struct(self->process->as, request->pidfd, fd);
    if (error != 0)
        (void)!fd_close(self->files, *fd);
    return error;
}

/* The steps that others may see: when one fails, those before are undone.
 * Takes user over when it returns 0. */
static int show_child(struct task *child, struct task *self,
                      const struct clone_request *request,
                      struct hal_user *user)
{
    int32_t fd = -1;
    int error = pid_alloc(self->ns->pid, request->wanted, &child->pid);

    if (error == 0 && has(request, LX_CLONE_PIDFD))
        error = give_pidfd(child, self, request, &fd);
    if (error != 0)
        return error;
    error = start_child(child, self, request, user);
    if (error != 0 && fd >= 0)
        (void)!fd_close(self->files, fd);
    return error;
}

static int clone_counted(struct task *self, const struct clone_request *request)
{
    struct task *child = task_alloc();
    struct hal_user *user = NULL;
    int number, error;

    if (child == NULL)
        return -ENOMEM;
    error = fill_child(child, self, request, &user);
    if (error == 0)
        error = show_child(child, self, request, user);
    if (error != 0) {
        if (user != NULL)
            hal_user_destroy(user);
        drop_unborn(child);
        return error;
    }
    number = task_number(child);
    if (!has(request, LX_CLONE_THREAD))
        limit_watch_start(child->process);
    if (has(request, LX_CLONE_VFORK))
        (void)!waitq_wait_killable(&child->vfork_waiters, is_released, child,
                                   WAIT_FOREVER);
    task_put(child);
    return number;
}

int task_clone(struct task *self, const struct clone_request *request)
{
    int result = check_flags(self, request);

    if (result == 0)
        result = count_child(self);
    if (result != 0)
        return result;
    result = clone_counted(self, request);
    if (result < 0)
        user_drop_process(self->cred->user);
    return result;
}
