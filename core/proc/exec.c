/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec.c - contract in exec.h.
 *
 * Everything is built in a new address space; only when nothing can fail any
 * more does the process let go of the old one. Segments are mapped, not read:
 * their pages come by faults.
 */
#include "core/proc/exec.h"

#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/abi/personality.h"
#include "core/abi/stat.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/fs/store.h"
#include "core/id/cred.h"
#include "core/mem/cache.h"
#include "core/proc/exec_image.h"
#include "core/proc/exec_script.h"
#include "core/proc/exec_strings.h"
#include "core/proc/files.h"
#include "core/proc/process_impl.h"
#include "core/sched/lend.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "hal/user.h"

enum { SCRIPTS_MAX = 5 }; /* interpreters that are scripts themselves */

static bool is_fixed; /* atomic: no program's places are random */

/* An exec in progress; large, so not on the stack. */
struct exec {
    struct task *task;
    const char *path;        /* as it was given */
    struct store_node *node; /* of the program */
    struct store_node *loader_node;
    struct exec_strings strings;
    struct elf_image image, loader;
    struct cred *cred;      /* the program's, one reference */
    struct fd_table *files; /* NULL: those it has */
    char head[EXEC_HEAD];
    char interpreter[EXEC_HEAD]; /* of a script; NUL-terminated */
};

/* May cred execute a file of these attributes (path_resolution(7))? */
static bool may_execute(const struct cred *cred, const struct lx_stat *stat)
{
    uint32_t bits = LX_S_IXOTH;

    if (cred->fsuid == 0)
        bits = LX_S_IXUSR | LX_S_IXGRP | LX_S_IXOTH;
    else if (stat->st_uid == cred->fsuid)
        bits = LX_S_IXUSR;
    else if (cred_is_in_group(cred, stat->st_gid))
        bits = LX_S_IXGRP;
    return (stat->st_mode & bits) != 0;
}

static int open_program(const struct task *task, const char *path,
                        unsigned flags, struct store_node **out)
{
    struct store_node *node;
    struct lx_stat stat;
    int error = store_lookup(task->process->store, path, flags, &node);

    if (error != 0)
        return error;
    store_stat(node, &stat);
    if ((stat.st_mode & LX_S_IFMT) == LX_S_IFLNK)
        return -ELOOP;
    if ((stat.st_mode & LX_S_IFMT) != LX_S_IFREG ||
        !may_execute(task->cred, &stat))
        return -EACCES;
    *out = node;
    return 0;
}

/* A script's line goes before the arguments, in place of the first, and its
 * interpreter in place of the program. */
static int use_script(struct exec *exec, const char *name)
{
    struct exec_strings *strings = &exec->strings;
    struct exec_script script;
    size_t size = store_read(exec->node, 0, exec->head, sizeof(exec->head));
    int error = exec_script_parse(exec->head, size, &script);

    if (error != 0)
        return error;
    exec_strings_drop_first(strings);
    error = exec_strings_push(strings, name, str_length(name, LX_PATH_MAX));
    if (error == 0 && script.argument != NULL)
        error =
            exec_strings_push(strings, script.argument, script.argument_length);
    if (error == 0)
        error = exec_strings_push(strings, script.interpreter,
                                  script.interpreter_length);
    if (error != 0)
        return error;
    mem_copy(exec->interpreter, script.interpreter, script.interpreter_length);
    exec->interpreter[script.interpreter_length] = '\0';
    return open_program(exec->task, exec->interpreter, 0, &exec->node);
}

static bool is_script(struct exec *exec)
{
    size_t size = store_read(exec->node, 0, exec->head, sizeof(exec->head));

    return exec_script_is(exec->head, size);
}

static int follow_scripts(struct exec *exec)
{
    const char *name = exec->path;
    unsigned depth = 0;
    int error = 0;

    while (error == 0 && is_script(exec)) {
        if (depth++ == SCRIPTS_MAX)
            return -ELOOP;
        error = use_script(exec, name);
        name = exec->interpreter;
    }
    return error;
}

/* What is wrong with init's program goes to the log; no other's. */
static void tell(const struct exec *exec, const char *path, const char *why)
{
    if (exec->task->process->as == NULL)
        log_error("%s: cannot run: %s", path, why);
}

static int parse_program(struct exec *exec)
{
    const char *why = "";
    int error = image_parse(exec->node, &exec->image, &why);

    if (error != 0)
        tell(exec, exec->path, why);
    if (error != 0 || exec->image.interp[0] == '\0')
        return error;
    error = open_program(exec->task, exec->image.interp, 0, &exec->loader_node);
    if (error != 0) {
        tell(exec, exec->image.interp, "the dynamic loader cannot be opened");
        return error;
    }
    error = image_parse(exec->loader_node, &exec->loader, &why);
    if (error == 0)
        return 0;
    tell(exec, exec->image.interp, why);
    return error == -ENOMEM ? error : -ELIBBAD;
}

