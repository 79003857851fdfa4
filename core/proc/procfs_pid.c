/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_pid.c - /proc/PID: its files and links (proc(5)).
 */
#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/files.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"
#include "core/vm/look.h"

enum { PEEK_MAX = 128 << 10 /* bytes of arguments or environment shown */ };

/* Bytes of a process's own memory. */
static int show_memory(struct process *process, struct text *text,
                       uaddr_t (*range)(const struct exec_places *, uaddr_t *))
{
    struct exec_places places;
    struct aspace *as = process_aspace(process, &places);
    char *buffer;
    uaddr_t end, at;
    ssize_t got = 1;

    if (as == NULL)
        return 0;
    at = range(&places, &end);
    end = min_u64(end, at + PEEK_MAX);
    buffer = path_buffer();
    while (buffer != NULL && at < end && got > 0) {
        got =
            aspace_peek(as, at, buffer, (size_t)min_u64(end - at, LX_PATH_MAX));
        if (got > 0) {
            text_add_bytes(text, buffer, (size_t)got);
            at += (uint64_t)got;
        }
    }
    aspace_put(as);
    path_buffer_free(buffer);
    return buffer == NULL ? -ENOMEM : 0;
}

static uaddr_t arguments_of(const struct exec_places *places, uaddr_t *end)
{
    *end = places->arg_end;
    return places->arg_start;
}

static uaddr_t environment_of(const struct exec_places *places, uaddr_t *end)
{
    *end = places->env_end;
    return places->arg_end;
}

/* Runs show on the inode's process. */
static int with_process(struct pseudo_inode *inode, struct text *text,
                        int (*show)(struct process *, struct text *))
{
    struct process *process = procfs_process(inode);
    int error;

    if (process == NULL)
        return -ESRCH;
    error = show(process, text);
    process_put(process);
    return error;
}

static int show_arguments(struct process *process, struct text *text)
{
    return show_memory(process, text, arguments_of);
}

static int show_environment(struct process *process, struct text *text)
{
    int error = procfs_may_look(process);

    return error != 0 ? error : show_memory(process, text, environment_of);
}

static int show_cmdline(struct pseudo_inode *inode, struct text *text)
{
    return with_process(inode, text, show_arguments);
}

static int show_environ(struct pseudo_inode *inode, struct text *text)
{
    return with_process(inode, text, show_environment);
}

/* --- comm ----------------------------------------------------------------- */

static int show_comm(struct pseudo_inode *inode, struct text *text)
{
    char name[PROCESS_NAME_MAX];
    struct process *process;
    unsigned saved = process_tree_lock();
    const char *found = procfs_name(inode->subject, &process);

    if (found != NULL)
        mem_copy(name, found, sizeof(name));
    process_tree_unlock(saved);
    if (found == NULL)
        return -ESRCH;
    text_add(text, "%.*s\n", PROCESS_NAME_MAX - 1, name);
    return 0;
}

/* What was written up to a NUL becomes the name of a thread of the caller's
 * process, cut where it is too long (proc_pid_comm(5)). */
static int store_comm(struct pseudo_inode *inode, const char *bytes,
                      size_t size)
{
    size_t length = min_size(str_length(bytes, size), PROCESS_NAME_MAX - 1);
    struct process *process;
    unsigned saved = process_tree_lock();
    char *name = procfs_name(inode->subject, &process);
    bool may = name != NULL && process == task_current()->process;

    if (may) {
        mem_set(name, 0, PROCESS_NAME_MAX);
        mem_copy(name, bytes, length);
    }
    process_tree_unlock(saved);
    if (name == NULL)
        return -ESRCH;
    return may ? 0 : -EINVAL;
}

/* --- limits --------------------------------------------------------------- */

