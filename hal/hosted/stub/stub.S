/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/stub/stub.S - the parts of the stub that C cannot say: the start
 * without a stack, clone(2), and the way into user code.
 */
#include <asm/unistd.h>

#include "hal/hosted/control.h"

#define PROT_READ_WRITE    3
#define PROT_READ_EXEC     5
#define MAP_SHARED_FIXED   0x11
#define MAP_PRIVATE_FIXED  0x12
#define CLONE_PARENT_CHLD  0x8011  /* CLONE_PARENT | SIGCHLD */
#define CLONE_AS_THREAD    0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define EXIT_NO_BLOCKS     80

/*
 * execve(2) starts here, at STUB_LOAD. The stack lies where this is going to
 * be, so it is not touched: the program is mapped at its place, the blocks at
 * theirs, then it goes on up there.
 */
    .section .text.start, "ax"
    .globl stub_boot
stub_boot:
    mov $__NR_mmap, %eax
    movabs $STUB_BASE, %rdi
    mov $STUB_CODE_SIZE, %esi
    mov $PROT_READ_EXEC, %edx
    mov $MAP_PRIVATE_FIXED, %r10d
    mov $STUB_FD_PROGRAM, %r8d
    mov $0x1000, %r9d
    syscall
    movabs $STUB_BASE, %rdi
    cmp %rdi, %rax
    jne no_blocks
    xor %r9d, %r9d
    mov $STUB_BLOCK_SIZE, %esi
    mov $__NR_mmap, %eax
    movabs $STUB_BLOCKS, %rdi
    mov $PROT_READ_WRITE, %edx
    mov $MAP_SHARED_FIXED, %r10d
    mov $STUB_FD_CONTROL, %r8d
    syscall
    movabs $STUB_BLOCKS, %rdi
    cmp %rdi, %rax
    jne no_blocks
    movabs $zygote_enter, %rax
    jmp *%rax

no_blocks:
    mov $EXIT_NO_BLOCKS, %edi
    mov $__NR_exit_group, %eax
    syscall
    hlt

    .text
zygote_enter:
    lea STUB_BLOCK_SIZE(%rdi), %rsp
    xor %ebp, %ebp
    call stub_zygote
    hlt

/*
 * long stub_fork(uint64_t offset, uint64_t len)
 *
 * The child runs on the parent's stack, which both see, until it has mapped
 * its own blocks over it: it must not touch it before.
 */
    .globl stub_fork
stub_fork:
    push %rbx
    push %r12
    mov %rdi, %rbx
    mov %rsi, %r12
    mov $__NR_clone, %eax
    mov $CLONE_PARENT_CHLD, %edi
    xor %esi, %esi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    syscall
    test %rax, %rax
    jz 1f
    pop %r12
    pop %rbx
    ret
1:  mov $__NR_mmap, %eax
    movabs $STUB_BLOCKS, %rdi
    mov %r12, %rsi
    mov $PROT_READ_WRITE, %edx
    mov $MAP_SHARED_FIXED, %r10d
    mov $STUB_FD_CONTROL, %r8d
    mov %rbx, %r9
    syscall
    movabs $STUB_BLOCKS, %rdi
    cmp %rdi, %rax
    jne no_blocks
    lea STUB_BLOCK_SIZE(%rdi), %rsp
    call stub_child
    hlt

/* long stub_thread(uint64_t block) */
    .globl stub_thread
stub_thread:
    lea STUB_BLOCK_SIZE(%rdi), %rsi
    mov $__NR_clone, %eax
    mov $CLONE_AS_THREAD, %edi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  lea -STUB_BLOCK_SIZE(%rsp), %rdi
    xor %ebp, %ebp
    call stub_child
    hlt

/*
 * void stub_resume(struct stub_control *c)
 *
 * Into user code. All of it up to stub_resume_end can be given up: what it
 * loads stays whole in the block, so a kick or a fault in here goes to
 * stub_abort, and nothing has happened. A kick that was before the first
 * instruction is seen by the first test. The stack pointer stays below the
 * signal frame that may hold the FPU image.
 */
    .globl stub_resume, stub_resume_end, stub_abort
stub_resume:
    cmpl $0, STUB_AT_KICK(%rdi)
    jne stub_abort
    mov STUB_AT_FS_BASE(%rdi), %rax
    rdfsbase %rcx
    cmp %rax, %rcx
    je 1f
    wrfsbase %rax
1:  mov STUB_AT_GS_BASE(%rdi), %rax
    rdgsbase %rcx
    cmp %rax, %rcx
    je 1f
    wrgsbase %rax
1:  mov STUB_AT_MASK(%rdi), %eax
    mov STUB_AT_MASK + 4(%rdi), %edx
    mov STUB_AT_FPU(%rdi), %rsi
    xrstor64 (%rsi)
    lea STUB_AT_REGS(%rdi), %rdi
    mov 0x00(%rdi), %r15
    mov 0x08(%rdi), %r14
    mov 0x10(%rdi), %r13
    mov 0x18(%rdi), %r12
    mov 0x20(%rdi), %rbp
    mov 0x28(%rdi), %rbx
    mov 0x30(%rdi), %r11
    mov 0x38(%rdi), %r10
    mov 0x40(%rdi), %r9
    mov 0x48(%rdi), %r8
    mov 0x50(%rdi), %rax
    mov 0x58(%rdi), %rcx
    mov 0x60(%rdi), %rdx
    mov 0x68(%rdi), %rsi
    pushq STUB_REGS_RIP + 0x20(%rdi)
    pushq STUB_REGS_RIP + 0x18(%rdi)
    pushq STUB_REGS_RIP + 0x10(%rdi)
    pushq STUB_REGS_RIP + 0x08(%rdi)
    pushq STUB_REGS_RIP(%rdi)
    mov STUB_REGS_RDI(%rdi), %rdi
    iretq
stub_resume_end:

stub_abort:
    mov %rsp, %rdi
    and $-STUB_BLOCK_SIZE, %rdi
    lea STUB_ABORT_STACK(%rdi), %rsp
    call stub_aborted
    hlt

/* Where the host's signal handlers return to. */
    .globl stub_restorer
stub_restorer:
    mov $__NR_rt_sigreturn, %eax
    syscall
    hlt

    .section .note.GNU-stack, "", @progbits
