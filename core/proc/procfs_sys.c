/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_sys.c - /proc/sys: what can be set of the kernel (proc(5),
 * uname(2)).
 */
#include "core/abi/errno.h"
#include "core/base/random.h"
#include "core/base/string.h"
#include "core/id/limits.h"
#include "core/id/nsset.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"

static int show_names(struct text *text, bool is_domain)
{
    char node[UTS_NAME_MAX], domain[UTS_NAME_MAX];

    uts_get(task_current()->ns->uts, node, domain);
    text_add(text, "%s\n", is_domain ? domain : node);
    return 0;
}

static int show_hostname(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    return show_names(text, false);
}

static int show_domainname(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    return show_names(text, true);
}

/* A name ends with its line. */
static size_t line_size(const char *bytes, size_t size)
{
    size_t end = 0;

    while (end < size && bytes[end] != '\n' && bytes[end] != '\0')
        end++;
    return min_size(end, UTS_NAME_MAX - 1);
}

static int store_hostname(struct pseudo_inode *inode, const char *bytes,
                          size_t size)
{
    (void)inode;
    uts_set(task_current()->ns->uts, bytes, NULL, line_size(bytes, size));
    return 0;
}

static int store_domainname(struct pseudo_inode *inode, const char *bytes,
                            size_t size)
{
    (void)inode;
    uts_set(task_current()->ns->uts, NULL, bytes, line_size(bytes, size));
    return 0;
}

static int show_ostype(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "Linux\n");
    return 0;
}

static int show_osrelease(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "%s\n", PROC_RELEASE);
    return 0;
}

static int show_version(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "%s\n", PROC_VERSION);
    return 0;
}

static int show_pid_max(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "%d\n", PID_MAX);
    return 0;
}

static int show_cap_last(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "40\n");
    return 0;
}

static int show_ngroups_max(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "65536\n");
    return 0;
}

/* random(4): a new one each time, and one for this boot. */
static int add_uuid(struct text *text, uint8_t bytes[16])
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < 16; i++)
        text_add(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                 bytes[i]);
    text_add(text, "\n");
    return 0;
}

static int show_uuid(struct pseudo_inode *inode, struct text *text)
{
    uint8_t bytes[16];

    (void)inode;
    random_bytes(bytes, sizeof(bytes));
    return add_uuid(text, bytes);
}

static int show_file_max(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "%d\n", FILES_MAX);
    return 0;
}

static int show_nr_open(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "%d\n", LIMITS_FILES_MAX);
    return 0;
}

static int show_overcommit(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "1\n");
    return 0;
}

static int show_map_count(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    text_add(text, "65530\n");
    return 0;
}

#define FILE_ENTRY(text, how) \
    { \
        .name = text, .mode = LX_S_IFREG | 0444, .show = (how) \
    }

static const struct pseudo_entry random_entries[] = {
    FILE_ENTRY("uuid", show_uuid),
};
static const struct pseudo_dir random_dir = {.entries = random_entries,
                                             .count = COUNT_OF(random_entries)};

static const struct pseudo_entry kernel_entries[] = {
    FILE_ENTRY("cap_last_cap", show_cap_last),
    {.name = "domainname",
     .mode = LX_S_IFREG | 0644,
     .show = show_domainname,
     .store = store_domainname},
    {.name = "hostname",
     .mode = LX_S_IFREG | 0644,
     .show = show_hostname,
     .store = store_hostname},
    FILE_ENTRY("ngroups_max", show_ngroups_max),
    FILE_ENTRY("osrelease", show_osrelease),
    FILE_ENTRY("ostype", show_ostype),
    FILE_ENTRY("pid_max", show_pid_max),
    {.name = "random", .mode = LX_S_IFDIR | 0555, .dir = &random_dir},
    FILE_ENTRY("version", show_version),
};
static const struct pseudo_dir kernel_dir = {.entries = kernel_entries,
                                             .count = COUNT_OF(kernel_entries)};

static const struct pseudo_entry fs_entries[] = {
    FILE_ENTRY("file-max", show_file_max),
    FILE_ENTRY("nr_open", show_nr_open),
};
static const struct pseudo_dir fs_dir = {.entries = fs_entries,
                                         .count = COUNT_OF(fs_entries)};

static const struct pseudo_entry vm_entries[] = {
    FILE_ENTRY("max_map_count", show_map_count),
    FILE_ENTRY("overcommit_memory", show_overcommit),
};
static const struct pseudo_dir vm_dir = {.entries = vm_entries,
                                         .count = COUNT_OF(vm_entries)};

static const struct pseudo_entry sys_entries[] = {
    {.name = "fs", .mode = LX_S_IFDIR | 0555, .dir = &fs_dir},
    {.name = "kernel", .mode = LX_S_IFDIR | 0555, .dir = &kernel_dir},
    {.name = "vm", .mode = LX_S_IFDIR | 0555, .dir = &vm_dir},
};
const struct pseudo_dir procfs_sys_dir = {.entries = sys_entries,
                                          .count = COUNT_OF(sys_entries)};
