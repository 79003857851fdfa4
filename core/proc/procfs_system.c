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
#include "core/sched/load.h"
#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/platform.h"

static unsigned long long kib(uint64_t pages)
{
    return pages * (PAGE_SIZE / 1024);
}

/* Buffers, swap and what could be reclaimed: there is none. */
static int show_meminfo(struct pseudo_inode *inode, struct text *text)
{
    uint64_t available = page_free_count(), reserve = page_reserve_count();
    struct machine_usage usage;

    (void)inode;
    usage_of_machine(&usage);
    text_add(text, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\n",
             kib(page_total_count()), kib(available));
    text_add(text, "MemAvailable:   %8llu kB\nBuffers:        %8llu kB\n",
             kib(available > reserve ? available - reserve : 0), 0ULL);
    text_add(text, "Cached:         %8llu kB\nSwapCached:     %8llu kB\n",
             kib(usage.cached), 0ULL);
    text_add(text, "SwapTotal:      %8llu kB\nSwapFree:       %8llu kB\n", 0ULL,
             0ULL);
    text_add(text, "Shmem:          %8llu kB\nSlab:           %8llu kB\n",
             kib(usage.shared), kib(usage.slab));
    text_add(text, "SReclaimable:   %8llu kB\nSUnreclaim:     %8llu kB\n", 0ULL,
             kib(usage.slab));
    return 0;
}

/* Tells CPUs how much of what threads ran was user time. */
static void settle_all(void)
{
    unsigned saved = process_tree_lock();

    list_for_each(link, process_list())
    {
        struct process *process = list_entry(link, struct process, all);

        list_for_each(node, &process->threads)
            cpu_usage_settle(list_entry(node, struct task, of_process)->thread);
    }
    process_tree_unlock(saved);
}

static bool is_online(unsigned cpu)
{
    return (sched_online() & UINT64_C(1) << cpu) != 0;
}

static void add_usage(struct cpu_usage *to, const struct cpu_usage *from)
{
    to->user_ns += from->user_ns;
    to->nice_ns += from->nice_ns;
    to->system_ns += from->system_ns;
    to->idle_ns += from->idle_ns;
    to->switches += from->switches;
}

/* Nothing waits for disks, no interrupt's time is told from its victim's, and
 * nobody takes the machine's time or has guests: as far as the kernel sees. */
static void add_cpu(struct text *text, const char *name,
                    const struct cpu_usage *usage)
{
    text_add(text, "%s %llu %llu %llu %llu 0 0 0 0 0 0\n", name,
             (unsigned long long)usage_ticks(usage->user_ns),
             (unsigned long long)usage_ticks(usage->nice_ns),
             (unsigned long long)usage_ticks(usage->system_ns),
             (unsigned long long)usage_ticks(usage->idle_ns));
}

/* The line of all CPUs, and one of each. */
static void add_cpus(struct text *text, struct cpu_usage *all)
{
    struct text lines = {0};
    struct cpu_usage one;
    char name[16];

    *all = (struct cpu_usage){0};
    settle_all();
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        if (!is_online(i))
            continue;
        cpu_usage_get(i, &one);
        add_usage(all, &one);
        format(name, sizeof(name), "cpu%u", i);
        add_cpu(&lines, name, &one);
    }
    add_cpu(text, "cpu ", all);
    if (lines.has_failed)
        text->has_failed = true;
    else
        text_add_bytes(text, lines.bytes, lines.size);
    text_free(&lines);
}

/* All interrupts that /proc/interrupts has, then line by line. */
static void add_interrupts(struct text *text)
{
    struct interrupt_info info;
    unsigned line = 0, shown = 0;
    uint64_t all = 0;

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        all += cpu_timer_count(i) + cpu_kick_count(i);
    while (interrupt_next(&line, &info))
        all += info.count;
    text_add(text, "intr %llu", (unsigned long long)all);
    line = 0;
    while (interrupt_next(&line, &info)) {
        for (; shown < info.line; shown++)
            text_add(text, " 0");
        text_add(text, " %llu", (unsigned long long)info.count);
        shown++;
    }
    text_add(text, "\n");
}

static uint64_t boot_seconds(void)
{
    return (clock_wall_ns() - hal_clock_now()) / NS_PER_SECOND;
}

/* Blocked is who waits for a disk: there is none. */
static int show_stat(struct pseudo_inode *inode, struct text *text)
{
    struct process_counts counts;
    struct cpu_usage all;

    (void)inode;
    process_get_counts(&counts);
    add_cpus(text, &all);
    add_interrupts(text);
    text_add(text, "ctxt %llu\nbtime %llu\nprocesses %llu\n",
             (unsigned long long)all.switches,
             (unsigned long long)boot_seconds(),
             (unsigned long long)counts.forks);
    text_add(text, "procs_running %u\nprocs_blocked 0\n", load_running());
    return 0;
}

static int show_uptime(struct pseudo_inode *inode, struct text *text)
{
    uint64_t now = usage_ticks(hal_clock_now()), idle = 0;
    struct cpu_usage one;

    (void)inode;
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        cpu_usage_get(i, &one);
        idle += one.idle_ns;
    }
    idle = usage_ticks(idle);
    text_add(text, "%llu.%02llu %llu.%02llu\n", (unsigned long long)now / 100,
             (unsigned long long)now % 100, (unsigned long long)idle / 100,
             (unsigned long long)idle % 100);
    return 0;
}

static int show_loadavg(struct pseudo_inode *inode, struct text *text)
{
    struct process_counts counts;
    uint64_t load[LOAD_COUNT];

    (void)inode;
    load_get(load);
    process_get_counts(&counts);
    for (unsigned i = 0; i < LOAD_COUNT; i++) {
        uint64_t hundredths =
            (load[i] * 100 + (1 << (LOAD_SHIFT - 1))) >> LOAD_SHIFT;

        text_add(text, "%llu.%02llu ", (unsigned long long)hundredths / 100,
                 (unsigned long long)hundredths % 100);
    }
    text_add(text, "%u/%u %d\n", load_running(), counts.threads,
             pid_last(task_current()->ns->pid));
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

static void add_own_row(struct text *text, const char *name,
                        uint64_t (*count)(unsigned cpu), const char *what)
{
    text_add(text, "%s:", name);
    for (unsigned i = 0; i < hal_cpu_count(); i++)
        text_add(text, " %10llu", (unsigned long long)count(i));
    text_add(text, "  %s\n", what);
}

/* proc_interrupts(5): the number of a line, how often each CPU had it, and who
 * attached it; then what CPUs send themselves and each other. */
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
    add_own_row(text, "LOC", cpu_timer_count, "Local timer interrupts");
    add_own_row(text, "RES", cpu_kick_count, "Rescheduling interrupts");
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
