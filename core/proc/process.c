/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/process.c - init's beginning and end; contract in process.h.
 */
#include "core/proc/process.h"

#include "core/abi/errno.h"
#include "core/abi/signal.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/fs/console.h"
#include "core/mem/cache.h"
#include "core/sched/thread.h"
#include "core/sched/waitq.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/platform.h"
#include "hal/user.h"

enum { INIT_PID = 1, WAIT_STATUS_NONE = 0x10000 };

static struct mem_cache process_cache, task_cache;

void process_init_all(void)
{
    cache_init(&process_cache, "process", sizeof(struct process), 16);
    cache_init(&task_cache, "task", sizeof(struct task), 16);
}

/* What init's thread needs, and what it reports; lives on the stack of
 * process_start_init(), which waits. */
struct launch {
    const struct exec_args *args;
    struct task *task;
    void (*user_loop)(struct thread *self);
    struct waitq done;
    bool is_done; /* atomic */
    int result;
};

static void free_task(struct task *task)
{
    struct process *process = task->process;

    fd_table_fini(&process->files);
    if (process->as != NULL)
        aspace_put(process->as);
    mem_free(&process_cache, process);
    mem_free(&task_cache, task);
}

static int open_console(struct process *process)
{
    for (int stream = HAL_STREAM_IN; stream <= HAL_STREAM_ERR; stream++) {
        struct file *file = console_file((enum hal_stream)stream);
        int fd = fd_install(&process->files, file);

        ASSERT(fd == stream);
    }
    return 0;
}

static struct task *make_task(struct store *store)
{
    struct task *task = mem_alloc(&task_cache, MEM_WAIT | MEM_ZERO, NULL);
    struct process *process;

    if (task == NULL)
        return NULL;
    process = mem_alloc(&process_cache, MEM_WAIT | MEM_ZERO, NULL);
    if (process == NULL) {
        mem_free(&task_cache, task);
        return NULL;
    }
    task->process = process;
    task->wait_status = WAIT_STATUS_NONE;
    process->pid = INIT_PID;
    process->store = store;
    fd_table_init(&process->files);
    limits_init(&process->limits);
    (void)open_console(process);
    return task;
}

static bool launch_is_done(void *arg)
{
    struct launch *launch = arg;

    return __atomic_load_n(&launch->is_done, __ATOMIC_ACQUIRE);
}

/* Gives back the user side of the running thread. */
static void drop_user_side(struct thread *self)
{
    struct hal_user *user = self->user;

    thread_set_mmu(NULL);
    thread_set_user(NULL);
    if (user != NULL)
        hal_user_destroy(user);
    free_task(self->task);
}

/* Init's thread: becomes the program, tells how that went, and runs it. The
 * launch is gone once it was told. */
static void run_init(void *arg)
{
    struct launch *launch = arg;
    struct thread *self = thread_current();
    void (*user_loop)(struct thread *) = launch->user_loop;
    struct hal_user *user = NULL;
    int result;

    self->task = launch->task;
    self->task->thread = self;
    result = hal_user_create(&user);
    thread_set_user(user);
    if (result == 0)
        result = process_exec(self->task, launch->args);
    if (result != 0)
        drop_user_side(self);
    launch->result = result;
    __atomic_store_n(&launch->is_done, true, __ATOMIC_RELEASE);
    waitq_wake_all(&launch->done);
    if (result == 0)
        user_loop(self);
}

int process_start_init(struct store *store, const struct exec_args *args,
                       void (*user_loop)(struct thread *self))
{
    struct launch launch = {.args = args, .user_loop = user_loop};
    struct thread *thread;
    int error;

    waitq_init(&launch.done);
    launch.task = make_task(store);
    if (launch.task == NULL)
        return -ENOMEM;
    error = thread_create("init", run_init, &launch, &thread);
    if (error != 0) {
        free_task(launch.task);
        return error;
    }
    thread_start(thread);
    error = waitq_wait(&launch.done, launch_is_done, &launch, WAIT_FOREVER);
    ASSERT(error == 0);
    thread_put(thread);
    return launch.result;
}

struct task *task_current(void)
{
    struct thread *self = thread_current();

    ASSERT(self->task != NULL);
    return self->task;
}

void task_end(struct task *task, unsigned wait_status)
{
    unsigned none = WAIT_STATUS_NONE;

    (void)__atomic_compare_exchange_n(&task->wait_status, &none, wait_status,
                                      false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_RELAXED);
    thread_set_work(task->thread, THREAD_WORK_EXIT);
}

/* set_tid_address(2): the word is cleared at the end, if it can be. */
static void clear_tid(struct task *task)
{
    static const uint32_t zero;

    if (task->clear_tid != 0)
        (void)!copy_out(task->process->as, task->clear_tid, &zero,
                        sizeof(zero));
}

void task_exit(struct task *task)
{
    unsigned status = __atomic_load_n(&task->wait_status, __ATOMIC_SEQ_CST);
    unsigned signal = status & 0x7f, code = signal + 128;

    ASSERT(status != WAIT_STATUS_NONE);
    if (signal == 0)
        code = status >> 8;
    ASSERT(task->process->pid == INIT_PID);
    clear_tid(task);
    drop_user_side(task->thread);
    log_debug("init ended with status %u, after %llu planned failures", code,
              (unsigned long long)fault_failed());
    hal_power_off((int)code);
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
