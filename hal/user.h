/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/user.h - a user thread's registers, and running it.
 *
 * hal_user_run() runs user code and returns the trap that stopped it; the
 * kernel is an ordinary loop around it (core/syscall/loop.c). The address
 * space is the one that hal_mmu_activate() made this CPU's.
 *
 * Registers travel in Linux's layout (struct lx_user_regs, core/abi/ptrace.h):
 * orig_rax holds the call's number inside a system call and -1 outside. The
 * FPU image is Linux's: the XSAVE standard format.
 *
 * Locking: only the thread that owns a hal_user touches it, or another while
 * the owner cannot run; hal_user_interrupt() may come from anywhere.
 */
#ifndef HAL_USER_H
#define HAL_USER_H

#include "hal/types.h"

struct hal_user; /* opaque */
struct lx_user_regs;

enum hal_trap_kind {
    HAL_TRAP_CALL,      /* syscall instruction: number, args */
    HAL_TRAP_FAULT,     /* page fault: address, error */
    HAL_TRAP_EXCEPTION, /* any other exception: vector, error */
    HAL_TRAP_INTERRUPT  /* hal_user_interrupt() was called */
};

/* Page-fault error bits: Intel SDM volume 3, 4.7. */
enum {
    HAL_FAULT_PRESENT = 1,
    HAL_FAULT_WRITE = 2,
    HAL_FAULT_USER = 4,
    HAL_FAULT_EXEC = 16
};

/* How a call came in. Only HAL_CALL_64 is Linux's x86-64 system call; `int
 * 0x80` comes as HAL_CALL_INT80 with number and args of the 32-bit ABI. */
enum hal_call_abi { HAL_CALL_64, HAL_CALL_INT80, HAL_CALL_VSYSCALL };

struct hal_trap {
    enum hal_trap_kind kind;
    unsigned vector;       /* x86 exception vector */
    uint32_t error;        /* x86 error code */
    uaddr_t address;       /* what a page fault touched */
    enum hal_call_abi abi; /* of a call */
    uint64_t number;       /* of a call: rax as it came in */
    uint64_t args[6];
};

HAL_DECLS_BEGIN

/* Makes a user thread in the state that hal_user_reset(u, 0, 0) leaves.
 * Returns 0 or -ENOMEM. May sleep. */
HAL_MUST_USE int hal_user_create(struct hal_user **out);

/* Makes a copy of from, all registers and FPU state: fork. 0 or -ENOMEM. */
HAL_MUST_USE int hal_user_clone(struct hal_user *from, struct hal_user **out);

/* Frees it; it does not run. */
void hal_user_destroy(struct hal_user *user);

/* The state execve() leaves: all registers 0 but rip and rsp, FPU initial
 * (psABI 3.4.1), rflags 0x202, segments of user mode, fs and gs base 0. */
void hal_user_reset(struct hal_user *user, uaddr_t entry, uaddr_t stack);

/*
 * Runs user code until it traps; fills *out. Called with interrupts off in the
 * context of the thread that owns user, returns with them on. Device
 * interrupts are dispatched inside, by upcall, without returning.
 *
 * A state changed by hal_user_set() or reset returns whole: every register is
 * as it was set (a call clobbers rcx and r11 only on its own return path). A
 * state that cannot be loaded returns as an exception trap.
 */
void hal_user_run(struct hal_user *user, struct hal_trap *out);

/* Nanoseconds that its user code ran, up to this moment: 0 when it is made, by
 * a clone too. What another CPU reads may be off by how far clocks differ. Any
 * CPU, any context. */
uint64_t hal_user_ns(struct hal_user *user);

/* Makes the run in progress, or the next one, return HAL_TRAP_INTERRUPT. None
 * is lost; several may become one. Any CPU, any context. */
void hal_user_interrupt(struct hal_user *user);

/* Ends a system call: rax becomes value, orig_rax -1. */
void hal_user_set_result(struct hal_user *user, int64_t value);

/* All registers, bases and orig_rax. */
void hal_user_get(struct hal_user *user, struct lx_user_regs *out);

/*
 * Loads all registers. Segment selectors are forced to those of user mode,
 * RFLAGS to the bits user code may set (SDM volume 1, 3.4.3) plus IF, fs and
 * gs base must be canonical user addresses. Returns 0 or -EIO for a base that
 * is not; then nothing changed. A non-canonical rip or rsp is taken: the next
 * run returns a general-protection or page-fault trap.
 */
HAL_MUST_USE int hal_user_set(struct hal_user *user,
                              const struct lx_user_regs *in);

uint64_t hal_user_fs_base(struct hal_user *user);
uint64_t hal_user_gs_base(struct hal_user *user);

/* 0, or -EPERM for an address at or above HAL_USER_TOP (arch_prctl(2)). */
HAL_MUST_USE int hal_user_set_fs_base(struct hal_user *user, uint64_t base);
HAL_MUST_USE int hal_user_set_gs_base(struct hal_user *user, uint64_t base);

/*
 * FPU state as a signal frame carries it: the XSAVE image in the standard
 * format, whose legacy region's bytes 464..511 hold Linux's software bytes
 * (magic, extended size, feature mask, size), followed by the 4-byte second
 * magic. The size is constant, a multiple of 4, at most HAL_FPU_IMAGE_MAX.
 */
enum { HAL_FPU_IMAGE_MAX = 16384 };
size_t hal_user_fpu_size(void);

/* Writes hal_user_fpu_size() bytes. */
void hal_user_fpu_get(struct hal_user *user, void *image);

/*
 * Loads an image of size bytes made by hal_user_fpu_get() or by user code. A
 * legacy image of 512 bytes without the magics is taken too. Reserved bits,
 * the header and MXCSR are checked: -EINVAL for what xrstor would fault on;
 * then nothing changed. NULL and 0: the initial state of execve().
 */
HAL_MUST_USE int hal_user_fpu_set(struct hal_user *user, const void *image,
                                  size_t size);

HAL_DECLS_END

#endif /* HAL_USER_H */
