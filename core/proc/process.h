/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/process.h - a user program: what its threads share, and each one's
 * own part.
 *
 * There is one process, init, with one thread; its end is the machine's.
 *
 * Lifetime: the task and the process belong to the thread and go in
 * task_exit(). Locking: fields are constant once the thread runs, or the
 * thread's own; what others touch (the work word, the exit code) is atomic.
 */
#ifndef CORE_PROC_PROCESS_H
#define CORE_PROC_PROCESS_H

#include "core/abi/rseq.h"
#include "core/fs/file.h"
#include "core/id/limits.h"
#include "hal/types.h"

struct aspace;
struct store;
struct store_node;
struct thread;

enum { PROCESS_NAME_MAX = 16 }; /* TASK_COMM_LEN, with the NUL */

struct process {
    int pid;
    int parent_pid;    /* 0: the kernel */
    struct aspace *as; /* replaced by exec, by its own thread */
    struct fd_table files;
    struct limits limits;
    struct store *store;         /* where paths lead */
    char name[PROCESS_NAME_MAX]; /* last component of the program's path */
};

/* How a call that was cut short goes on: run again with these (the number is
 * the one it came with). */
struct restart {
    uint64_t number;
    uint64_t args[6];
};

struct task {
    struct thread *thread;
    struct process *process;
    struct restart restart;
    unsigned wait_status; /* atomic; as wait4(2) stores it */
    uaddr_t clear_tid;    /* set_tid_address(2) */
    uaddr_t robust_list;  /* set_robust_list(2) */
    uaddr_t rseq;         /* 0: not registered */
    uint32_t rseq_signature;
};

/* What to run; the strings are NUL-terminated and follow each other. */
struct exec_args {
    const char *path;
    const char *strings; /* argc arguments, then envc of the environment */
    size_t strings_size; /* with all NULs */
    unsigned argc, envc;
};

enum { EXEC_STRINGS_MAX = 65536 };

C_DECLS_BEGIN

/* Once, after the caches. */
void process_init_all(void);

/*
 * Makes init: process 1 on the console, its thread started in user_loop with
 * the program of args. Returns 0 when it runs, or: -ENOENT, -ENOTDIR, -ELOOP
 * (not found), -EACCES (no regular file or not executable), -ENOEXEC, -EINVAL
 * (bad image, said in the log), -E2BIG, -ENOMEM. Sleeps until it is known.
 */
MUST_USE int process_start_init(struct store *store,
                                const struct exec_args *args,
                                void (*user_loop)(struct thread *self));

/*
 * execve(2) for the running thread, whose user state and address space are
 * replaced; on an error both are as before. Errors as process_start_init().
 */
MUST_USE int process_exec(struct task *task, const struct exec_args *args);

/* The running thread's process side; it is a user thread. */
struct task *task_current(void);

/* Makes task end on its way to user mode; wait_status as wait4(2) stores it: an
 * exit status above the low 8 bits, or a signal's number in them. The first one
 * counts. Any context. */
void task_end(struct task *task, unsigned wait_status);

/* Ends the running user thread, and as it is init's, the machine. */
NORETURN void task_exit(struct task *task);

/* The name of a signal, "SIGSEGV"; "signal" for one without. */
const char *signal_name(unsigned number);

C_DECLS_END

#endif /* CORE_PROC_PROCESS_H */
