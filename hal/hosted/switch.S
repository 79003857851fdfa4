/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/switch.S - from one stack to another.
 *
 * Saved are the registers a call preserves (psABI, 3.2.1), with the control
 * words of SSE and x87, on the stack that is left.
 */
    .text

/* void hosted_switch(void **save_sp, void *load_sp) */
    .globl hosted_switch
    .type hosted_switch, @function
    .balign 16
hosted_switch:
    .cfi_startproc
    push %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    push %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    push %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    push %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    push %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    push %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    sub $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    add $8, %rsp
    .cfi_adjust_cfa_offset -8
    pop %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    pop %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    pop %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    pop %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    pop %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    pop %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size hosted_switch, . - hosted_switch

/* Where a fresh context begins: r12 is what hosted_context_start() gets. The
 * frame is marked as the outermost, for debuggers and unwinders. */
    .globl hosted_switch_first
    .type hosted_switch_first, @function
    .balign 16
hosted_switch_first:
    .cfi_startproc
    .cfi_undefined %rip
    mov %r12, %rdi
    xor %ebp, %ebp
    call hosted_context_start
    ud2
    .cfi_endproc
    .size hosted_switch_first, . - hosted_switch_first

    .section .note.GNU-stack, "", @progbits
