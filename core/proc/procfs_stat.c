/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_stat.c - /proc/PID/stat, statm and status (proc(5)).
 *
 * What the kernel does not know is 0: it says so where proc(5) says that such
 * fields may be.
 *
 * A process is shown by its leader; where that has ended and others go on, as a
 * zombie with their count.
 */
#include "core/abi/errno.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/dev/tty.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/files.h"
#include "core/proc/process_impl.h"
#include "core/proc/procfs.h"
#include "core/proc/usage.h"
#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "core/vm/aspace.h"

/* What the files tell of a process or thread. */
struct facts {
    int number, group_id; /* the thread's and the process's numbers */
    char name[PROCESS_NAME_MAX];
    char state;
    int parent, group, session;
    uint32_t terminal; /* device number, or 0 */
    int foreground;    /* group of the terminal, or -1 */
    struct usage usage, children;
    uint64_t voluntary, involuntary; /* of the thread alone */
    struct thread_params params;
    unsigned threads, cpu;
    uint64_t started_ns;
    uint64_t pending, shared_pending, blocked, ignored, caught;
    int exit_signal, exit_status;
    uint64_t resident_limit;
    lx_uid_t uid[4];
    lx_gid_t gid[4];
    uint64_t caps[5];
    bool no_new_privs;
    struct aspace_usage memory;
    struct exec_places places;
};

/* proc_pid_stat(5). Who is to stop but runs, or waits deaf, is not there yet.
 */
static char state_of(const struct process *process, const struct task *task)
{
    switch (thread_activity(task->thread)) {
    case THREAD_RUNS:
        return 'R';
    case THREAD_IS_DEAF:
        return 'D';
    default:
        return __atomic_load_n(&process->signals.is_stopped, __ATOMIC_RELAXED)
                   ? 'T'
                   : 'S';
    }
}

static unsigned count_threads(const struct process *process)
{
    unsigned count = 0;

    list_for_each(link, &process->threads) count++;
    return count;
}

static void take_cred(const struct cred *cred, struct facts *facts)
{
    const lx_uid_t uid[] = {cred->uid, cred->euid, cred->suid, cred->fsuid};
    const lx_gid_t gid[] = {cred->gid, cred->egid, cred->sgid, cred->fsgid};
    const uint64_t caps[] = {cred->inheritable, cred->permitted,
                             cred->effective, cred->bounding, cred->ambient};

    for (int i = 0; i < 4; i++) {
        facts->uid[i] = uid[i];
        facts->gid[i] = gid[i];
    }
    for (int i = 0; i < 5; i++)
        facts->caps[i] = caps[i];
}

static void take_actions(struct signal_actions *actions, struct facts *facts)
{
    spin_lock(&actions->lock);
    for (unsigned i = 1; i < SIGNAL_COUNT; i++) {
        uint64_t handler = actions->of[i].sa_handler;

        if (handler == LX_SIG_IGN)
            facts->ignored |= signal_bit(i);
        else if (handler != LX_SIG_DFL)
            facts->caught |= signal_bit(i);
    }
    spin_unlock(&actions->lock);
}

static void take_signals(struct process *process, struct task *task,
                         struct facts *facts) NO_TSA
{
    take_actions(process->signals.actions, facts);
    facts->shared_pending = process->signals.shared.set;
    facts->pending = task->signals.own.set;
    facts->blocked = __atomic_load_n(&task->signals.blocked, __ATOMIC_RELAXED);
}

/* Tree lock. */
static void take_terminal(const struct process *process, struct facts *facts)
{
    struct tty *tty = process->terminal;
    struct pid *group;

    facts->foreground = -1;
    if (tty == NULL)
        return;
    facts->terminal = (uint32_t)chardev_number(tty->major, tty->minor);
    group = tty_foreground(tty);
    if (group == NULL)
        return;
    facts->foreground = pid_nr(group, task_current()->ns->pid);
    pid_put(group);
}

/* Of a thread that has not left. Tree lock. */
static void take_thread(struct process *process, struct task *task,
                        struct facts *facts) NO_TSA
{
    facts->state = state_of(process, task);
    spin_lock(&process->signals.lock);
    take_signals(process, task, facts);
    spin_unlock(&process->signals.lock);
    take_cred(task->cred, facts);
    facts->no_new_privs =
        __atomic_load_n(&task->no_new_privs, __ATOMIC_RELAXED);
}