static const struct {
    const char *name, *unit;
    unsigned resource;
} limit_rows[] = {
    {"Max cpu time", "seconds", LX_RLIMIT_CPU},
    {"Max file size", "bytes", LX_RLIMIT_FSIZE},
    {"Max data size", "bytes", LX_RLIMIT_DATA},
    {"Max stack size", "bytes", LX_RLIMIT_STACK},
    {"Max core file size", "bytes", LX_RLIMIT_CORE},
    {"Max resident set", "bytes", LX_RLIMIT_RSS},
    {"Max processes", "processes", LX_RLIMIT_NPROC},
    {"Max open files", "files", LX_RLIMIT_NOFILE},
    {"Max locked memory", "bytes", LX_RLIMIT_MEMLOCK},
    {"Max address space", "bytes", LX_RLIMIT_AS},
    {"Max file locks", "locks", LX_RLIMIT_LOCKS},
    {"Max pending signals", "signals", LX_RLIMIT_SIGPENDING},
    {"Max msgqueue size", "bytes", LX_RLIMIT_MSGQUEUE},
    {"Max nice priority", "", LX_RLIMIT_NICE},
    {"Max realtime priority", "", LX_RLIMIT_RTPRIO},
    {"Max realtime timeout", "us", LX_RLIMIT_RTTIME},
};

static void add_limit(struct text *text, uint64_t value)
{
    if (value == UINT64_MAX)
        text_add(text, "%-20s ", "unlimited");
    else
        text_add(text, "%-20llu ", (unsigned long long)value);
}

static int show_limits_of(struct process *process, struct text *text)
{
    text_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
             "Hard Limit", "Units");
    for (size_t i = 0; i < COUNT_OF(limit_rows); i++) {
        struct lx_rlimit64 limit;
        int error = limits_change(&process->limits, limit_rows[i].resource,
                                  NULL, false, &limit);

        if (error != 0)
            return error;
        text_add(text, "%-25s ", limit_rows[i].name);
        add_limit(text, limit.rlim_cur);
        add_limit(text, limit.rlim_max);
        text_add(text, "%-10s\n", limit_rows[i].unit);
    }
    return 0;
}

static int show_limits(struct pseudo_inode *inode, struct text *text)
{
    return with_process(inode, text, show_limits_of);
}

/* --- links ---------------------------------------------------------------- */

/* What a link of a process leads to, with references. */
typedef int find_place(struct pseudo_inode *inode, struct path *out);

static int find_exe(struct pseudo_inode *inode, struct path *out)
{
    struct process *process = procfs_process(inode);
    int error;

    if (process == NULL)
        return -ENOENT;
    error = procfs_may_look(process);
    if (error == 0)
        error = process_program(process, out);
    process_put(process);
    return error;
}

static int find_in_context(struct pseudo_inode *inode,
                           void (*get)(struct fs_context *, struct path *),
                           struct path *out)
{
    struct task *task = procfs_task(inode);
    struct fs_context *context;
    int error;

    if (task == NULL)
        return -ENOENT;
    error = procfs_may_look(task->process);
    context = error == 0 ? task_context(task) : NULL;
    task_put(task);
    if (error != 0)
        return error;
    if (context == NULL)
        return -ENOENT;
    get(context, out);
    context_put(context);
    return 0;
}

static int find_cwd(struct pseudo_inode *inode, struct path *out)
{
    return find_in_context(inode, context_cwd, out);
}

static int find_root(struct pseudo_inode *inode, struct path *out)
{
    return find_in_context(inode, context_root, out);
}

static ssize_t read_place(struct pseudo_inode *inode, find_place *find,
                          char *to, size_t size)
{
    struct text text = {0};
    struct path path;
    ssize_t result = find(inode, &path);

    if (result != 0)
        return result;
    procfs_add_path(&text, &path);
    path_put(&path);
    result = text.has_failed ? -ENOMEM : (ssize_t)min_size(text.size, size);
    if (result > 0)
        mem_copy(to, text.bytes, (size_t)result);
    text_free(&text);
    return result;
}

static ssize_t read_exe(struct pseudo_inode *inode, char *to, size_t size)
{
    return read_place(inode, find_exe, to, size);
}

static ssize_t read_cwd(struct pseudo_inode *inode, char *to, size_t size)
{
    return read_place(inode, find_cwd, to, size);
}

static ssize_t read_root(struct pseudo_inode *inode, char *to, size_t size)
{
    return read_place(inode, find_root, to, size);
}

static int jump_exe(struct pseudo_inode *inode, const struct cred *cred,
                    struct path *out)
{
    (void)cred;
    return find_exe(inode, out);
}

static int jump_cwd(struct pseudo_inode *inode, const struct cred *cred,
                    struct path *out)
{
    (void)cred;
    return find_cwd(inode, out);
}

