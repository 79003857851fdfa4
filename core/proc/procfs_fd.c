/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_fd.c - /proc/PID/fd and fdinfo (proc(5)).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/fs/fd_table.h"
#include "core/proc/files.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"

/* The descriptors of the inode's process, with a reference, or -errno. */
static int find_table(struct pseudo_inode *inode, struct fd_table **out)
{
    struct task *task = procfs_task(inode);
    int error;

    if (task == NULL)
        return -ENOENT;
    error = procfs_may_look(task->process);
    *out = error == 0 ? task_files(task) : NULL;
    task_put(task);
    if (error == 0 && *out == NULL)
        error = -ENOENT;
    return error;
}

/* The file that inode, an entry of fd or fdinfo, is about. */
static int find_file(struct pseudo_inode *inode, struct file **out)
{
    struct fd_table *table;
    int error = find_table(inode, &table);

    if (error != 0)
        return error;
    *out = fd_get(table, (int)inode->number);
    fd_table_put(table);
    return *out != NULL ? 0 : -ENOENT;
}

/* --- what a descriptor leads to ------------------------------------------- */

/* A file without a path goes by its kind and number. */
static ssize_t kind_text(struct file *file, char *to, size_t size)
{
    struct lx_stat stat = {0};
    const char *kind = "anon_inode";

    if (file->ops->stat != NULL)
        file->ops->stat(file, &stat);
    switch (stat.st_mode & LX_S_IFMT) {
    case LX_S_IFIFO:
        kind = "pipe";
        break;
    case LX_S_IFSOCK:
        kind = "socket";
        break;
    case LX_S_IFCHR:
        return (ssize_t)min_size(format(to, size, "/dev/console"), size);
    default:
        break;
    }
    return (ssize_t)min_size(
        format(to, size, "%s:[%llu]", kind, (unsigned long long)stat.st_ino),
        size);
}

static ssize_t read_link(struct pseudo_inode *inode, char *to, size_t size)
{
    struct text text = {0};
    struct file *file;
    ssize_t result = find_file(inode, &file);

    if (result != 0)
        return result;
    if (file->path.dentry == NULL) {
        result = kind_text(file, to, size);
    } else {
        procfs_add_path(&text, &file->path);
        result = text.has_failed ? -ENOMEM : (ssize_t)min_size(text.size, size);
        if (result > 0)
            mem_copy(to, text.bytes, (size_t)result);
        text_free(&text);
    }
    file_put(file);
    return result;
}

static int jump(struct pseudo_inode *inode, const struct cred *cred,
                struct path *out)
{
    struct file *file;
    int error = find_file(inode, &file);

    (void)cred;
    if (error != 0)
        return error;
    if (file->path.dentry != NULL) {
        *out = file->path;
        path_get(out);
    } else {
        error = -ENXIO; /* what has no place cannot be opened again */
    }
    file_put(file);
    return error;
}

static int show_info(struct pseudo_inode *inode, struct text *text) NO_TSA
{
    struct file *file;
    uint64_t position;
    int error = find_file(inode, &file);

    if (error != 0)
        return error;
    mutex_lock(&file->position_lock);
    position = file->position;
    mutex_unlock(&file->position_lock);
    text_add(text, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n",
             (unsigned long long)position, file_flags(file),
             file->path.mount != NULL ? file->path.mount->number : 0,
             file->path.dentry != NULL
                 ? (unsigned long long)path_inode(&file->path)->number
                 : 0ULL);
    file_put(file);
    return 0;
}

/* --- the directories ------------------------------------------------------ */

static const struct pseudo_entry fd_entry = {
    .mode = LX_S_IFLNK | 0700, .read_target = read_link, .jump = jump};
static const struct pseudo_entry fdinfo_entry = {.mode = LX_S_IFREG | 0400,
                                                 .show = show_info};

static int look_up(struct pseudo_inode *dir, const struct name *name,
                   struct inode **out)
{
    bool is_info = dir->entry->dir == &procfs_fdinfo_dir;
    struct fd_table *table;
    struct file *file;
    uint64_t number;
    int error;

    if (!pseudo_number(name, FD_MAX, &number))
        return -ENOENT;
    error = find_table(dir, &table);
    if (error != 0)
        return error;
    file = fd_get(table, (int)number);
    fd_table_put(table);
    if (file == NULL)
        return -ENOENT;
    file_put(file);
    error =
        pseudo_make(dir, is_info ? &fdinfo_entry : &fd_entry, NULL, NULL, out);
    if (error == 0)
        pseudo_of(*out)->number = number;
    return error;
}

static bool next(struct pseudo_inode *dir, uint64_t *position, char *text,
                 uint32_t *type)
{
    struct fd_table *table;
    struct file *file = NULL;
    int fd;

    if (find_table(dir, &table) != 0)
        return false;
    fd = fd_next(table, (unsigned)min_u64(*position, FD_MAX));
    if (fd >= 0)
        file = fd_get(table, fd);
    fd_table_put(table);
    if (file == NULL)
        return false;
    file_put(file);
    *position = (uint64_t)fd;
    *type = dir->entry->dir == &procfs_fdinfo_dir ? LX_S_IFREG : LX_S_IFLNK;
    format(text, PSEUDO_NAME_MAX, "%d", fd);
    return true;
}

static const struct pseudo_names fd_names = {look_up, next};

const struct pseudo_dir procfs_fd_dir = {.names = &fd_names};
const struct pseudo_dir procfs_fdinfo_dir = {.names = &fd_names};
