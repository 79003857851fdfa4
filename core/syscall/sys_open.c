/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_open.c - open(2), openat2(2), creat(2), memfd_create(2),
 * umask(2).
 */
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/open.h"
#include "core/fs/ramfs/ramfs.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

#define CWD       ((uint64_t)(int64_t)LX_AT_FDCWD)

#define MODE_BITS 07777u
#define PATH_FILE_FLAGS \
    (LX_O_DIRECTORY | LX_O_NOFOLLOW | LX_O_PATH | LX_O_CLOEXEC)

/* What open(2) knows; openat2(2) refuses the rest. */
#define KNOWN_FLAGS \
    (LX_O_ACCMODE | LX_O_CREAT | LX_O_EXCL | LX_O_NOCTTY | LX_O_TRUNC | \
     LX_O_APPEND | LX_O_NONBLOCK | LX_O_SYNC | LX_O_ASYNC | LX_O_DIRECT | \
     LX_O_LARGEFILE | LX_O_DIRECTORY | LX_O_NOFOLLOW | LX_O_NOATIME | \
     LX_O_CLOEXEC | LX_O_PATH | LX_O_TMPFILE)

int fd_publish(struct thread *self, struct file *file, bool close_on_exec)
{
    struct fd_place place = {
        0,
        min_u64(limits_current(&process_of(self)->limits, LX_RLIMIT_NOFILE),
                FD_MAX),
        close_on_exec};
    int fd = fd_install(self->task->files, file, &place);

    if (fd < 0)
        file_put(file);
    return fd;
}

/* Opens, and puts what comes of it in the table. */
static int64_t open_at(struct thread *self, const uint64_t *where,
                       const struct open_how *how, unsigned flags)
{
    struct open_how opened = *how;
    struct path_arg arg;
    struct file *file;
    int error = open_check_flags(how->flags);

    if (error == 0)
        error = path_arg_take(self, where[0], where[1], flags, &arg);
    if (error != 0)
        return error;
    opened.flags &= ~LX_O_CLOEXEC;
    error = open_path(&arg.ask, arg.text, &opened, &file);
    path_arg_give(&arg);
    if (error != 0)
        return error == -EINTR ? -ERESTART_CALL : error;
    return fd_publish(self, file, (how->flags & LX_O_CLOEXEC) != 0);
}

static int64_t open_old(struct thread *self, uint64_t dirfd, uaddr_t path,
                        uint64_t flags, uint64_t mode)
{
    const uint64_t where[] = {dirfd, path};
    struct open_how how = {(unsigned)flags & KNOWN_FLAGS, 0};

    how.flags |= LX_O_LARGEFILE;
    if ((how.flags & LX_O_PATH) != 0)
        how.flags &= PATH_FILE_FLAGS;
    else if ((how.flags & (LX_O_CREAT | LX_O_TMPFILE) & ~LX_O_DIRECTORY) != 0)
        how.mode = (uint32_t)mode & MODE_BITS;
    return open_at(self, where, &how, 0);
}

int64_t sys_open(struct thread *self, const uint64_t *args)
{
    return open_old(self, CWD, args[0], args[1], args[2]);
}

int64_t sys_openat(struct thread *self, const uint64_t *args)
{
    return open_old(self, args[0], args[1], args[2], args[3]);
}

int64_t sys_creat(struct thread *self, const uint64_t *args)
{
    return open_old(self, CWD, args[0], LX_O_CREAT | LX_O_WRONLY | LX_O_TRUNC,
                    args[1]);
}

/* --- openat2 -------------------------------------------------------------- */

static int take_how(struct thread *self, uaddr_t from, uint64_t size,
                    struct lx_open_how *out)
{
    struct aspace *as = process_of(self)->as;
    uint8_t rest;

    if (size < sizeof(*out))
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (copy_in_struct(as, out, from) != 0)
        return -EFAULT;
    for (uint64_t i = sizeof(*out); i < size; i++) {
        if (copy_in(as, &rest, from + i, 1) != 0)
            return -EFAULT;
        if (rest != 0)
            return -E2BIG;
    }
    return 0;
}

