/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_dir.c - chdir(2), chroot(2), getcwd(2), getdents64(2).
 */
#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/base/string.h"
#include "core/fs/dir.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

/* A directory that the caller may search: 0 and references. */
static int find_directory(struct thread *self, uaddr_t text, struct path *out)
{
    struct path_arg arg;
    int error = path_arg_here(self, text, PATH_FOLLOW | PATH_DIRECTORY, &arg);

    if (error != 0)
        return error;
    error = path_find(&arg.ask, arg.text, out);
    path_arg_give(&arg);
    if (error != 0)
        return error;
    error = inode_may(path_inode(out), self->task->cred, MAY_EXEC);
    if (error != 0)
        path_put(out);
    return error;
}

int64_t sys_chdir(struct thread *self, const uint64_t *args)
{
    struct path path;
    int error = find_directory(self, args[0], &path);

    if (error != 0)
        return error;
    context_set_cwd(self->task->fs, &path);
    path_put(&path);
    return 0;
}

int64_t sys_fchdir(struct thread *self, const uint64_t *args)
{
    struct file *file = place_of(self, args[0]);
    int error = -ENOTDIR;

    if (file == NULL)
        return -EBADF;
    if (file->path.dentry != NULL &&
        inode_is_directory(path_inode(&file->path)))
        error = inode_may(path_inode(&file->path), self->task->cred, MAY_EXEC);
    if (error == 0)
        context_set_cwd(self->task->fs, &file->path);
    file_put(file);
    return error;
}

int64_t sys_chroot(struct thread *self, const uint64_t *args)
{
    struct path path;
    int error = find_directory(self, args[0], &path);

    if (error != 0)
        return error;
    if (cred_is_capable(self->task->cred, CAP_SYS_CHROOT))
        context_set_root(self->task->fs, &path);
    else
        error = -EPERM;
    path_put(&path);
    return error;
}

static int64_t copy_cwd(struct thread *self, char *buffer, uaddr_t to,
                        uint64_t size)
{
    struct path root, cwd;
    const char *text = NULL;
    ssize_t length = -ENOENT;

    context_root(self->task->fs, &root);
    context_cwd(self->task->fs, &cwd);
    if (!dentry_is_dropped(cwd.dentry))
        length = path_text(&cwd, &root, buffer, LX_PATH_MAX, &text);
    path_put(&root);
    path_put(&cwd);
    if (length < 0)
        return length;
    length++; /* the NUL */
    if ((uint64_t)length > size)
        return -ERANGE;
    if (copy_out(process_of(self)->as, to, text, (size_t)length) != 0)
        return -EFAULT;
    return length;
}

int64_t sys_getcwd(struct thread *self, const uint64_t *args)
{
    char *buffer = path_buffer();
    int64_t result;

    if (buffer == NULL)
        return -ENOMEM;
    result = copy_cwd(self, buffer, args[0], args[1]);
    path_buffer_free(buffer);
    return result;
}

/* --- getdents ------------------------------------------------------------- */

enum {
    ENTRY_ALIGN = 8,
    NEW_NAME_AT = 19, /* d_name of struct linux_dirent64 */
    OLD_NAME_AT = 18  /* of struct linux_dirent; d_type is the last byte */
};

/* A sink into kernel memory, in the form that the call has. */
struct entry_sink {
    struct dir_sink sink; /* first */
    char *bytes;
    size_t size, used;
    bool is_old;
    bool was_full;
};

/* d_ino, d_off, d_reclen: the same in both. */
struct entry_head {
    uint64_t number;
    uint64_t next;
    uint16_t size;
} __attribute__((packed));

static bool add_entry(struct dir_sink *sink, const struct name *name,
                      uint64_t number, uint32_t type, uint64_t next)
{
    struct entry_sink *self = container_of(sink, struct entry_sink, sink);
    size_t name_at = self->is_old ? OLD_NAME_AT : NEW_NAME_AT;
    size_t end = name_at + name->size + 1; /* with the NUL */
    size_t size = round_up(end + self->is_old, ENTRY_ALIGN);
    const struct entry_head head = {number, next, (uint16_t)size};
    char *at = self->bytes + self->used;

    self->was_full = size > self->size - self->used;
    if (self->was_full)
        return false;
    mem_copy(at, &head, sizeof(head));
    mem_copy(at + name_at, name->text, name->size);
    mem_set(at + end - 1, 0, size - end + 1);
    at[self->is_old ? size - 1 : NEW_NAME_AT - 1] = (char)(type >> 12);
    self->used += size;
    return true;
}

/* One kernel buffer of entries. Bytes copied out, 0 at the end of the
 * directory, -EINVAL when there is room for none, or what the listing says. */
static int64_t list_some(struct thread *self, struct file *file,
                         struct entry_sink *sink, uaddr_t to) NO_TSA
{
    uint64_t before = file->position;
    int error;

    sink->used = 0;
    sink->was_full = false;
    error = file->ops->list(file, &sink->sink);
    if (error != 0)
        return error;
    if (sink->used == 0)
        return sink->was_full ? -EINVAL : 0;
    if (copy_out(process_of(self)->as, to, sink->bytes, sink->used) == 0)
        return (int64_t)sink->used;
    file->position = before;
    return -EFAULT;
}

static int64_t list_all(struct thread *self, struct file *file,
                        struct entry_sink *sink, const uint64_t *args)
{
    uint64_t left = (uint32_t)args[2], done = 0;
    int64_t some = 0;

    mutex_lock(&file->position_lock);
    do {
        sink->size = min_u64(left, LX_PATH_MAX);
        some = list_some(self, file, sink, args[1] + done);
        if (some > 0) {
            done += (uint64_t)some;
            left -= (uint64_t)some;
        }
    } while (some > 0 && sink->was_full && left > 0);
    mutex_unlock(&file->position_lock);
    return done > 0 ? (int64_t)done : some;
}

static int64_t get_entries(struct thread *self, const uint64_t *args,
                           bool is_old)
{
    struct entry_sink sink = {.sink = {.add = add_entry}, .is_old = is_old};
    struct file *file = file_of(self, args[0]);
    int64_t result = -ENOTDIR;

    if (file == NULL)
        return -EBADF;
    if (file->ops->list != NULL) {
        sink.bytes = path_buffer();
        result =
            sink.bytes != NULL ? list_all(self, file, &sink, args) : -ENOMEM;
        path_buffer_free(sink.bytes);
    }
    file_put(file);
    return result;
}

int64_t sys_getdents(struct thread *self, const uint64_t *args)
{
    return get_entries(self, args, true);
}

int64_t sys_getdents64(struct thread *self, const uint64_t *args)
{
    return get_entries(self, args, false);
}
