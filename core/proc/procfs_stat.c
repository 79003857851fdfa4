/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_stat.c - /proc/PID/stat, statm and status (proc(5)).
 *
 * What the kernel does not know is 0: it says so where proc(5) says that such
 * fields may be.
 */
#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/files.h"
#include "core/proc/process_impl.h"
#include "core/proc/procfs.h"
#include "core/proc/usage.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"

/* What the files tell of a process or thread. */
struct facts {
    int number, group_id; /* the thread's and the process's numbers */
    char name[PROCESS_NAME_MAX];
    char state;
    int parent, group, session;
    struct usage usage, children;
    struct thread_params params;
    unsigned threads, cpu;
    uint64_t started_ns;
    uint64_t pending, shared_pending, blocked;
    lx_uid_t uid[4];
    lx_gid_t gid[4];
    uint64_t caps[5];
    bool no_new_privs;
    struct aspace_usage memory;
    struct exec_places places;
};

static char state_of(const struct process *process, const struct task *task)
{
    if (process->state == PROCESS_ZOMBIE || task == NULL)
        return 'Z';
    if (__atomic_load_n(&process->signals.is_stopped, __ATOMIC_RELAXED))
        return 'T';
    return thread_is_waiting(task->thread) ? 'S' : 'R';
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

static void take_signals(struct process *process, struct task *task,
                         struct facts *facts) NO_TSA
{
    facts->shared_pending = process->signals.shared.set;
    facts->pending = task->signals.own.set;
    facts->blocked = __atomic_load_n(&task->signals.blocked, __ATOMIC_RELAXED);
}

/* Tree lock. */
static void take_tree(struct process *process, struct task *task,
                      struct facts *facts) NO_TSA
{
    const struct pid_ns *ns = task_current()->ns->pid;

    facts->group_id = pid_nr(process->pid, ns);
    facts->number = task != NULL ? pid_nr(task->pid, ns) : facts->group_id;
    facts->state = state_of(process, task);
    facts->parent =
        process->parent != NULL ? pid_nr(process->parent->pid, ns) : 0;
    facts->group = pid_nr(process->group, ns);
    facts->session = pid_nr(process->session, ns);
    facts->children = process->child_usage;
    facts->threads = count_threads(process);
    facts->started_ns = process->started_ns;
    if (task == NULL)
        return;
    spin_lock(&process->signals.lock);
    take_signals(process, task, facts);
    spin_unlock(&process->signals.lock);
    take_cred(task->cred, facts);
    facts->no_new_privs =
        __atomic_load_n(&task->no_new_privs, __ATOMIC_RELAXED);
    for (size_t i = 0; i < sizeof(facts->name); i++)
        facts->name[i] = task->name[i];
}

static int collect(struct pseudo_inode *inode, struct facts *facts)
{
    struct process *process = procfs_process(inode);
    struct task *task;
    struct aspace *as;
    unsigned saved;

    if (process == NULL)
        return -ESRCH;
    *facts = (struct facts){0};
    task = procfs_task(inode);
    usage_of_process(process, &facts->usage);
    saved = process_tree_lock();
    take_tree(process, task, facts);
    process_tree_unlock(saved);
    if (task != NULL) {
        thread_get_params(task->thread, &facts->params);
        facts->cpu = __atomic_load_n(&task->thread->cpu, __ATOMIC_RELAXED);
        task_put(task);
    }
    as = process_aspace(process, &facts->places);
    if (as != NULL) {
        aspace_get_usage(as, &facts->memory);
        aspace_put(as);
    }
    process_put(process);
    return 0;
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
    text_add(text, " %llu 0 %llu 0 %llu %llu %llu %llu",
             (unsigned long long)facts->usage.minor_faults,
             (unsigned long long)facts->usage.major_faults,
             (unsigned long long)usage_ticks(facts->usage.user_ns),
             (unsigned long long)usage_ticks(facts->usage.system_ns),
             (unsigned long long)usage_ticks(facts->children.user_ns),
             (unsigned long long)usage_ticks(facts->children.system_ns));
    text_add(text, " %d %d %u 0 %llu", priority_of(&facts->params),
             facts->params.nice, facts->threads,
             (unsigned long long)usage_ticks(facts->started_ns));
}

int procfs_show_stat(struct pseudo_inode *inode, struct text *text)
{
    struct facts facts;
    int error = collect(inode, &facts);

    if (error != 0)
        return error;
    text_add(text, "%d (%.*s) %c %d %d %d 0 -1 0", facts.number,
             PROCESS_NAME_MAX - 1, facts.name, facts.state, facts.parent,
             facts.group, facts.session);
    add_counts(text, &facts);
    text_add(text, " %llu %llu 18446744073709551615 0 0 0 0 0",
             (unsigned long long)facts.memory.mapped_bytes,
             (unsigned long long)facts.memory.resident_pages);
    text_add(text, " %llu %llu 0 0 0 0 0 17 %u %u %u 0 0 0 0 0 0",
             (unsigned long long)(facts.pending & INT32_MAX),
             (unsigned long long)(facts.blocked & INT32_MAX), facts.cpu,
             facts.params.priority, (unsigned)facts.params.policy);
    text_add(text, " %llu %llu %llu %llu 0\n",
             (unsigned long long)facts.places.arg_start,
             (unsigned long long)facts.places.arg_end,
             (unsigned long long)facts.places.arg_end,
             (unsigned long long)facts.places.env_end);
    return 0;
}

int procfs_show_statm(struct pseudo_inode *inode, struct text *text)
{
    struct facts facts;
    int error = collect(inode, &facts);

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
    for (size_t i = 0; i < COUNT_OF(caps); i++)
        add_mask(text, caps[i], facts->caps[i]);
    text_add(text, "NoNewPrivs:\t%d\n", facts->no_new_privs);
}

int procfs_show_status(struct pseudo_inode *inode, struct text *text)
{
    struct facts facts;
    int error = collect(inode, &facts);

    if (error != 0)
        return error;
    text_add(text, "Name:\t%.*s\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
             PROCESS_NAME_MAX - 1, facts.name, state_text(facts.state),
             facts.group_id, facts.number);
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
    return 0;
}
