/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/context.S - the switch between kernel stacks.
 */
    .text
    .globl context_switch
    .type context_switch, @function
    .balign 16
context_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size context_switch, . - context_switch

/* Entered with rsp as after a call, on the zero that ends backtraces. */
    .globl context_start
    .type context_start, @function
context_start:
    subq $8, %rsp
    xorl %ebp, %ebp
    movq %r12, %rdi
    call *%rbx
    ud2
    .size context_start, . - context_start

    .section .note.GNU-stack, "", @progbits
