/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/entry.S - into user mode and out of it; the interrupt stubs.
 *
 * In kernel mode GS is the CPU's block; SWAPGS stands at every crossing and
 * nowhere else. An interrupt or exception is a crossing when the CS it saved
 * says user mode. NMI, #DF, #MC and a #DB of the kernel may come between a
 * crossing and its SWAPGS: they run on stacks of their own, at whose end the
 * block's address stands, and put GS back as it was.
 */
#include "hal/x86_64/layout.h"

#define FRAME_SIZE (21 * 8)

/* Sites that boot.c turns into the instruction where the CPU has SMAP. */
    .macro CLAC_OR_NOP
7700:
    .byte 0x0f, 0x1f, 0x00      /* a nop as long as clac */
    .pushsection .patch_clac, "a"
    .quad 7700b
    .popsection
    .endm

    .macro PUSH_AFTER_RDI
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .macro POP_ALL
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    .endm

    .section .text.entry, "ax"

/*
 * struct user_exit user_enter(struct hal_user *user). SYSRET is for a state
 * that a SYSCALL left and nobody changed: then rcx is rip, r11 is rflags, the
 * selectors are right and rip is canonical, since no user page ends above
 * HAL_USER_TOP. TF and RF go through IRET, which loads them as they should.
 */
    .globl user_enter
    .type user_enter, @function
user_enter:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %gs:CPU_RUN_SP
    leaq USER_REGS(%rdi), %rsp
    cmpq $0, USER_WHOLE(%rdi)
    jne return_whole
    testl $(RFLAGS_TF | RFLAGS_RF), USER_EFLAGS(%rdi)
    jnz return_whole
    POP_ALL
    movq 32(%rsp), %rsp
    swapgs
    sysretq

return_whole:
    POP_ALL
    addq $8, %rsp               /* orig_rax */
    swapgs
return_iret:
    iretq

/* Registers are saved; rax is the reason and rdx the error: back to the
 * caller of user_enter(). */
leave_user:
    movq %gs:CPU_RUN_SP, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size user_enter, . - user_enter

    .globl entry_syscall
    .type entry_syscall, @function
    .balign 16
entry_syscall:
    swapgs
    movq %rsp, %gs:CPU_SCRATCH
    movq %gs:CPU_USER_TOP, %rsp
    pushq $SEL_USER_DATA
    pushq %gs:CPU_SCRATCH
    pushq %r11
    pushq $SEL_USER_CODE
    pushq %rcx
    pushq %rax                  /* orig_rax */
    pushq %rdi
    PUSH_AFTER_RDI
    movl $EXIT_SYSCALL, %eax
    jmp leave_user
    .size entry_syscall, . - entry_syscall

/*
 * Exceptions. On the stack: rdi, error code, rip, cs, rflags, rsp, ss; edi is
 * the vector.
 */
    .type entry_exception, @function
    .balign 16
entry_exception:
    testb $3, 24(%rsp)
    jz kernel_exception
    swapgs
save_user:
    cld
    CLAC_OR_NOP
    PUSH_AFTER_RDI
    movl %edi, %eax
    movq 15 * 8(%rsp), %rdx
    movq $-1, 15 * 8(%rsp)      /* orig_rax: not in a call */
    jmp leave_user

kernel_exception:
    cmpq $return_iret, 16(%rsp)
    je return_failed
    cld
    CLAC_OR_NOP
    PUSH_AFTER_RDI
    movq %rsp, %rsi
    /* A frame that says the interrupted code called us, for backtraces. */
    subq $8, %rsp
    pushq 16 * 8 + 8(%rsp)
    pushq %rbp
    movq %rsp, %rbp
    call trap_kernel
    addq $24, %rsp
    POP_ALL
    addq $8, %rsp
    iretq

/*
 * IRETQ could not load the user's state. GS is the user's again, and so are
 * all registers; only what the processor pushed lies over the saved ones,
 * below rip. Save them anew: this becomes an exception of user code.
 */
return_failed:
    swapgs
    movl %edi, %gs:CPU_VECTOR
    popq %rdi
    popq %gs:CPU_SCRATCH        /* error code */
    movq %gs:CPU_USER_TOP, %rsp
    subq $5 * 8, %rsp           /* rip to ss are as they were */
    pushq %gs:CPU_SCRATCH
    pushq %rdi
    movl %gs:CPU_VECTOR, %edi
    jmp save_user
    .size entry_exception, . - entry_exception

/* Interrupts of devices and other CPUs; the stack as in entry_exception. */
    .type entry_interrupt, @function
    .balign 16
entry_interrupt:
    testb $3, 24(%rsp)
    jz kernel_interrupt
    swapgs
    cld
    CLAC_OR_NOP
    PUSH_AFTER_RDI
    movq $-1, 15 * 8(%rsp)
    movq %gs:CPU_RUN_SP, %rsp
    subq $8, %rsp               /* six words are saved there: align */
    call trap_user_interrupt
    testb %al, %al
    movl $EXIT_INTERRUPT, %eax
    jnz leave_user
    movq %gs:CPU_USER_TOP, %rsp
    subq $FRAME_SIZE, %rsp
    jmp return_whole

kernel_interrupt:
    cld
    CLAC_OR_NOP
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq 10 * 8(%rsp)          /* rip: a frame for backtraces */
    pushq %rbp
    movq %rsp, %rbp
    subq $8, %rsp
    call trap_interrupt
    addq $8, %rsp
    popq %rbp
    addq $8, %rsp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $8, %rsp
    iretq
    .size entry_interrupt, . - entry_interrupt

/* #DB comes on a stack of its own. One of user code moves to its frame. */
    .type entry_debug, @function
    .balign 16
entry_debug:
    testb $3, 24(%rsp)
    jz entry_ist
    swapgs
    movq %rsp, %rdi
    movq %gs:CPU_USER_TOP, %rsp
    pushq 48(%rdi)
    pushq 40(%rdi)
    pushq 32(%rdi)
    pushq 24(%rdi)
    pushq 16(%rdi)
    pushq 8(%rdi)
    pushq (%rdi)
    movl $1, %edi
    jmp save_user
    .size entry_debug, . - entry_debug

/* NMI, #DF, #MC, and #DB of the kernel: the block's address is above ss. */
    .type entry_ist, @function
    .balign 16
entry_ist:
    cld
    CLAC_OR_NOP
    PUSH_AFTER_RDI
    rdgsbase %rbx
    movq FRAME_SIZE(%rsp), %rax
    wrgsbase %rax
    movq %rsp, %rsi
    subq $8, %rsp
    pushq 16 * 8 + 8(%rsp)
    pushq %rbp
    movq %rsp, %rbp
    call trap_ist
    addq $24, %rsp
    wrgsbase %rbx
    POP_ALL
    addq $8, %rsp
    iretq
    .size entry_ist, . - entry_ist

/* One stub per vector, 16 bytes each. */
    .globl entry_stubs
    .balign 16
entry_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    /* The processor pushes an error code for these (SDM volume 3, 6.13). */
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || \
        (vector == 21) || (vector == 29) || (vector == 30)
    .else
    pushq $0
    .endif
    pushq %rdi
    movl $vector, %edi
    .if vector == 1
    jmp entry_debug
    .elseif (vector == 2) || (vector == 8) || (vector == 18)
    jmp entry_ist
    .elseif (vector < 32) || (vector == VECTOR_INT80)
    jmp entry_exception
    .else
    jmp entry_interrupt
    .endif
    .set vector, vector + 1
    .endr
    .balign 16

    .section .note.GNU-stack, "", @progbits