/* Set-user-ID and set-group-ID bits of the file (execve(2)). */
static int give_cred(struct exec *exec)
{
    struct task *task = exec->task;
    struct lx_stat stat;
    lx_uid_t euid = UINT32_MAX;
    lx_gid_t egid = UINT32_MAX;
    int error;

    store_stat(exec->node, &stat);
    if (!task->no_new_privs && (stat.st_mode & LX_S_ISUID) != 0)
        euid = stat.st_uid;
    if (!task->no_new_privs &&
        (stat.st_mode & (LX_S_ISGID | LX_S_IXGRP)) == (LX_S_ISGID | LX_S_IXGRP))
        egid = stat.st_gid;
    error = cred_copy(task->cred, &exec->cred);
    if (error == 0)
        cred_exec(exec->cred, euid, egid);
    return error;
}

static bool is_secure(const struct cred *cred)
{
    return cred->uid != cred->euid || cred->gid != cred->egid;
}

static void set_name(struct task *task, const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/')
            name = at + 1;
    mem_set(task->name, 0, sizeof(task->name));
    (void)str_copy(task->name, name, sizeof(task->name));
}

/* The old address space's way out and the new one's in, or back again. */
static void use_aspace(struct aspace *as)
{
    thread_set_mmu(as != NULL ? aspace_mmu(as) : NULL);
}

static bool is_alone(void *arg)
{
    struct process *process = arg;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    bool result = process->threads.next->next == &process->threads;

    spin_unlock_irq(&process->signals.lock, saved);
    return result;
}

/* Ends the other threads: 0, or -EAGAIN when all are ending anyway or another
 * thread does this. */
static int end_others(struct task *task)
{
    struct process *process = task->process;
    unsigned saved = spin_lock_irq(&process->signals.lock);
    bool is_late = process->is_ending || process->exec_task != NULL;

    if (!is_late) {
        process->exec_task = task;
        list_for_each(node, &process->threads)
        {
            struct task *other = list_entry(node, struct task, of_process);

            if (other != task)
                thread_set_work(other->thread, THREAD_WORK_EXIT);
        }
    }
    spin_unlock_irq(&process->signals.lock, saved);
    return is_late ? -EAGAIN : 0;
}

static void set_exec_task(struct process *process, struct task *task)
{
    unsigned saved = spin_lock_irq(&process->signals.lock);

    process->exec_task = task;
    spin_unlock_irq(&process->signals.lock, saved);
}

/* The only thread bears the process's number from now on. */
static void take_lead(struct task *task)
{
    struct process *process = task->process;
    unsigned saved = process_tree_lock();
    struct pid *old = task->pid;

    if (old != process->pid) {
        pid_get(process->pid);
        pid_leave(&task->by_pid, old);
        task->pid = process->pid;
        list_push_back(&task->pid->members[PID_TASK], &task->by_pid);
        pid_put(old);
    }
    process->has_execed = true;
    process->exit_signal = LX_SIGCHLD;
    process_tree_unlock(saved);
}

/* Becomes the only thread: 0, -EAGAIN, or -EINTR when it is being killed. */
static int become_alone(struct task *task)
{
    struct process *process = task->process;
    int error = end_others(task);

    if (error != 0)
        return error;
    error =
        waitq_wait_killable(&process->waiters, is_alone, process, WAIT_FOREVER);
    if (error == 0)
        take_lead(task);
    set_exec_task(process, NULL);
    return error;
}

static void forget_user_words(struct task *task)
{
    task->set_tid = 0;
    task->clear_tid = 0;
    task->robust_list = 0;
    task->rseq = 0;
    task->thread->switch_work = 0;
    lend_open(task->thread);
}

/* Nothing fails from here on: what execve(2) says is not preserved goes. */
static void change_over(struct exec *exec, struct aspace *as,
                        const struct image_start *start)
{
    struct task *task = exec->task;
    struct process *process = task->process;
    struct aspace *old = process->as;

    if (old != NULL)
        task_release_words(task);
    use_aspace(as);
    (void)process_swap_aspace(process, as);
    task_release_vfork(task);
    if (old != NULL)
        aspace_put(old);
    hal_user_reset(task->thread->user, start->entry, start->stack);
    forget_user_words(task);
    signals_exec(task);
    if (exec->files != NULL) {
        fd_table_put(task_swap_files(task, exec->files));
        exec->files = NULL;
    }
    fd_close_marked(task->files);
    if (is_secure(exec->cred)) {
        __atomic_store_n(&task->parent_death_signal, 0, __ATOMIC_RELAXED);
        task->personality &= ~LX_PER_CLEAR_ON_SETID;
    }
    __atomic_store_n(&process->dumpable, is_secure(exec->cred) ? 0 : 1,
                     __ATOMIC_RELAXED);
    task_set_cred(task, exec->cred);
    exec->cred = NULL;
    set_name(task, exec->path);
}

