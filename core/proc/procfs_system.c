/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_system.c - /proc's files about the machine (proc(5)).
 */
#include "core/abi/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/dev/interrupt.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/clock.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"
#include "core/proc/usage.h"
#include "core/sched/thread.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/platform.h"

static unsigned long long kib(uint64_t pages)
{
    return pages * (PAGE_SIZE / 1024);
}

static int show_meminfo(struct pseudo_inode *inode, struct text *text)
{
    uint64_t total = page_total_count(), available = page_free_count();

    (void)inode;
    text_add(text, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\n",
             kib(total), kib(available));
    text_add(text, "MemAvailable:   %8llu kB\nBuffers:        %8llu kB\n",
             kib(available), 0ULL);
    text_add(text, "Cached:         %8llu kB\nSwapCached:     %8llu kB\n", 0ULL,
             0ULL);
    text_add(text, "SwapTotal:      %8llu kB\nSwapFree:       %8llu kB\n", 0ULL,
             0ULL);
    text_add(text, "Shmem:          %8llu kB\nSlab:           %8llu kB\n", 0ULL,
             0ULL);
    text_add(text, "SReclaimable:   %8llu kB\n", 0ULL);
    return 0;
}

/* All threads' time, in ticks. */
static uint64_t busy_ticks(void)
{
    uint64_t ns = 0;
    unsigned saved = process_tree_lock();

    list_for_each(link, process_list())
    {
        struct process *process = list_entry(link, struct process, all);

        ns += process->usage.user_ns + process->child_usage.user_ns;
        list_for_each(node, &process->threads) ns +=
            thread_run_ns(list_entry(node, struct task, of_process)->thread);
    }
    process_tree_unlock(saved);
    return usage_ticks(ns);
}

static void add_cpu(struct text *text, const char *name, uint64_t busy,
                    uint64_t all)
{
    text_add(text, "%s %llu 0 0 %llu 0 0 0 0 0 0\n", name,
             (unsigned long long)busy,
             (unsigned long long)(all > busy ? all - busy : 0));
}

static uint64_t boot_seconds(void)
{
    return (clock_wall_ns() - hal_clock_now()) / NS_PER_SECOND;
}

static int show_stat(struct pseudo_inode *inode, struct text *text)
{
    unsigned cpus = hal_cpu_count();
    uint64_t busy = busy_ticks(), now = usage_ticks(hal_clock_now());
    char name[16];

    (void)inode;
    add_cpu(text, "cpu ", busy, now * cpus);
    for (unsigned i = 0; i < cpus; i++) {
        format(name, sizeof(name), "cpu%u", i);
        add_cpu(text, name, busy / cpus, now);
    }
    text_add(text, "intr 0\nctxt 0\nbtime %llu\nprocesses %u\n",
             (unsigned long long)boot_seconds(),
             pid_count(task_current()->ns->pid));
    text_add(text, "procs_running 1\nprocs_blocked 0\n");
    return 0;
}

static int show_uptime(struct pseudo_inode *inode, struct text *text)
{
    uint64_t now = usage_ticks(hal_clock_now());
    uint64_t all = now * hal_cpu_count(), busy = busy_ticks();
    uint64_t idle = all > busy ? all - busy : 0;

    (void)inode;
    text_add(text, "%llu.%02llu %llu.%02llu\n", (unsigned long long)now / 100,
             (unsigned long long)now % 100, (unsigned long long)idle / 100,
             (unsigned long long)idle % 100);
    return 0;
}

static int show_loadavg(struct pseudo_inode *inode, struct text *text)
{
    unsigned count = pid_count(task_current()->ns->pid);

    (void)inode;
    text_add(text, "0.00 0.00 0.00 1/%u %d\n", count,
             process_number(task_current()->process));
    return 0;
}

static int show_version(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "Linux version %s (cyphera) %s\n", PROC_RELEASE,
             PROC_VERSION);
    return 0;
}

