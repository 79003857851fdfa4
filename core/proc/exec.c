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
#include "core/fs/open.h"
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
    const char *name;        /* that scripts get */
    bool is_hidden;          /* that leads nowhere afterwards */
    struct path program;     /* references; writing is denied */
    struct path loader_path; /* the same; dentry NULL: none */
    struct exec_strings strings;
    struct elf_image image, loader;
    struct cred *cred;              /* the program's, one reference */
    struct fd_table *files;         /* NULL: those it has */
    struct signal_actions *actions; /* room for its own, or NULL */
    char head[EXEC_HEAD];
    char interpreter[EXEC_HEAD]; /* of a script; NUL-terminated */
};

static int open_program(const struct exec *exec, const char *path,
                        const struct exec_call *call, struct path *out)
{
    const struct path_ask ask = {
        .cred = exec->task->cred,
        .context = exec->task->fs,
        .start = call != NULL ? call->start : NULL,
        .flags = call != NULL ? call->path_flags : PATH_FOLLOW,
    };

    return open_exec(&ask, path, out);
}

static ssize_t read_head(struct exec *exec)
{
    return inode_read(path_inode(&exec->program), 0, exec->head,
                      sizeof(exec->head));
}

/* A script's line goes before the arguments, in place of the first, and its
 * interpreter in place of the program. */
static int use_script(struct exec *exec, const char *name)
{
    struct exec_strings *strings = &exec->strings;
    struct exec_script script;
    struct path program;
    ssize_t size = read_head(exec);
    int error = size < 0 ? (int)size
                         : exec_script_parse(exec->head, (size_t)size, &script);

    if (error == 0 && exec->is_hidden)
        error = -ENOENT;
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
    error = open_program(exec, exec->interpreter, NULL, &program);
    if (error != 0)
        return error;
    open_end_exec(&exec->program);
    exec->program = program;
    exec->is_hidden = false;
    return 0;
}

static bool is_script(struct exec *exec)
{
    ssize_t size = read_head(exec);

    return size > 0 && exec_script_is(exec->head, (size_t)size);
}

static int follow_scripts(struct exec *exec)
{
    const char *name = exec->name;
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
    int error = image_parse(path_inode(&exec->program), &exec->image, &why);

    if (error != 0)
        tell(exec, exec->path, why);
    if (error != 0 || exec->image.interp[0] == '\0')
        return error;
    error = open_program(exec, exec->image.interp, NULL, &exec->loader_path);
    if (error != 0) {
        tell(exec, exec->image.interp, "the dynamic loader cannot be opened");
        return error;
    }
    error = image_parse(path_inode(&exec->loader_path), &exec->loader, &why);
    if (error == 0)
        return 0;
    tell(exec, exec->image.interp, why);
    return error == -ENOMEM ? error : -ELIBBAD;
}

/* Set-user-ID and set-group-ID bits of the file (execve(2)). */
static int give_cred(struct exec *exec)
{
    struct task *task = exec->task;
    const struct inode *inode = path_inode(&exec->program);
    bool may = !task->no_new_privs &&
               (mount_flags(exec->program.mount) & MOUNT_NO_SUID) == 0;
    uint32_t mode = inode_mode(inode);
    lx_uid_t euid = UINT32_MAX;
    lx_gid_t egid = UINT32_MAX;
    int error;

    if (may && (mode & LX_S_ISUID) != 0)
        euid = inode->uid;
    if (may && (mode & (LX_S_ISGID | LX_S_IXGRP)) == (LX_S_ISGID | LX_S_IXGRP))
        egid = inode->gid;
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
    task_set_name(task, name);
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
    limits_tell_memory(process); /* another may have changed them */
    process_set_places(process, &start->stack);
    task_release_vfork(task);
    if (old != NULL)
        aspace_put(old);
    hal_user_reset(task->thread->user, start->entry, start->stack.rsp);
    forget_user_words(task);
    signals_exec(task, exec->actions);
    exec->actions = NULL;
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
    process_set_program(process, &exec->program);
    exec->program.dentry = NULL;
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
        .inode = path_inode(&exec->program),
        .image = &exec->image,
        .loader_inode = exec->loader_path.dentry != NULL
                            ? path_inode(&exec->loader_path)
                            : NULL,
        .loader = &exec->loader,
        .path = exec->name,
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
        error = signals_reserve(exec->task->process, &exec->actions);
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

static void destroy(struct exec *exec)
{
    exec_strings_fini(&exec->strings);
    if (exec->program.dentry != NULL)
        open_end_exec(&exec->program);
    if (exec->loader_path.dentry != NULL)
        open_end_exec(&exec->loader_path);
    if (exec->cred != NULL)
        cred_put(exec->cred);
    if (exec->files != NULL)
        fd_table_put(exec->files);
    signals_cancel_exec(exec->actions);
    kmem_free(exec, sizeof(*exec));
}

static int create(struct task *task, const struct exec_call *call,
                  struct exec **out)
{
    struct exec *exec = kmem_alloc(sizeof(*exec), MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (exec == NULL)
        return -ENOMEM;
    exec->task = task;
    exec->path = call->path;
    exec->name = call->name;
    exec->is_hidden = call->is_hidden;
    error = open_program(exec, call->path, call, &exec->program);
    if (error != 0) {
        kmem_free(exec, sizeof(*exec));
        return error;
    }
    error = exec_strings_init(&exec->strings, strings_limit(task));
    if (error != 0) {
        open_end_exec(&exec->program);
        kmem_free(exec, sizeof(*exec));
        return error;
    }
    *out = exec;
    return 0;
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
    int error = create(task, call, &exec);

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
    const struct exec_call call = {
        .path = args->path, .name = args->path, .path_flags = PATH_FOLLOW};
    struct exec *exec;
    int error = create(task, &call, &exec);

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
