/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/process.h - processes and their threads (struct task).
 *
 * A process is what its threads share: the tree of parents and children, group
 * and session, address space, limits, dispositions, and how it ended. A task
 * is a thread's own part. The first task, the leader, bears the process's own
 * number; when it ends first, the process lives on until the last task ends.
 * A zombie is a process without task: its pid, status and usage.
 *
 * Lifetime: both are reference counted. A task belongs to its thread and holds
 * its process; a process stays in the tree until it is reaped.
 *
 * Locking: one irq-safe spinlock, the process tree's (rank LOCK_RANK_PROCESS),
 * covers parents, children, groups, sessions, the members of pids, states and
 * what children's usage adds up to: fork, exit, setpgid, setsid and wait hold
 * it, so a signal to a group misses nobody. Inside it is process->signals.lock,
 * which also covers how a process is ending. The list of threads is written
 * under both and read under either. What is marked "own" is its thread's.
 */
#ifndef CORE_PROC_PROCESS_H
#define CORE_PROC_PROCESS_H

#include "core/fs/file.h"
#include "core/id/limits.h"
#include "core/id/pid.h"
#include "core/proc/exec_stack.h"
#include "core/proc/exit.h"
#include "core/proc/limit_watch.h"
#include "core/proc/signal.h"
#include "core/proc/usage.h"
#include "hal/types.h"

struct aspace;
struct cred;
struct exec_args;
struct nsset;
struct fs_context;
struct thread;
struct tty;

enum {
    PROCESS_NAME_MAX = 16, /* TASK_COMM_LEN, with the NUL */
    TASK_SLACK_NS = 50000  /* init's timer slack */
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };

/* What a parent that waits is still to be told of a child that lives. */
enum process_report { REPORT_NONE, REPORT_STOPPED, REPORT_CONTINUED };

struct process {
    struct refcount refs;
    struct pid *pid;             /* const; a reference */
    enum process_state state;    /* tree lock */
    struct list all;             /* of those not reaped; tree lock */
    struct list by_pid;          /* pid->members[PID_PROCESS]; tree lock */
    struct list by_group;        /* group->members[PID_GROUP]; tree lock */
    struct list by_session;      /* session->members[PID_SESSION]; tree lock */
    struct pid *group, *session; /* references; tree lock */

    struct tty *terminal;   /* controlling; a reference; tree lock, atomic */
    struct pid *hung_group; /* a leader's: foreground when the terminal hung
                               up; a reference, or NULL; tree lock */

    struct process *parent; /* tree lock; NULL: init's, and reaped ones' */
    struct task *creator;   /* the parent's thread it belongs to; tree lock */
    int parent_number;      /* getppid(2); atomic */
    struct list children, sibling; /* its own; of parent's. Tree lock */
    int exit_signal;      /* to the parent at the end; 0: none; tree lock */
    bool has_execed;      /* tree lock */
    bool is_subreaper;    /* PR_SET_CHILD_SUBREAPER; tree lock */
    struct waitq waiters; /* for children that change, and for threads' ends */

    struct list threads;    /* task.of_process */
    unsigned running;       /* threads that may touch as; atomic */
    bool is_ending;         /* exit_group, a deadly signal; signals.lock */
    int exit_status;        /* as wait4(2) stores it; signals.lock */
    struct task *exec_task; /* ends the other threads; signals.lock */
    struct process_signals signals;

    enum process_report report;  /* tree lock */
    unsigned report_signal;      /* that stopped it; tree lock */
    struct usage usage;          /* of threads that ended; tree lock */
    struct usage child_usage;    /* of children waited for; tree lock */
    uint64_t started_ns;         /* const */
    char name[PROCESS_NAME_MAX]; /* of the leader that ended; tree lock */

    struct aspace *as; /* NULL at the end; tree lock, or its own threads' */
    bool borrows_as;   /* its parent's (CLONE_VM), until exec; tree lock */
    struct exec_places places; /* of what exec put into it; signals.lock */
    bool is_victim; /* of the OOM killer, with memory still; tree lock */
    struct limits limits;
    struct limit_watch limit_watch;
    struct path program; /* /proc/PID/exe: references, and writing is denied;
                            signals.lock; dentry NULL: none */
    struct cred *cred;   /* a zombie's, with a reference; tree lock */
    int dumpable;        /* PR_SET_DUMPABLE; atomic */
    bool no_huge_pages;  /* PR_SET_THP_DISABLE: there are none; atomic */
};