/* Of the process; Z unless take_thread() says another state. Tree lock. */
static void take_process(struct process *process, struct facts *facts)
{
    const struct pid_ns *ns = task_current()->ns->pid;

    facts->group_id = pid_nr(process->pid, ns);
    facts->state = 'Z';
    facts->parent =
        process->parent != NULL ? pid_nr(process->parent->pid, ns) : 0;
    facts->group = pid_nr(process->group, ns);
    facts->session = pid_nr(process->session, ns);
    facts->children = process->child_usage;
    facts->threads = count_threads(process);
    facts->started_ns = process->started_ns;
    facts->exit_signal = process->exit_signal;
    if (process->state == PROCESS_ZOMBIE) {
        facts->threads = 1;
        facts->exit_status = process->exit_status;
    }
    take_terminal(process, facts);
}

/* 0, or -ESRCH: nobody bears the number any more. task may be NULL. */
static int take_tree(struct pseudo_inode *inode, struct process *process,
                     struct task *task, struct facts *facts)
{
    unsigned saved = process_tree_lock();
    struct process *bearer;
    const char *name = procfs_name(inode->subject, &bearer);
    bool is_gone = name == NULL || bearer != process;

    if (!is_gone) {
        facts->number = pid_nr(inode->subject, task_current()->ns->pid);
        mem_copy(facts->name, name, sizeof(facts->name));
        take_process(process, facts);
        if (task != NULL && !task->has_left && task->pid == inode->subject)
            take_thread(process, task, facts);
    }
    process_tree_unlock(saved);
    return is_gone ? -ESRCH : 0;
}

static void take_schedule(struct thread *thread, struct facts *facts)
{
    thread_get_params(thread, &facts->params);
    thread_switches(thread, &facts->voluntary, &facts->involuntary);
    facts->cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
}

static void take_memory(struct process *process, struct facts *facts)
{
    struct aspace *as = process_aspace(process, &facts->places);

    facts->resident_limit = limits_current(&process->limits, LX_RLIMIT_RSS);
    if (as == NULL)
        return;
    aspace_get_usage(as, &facts->memory);
    aspace_put(as);
}

/* Whose time and faults: all of the process's, or one thread's. */
enum scope { OF_PROCESS, OF_THREAD };

static int collect(struct pseudo_inode *inode, enum scope scope,
                   struct facts *facts)
{
    struct process *process = procfs_process(inode);
    struct task *task;
    int error;

    if (process == NULL)
        return -ESRCH;
    *facts = (struct facts){0};
    task = procfs_task(inode);
    error = take_tree(inode, process, task, facts);
    if (scope == OF_PROCESS || task == NULL)
        usage_of_process(process, &facts->usage);
    else
        usage_of_thread(task, &facts->usage);
    if (task != NULL) {
        take_schedule(task->thread, facts);
        task_put(task);
    }
    if (facts->state != 'Z')
        take_memory(process, facts);
    process_put(process);
    return error;
}

/* --- stat ----------------------------------------------------------------- */

enum { NORMAL_PRIORITY = 20 };

static int priority_of(const struct thread_params *params)
{
    bool is_real_time =
        params->policy == THREAD_FIFO || params->policy == THREAD_RR;

    return is_real_time ? -1 - (int)params->priority
                        : NORMAL_PRIORITY + params->nice;
}

static void add_counts(struct text *text, const struct facts *facts)
{
    text_add(text, " %llu %llu %llu %llu %llu %llu %llu %llu",
             (unsigned long long)facts->usage.minor_faults,
             (unsigned long long)facts->children.minor_faults,
             (unsigned long long)facts->usage.major_faults,
             (unsigned long long)facts->children.major_faults,
             (unsigned long long)usage_ticks(facts->usage.user_ns),
             (unsigned long long)usage_ticks(facts->usage.system_ns),
             (unsigned long long)usage_ticks(facts->children.user_ns),
             (unsigned long long)usage_ticks(facts->children.system_ns));
    text_add(text, " %d %d %u 0 %llu", priority_of(&facts->params),
             facts->params.nice, facts->threads,
             (unsigned long long)usage_ticks(facts->started_ns));
}

static void add_signal_sets(struct text *text, const struct facts *facts)
{
    text_add(text, " %llu %llu %llu %llu",
             (unsigned long long)(facts->pending & INT32_MAX),
             (unsigned long long)(facts->blocked & INT32_MAX),
             (unsigned long long)(facts->ignored & INT32_MAX),
             (unsigned long long)(facts->caught & INT32_MAX));
}

static int show_stat(struct pseudo_inode *inode, enum scope scope,
                     struct text *text)
{
    struct facts facts;
    int error = collect(inode, scope, &facts);

