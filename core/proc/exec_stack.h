/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_stack.h - what a program finds on its stack when it starts
 * (x86-64 psABI 3.4.1; getauxval(3)).
 */
#ifndef CORE_PROC_EXEC_STACK_H
#define CORE_PROC_EXEC_STACK_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct cred;
struct elf_image;
struct exec_strings;

/* What the program and its dynamic loader are told. */
struct exec_stack {
    const struct elf_image *image;
    uaddr_t bias;             /* of image */
    uaddr_t interpreter_base; /* 0: static */
    uaddr_t vdso;             /* its image */
    const struct exec_strings *strings;
    const char *path; /* as execve(2) was given it */
    const struct cred *cred;
    bool is_secure; /* AT_SECURE of getauxval(3) */
    uaddr_t top;    /* a multiple of 16; nothing of it is above */
    uint64_t size;  /* bytes that it has at least; then it grows down */
};

/* Where things lie on it. */
struct exec_places {
    uaddr_t rsp;                /* the program's first */
    uaddr_t arg_start, arg_end; /* the environment follows */
    uaddr_t env_end;
};

C_DECLS_BEGIN

/*
 * Maps the stack into as, which is active on this CPU, and writes arguments,
 * environment and auxiliary vector; *out tells where. 0, -ENOMEM, -EFAULT,
 * -E2BIG (no room). May sleep.
 */
MUST_USE int exec_stack_build(struct aspace *as, const struct exec_stack *stack,
                              struct exec_places *out);

C_DECLS_END

#endif /* CORE_PROC_EXEC_STACK_H */
