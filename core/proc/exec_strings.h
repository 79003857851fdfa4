/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_strings.h - a new program's arguments and environment on
 * their way from the old one's memory: NUL-terminated, one after the other.
 *
 * They lie in pages of their own. What a script's first line puts before them
 * (execve(2), "Interpreter scripts") is kept apart.
 */
#ifndef CORE_PROC_EXEC_STRINGS_H
#define CORE_PROC_EXEC_STRINGS_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct page;

enum {
    EXEC_PAGES_MAX = 1536,  /* 6 MiB, as on Linux */
    EXEC_PREFIX_MAX = 16384 /* bytes of script lines and names */
};

struct exec_strings {
    struct page **pages; /* EXEC_PAGES_MAX of them */
    size_t size;         /* bytes there */
    size_t limit;        /* of size and the pointers to come */
    size_t start;        /* the first string; those before are not used */
    char *prefix;        /* EXEC_PREFIX_MAX bytes, filled from the end */
    size_t prefix_at;
    unsigned argc, envc;
};

C_DECLS_BEGIN

/* Empty; limit in bytes. 0 or -ENOMEM. */
MUST_USE int exec_strings_init(struct exec_strings *strings, uint64_t limit);
void exec_strings_fini(struct exec_strings *strings);

/* Adds bytes with their NULs: 0, -E2BIG, -ENOMEM. The caller counts. */
MUST_USE int exec_strings_add(struct exec_strings *strings, const char *from,
                              size_t size);

/*
 * Adds the strings that the NULL-terminated vector at from points at (0: none)
 * and counts them in *count. 0, -EFAULT, -E2BIG (limit, or one longer than
 * LX_MAX_ARG_STRLEN), -ENOMEM, -EINTR (the caller is being killed). May sleep.
 */
MUST_USE int exec_strings_add_user(struct exec_strings *strings,
                                   struct aspace *as, uaddr_t from,
                                   unsigned *count);

/* Takes the first argument away. */
void exec_strings_drop_first(struct exec_strings *strings);

/* Puts an argument before the first: 0, -E2BIG, -ENOMEM. */
MUST_USE int exec_strings_push(struct exec_strings *strings, const char *text,
                               size_t length);

/* Bytes of all strings, with NULs. */
size_t exec_strings_size(const struct exec_strings *strings);

/* Writes them to user memory: 0 or -EFAULT. */
MUST_USE int exec_strings_write(const struct exec_strings *strings,
                                struct aspace *as, uaddr_t to);

/* The length, with NUL, of the string that begins at offset. */
size_t exec_strings_length(const struct exec_strings *strings, size_t offset);

C_DECLS_END

#endif /* CORE_PROC_EXEC_STRINGS_H */