static int show_cmdline(struct pseudo_inode *inode, struct text *text)
{
    const char *line = hal_boot_facts()->command_line;

    (void)inode;
    text_add_bytes(text, line, str_length(line, HAL_COMMAND_LINE_MAX));
    text_add(text, "\n");
    return 0;
}

static int show_filesystems(struct pseudo_inode *inode, struct text *text)
{
    const struct fs_type *type = NULL;

    (void)inode;
    while ((type = fs_next(type)) != NULL)
        text_add(text, "%s\t%s\n", type->needs_device ? "" : "nodev",
                 type->name);
    return 0;
}

static int show_cpuinfo(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    for (unsigned i = 0; i < hal_cpu_count(); i++)
        text_add(text,
                 "processor\t: %u\nvendor_id\t: Cyphera\nmodel name\t: x86-64 "
                 "on %s\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\n"
                 "cpu cores\t: %u\n\n",
                 i, hal_boot_facts()->machine, hal_cpu_count(), i,
                 hal_cpu_count());
    return 0;
}

/* proc_interrupts(5): the number of a line, how often each CPU had it, and who
 * attached it. */
static int show_interrupts(struct pseudo_inode *inode, struct text *text)
{
    struct interrupt_info info;
    unsigned line = 0;

    (void)inode;
    text_add(text, "    ");
    for (unsigned i = 0; i < hal_cpu_count(); i++)
        text_add(text, "       CPU%u", i);
    text_add(text, "\n");
    while (interrupt_next(&line, &info)) {
        text_add(text, "%3u:", info.line);
        for (unsigned i = 0; i < hal_cpu_count(); i++)
            text_add(text, " %10llu",
                     i == info.cpu ? (unsigned long long)info.count : 0);
        text_add(text, "  %s\n", info.name);
    }
    return 0;
}

/* --- links ---------------------------------------------------------------- */

static ssize_t read_self(struct pseudo_inode *inode, char *to, size_t size)
{
    (void)inode;
    return (ssize_t)min_size(
        format(to, size, "%d", process_number(task_current()->process)), size);
}

static ssize_t read_thread_self(struct pseudo_inode *inode, char *to,
                                size_t size)
{
    (void)inode;
    return (ssize_t)min_size(format(to, size, "%d/task/%d",
                                    process_number(task_current()->process),
                                    task_number(task_current())),
                             size);
}

static ssize_t read_mounts(struct pseudo_inode *inode, char *to, size_t size)
{
    static const char target[] = "self/mounts";

    (void)inode;
    mem_copy(to, target, min_size(size, sizeof(target) - 1));
    return (ssize_t)min_size(size, sizeof(target) - 1);
}

#define FILE_ENTRY(text, how) \
    { \
        .name = text, .mode = LX_S_IFREG | 0444, .show = (how) \
    }

#define LINK_ENTRY(text, how) \
    { \
        .name = text, .mode = LX_S_IFLNK | 0777, .read_target = (how) \
    }

const struct pseudo_entry procfs_system_entries[] = {
    FILE_ENTRY("cmdline", show_cmdline),
    FILE_ENTRY("cpuinfo", show_cpuinfo),
    FILE_ENTRY("filesystems", show_filesystems),
    FILE_ENTRY("interrupts", show_interrupts),
    FILE_ENTRY("loadavg", show_loadavg),
    FILE_ENTRY("meminfo", show_meminfo),
    LINK_ENTRY("mounts", read_mounts),
    LINK_ENTRY("self", read_self),
    FILE_ENTRY("stat", show_stat),
    {.name = "sys", .mode = LX_S_IFDIR | 0555, .dir = &procfs_sys_dir},
    LINK_ENTRY("thread-self", read_thread_self),
    FILE_ENTRY("uptime", show_uptime),
    FILE_ENTRY("version", show_version),
};
const size_t procfs_system_count = COUNT_OF(procfs_system_entries);
