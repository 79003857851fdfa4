/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/ptrace.h - a thread's general registers as ptrace(2) and core files
 * show them (PTRACE_GETREGS).
 */
#ifndef CORE_ABI_PTRACE_H
#define CORE_ABI_PTRACE_H

#include "core/abi/types.h"

/*
 * Outside a system call orig_rax is -1; inside it is the call's number. The
 * segment selectors take the low 16 bits of their words.
 */
struct lx_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t rbp;
    uint64_t rbx;
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t orig_rax;
    uint64_t rip;
    uint64_t cs;
    uint64_t eflags;
    uint64_t rsp;
    uint64_t ss;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t ds;
    uint64_t es;
    uint64_t fs;
    uint64_t gs;
};
LX_SIZE_IS(struct lx_user_regs, 216);

#endif /* CORE_ABI_PTRACE_H */