void exec_set_random(bool is_random)
{
    __atomic_store_n(&is_fixed, !is_random, __ATOMIC_RELAXED);
}

static bool places_are_random(const struct exec *exec)
{
    return !__atomic_load_n(&is_fixed, __ATOMIC_RELAXED) &&
           ((exec->task->personality & LX_ADDR_NO_RANDOMIZE) == 0 ||
            is_secure(exec->cred));
}

static int run_image(struct exec *exec)
{
    struct task *task = exec->task;
    struct aspace *old = task->process->as, *as;
    struct image_plan plan = {
        .node = exec->node,
        .image = &exec->image,
        .loader_node = exec->loader_node,
        .loader = &exec->loader,
        .path = exec->path,
        .strings = &exec->strings,
        .cred = exec->cred,
        .is_secure = is_secure(exec->cred),
        .is_random = places_are_random(exec),
        .limits = &task->process->limits,
    };
    struct image_start start = {0};
    int error = aspace_create(NULL, &as);

    if (error != 0)
        return error;
    use_aspace(as);
    error = image_build(as, &plan, &start);
    use_aspace(old);
    if (error == 0)
        error = become_alone(task);
    if (error == 0)
        error = signals_unshare(task->process);
    if (error != 0) {
        aspace_put(as);
        return error;
    }
    change_over(exec, as, &start);
    return 0;
}

static int run(struct exec *exec)
{
    int error = follow_scripts(exec);

    if (error == -ENOEXEC)
        tell(exec, exec->path, "its first line names no interpreter");
    if (error == 0)
        error = parse_program(exec);
    if (error == 0)
        error = give_cred(exec);
    if (error == 0 && fd_table_is_shared(exec->task->files))
        error = fd_table_copy(exec->task->files, &exec->files);
    if (error == 0)
        error = run_image(exec);
    return error;
}

/* What of the stack's limit arguments and environment may take (execve(2)). */
static uint64_t strings_limit(struct task *task)
{
    uint64_t stack = limits_current(&task->process->limits, LX_RLIMIT_STACK);

    return max_u64(stack / 4, LX_ARG_MAX);
}

static int create(struct task *task, const char *path, unsigned flags,
                  struct exec **out)
{
    struct store_node *node = NULL;
    struct exec *exec;
    int error = open_program(task, path, flags, &node);

    if (error != 0)
        return error;
    exec = kmem_alloc(sizeof(*exec), MEM_WAIT | MEM_ZERO, NULL);
    if (exec == NULL)
        return -ENOMEM;
    exec->task = task;
    exec->path = path;
    exec->node = node;
    error = exec_strings_init(&exec->strings, strings_limit(task));
    if (error == 0)
        *out = exec;
    else
        kmem_free(exec, sizeof(*exec));
    return error;
}

static void destroy(struct exec *exec)
{
    exec_strings_fini(&exec->strings);
    if (exec->cred != NULL)
        cred_put(exec->cred);
    if (exec->files != NULL)
        fd_table_put(exec->files);
    kmem_free(exec, sizeof(*exec));
}

/* A program always has a first argument, empty if need be. */
static int add_first(struct exec_strings *strings)
{
    if (strings->argc > 0)
        return 0;
    strings->argc = 1;
    return exec_strings_add(strings, "", 1);
}

int exec_user(struct task *task, const struct exec_call *call)
{
    struct aspace *as = task->process->as;
    struct exec *exec;
    int error =
        create(task, call->path, call->no_follow ? STORE_NOFOLLOW : 0, &exec);

    if (error != 0)
        return error;
    error = exec_strings_add_user(&exec->strings, as, call->argv,
                                  &exec->strings.argc);
    if (error == 0)
        error = add_first(&exec->strings);
    if (error == 0)
        error = exec_strings_add_user(&exec->strings, as, call->envp,
                                      &exec->strings.envc);
    if (error == 0)
        error = run(exec);
    destroy(exec);
    return error;
}

int exec_kernel(struct task *task, const struct exec_args *args)
{
    struct exec *exec;
    int error = create(task, args->path, 0, &exec);

    if (error != 0)
        return error;
    exec->strings.argc = args->argc;
    exec->strings.envc = args->envc;
    error = exec_strings_add(&exec->strings, args->strings, args->strings_size);
    if (error == 0)
        error = run(exec);
    destroy(exec);
    return error;
}