/* How a call that was cut short goes on: run again with these (the number is
 * the one it came with). */
struct restart {
    uint64_t number;
    uint64_t args[6];
};

struct task {
    struct refcount refs;
    struct thread *thread;   /* const; a reference */
    struct process *process; /* const; a reference */
    struct pid *pid;         /* a reference; tree lock to write */
    struct list by_pid;      /* pid->members[PID_TASK]; tree lock */
    struct list of_process;  /* process->threads */
    bool has_left;           /* it is on no list any more; signals.lock */
    struct cred *cred;       /* a reference; own; tree lock to write */
    struct nsset *ns;        /* a reference; const */
    struct fd_table *files;  /* a reference; own; signals.lock to write */
    struct fs_context *fs;   /* the same */
    struct task_signals signals;
    struct restart restart;      /* own */
    int exit_status;             /* by exit(2); own */
    int parent_death_signal;     /* PR_SET_PDEATHSIG; atomic */
    struct waitq vfork_waiters;  /* the parent, in vfork(2) */
    bool is_vforked;             /* it uses its parent's memory; atomic */
    bool no_new_privs;           /* own, read by others: atomic */
    uint64_t timer_slack_ns;     /* PR_SET_TIMERSLACK; no effect; own */
    uint64_t default_slack_ns;   /* what it was at the beginning; const */
    bool resets_on_fork;         /* SCHED_RESET_ON_FORK; atomic */
    char name[PROCESS_NAME_MAX]; /* /proc/PID/comm; tree lock */
    uint32_t personality;        /* own */
    uint64_t minor_faults, major_faults; /* own, read by others: atomic */
    uaddr_t set_tid;     /* CLONE_CHILD_SETTID: before user mode; own */
    uaddr_t clear_tid;   /* set_tid_address(2); own */
    uaddr_t robust_list; /* set_robust_list(2); own, atomic */
    uaddr_t rseq;        /* 0: not registered; own */
    uint32_t rseq_signature;
};

C_DECLS_BEGIN

/* Once, after the caches: all of core/id and core/proc. */
void process_init_all(void);

/*
 * Makes the calling thread init's: process 1 on the console, with the program
 * of args. Returns 0 when all that is left to do is user_loop(), which is what
 * all other user threads will begin with; or what exec_kernel()
 * (core/proc/exec.h) says: then there is nothing to do but power off.
 */
MUST_USE int process_start_init(struct fs_context *context,
                                const struct exec_args *args,
                                void (*user_loop)(struct thread *self));

/* The running thread's process side; it is a user thread. */
struct task *task_current(void);

unsigned process_tree_lock(void);
void process_tree_unlock(unsigned saved);
bool process_tree_is_locked(void);

/* All processes that were not reaped (process.all). Tree lock. */
struct list *process_list(void);

/* Those that ns calls number, with a reference for the caller, or NULL. A
 * zombie is found, a thread that has left is not. Any context. */
MUST_USE struct process *process_find(struct pid_ns *ns, int number);
MUST_USE struct task *task_find(struct pid_ns *ns, int number);

/* Any process's address space, with a reference, or NULL. Any context. */
MUST_USE struct aspace *process_get_aspace(struct process *process);

void process_get(struct process *process);
void process_put(struct process *process); /* may sleep */
void task_get(struct task *task);
void task_put(struct task *task); /* may sleep */

/* Their numbers as task's namespace has them: of the thread, its process. */
int task_number(const struct task *task);
int process_number(const struct process *process);

/* The credentials of a zombie, or of the first thread. Tree lock. */
const struct cred *process_cred(const struct process *process);

/* Puts cred, whose reference it takes, in place of the running thread's; who
 * acts as another then is not dumpable, and has no PR_SET_PDEATHSIG. */
void task_set_cred(struct task *task, struct cred *cred);

/* ptrace(2)'s check of access, by real ids: may self look into target? */
bool task_may_look_into(struct task *self, struct task *target);

/* A thread's name from now on, cut where it is too long; and what it is. */
void task_set_name(struct task *task, const char *name);
void task_get_name(struct task *task, char out[PROCESS_NAME_MAX]);

C_DECLS_END

#endif /* CORE_PROC_PROCESS_H */
