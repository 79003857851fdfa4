/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/entry.h - between entry.S and the C around it.
 *
 * Into user mode leads one way, user_enter(), and out of it lead the stubs of
 * entry.S, which save the user's registers in the hal_user that this CPU has
 * loaded and return from user_enter(). TSS.rsp0 points at the end of the frame
 * inside that hal_user, so the processor itself pushes its part of it.
 */
#ifndef HAL_X86_64_ENTRY_H
#define HAL_X86_64_ENTRY_H

#include "core/abi/ptrace.h"
#include "hal/types.h"

struct hal_user;

/* The registers of interrupted kernel code; like the head of lx_user_regs. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Why user code stopped: a vector below 256 or EXIT_*, and the error code. */
struct user_exit {
    uint64_t reason;
    uint64_t error;
};

HAL_DECLS_BEGIN

/* Runs user code from user's frame until something stops it for the kernel.
 * Interrupts are off, before and after. */
struct user_exit user_enter(struct hal_user *user);

/* Where SYSCALL enters. */
void entry_syscall(void);

/* 256 stubs, each of ENTRY_STUB_SIZE bytes, in the order of the vectors. */
enum { ENTRY_STUB_SIZE = 16 };
extern const char entry_stubs[];

/* Goes on at entry(), on the stack that ends at top. */
HAL_NORETURN void boot_on_stack(uint64_t top, void (*entry)(void));

/* The C ends of the stubs: trap.c. */
void trap_kernel(uint64_t vector, struct trap_frame *frame);
void trap_ist(uint64_t vector, struct trap_frame *frame);

/* An interrupt in kernel mode, and in user mode; the latter returns whether
 * the run must end. */
void trap_interrupt(uint64_t vector);
bool trap_user_interrupt(uint64_t vector);

/* Makes the interrupt descriptor table. Boot only. */
void trap_setup(void);

/* Makes it this CPU's. */
void trap_load(void);

HAL_DECLS_END

#endif /* HAL_X86_64_ENTRY_H */