    if (error != 0)
        return error;
    text_add(text, "%d (%.*s) %c %d %d %d %u %d 0", facts.number,
             PROCESS_NAME_MAX - 1, facts.name, facts.state, facts.parent,
             facts.group, facts.session, facts.terminal, facts.foreground);
    add_counts(text, &facts);
    text_add(text, " %llu %llu %llu 0 0 0 0 0",
             (unsigned long long)facts.memory.mapped_bytes,
             (unsigned long long)facts.memory.resident_pages,
             (unsigned long long)facts.resident_limit);
    add_signal_sets(text, &facts);
    text_add(text, " 0 0 0 %d %u %u %u 0 0 0 0 0 0", facts.exit_signal,
             facts.cpu, facts.params.priority, (unsigned)facts.params.policy);
    text_add(text, " %llu %llu %llu %llu %d\n",
             (unsigned long long)facts.places.arg_start,
             (unsigned long long)facts.places.arg_end,
             (unsigned long long)facts.places.arg_end,
             (unsigned long long)facts.places.env_end, facts.exit_status);
    return 0;
}

int procfs_show_stat(struct pseudo_inode *inode, struct text *text)
{
    return show_stat(inode, OF_PROCESS, text);
}

int procfs_show_thread_stat(struct pseudo_inode *inode, struct text *text)
{
    return show_stat(inode, OF_THREAD, text);
}

int procfs_show_statm(struct pseudo_inode *inode, struct text *text)
{
    struct facts facts;
    int error = collect(inode, OF_PROCESS, &facts);

    if (error != 0)
        return error;
    text_add(text, "%llu %llu 0 0 0 %llu 0\n",
             (unsigned long long)(facts.memory.mapped_bytes / PAGE_SIZE),
             (unsigned long long)facts.memory.resident_pages,
             (unsigned long long)(facts.memory.mapped_bytes / PAGE_SIZE));
    return 0;
}

/* --- status --------------------------------------------------------------- */

static const char *state_text(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'S':
        return "S (sleeping)";
    case 'D':
        return "D (disk sleep)";
    case 'T':
        return "T (stopped)";
    default:
        return "Z (zombie)";
    }
}

static void add_ids(struct text *text, const char *name, const uint32_t ids[4])
{
    text_add(text, "%s:\t%u\t%u\t%u\t%u\n", name, ids[0], ids[1], ids[2],
             ids[3]);
}

static void add_mask(struct text *text, const char *name, uint64_t mask)
{
    text_add(text, "%s:\t%016llx\n", name, (unsigned long long)mask);
}

static void add_signals(struct text *text, const struct facts *facts)
{
    static const char *const caps[] = {"CapInh", "CapPrm", "CapEff", "CapBnd",
                                       "CapAmb"};

    add_mask(text, "SigPnd", facts->pending);
    add_mask(text, "ShdPnd", facts->shared_pending);
    add_mask(text, "SigBlk", facts->blocked);
    add_mask(text, "SigIgn", facts->ignored);
    add_mask(text, "SigCgt", facts->caught);
    for (size_t i = 0; i < COUNT_OF(caps); i++)
        add_mask(text, caps[i], facts->caps[i]);
    text_add(text, "NoNewPrivs:\t%d\n", facts->no_new_privs);
}

/* A name in one line: proc_pid_status(5). */
static void add_name(struct text *text, const char *name)
{
    size_t size = str_length(name, PROCESS_NAME_MAX - 1);

    text_add(text, "Name:\t");
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '\n')
            text_add(text, "\\n");
        else if (name[i] == '\\')
            text_add(text, "\\\\");
        else
            text_add_bytes(text, &name[i], 1);
    }
}

int procfs_show_status(struct pseudo_inode *inode, struct text *text)
{
    struct facts facts;
    int error = collect(inode, OF_PROCESS, &facts);

    if (error != 0)
        return error;
    add_name(text, facts.name);
    text_add(text, "\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
             state_text(facts.state), facts.group_id, facts.number);
    text_add(text, "PPid:\t%d\nTracerPid:\t0\n", facts.parent);
    add_ids(text, "Uid", facts.uid);
    add_ids(text, "Gid", facts.gid);
    if (facts.state != 'Z') {
        text_add(text, "VmSize:\t%8llu kB\nVmLck:\t%8llu kB\n",
                 (unsigned long long)facts.memory.mapped_bytes / 1024,
                 (unsigned long long)facts.memory.locked_bytes / 1024);
        text_add(text, "VmRSS:\t%8llu kB\n",
                 (unsigned long long)facts.memory.resident_pages *
                     (PAGE_SIZE / 1024));
    }
    text_add(text, "Threads:\t%u\n", facts.threads);
    add_signals(text, &facts);
    text_add(text,
             "voluntary_ctxt_switches:\t%llu\n"
             "nonvoluntary_ctxt_switches:\t%llu\n",
             (unsigned long long)facts.voluntary,
             (unsigned long long)facts.involuntary);
    return 0;
}
