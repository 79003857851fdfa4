/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec.h - a program takes over a process: execve(2).
 */
#ifndef CORE_PROC_EXEC_H
#define CORE_PROC_EXEC_H

#include "core/base/defs.h"
#include "hal/types.h"

struct path;
struct task;

/* Init's arguments; the strings are NUL-terminated and follow each other. */
struct exec_args {
    const char *path;
    const char *strings; /* argc arguments, then envc of the environment */
    size_t strings_size; /* with all NULs */
    unsigned argc, envc;
};

enum { EXEC_STRINGS_MAX = 65536 };

/* execve(2)'s: the vectors are in user memory, NULL-terminated, or 0. */
struct exec_call {
    const char *path;         /* in kernel memory */
    const char *name;         /* what scripts get: path, or "/dev/fd/..." */
    const struct path *start; /* of a relative path; NULL: as ever */
    unsigned path_flags;      /* PATH_FOLLOW or not, PATH_EMPTY */
    bool is_hidden;           /* name leads nowhere after exec (O_CLOEXEC) */
    uaddr_t argv, envp;
};

C_DECLS_BEGIN

/*
 * execve(2) for the running thread, whose user state and address space are
 * replaced; the process's other threads end, and the caller becomes its leader.
 * On an error nothing has changed. -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG
 * (looking up path or an interpreter), -EACCES (no regular file, or not
 * executable), -ETXTBSY (open for writing), -ENOEXEC, -EINVAL (a bad image),
 * -ELIBBAD (a bad dynamic loader), -E2BIG, -EFAULT (the vectors), -ENOMEM,
 * -EAGAIN (another thread does the same), -EINTR (the caller is being killed).
 */
MUST_USE int exec_user(struct task *task, const struct exec_call *call);

/* The same for init's first program; the log says what is wrong with a bad
 * image. */
MUST_USE int exec_kernel(struct task *task, const struct exec_args *args);

/* Do programs, their stacks, heaps and mappings lie at random places? At first
 * they do; personality(2) excepts a process's own. Takes no lock. */
void exec_set_random(bool is_random);

C_DECLS_END

#endif /* CORE_PROC_EXEC_H */