static int check_how(const struct lx_open_how *how)
{
    const uint64_t makes = LX_O_CREAT | (LX_O_TMPFILE & ~LX_O_DIRECTORY);
    const uint64_t resolves = LX_RESOLVE_NO_XDEV | LX_RESOLVE_NO_MAGICLINKS |
                              LX_RESOLVE_NO_SYMLINKS | LX_RESOLVE_BENEATH |
                              LX_RESOLVE_IN_ROOT | LX_RESOLVE_CACHED;

    if ((how->flags & ~(uint64_t)KNOWN_FLAGS) != 0 ||
        (how->resolve & ~resolves) != 0)
        return -EINVAL;
    if ((how->resolve & LX_RESOLVE_BENEATH) != 0 &&
        (how->resolve & LX_RESOLVE_IN_ROOT) != 0)
        return -EINVAL;
    if ((how->flags & makes) != 0 ? (how->mode & ~(uint64_t)MODE_BITS) != 0
                                  : how->mode != 0)
        return -EINVAL;
    if ((how->flags & LX_O_PATH) != 0 &&
        (how->flags & ~(uint64_t)PATH_FILE_FLAGS) != 0)
        return -EINVAL;
    if (open_check_flags((unsigned)how->flags) != 0)
        return -EINVAL;
    if ((how->resolve & LX_RESOLVE_CACHED) != 0 &&
        (how->flags & (makes | LX_O_TRUNC)) != 0)
        return -EAGAIN;
    return 0;
}

static unsigned resolve_flags(uint64_t resolve)
{
    static const struct {
        uint64_t bit;
        unsigned flag;
    } table[] = {
        {LX_RESOLVE_NO_XDEV, PATH_NO_MOUNTS},
        {LX_RESOLVE_NO_MAGICLINKS, PATH_NO_JUMPS},
        {LX_RESOLVE_NO_SYMLINKS, PATH_NO_LINKS},
        {LX_RESOLVE_BENEATH, PATH_BENEATH},
        {LX_RESOLVE_IN_ROOT, PATH_IN_ROOT},
        {LX_RESOLVE_CACHED, PATH_CACHED},
    };
    unsigned flags = 0;

    for (size_t i = 0; i < COUNT_OF(table); i++)
        if ((resolve & table[i].bit) != 0)
            flags |= table[i].flag;
    return flags;
}

int64_t sys_openat2(struct thread *self, const uint64_t *args)
{
    struct lx_open_how user;
    struct open_how how;
    int error = take_how(self, args[2], args[3], &user);

    if (error == 0)
        error = check_how(&user);
    if (error != 0)
        return error;
    how = (struct open_how){(unsigned)user.flags, (uint32_t)user.mode};
    if ((how.flags & LX_O_PATH) == 0)
        how.flags |= LX_O_LARGEFILE;
    return open_at(self, args, &how, resolve_flags(user.resolve));
}

/* --- memfd ---------------------------------------------------------------- */

enum { MEMFD_NAME_MAX = 249 }; /* without "memfd:" */

int64_t sys_memfd_create(struct thread *self, const uint64_t *args)
{
    static const char prefix[] = "/memfd:";
    const unsigned known = LX_MFD_CLOEXEC | LX_MFD_ALLOW_SEALING |
                           LX_MFD_NOEXEC_SEAL | LX_MFD_EXEC;
    char name[sizeof(prefix) + MEMFD_NAME_MAX + 1];
    unsigned flags = (unsigned)args[1], seals = LX_F_SEAL_SEAL;
    struct file *file;
    ssize_t length;
    int error;

    if ((flags & ~known) != 0 ||
        ((flags & LX_MFD_EXEC) != 0 && (flags & LX_MFD_NOEXEC_SEAL) != 0))
        return -EINVAL;
    (void)str_copy(name, prefix, sizeof(name));
    length = copy_string_in(process_of(self)->as, name + sizeof(prefix) - 1,
                            args[0], MEMFD_NAME_MAX + 1);
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    if ((flags & LX_MFD_NOEXEC_SEAL) != 0)
        seals = LX_F_SEAL_EXEC;
    else if ((flags & LX_MFD_ALLOW_SEALING) != 0)
        seals = 0;
    error = ramfs_open_unnamed(name, seals, self->task->cred, &file);
    if (error != 0)
        return error;
    return fd_publish(self, file, (flags & LX_MFD_CLOEXEC) != 0);
}

int64_t sys_umask(struct thread *self, const uint64_t *args)
{
    return context_set_umask(self->task->fs, (unsigned)args[0]);
}
