/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/uaccess.h - copies between the kernel and user memory.
 *
 * as is the address space active on this CPU. A page that is not present is
 * faulted in as user code would have; the copy goes on. May sleep; hold no
 * spinlock and not aspace->lock.
 */
#ifndef CORE_VM_UACCESS_H
#define CORE_VM_UACCESS_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct cred;
struct lx_iovec;

/*
 * Where bytes come from or go to; advanced by what was moved. One buffer of
 * user memory ({.as, .at, .left}), one of the kernel's ({.kernel, .left}), or
 * vectors of user memory: then the current one ends after span bytes, and
 * those of next[0..more) follow it.
 */
struct user_cursor {
    struct aspace *as; /* NULL: kernel memory */
    uaddr_t at;        /* of user memory */
    char *kernel;      /* of kernel memory; only read where bytes come from */
    uint64_t left;     /* bytes, in all */
    uint64_t span;     /* of them in the current vector, if more != 0 */
    const struct lx_iovec *next;
    unsigned more;
    unsigned flags;    /* LX_RWF_*: what preadv2(2) asked for */
    bool is_broken;    /* a write's answer: nobody reads any more (SIGPIPE) */
    bool is_beyond;    /* another: it began beyond size_max (SIGXFSZ) */
    bool is_limited;   /* to regular files up to size_max */
    uint64_t size_max; /* RLIMIT_FSIZE of who writes */
    const struct cred *writer; /* who that is; NULL: who opened the file */
};

C_DECLS_BEGIN

/* All size bytes, or -EFAULT (some may have been moved). */
MUST_USE int copy_in(struct aspace *as, void *to, uaddr_t from, size_t size);
MUST_USE int copy_out(struct aspace *as, uaddr_t to, const void *from,
                      size_t size);
MUST_USE int clear_out(struct aspace *as, uaddr_t to, size_t size);

/* What could be moved before a fault, in bytes. */
size_t copy_in_some(struct aspace *as, void *to, uaddr_t from, size_t size);
size_t copy_out_some(struct aspace *as, uaddr_t to, const void *from,
                     size_t size);

#define copy_in_struct(as, to, from)  copy_in(as, to, from, sizeof(*(to)))
#define copy_out_struct(as, to, from) copy_out(as, to, from, sizeof(*(from)))

/*
 * A NUL-terminated string of at most size bytes with its NUL. Returns its
 * length without the NUL, -ENAMETOOLONG when no NUL came in size bytes,
 * -EFAULT.
 */
MUST_USE ssize_t copy_string_in(struct aspace *as, char *to, uaddr_t from,
                                size_t size);

/*
 * Makes a cursor over count vectors, each sound (its address and size in user
 * space); they stay where they are while it is used. At most limit bytes.
 */
void cursor_init_vectors(struct user_cursor *cursor, struct aspace *as,
                         const struct lx_iovec *vectors, unsigned count,
                         uint64_t limit);

/* Moves up to size bytes at the cursor; returns how many: fewer when it ends
 * before, or on a fault. */
size_t cursor_copy_in(struct user_cursor *from, void *to, size_t size);
size_t cursor_copy_out(struct user_cursor *to, const void *from, size_t size);
size_t cursor_clear_out(struct user_cursor *to, size_t size);

/* Bytes that lie in a row at the cursor. */
size_t cursor_row(const struct user_cursor *cursor);

/* Passes over size <= left bytes. */
void cursor_skip(struct user_cursor *cursor, uint64_t size);

C_DECLS_END

#endif /* CORE_VM_UACCESS_H */