static int jump_root(struct pseudo_inode *inode, const struct cred *cred,
                     struct path *out)
{
    (void)cred;
    return find_root(inode, out);
}

/* --- threads -------------------------------------------------------------- */

static const struct pseudo_entry thread_entry = {.mode = LX_S_IFDIR | 0555,
                                                 .dir = &procfs_task_dir};

static int look_up_thread(struct pseudo_inode *dir, const struct name *name,
                          struct inode **out)
{
    struct process *process = procfs_process(dir);
    struct task *task = NULL;
    uint64_t number;
    int error = -ENOENT;

    if (process == NULL)
        return -ENOENT;
    if (pseudo_number(name, PID_MAX, &number))
        task = task_find(task_current()->ns->pid, (int)number);
    if (task != NULL && task->process == process)
        error = pseudo_make(dir, &thread_entry, &procfs_pid_subject, task->pid,
                            out);
    if (task != NULL)
        task_put(task);
    process_put(process);
    return error;
}

static bool next_thread(struct pseudo_inode *dir, uint64_t *position,
                        char *text, uint32_t *type)
{
    struct process *process = procfs_process(dir);
    const struct pid_ns *ns = task_current()->ns->pid;
    uint64_t best = UINT64_MAX;
    unsigned saved;

    if (process == NULL)
        return false;
    saved = process_tree_lock();
    list_for_each(link, &process->threads)
    {
        uint64_t number = (uint64_t)pid_nr(
            list_entry(link, struct task, of_process)->pid, ns);

        if (number >= *position && number < best)
            best = number;
    }
    process_tree_unlock(saved);
    process_put(process);
    if (best == UINT64_MAX)
        return false;
    *position = best;
    *type = LX_S_IFDIR;
    format(text, PSEUDO_NAME_MAX, "%llu", (unsigned long long)best);
    return true;
}

static const struct pseudo_names thread_names = {look_up_thread, next_thread};
static const struct pseudo_dir threads_dir = {.names = &thread_names};

/* --- the tables ----------------------------------------------------------- */

#define FILE_ENTRY(text, permissions, how) \
    { \
        .name = text, .mode = LX_S_IFREG | (permissions), .show = (how) \
    }

#define LINK_ENTRY(text, read, leap) \
    { \
        .name = text, .mode = LX_S_IFLNK | 0777, .read_target = (read), \
        .jump = (leap) \
    }

#define COMMON_ENTRIES(stat_of) \
    FILE_ENTRY("cmdline", 0444, show_cmdline), \
        {.name = "comm", \
         .mode = LX_S_IFREG | 0644, \
         .show = show_comm, \
         .store = store_comm}, \
        LINK_ENTRY("cwd", read_cwd, jump_cwd), \
        FILE_ENTRY("environ", 0400, show_environ), \
        LINK_ENTRY("exe", read_exe, jump_exe), \
        {.name = "fd", .mode = LX_S_IFDIR | 0500, .dir = &procfs_fd_dir}, \
        {.name = "fdinfo", \
         .mode = LX_S_IFDIR | 0500, \
         .dir = &procfs_fdinfo_dir}, \
        FILE_ENTRY("limits", 0444, show_limits), \
        FILE_ENTRY("maps", 0444, procfs_show_maps), \
        FILE_ENTRY("mountinfo", 0444, procfs_show_mountinfo), \
        FILE_ENTRY("mounts", 0444, procfs_show_mounts), \
        LINK_ENTRY("root", read_root, jump_root), \
        FILE_ENTRY("stat", 0444, stat_of), \
        FILE_ENTRY("statm", 0444, procfs_show_statm), \
        FILE_ENTRY("status", 0444, procfs_show_status)

static const struct pseudo_entry thread_entries[] = {
    COMMON_ENTRIES(procfs_show_thread_stat)};
static const struct pseudo_entry pid_entries[] = {
    COMMON_ENTRIES(procfs_show_stat),
    {.name = "task", .mode = LX_S_IFDIR | 0555, .dir = &threads_dir},
};

const struct pseudo_dir procfs_task_dir = {.entries = thread_entries,
                                           .count = COUNT_OF(thread_entries)};
const struct pseudo_dir procfs_pid_dir = {.entries = pid_entries,
                                          .count = COUNT_OF(pid_entries)};
